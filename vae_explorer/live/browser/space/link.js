/**
 * The state of a map in the page's address, which is the only place that keeps it.
 *
 *     ?z=0.51,-1.2 &image=17 &path=17;3;0.1,0.2 &plane=pca:0,1 &scale=quantile &view=0,0,8.5 &tool=manifold
 *     &show=points,grid &lattice=20,3 &height=0.4 &way=spherical,picture &steps=11 &speed=2 &hide=1,4
 *
 * A value that cannot be meant is left out, with a sentence that says so; the rest still counts. Links
 * of the first version still open: `digit`, `lerp`, `slerp` and `digits:` are read, and not written.
 */
import {
  DEFAULT_LATTICE,
  DEFAULT_PATH_SETTINGS,
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
const LAYERS = ["points", "grid"];
/** @type {Record<string, import("./paths.js").Interpolation>} */
const WAYS = { straight: "straight", spherical: "spherical", lerp: "straight", slerp: "spherical" };
const SPACINGS = ["z", "picture"];
// Prior standard deviations; far outside of what any decoder has seen.
const MAX_CODE = 1000;
export const [MIN_SPEED, MAX_SPEED] = [0.25, 4];
// Of what was found, as much stands in a sentence.
const MAX_SHOWN = 40;

/** What a parameter must be, for a sentence. @type {Record<string, (space: Space) => string>} */
const EXPECTED = {
  z: ({ dims }) => `${dims} numbers`,
  image: ({ count }) => `a row from 0 to ${count - 1}`,
  path: ({ dims, count }) =>
    `rows from 0 to ${count - 1} or codes of ${dims} numbers, at most ${MAX_ENDPOINTS}`,
  plane: () =>
    "dims:i,j or pca:i,j or through:a;b;c or umap or tsne, as far as the checkpoint has it",
  scale: () => "linear or quantile",
  view: () => `x, y and a width from ${MIN_SPAN} to ${MAX_SPAN}`,
  tool: () => `one of ${TOOLS.join(", ")}`,
  show: () => `some of ${LAYERS.join(", ")}, or none`,
  lattice: () =>
    `codes a side from ${MIN_SIZE} to ${MAX_SIZE} and a range from ${MIN_RANGE} to ${MAX_RANGE}`,
  height: () => `a number from ${-MAX_RANGE} to ${MAX_RANGE}`,
  way: () => "straight or spherical, and z or picture",
  steps: () => `a whole number from ${MIN_STEPS} to ${MAX_STEPS}`,
  speed: () => `a number from ${MIN_SPEED} to ${MAX_SPEED}`,
  hide: ({ header }) => `numbers of classes from 0 to ${header.classes.length - 1}`,
};

/**
 * Read a state from an address.
 * @param {string} search of the address
 * @param {Space} space
 * @returns {{state: MapState, problems: string[]}} a first visitor's state, with what the address says
 */
export function readLink(search, space) {
  const query = new URLSearchParams(search);
  /** @type {string[]} */
  const problems = [];
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
    problems.push(
      `${alias}: found “${found}”, expected ${EXPECTED[name](space)}; it was left out.`,
    );
    return null;
  };

  const row = (/** @type {string} */ text) => whole(text, 0, space.count - 1);
  const image = read("image", row, query.has("image") ? "image" : "digit");
  const z = read("z", (text) => code(text, space));
  const ends = read("path", (text) => endpoints(text, space));
  const scale = read("scale", (text) => oneOf(text, /** @type {const} */ (["linear", "quantile"])));
  const projection = read("plane", (text) => space.project(text, scale ?? "linear"));
  const view = read("view", (text) =>
    numbers(text, 3, ([x, y, span]) => {
      const near = Math.max(Math.abs(x), Math.abs(y)) <= MAX_CODE;
      return near && span >= MIN_SPAN && span <= MAX_SPAN;
    }),
  );
  const tool = read("tool", (text) => oneOf(text, /** @type {MapState["tool"][]} */ (TOOLS)));
  const layers = read("show", (text) => someOf(text, /** @type {MapState["layers"]} */ (LAYERS)));
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
  const hidden = read("hide", (text) => {
    const kinds =
      text === "none"
        ? []
        : text.split(",").map((part) => whole(part, 0, space.header.classes.length - 1));
    return kinds.includes(null) ? null : /** @type {number[]} */ (kinds);
  });

  let state = firstState(space);
  // A place of one's own begins without a test image.
  if (z && image === null) state = { ...state, selection: null };
  if (image !== null) state = select(state, image);
  if (z) state = moveTo(state, z);
  const shown = projection ?? (scale && space.project(space.defaultPlane, scale));
  // Who was sent a path comes to see it.
  const chosen = tool ?? (ends && ends.length > 1 ? "interpolate" : state.tool);
  state = {
    ...state,
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
    hidden: new Set(hidden ?? []),
  };
  return {
    state: view ? { ...state, view: new View(view[0], view[1], view[2]) } : fitAll(state),
    problems,
  };
}

