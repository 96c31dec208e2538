/**
 * Read links for a test in another language: a line `[page, search]` of JSON in, one out: what was
 * written for what was read, what was wrong with the link, and whether all numbers are some.
 */
import { createInterface } from "node:readline";
import "./older-node.mjs";
import { readFilm, writeFilm } from "../../vae_explorer/live/browser/film/link.js";
import { Reel } from "../../vae_explorer/live/browser/film/reel.js";
import { readLink, writeLink } from "../../vae_explorer/live/browser/space/link.js";
import { SharedSpaces } from "../../vae_explorer/live/browser/space/shared.js";
import {
  readSharedLink,
  writeSharedLink,
} from "../../vae_explorer/live/browser/space/shared-link.js";
import { Space } from "../../vae_explorer/live/browser/space/space.js";

const CLASSES = { classes: ["a", "b"], colours: ["#000000", "#ffffff"] };

/** A space of as many codes as are asked for. */
function space(dims, count) {
  const mean = Float32Array.from({ length: dims * count }, (_, k) => Math.sin(3 * k));
  const xy = Float32Array.from({ length: 2 * count }, (_, k) => k);
  return new Space({
    header: { ...CLASSES, active: Array(dims).fill(true), image_shape: [1, 4, 4] },
    arrays: {
      ...{ mean, logvar: new Uint16Array(dims * count), umap: xy, center: new Float32Array(dims) },
      label: Uint8Array.from({ length: count }, (_, k) => k % 2),
      index: Uint32Array.from({ length: count }, (_, k) => k),
      axes: Float32Array.from({ length: dims * dims }, (_, k) => Number(k % (dims + 1) === 0)),
    },
  });
}

const model = (name, rotation) => ({ name, dataset: "x", rotation });
const alike = new SharedSpaces(
  [space(2, 5), space(2, 5)],
  [
    model("a", null),
    model("b", [
      [0, 1],
      [1, 0],
    ]),
  ],
);
const others = new SharedSpaces(
  [space(2, 0), space(3, 5), space(3, 4)],
  ["a", "b", "c"].map((name) => model(name, null)),
);
const reel = new Reel(
  {
    header: { ...CLASSES, image_shape: [1, 1, 1], across: 2, titles: ["x", "y"] },
    arrays: {
      ...{ xy: new Uint16Array(12), label: new Uint8Array(2), index: Uint32Array.of(3, 4) },
      ...{ epoch: Float32Array.of(0, 1, 2), neg_elbo: Float32Array.of(3, 2, 1) },
      ...{ box: Float32Array.of(0, 0, 4), center: new Float32Array(2) },
      axes: Float32Array.of(1, 0, 0, 1),
    },
  },
  [0, 1, 2].map(() => ({ width: 2, height: 2, close() {} })),
);

/** Each page: how it reads a search, how it writes a state, and the maps in a state. */
const pages = {
  explore: [(text) => readLink(text, space(3, 5)), writeLink, (state) => [state]],
  compare: [
    (text) => readSharedLink(text, alike),
    (state, search) => writeSharedLink(state, alike, search),
    ({ maps }) => maps,
  ],
  "compare, of other dimensions": [
    (text) => readSharedLink(text, others),
    (state, search) => writeSharedLink(state, others, search),
    ({ maps }) => maps,
  ],
  film: [
    (text) => readFilm(text, reel),
    (state, search) => writeFilm(state, reel, search),
    (state) => [state],
  ],
};

for await (const line of createInterface({ input: process.stdin })) {
  const [page, search] = JSON.parse(line);
  const [read, write, mapsOf] = pages[page];
  const { state, problems } = read(search);
  const written = write(state, "");
  const again = read(written);
  const sound = mapsOf(state).every(({ z, view, path }) =>
    [...z, view.x, view.y, view.span, ...path.flatMap((end) => [...end.z])].every(Number.isFinite),
  );
  const answer = [written, problems, sound, write(again.state, ""), again.problems];
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
