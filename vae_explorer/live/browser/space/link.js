/**
 * The state of a map in the page's address, which is the only place that keeps it.
 *
 *     ?z=0.51,-1.2 &image=17 &drawing=AB8… &path=17;3;0.1,0.2 &plane=pca:0,1 &scale=quantile &view=0,0,8.5 &tool=manifold
 *     &show=points,grid &lattice=20,3 &height=0.4 &way=spherical,picture &steps=11 &speed=2 &hide=1,4
 *
 * A value that cannot be meant is left out, with a sentence that says so; the rest still counts. Links
 * of the first version still open: `digit`, `lerp`, `slerp` and `digits:` are read, and not written.
 */
import { readDrawing, writeDrawing } from "./drawing.js";
import {
  DEFAULT_LATTICE,
  DEFAULT_PATH_SETTINGS,
  drawingOf,
  firstState,
  fitAll,
  MAX_ENDPOINTS,
  MAX_RANGE,
  MAX_SIZE,
  MAX_STEPS,
  MIN_RANGE,
  MIN_SIZE,
  MIN_STEPS,
  moveTo,
  select,
} from "./state.js";
import { MAX_SPAN, MIN_SPAN, View } from "./view.js";

/**
 * @typedef {import("./space.js").Space} Space
 * @typedef {import("./state.js").MapState} MapState
 */

const TOOLS = ["scatter", "manifold", "interpolate"];
/** @type {import("./state.js").Layer[]} */
const LAYERS = ["points", "grid"];
/** @type {Record<string, import("./paths.js").Interpolation>} */
const WAYS = { straight: "straight", spherical: "spherical", lerp: "straight", slerp: "spherical" };
const SPACINGS = ["z", "picture"];
// Prior standard deviations; far outside of what any decoder has seen.
const MAX_CODE = 1000;
export const [MIN_SPEED, MAX_SPEED] = [0.25, 4];
// Of what was found, as much stands in a sentence.
const MAX_SHOWN = 40;

export const EXPECTED_VIEW = `x, y and a width from ${MIN_SPAN} to ${MAX_SPAN}`;
export const EXPECTED_LAYERS = `some of ${LAYERS.join(", ")}, or none`;

/** What a parameter must be, for a sentence. @type {Record<string, (space: Space) => string>} */
const EXPECTED = {
  z: ({ dims }) => `${dims} numbers`,
  image: ({ count }) => `a row from 0 to ${count - 1}`,
  drawing: ({ shape: [height, width, channels] }) =>
    channels === 1
      ? `a drawing of ${height} × ${width} pixels`
      : "no drawing, because these pictures have colours",
  path: ({ dims, count }) =>
    `rows from 0 to ${count - 1} or codes of ${dims} numbers, at most ${MAX_ENDPOINTS}`,
  plane: () =>
    "dims:i,j or pca:i,j or through:a;b;c or umap or tsne, as far as the checkpoint has it",
  scale: () => "linear or quantile",
  view: () => EXPECTED_VIEW,
  tool: () => `one of ${TOOLS.join(", ")}`,
  show: () => EXPECTED_LAYERS,
  lattice: () =>
    `codes a side from ${MIN_SIZE} to ${MAX_SIZE} and a range from ${MIN_RANGE} to ${MAX_RANGE}`,
  height: () => `a number from ${-MAX_RANGE} to ${MAX_RANGE}`,
  way: () => "straight or spherical, and z or picture",
  steps: () => `a whole number from ${MIN_STEPS} to ${MAX_STEPS}`,
  speed: () => `a number from ${MIN_SPEED} to ${MAX_SPEED}`,
  hide: expectedClasses,
};
/** The names that tell of a map. */
export const MAP_NAMES = ["digit", ...Object.keys(EXPECTED)];

/**
 * Read a state from an address.
 * @param {string} search of the address
 * @param {Space} space
 * @returns {{state: MapState, problems: string[]}} a first visitor's state, with what the address says
 */
