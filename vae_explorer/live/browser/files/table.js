/** The numbers on a map, as JSON and CSV: z, what is selected, and the path. */
import { letter } from "../space/state.js";
import { short } from "./note.js";

/**
 * @typedef {Object} Numbers of one checkpoint
 * @property {string} checkpoint
 * @property {number[]} z at the handle, (D,)
 * @property {{index?: number, class?: string, mean: number[], variance: number[]}|null} selection
 *   q(z|x) of a test image, or of a drawing, which has no index
 * @property {{interpolation: string, ends: End[], steps: Step[]}|null} path
 *
 * @typedef {{name: string, index?: number, class?: string, z: number[]}} End
 * @typedef {{share: number, z: number[]}} Step of the path, at a share of it from 0 to 1
 *
 * @typedef {(string|number|undefined)[]} Row
 */

/**
 * @param {string} checkpoint
 * @param {ArrayLike<number>} z
 * @param {import("../space/state.js").MapState} state
 * @param {import("../panels/strip.js").Frames|null} frames of the path
 * @returns {Numbers}
 */
export function numbersOf(checkpoint, z, { selection, path, pathSettings, projection }, frames) {
  const { header, label, index } = projection.space;
  const image = (/** @type {number|null} */ row) =>
    row === null ? {} : { index: index[row], class: header.classes[label[row]] };
  const dims = z.length;
  return {
    checkpoint,
    z: short(z),
    selection: selection && {
      ...image(selection.row),
      ...{ mean: short(selection.mean), variance: short(selection.variance) },
    },
    path: frames && {
      interpolation: pathSettings.interpolation,
      ends: path.map((end, k) => ({ name: letter(k), ...image(end.row), z: short(end.z) })),
      steps: frames.fractions.map((share, k) => ({
        share,
        z: short(frames.codes.subarray(k * dims, (k + 1) * dims)),
      })),
    },
  };
}

/** @returns {Blob} */
export function jsonFile(/** @type {Numbers[]} */ checkpoints) {
  return new Blob([`${JSON.stringify({ checkpoints }, null, 1)}\n`], { type: "application/json" });
}

/**
 * A row for each code: z, mean and variance of the selection, and the path's ends and steps.
 * @param {Numbers[]} all
 * @returns {Blob}
 */
export function csvFile(all) {
  const dims = Math.max(...all.map(({ z }) => z.length));
  const head = ["checkpoint", "what", "index", "class", "share"];
  const rows = all.flatMap(({ checkpoint, z, selection, path }) => {
    /** @returns {Row} */
    const row = (
      /** @type {string} */ what,
      /** @type {number[]} */ code,
      /** @type {{index?: number, class?: string, share?: number}} */ said = {},
    ) => [checkpoint, what, said.index, said.class, said.share, ...code];
    const own = [
      row("z", z),
      ...(selection ? [row("mean", selection.mean, selection)] : []),
      ...(selection ? [row("variance", selection.variance, selection)] : []),
    ];
    return [
      ...own,
      ...(path?.ends.map((end) => row(`end ${end.name}`, end.z, end)) ?? []),
      ...(path?.steps.map((step, k) => row(`step ${k + 1}`, step.z, step)) ?? []),
    ];
  });
  const names = Array.from({ length: dims }, (_, d) => `z${d}`);
  const lines = [[...head, ...names], ...rows].map((row) => {
    const filled = [...row, ...Array(head.length + dims - row.length)];
    return `${filled.map(cell).join()}\r\n`;
  });
  return new Blob(lines, { type: "text/csv" });
}

/** A cell, whose text is quoted where that is needed, and never a formula to a spreadsheet. */
function cell(/** @type {string|number|undefined} */ value) {
  if (typeof value !== "string") return value ?? "";
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