/**
 * Write a state into an address; what is as a first visitor finds it need not be said.
 * @param {MapState} state
 * @param {string} search of an address, of which all else stays
 * @returns {string}
 */
export function writeLink(state, search) {
  const query = new URLSearchParams(search);
  const { path, pathSettings, lattice, view, projection } = state;
  const usual = state.tool === "manifold" ? "points,grid" : "points";
  /** @type {Record<string, string|null>} */
  const said = {
    z: list(state.z),
    image: state.selection?.row != null ? String(state.selection.row) : null,
    path: path.length ? path.map(({ row, z }) => row ?? list(z)).join(";") : null,
    plane: projection.name === projection.space.defaultPlane ? null : projection.name,
    scale: unless(projection.scale, "linear"),
    view: list([view.x, view.y, view.span]),
    tool: unless(state.tool, path.length > 1 ? "interpolate" : "scatter"),
    show: unless(
      LAYERS.filter((name) => state.layers.some((layer) => layer === name)).join() || "none",
      usual,
    ),
    lattice: lattice.cells === "fixed" ? list([lattice.size, lattice.range]) : null,
    height: unless(list([lattice.height]), list([DEFAULT_LATTICE.height])),
    // Without a path it goes no way.
    way: path.length
      ? unless(`${pathSettings.interpolation},${pathSettings.spacing}`, "straight,z")
      : null,
    steps: unless(String(pathSettings.steps), String(DEFAULT_PATH_SETTINGS.steps)),
    speed: unless(String(pathSettings.speed), String(DEFAULT_PATH_SETTINGS.speed)),
    hide: state.hidden.size ? [...state.hidden].sort((a, b) => a - b).join() : null,
    digit: null,
  };
  for (const [name, text] of Object.entries(said)) {
    if (text === null) query.delete(name);
    else query.set(name, text);
  }
  // These may stand in an address as they are, and are easier to read.
  return query.toString().replace(/%(2C|3B|3A|2F)/g, decodeURIComponent);
}

/** What a search says of a map, in one order: to tell whether two say the same. */
export function mapPart(/** @type {string} */ search) {
  const query = new URLSearchParams(search);
  const names = ["digit", ...Object.keys(EXPECTED)].filter((name) => query.has(name));
  return names.map((name) => `${name}=${query.get(name)}`).join("&");
}

/** Put a search into the page's address, in place of what was there. */
export function replaceSearch(/** @type {(search: string) => string} */ change) {
  const url = new URL(location.href);
  url.search = change(url.search);
  if (url.href === location.href) return;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // A browser may refuse many changes in a short time; the next one has it all.
  }
}

/** @returns {number|null} */
function whole(/** @type {string} */ text, /** @type {number} */ low, /** @type {number} */ high) {
  return /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high
    ? Number(text)
    : null;
}

/** @returns {number[]|null} */
function numbers(
  /** @type {string} */ text,
  /** @type {number} */ length,
  /** @type {(values: number[]) => boolean} */ fits,
) {
  const values = text.split(",").map((part) => (part.trim() ? Number(part) : Number.NaN));
  return values.length === length && values.every(Number.isFinite) && fits(values) ? values : null;
}

function code(/** @type {string} */ text, /** @type {Space} */ { dims }) {
  return numbers(text, dims, (values) => values.every((value) => Math.abs(value) <= MAX_CODE));
}

/** @returns {import("./state.js").Endpoint[]|null} */
function endpoints(/** @type {string} */ text, /** @type {Space} */ space) {
  const ends = text.split(";").map((part) => {
    const row = whole(part, 0, space.count - 1);
    if (row !== null) return { row, z: space.code(row) };
    const z = part.includes(",") || space.dims === 1 ? code(part, space) : null;
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
function oneOf(/** @type {string} */ text, /** @type {readonly Name[]} */ names) {
  return names.find((name) => name === text) ?? null;
}

/** @template {string} Name @returns {Name[]|null} */
function someOf(/** @type {string} */ text, /** @type {readonly Name[]} */ names) {
  if (text === "none") return [];
  const found = text.split(",").map((part) => oneOf(part, names));
  return found.includes(null) ? null : /** @type {Name[]} */ (found);
}

/** Numbers with four decimals, without zeros at the end. */
function list(/** @type {ArrayLike<number>} */ values) {
  return Array.from(values, (value) => Number(value.toFixed(4))).join();
}

function unless(/** @type {string} */ text, /** @type {string} */ usual) {
  return text === usual ? null : text;
}