export function readLink(search, space) {
  const { query, problems, read } = createReader(search, MAP_NAMES, (name) =>
    EXPECTED[name](space),
  );
  const row = (/** @type {string} */ text) => whole(text, 0, space.count - 1);
  const image = read("image", row, query.has("image") ? "image" : "digit");
  const z = read("z", (text) => readCode(text, space));
  const drawing = read("drawing", (text) => readDrawing(text, space.shape));
  const ends = read("path", (text) => endpoints(text, space));
  const scale = read("scale", (text) => oneOf(text, /** @type {const} */ (["linear", "quantile"])));
  const projection = read("plane", (text) => space.project(text, scale ?? "linear"));
  const view = read("view", readView);
  const tool = read("tool", (text) => oneOf(text, /** @type {MapState["tool"][]} */ (TOOLS)));
  const layers = read("show", readLayers);
  const fixed = read("lattice", (text) =>
    numbers(
      text,
      2,
      ([size, range]) =>
        Number.isInteger(size) &&
        size >= MIN_SIZE &&
        size <= MAX_SIZE &&
        range >= MIN_RANGE &&
        range <= MAX_RANGE,
    ),
  );
  const height = read("height", (text) => numbers(text, 1, ([y]) => Math.abs(y) <= MAX_RANGE));
  const way = read("way", readWay);
  const steps = read("steps", (text) => whole(text, MIN_STEPS, MAX_STEPS));
  const speed = read("speed", (text) =>
    numbers(text, 1, ([v]) => v >= MIN_SPEED && v <= MAX_SPEED),
  );
  const hidden = read("hide", (text) => readClasses(text, space));

  let state = firstState(space);
  // A place of one's own begins without a test image.
  if ((z || drawing) && image === null) state = { ...state, selection: null };
  if (image !== null) state = select(state, image);
  if (z) state = moveTo(state, z);
  const shown = projection ?? (scale && space.project(space.defaultPlane, scale));
  // Who was sent a path comes to see it.
  const chosen = tool ?? (ends && ends.length > 1 ? "interpolate" : state.tool);
  state = {
    ...state,
    drawing: drawing && image === null ? { pixels: drawing, leads: !z } : null,
    path: ends ?? [],
    projection: shown ?? state.projection,
    tool: chosen,
    layers: layers ?? (chosen === "manifold" ? ["points", "grid"] : state.layers),
    lattice: {
      ...DEFAULT_LATTICE,
      ...(fixed && { cells: /** @type {const} */ ("fixed"), size: fixed[0], range: fixed[1] }),
      ...(height && { height: height[0] }),
    },
    pathSettings: {
      ...DEFAULT_PATH_SETTINGS,
      ...(way && { interpolation: way[0], spacing: way[1] }),
      ...(steps && { steps }),
      ...(speed && { speed: speed[0] }),
    },
    hidden: hidden ?? new Set(),
  };
  return { state: view ? { ...state, view } : fitAll(state), problems };
}

/**
 * What reads the parameters of an address one by one, and keeps a sentence for each that cannot be
 * meant.
 * @param {string} search of the address
 * @param {readonly string[]} names that may be in it
 * @param {(name: string) => string} expected what a parameter must be, for a sentence
 */
export function createReader(search, names, expected) {
  const query = new URLSearchParams(search);
  const problems = [...new Set(query.keys())].flatMap((name) => {
    const meant = names.includes(name) ? null : names.find((known) => isNear(name, known));
    return meant ? [`${name}: found an unknown name, expected ${meant}; it was left out.`] : [];
  });
  /**
   * @template Value
   * @param {string} name
   * @param {(text: string) => Value|null} parse null for what cannot be meant
   * @returns {Value|null}
   */
  const read = (name, parse, alias = name) => {
    const text = query.get(alias);
    if (text === null) return null;
    const value = parse(text);
    if (value !== null) return value;
    const found = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    problems.push(`${alias}: found “${found}”, expected ${expected(name)}; it was left out.`);
    return null;
  };
  return { query, problems, read };
}

/** Whether a name is another one but for a letter that is wrong, missing or too many. */
function isNear(/** @type {string} */ name, /** @type {string} */ known) {
  const [short, long] = name.length < known.length ? [name, known] : [known, name];
  if (long.length - short.length > 1 || short.length < 3) return false;
  let k = 0;
  while (k < short.length && short[k] === long[k]) k++;
  return short.slice(short.length === long.length ? k + 1 : k) === long.slice(k + 1);
}

/**
 * Write a state into an address; what is as a first visitor finds it need not be said.
 * @param {MapState} state
 * @param {string} search of an address, of which all else stays
 * @returns {string}
 */
export function writeLink(state, search) {
  const { path, pathSettings, lattice, projection, selection } = state;
  const drawing = drawingOf(state);
  return writeQuery(search, {
    z: list(state.z),
    image: selection?.row != null ? String(selection.row) : null,
    drawing: drawing ? writeDrawing(drawing) : null,
    path: path.length ? path.map(({ row, z }) => row ?? list(z)).join(";") : null,
    plane: projection.name === projection.space.defaultPlane ? null : projection.name,
    scale: unless(projection.scale, "linear"),
    view: writeView(state.view),
    tool: unless(state.tool, path.length > 1 ? "interpolate" : "scatter"),
    show: unless(writeLayers(state), state.tool === "manifold" ? "points,grid" : "points"),
    lattice: lattice.cells === "fixed" ? list([lattice.size, lattice.range]) : null,
    height: unless(list([lattice.height]), list([DEFAULT_LATTICE.height])),
    // Without a path it goes no way.
    way: path.length
      ? unless(`${pathSettings.interpolation},${pathSettings.spacing}`, "straight,z")
      : null,
    steps: unless(String(pathSettings.steps), String(DEFAULT_PATH_SETTINGS.steps)),
    speed: unless(String(pathSettings.speed), String(DEFAULT_PATH_SETTINGS.speed)),
    hide: unless(writeClasses(state), "none"),
    digit: null,
  });
}

