/**
 * The state of a comparison in the page's address: that of the first model's map (see `link.js`), and
 *
 *     &mode=image &aligned=yes &along=0.4 &views=0,0,8;1,2,3 &hides=none;1,4 &image=1:17 &path=1:17;3
 *
 * where 1:17 is row 17 of the codes of the second model, and `views` and `hides` tell of the models
 * after the first.
 */
import {
  createReader,
  EXPECTED_VIEW,
  expectedClasses,
  list,
  MAP_NAMES,
  numbers,
  oneOf,
  readClasses,
  readLink,
  readView,
  whole,
  writeClasses,
  writeLink,
  writeQuery,
  writeView,
} from "./link.js";
import { drawingOf, firstShared, hasSharedView } from "./shared.js";
import { MAX_ENDPOINTS } from "./state.js";

/**
 * @typedef {import("./shared.js").SharedSpaces} SharedSpaces
 * @typedef {import("./shared.js").SharedState} SharedState
 * @typedef {{map: number, row: number}} Image a row of a model's codes
 */

const EXPECTED_IMAGE = "a row of the first model’s codes, or as in 1:17 a row of another one’s";

/** What a parameter must be, for a sentence. @type {Record<string, (shared: SharedSpaces) => string>} */
const EXPECTED = {
  mode: ({ sameDims }) =>
    sameDims ? "z or image" : "image, because the models have different dimensions",
  aligned: ({ canAlign }) =>
    canAlign ? "yes" : "nothing, because these spaces cannot be turned onto each other",
  along: () => "a number from 0 to 1",
  views: ({ spaces }) => `${spaces.length - 1} times ${EXPECTED_VIEW}`,
  hides: ({ spaces }) => `${spaces.length - 1} times ${expectedClasses(spaces[0])}`,
  image: () => EXPECTED_IMAGE,
  path: () => `with the same test image at most ${MAX_ENDPOINTS}, each ${EXPECTED_IMAGE}`,
};
/** The names that tell of a comparison. */
export const SHARED_NAMES = [...new Set([...MAP_NAMES, ...Object.keys(EXPECTED)])];

/**
 * Read a state from an address.
 * @param {string} search of the address
 * @param {SharedSpaces} shared
 * @returns {{state: SharedState, problems: string[]}} a first visitor's state, with what the address says
 */
export function readSharedLink(search, shared) {
  const { spaces, sameDims, canAlign } = shared;
  const { query, problems, read } = createReader(search, SHARED_NAMES, (name) =>
    EXPECTED[name](shared),
  );
  const mode = read("mode", (text) => {
    const found = oneOf(text, /** @type {const} */ (["z", "image"]));
    return found === "z" && !sameDims ? null : found;
  });
  const aligned = read("aligned", (text) => (text === "yes" && canAlign ? true : null));
  const along = read("along", (text) => numbers(text, 1, ([share]) => share >= 0 && share <= 1));
  const views = read("views", (text) => others(text, spaces, readView));
  const hides = read("hides", (text) => others(text, spaces, readClasses));
  const usesImages = query.has("drawing") || !sameDims || mode === "image";
  const isOthers = query.get("image")?.includes(":");
  const image = isOthers ? read("image", (text) => imageOf(text, shared)) : null;
  const ends = usesImages ? read("path", (text) => imagesOf(text, shared)) : null;
  // What is read here, or unknown, is no problem of the first map.
  for (const name of [...query.keys()]) {
    const own = name === "image" ? isOthers : name === "path" ? usesImages : name in EXPECTED;
    if (own || !MAP_NAMES.includes(name)) query.delete(name);
  }
  const first = readLink(query.toString(), spaces[0]);
  if (ends && ends.length > 1 && !query.has("tool")) first.state.tool = "interpolate";
  const state = firstShared(shared, first.state, {
    ...{ mode: usesImages ? "image" : mode, aligned: aligned ?? false },
    ...{ image, ends, along: along?.[0], views, hides },
  });
  return { state, problems: [...problems, ...first.problems] };
}

/** Write a state into the search of an address, of which all else stays. */
export function writeSharedLink(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {string} */ search,
) {
  const { maps, mode, aligned, along, selection, path } = state;
  const [first, ...rest] = maps;
  const images = mode === "image";
  const drawing = drawingOf(selection);
  const alike = rest.every((map) => writeClasses(map) === writeClasses(first));
  const map = { ...first, drawing: drawing && { pixels: drawing, leads: false } };
  return writeQuery(writeLink(drawing ? { ...map, selection: null } : map, search), {
    ...(selection.image && { image: writeImage(selection.image) }),
    ...(images && path.length && { path: path.map(({ image }) => writeImage(image)).join(";") }),
    mode: images && shared.sameDims ? mode : null,
    aligned: aligned ? "yes" : null,
    along: along === null ? null : list([along]),
    views: hasSharedView(state, shared) ? null : rest.map(({ view }) => writeView(view)).join(";"),
    hides: alike ? null : rest.map(writeClasses).join(";"),
  });
}

/**
 * What an address says of each model after the first.
 * @template Value
 * @param {string} text
 * @param {import("./space.js").Space[]} spaces
 * @param {(text: string, space: import("./space.js").Space) => Value|null} read
 * @returns {Value[]|null}
 */
function others(text, spaces, read) {
  const parts = text.split(";");
  if (parts.length !== spaces.length - 1) return null;
  const found = parts.map((part, k) => read(part, spaces[k + 1]));
  return found.includes(null) ? null : /** @type {Value[]} */ (found);
}

/** @returns {Image|null} */
function imageOf(/** @type {string} */ text, /** @type {SharedSpaces} */ { spaces }) {
  const [head, tail] = text.includes(":") ? text.split(":", 2) : ["0", text];
  const map = whole(head, 0, spaces.length - 1);
  const row = map === null ? null : whole(tail, 0, spaces[map].count - 1);
  return map === null || row === null ? null : { map, row };
}

/** @returns {Image[]|null} */
function imagesOf(/** @type {string} */ text, /** @type {SharedSpaces} */ shared) {
  const found = text.split(";").map((part) => imageOf(part, shared));
  return found.includes(null) || found.length > MAX_ENDPOINTS
    ? null
    : /** @type {Image[]} */ (found);
}

function writeImage(/** @type {Image|null} */ image) {
  if (!image) return "";
  return image.map === 0 ? String(image.row) : `${image.map}:${image.row}`;
}
