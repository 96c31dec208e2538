/** Animations of what the handles of a page do: a path, gone there and back, and a recorded drag. */

import { SECONDS_A_STRETCH } from "../panels/play.js";
import { describe, signed } from "../space/view.js";
import { animationFiles } from "./animation.js";
import { NO_PATH, themeOf } from "./map-files.js";
import { noteOf } from "./note.js";

/**
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {import("../panels/export-menu.js").ExportGroup} ExportGroup
 *
 * @typedef {Object} Options
 * @property {string[]} names of the checkpoints
 * @property {HTMLElement} root whose colours the pictures have
 * @property {() => MapState[]} states of their maps, now
 * @property {() => (share: number) => MapState[]} along what they are at a share of the path's steps
 * @property {import("../panels/recorder.js").Recorder<MapState[]>} recorder
 * @property {() => Record<string, unknown>} [more] what all depends on, for metadata
 */

// Seconds that the end of a drag is shown.
const REST = 0.5;
const NO_DECODER = "There is no picture: the decoder has not arrived.";
const NO_DRAG = "Nothing was recorded: choose Record, and drag the handle.";

/** @returns {{path: ExportGroup, drag: ExportGroup}} */
export function movingFiles(/** @type {Options} */ options) {
  const { names, root, states, along, recorder, more = () => ({}) } = options;
  const decoders = () => (states().every(({ decoder }) => decoder) ? "" : NO_DECODER);
  const fileName = (/** @type {string} */ what) => (/** @type {string} */ ending) =>
    [...names, `${what}.${ending}`].join("-");
  /**
   * @param {string} kind
   * @param {(seconds: number) => MapState[]} at
   * @param {number} seconds
   * @param {ArrayLike<number>[][]} codes of each model, for metadata
   * @param {Record<string, unknown>} own
   */
  const animation = async (kind, at, seconds, codes, own) => ({
    seconds,
    models: at(0).map(({ projection: { space } }) => ({ space })),
    at: (/** @type {number} */ now) =>
      Promise.all(at(now).map((state, k) => cellOf(names[k], state))),
    theme: themeOf(root),
    note: noteOf(
      kind,
      names.map((name, k) => ({ name, codes: codes[k] })),
      { ...more(), ...own },
    ),
  });

  const path = () => {
    const [{ path: ends, pathSettings }] = states();
    const { interpolation, speed } = pathSettings;
    const seconds = (2 * (ends.length - 1) * SECONDS_A_STRETCH) / speed;
    const reach = along();
    const at = (/** @type {number} */ now) => {
      const share = (2 * now) / seconds;
      return reach(share < 1 ? share : 2 - share);
    };
    const codes = states().map((state) => state.path.map(({ z }) => z));
    return animation("interpolation", at, seconds, codes, { path: interpolation });
  };
  const drag = () => {
    const seconds = recorder.seconds + REST;
    const at = (/** @type {number} */ now) => recorder.at(now);
    const last = at(seconds);
    const codes = at(0).map(({ z }, k) => [z, last[k].z]);
    return animation("drag", at, seconds, codes, {});
  };
  const isPath = () => (states()[0].path.length > 1 ? decoders() : NO_PATH);
  const isDrag = () => (recorder.seconds ? decoders() : NO_DRAG);
  return {
    path: {
      title: "Path",
      files: animationFiles("The path, there and back", isPath, path, fileName("path")),
    },
    drag: {
      title: "Recorded drag",
      files: [
        {
          ...{ text: "Record", help: "Record what is done on the map, 20 seconds at most" },
          why: decoders,
          save: () => recorder.start(states()),
        },
        ...animationFiles("What was recorded", isDrag, drag, fileName("drag")),
      ],
    },
  };
}

/** @returns {Promise<import("./animation.js").Cell>} */
async function cellOf(/** @type {string} */ name, /** @type {MapState} */ state) {
  const { decoder, z, projection } = state;
  const { run, runAsync } = /** @type {import("../nn/runner.js").Runner} */ (decoder);
  // What runs at once is valid until the next run.
  const pixels = run?.(z).slice() ?? (await runAsync(Float32Array.from(z), 1));
  const place = projection.placeOf(z).map((value, k) => `${projection.titles[k]} ${signed(value)}`);
  return { state, pixels, caption: [name, describe(z), ...(z.length > 2 ? place : [])] };
}