/**
 * Write parameters into a search, of which all else stays.
 * @param {string} search
 * @param {Record<string, string|null>} said null for what need not be said
 */
export function writeQuery(search, said) {
  const query = new URLSearchParams(search);
  for (const [name, text] of Object.entries(said)) {
    if (text === null) query.delete(name);
    else query.set(name, text);
  }
  // These may stand in an address as they are, and are easier to read.
  return query.toString().replace(/%(2C|3B|3A|2F)/g, decodeURIComponent);
}

/** What a search says by some names, in one order: to tell whether two say the same. */
export function partOf(/** @type {string} */ search, /** @type {readonly string[]} */ names) {
  const query = new URLSearchParams(search);
  const found = names.filter((name) => query.has(name));
  return found.map((name) => `${name}=${query.get(name)}`).join("&");
}

/** @returns {number|null} */
export function whole(
  /** @type {string} */ text,
  /** @type {number} */ low,
  /** @type {number} */ high,
) {
  return /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high
    ? Number(text)
    : null;
}

/** @returns {number[]|null} */
export function numbers(
  /** @type {string} */ text,
  /** @type {number} */ length,
  /** @type {(values: number[]) => boolean} */ fits,
) {
  const values = text.split(",").map((part) => (part.trim() ? Number(part) : Number.NaN));
  return values.length === length && values.every(Number.isFinite) && fits(values) ? values : null;
}

export function readCode(/** @type {string} */ text, /** @type {Space} */ { dims }) {
  return numbers(text, dims, (values) => values.every((value) => Math.abs(value) <= MAX_CODE));
}

/** @returns {import("./state.js").Endpoint[]|null} */
function endpoints(/** @type {string} */ text, /** @type {Space} */ space) {
  const ends = text.split(";").map((part) => {
    const row = whole(part, 0, space.count - 1);
    if (row !== null) return { row, z: space.code(row) };
    const z = part.includes(",") || space.dims === 1 ? readCode(part, space) : null;
    return z && { row: null, z: Float64Array.from(z) };
  });
  return ends.includes(null) || ends.length > MAX_ENDPOINTS
    ? null
    : /** @type {import("./state.js").Endpoint[]} */ (ends);
}

/** @returns {[import("./paths.js").Interpolation, "z"|"picture"]|null} */
function readWay(/** @type {string} */ text) {
  const [way, spacing, ...rest] = text.split(",");
  const good = Object.hasOwn(WAYS, way) && SPACINGS.includes(spacing) && !rest.length;
  return good ? [WAYS[way], /** @type {"z"|"picture"} */ (spacing)] : null;
}

/** @template {string} Name @returns {Name|null} */
export function oneOf(/** @type {string} */ text, /** @type {readonly Name[]} */ names) {
  return names.find((name) => name === text) ?? null;
}

/** @returns {View|null} */
export function readView(/** @type {string} */ text) {
  const found = numbers(text, 3, ([x, y, span]) => {
    const near = Math.max(Math.abs(x), Math.abs(y)) <= MAX_CODE;
    return near && span >= MIN_SPAN && span <= MAX_SPAN;
  });
  return found && new View(found[0], found[1], found[2]);
}

export function writeView(/** @type {View} */ { x, y, span }) {
  return list([x, y, span]);
}

/** @returns {import("./state.js").Layer[]|null} */
export function readLayers(/** @type {string} */ text) {
  if (text === "none") return [];
  const found = text.split(",").map((part) => oneOf(part, LAYERS));
  return found.includes(null) ? null : /** @type {import("./state.js").Layer[]} */ (found);
}

export function writeLayers(/** @type {Pick<MapState, "layers">} */ { layers }) {
  return LAYERS.filter((name) => layers.includes(name)).join() || "none";
}

/** @returns {Set<number>|null} */
export function readClasses(/** @type {string} */ text, /** @type {Space} */ { header }) {
  const parts = text === "none" ? [] : text.split(",");
  const kinds = parts.map((part) => whole(part, 0, header.classes.length - 1));
  return kinds.includes(null) ? null : new Set(/** @type {number[]} */ (kinds));
}

export function writeClasses(/** @type {Pick<MapState, "hidden">} */ { hidden }) {
  return [...hidden].sort((a, b) => a - b).join() || "none";
}

export function expectedClasses(/** @type {Space} */ { header }) {
  return `numbers of classes from 0 to ${header.classes.length - 1}, or none`;
}

/** Numbers with four decimals, without zeros at the end. */
export function list(/** @type {ArrayLike<number>} */ values) {
  return Array.from(values, (value) => Number(value.toFixed(4))).join();
}

export function unless(/** @type {string} */ text, /** @type {string} */ usual) {
  return text === usual ? null : text;
}
