/**
 * The state of a map, and what can be done on it: pure functions from a state and what was asked for
 * to the next state. All codes are (D,).
 */
import { sameFields } from "./history.js";
import { including, View } from "./view.js";

/**
 * @typedef {import("./view.js").Place} Place
 * @typedef {import("./projection.js").Projection} Projection
 *
 * @typedef {Object} Selection a test image or a drawing, and its posterior q(z|x)
 * @property {number|null} row of a test image; null for a drawing
 * @property {Float64Array} mean
 * @property {Float64Array} variance
 * @property {Float32Array} [pixels] of a drawing, (H, W, C)
 *
 * @typedef {{pixels: Float32Array, leads: boolean}} Drawing (H, W, C), and whether the handle goes to its code
 * @typedef {{z: Float64Array, row: number|null}} Endpoint of a path; a test image, if it has a row
 * @typedef {{z: Float64Array, where: string}} Preview a code that is looked at, and where it is
 * @typedef {"scatter"|"manifold"|"interpolate"} Tool
 * @typedef {"points"|"grid"} Layer
 *
 * @typedef {Object} Lattice the codes that the grid decodes
 * @property {"view"|"fixed"} cells as many as fill what is in view, or `size` by `size`
 * @property {number} size codes a side
 * @property {number} range from −range to range of the prior's standard deviations, in a linear scale
 * @property {number} height of the row that the dock shows, in prior standard deviations
 *
 * @typedef {Object} PathSettings
 * @property {import("./paths.js").Interpolation} interpolation
 * @property {"z"|"picture"} spacing what is equal between steps
 * @property {number} steps
 * @property {number} speed of Play, 1 as usual
 *
 * @typedef {Object} MapState
 * @property {Float32Array} z at the handle
 * @property {Selection|null} selection
 * @property {Drawing|null} [drawing] of a link, while it is still to be encoded
 * @property {Preview|null} preview
 * @property {Endpoint[]} path
 * @property {PathSettings} pathSettings
 * @property {Projection} projection
 * @property {View} view
 * @property {Tool} tool
 * @property {Layer[]} layers
 * @property {Lattice} lattice
 * @property {ReadonlySet<number>} hidden classes
 * @property {import("../nn/runner.js").Runner|null} decoder
 * @property {boolean} [untouched] whether the handle is new to who sees it, and says what to do
 */

/** @type {Lattice} */
export const DEFAULT_LATTICE = { cells: "view", size: 20, range: 3, height: 0.4 };
/** @type {PathSettings} */
export const DEFAULT_PATH_SETTINGS = {
  interpolation: "straight",
  spacing: "z",
  steps: 11,
  speed: 1,
};
export const [MIN_SIZE, MAX_SIZE] = [5, 30];
export const [MIN_RANGE, MAX_RANGE] = [1, 5];
export const [MIN_STEPS, MAX_STEPS] = [3, 30];
/** As many endpoints as there are letters for them. */
export const MAX_ENDPOINTS = 26;
// Steps of the arrow keys, as shares of what the map shows.
const [STEP, FINE_STEP] = [0.02, 0.002];

/** What a first visitor finds: the first test image, since most places in many dimensions decode to nothing. */
export function firstState(/** @type {import("./space.js").Space} */ space) {
  const projection = /** @type {Projection} */ (space.project(space.defaultPlane));
  /** @type {MapState} */
  const state = {
    z: new Float32Array(space.dims),
    selection: null,
    preview: null,
    path: [],
    pathSettings: DEFAULT_PATH_SETTINGS,
    projection,
    view: View.of(projection.extent),
    tool: "scatter",
    layers: ["points"],
    lattice: DEFAULT_LATTICE,
    hidden: new Set(),
    decoder: null,
  };
  return space.count ? select(state, 0) : state;
}

// The handle.

/** @template {MapState} S @returns {S} the same, where z is no code */
export function moveTo(/** @type {S} */ state, /** @type {ArrayLike<number>} */ z) {
  if (!state.projection.space.isCode(z)) return state;
  return { ...state, z: Float32Array.from(z), preview: null };
}

/** Move to a place of the map; on a stored view, to the nearest test image. @template {MapState} S @returns {S} */
export function moveToPlace(/** @type {S} */ state, /** @type {Place} */ place) {
  const z = state.projection.codeAt(place, state.z);
  if (z) return moveTo(state, z);
  const row = state.projection.rowAt(place, state.hidden);
  return row === null || row === state.selection?.row ? state : select(state, row);
}

/** Move a step in a direction, `[1, 0]` to the right, and stay in sight. @template {MapState} S @returns {S} */
export function step(
  /** @type {S} */ state,
  /** @type {Place} */ [right, up],
  /** @type {boolean} */ fine = false,
) {
  const { projection, view, hidden } = state;
  const [x, y] = projection.placeOf(state.z);
  const size = (fine ? FINE_STEP : STEP) * view.span;
  if (projection.plane) {
    return follow(moveToPlace(state, [x + right * size, y + up * size]));
  }
  const row = projection.rowBeside([x, y], [right, up], hidden);
  return row === null ? state : follow(select(state, row));
}

/** Set one dimension of z. @template {MapState} S @returns {S} */
export function slide(
  /** @type {S} */ state,
  /** @type {number} */ dim,
  /** @type {number} */ value,
) {
  return moveTo(
    state,
    state.z.map((other, d) => (d === dim ? value : other)),
  );
}

/** Look at the code at a place, without moving there; null for no longer. @template {MapState} S @returns {S} */
export function preview(/** @type {S} */ state, /** @type {Place|null} */ place) {
  if (!place) return state.preview ? { ...state, preview: null } : state;
  const { projection } = state;
  const row = projection.plane ? null : projection.rowAt(place, state.hidden);
  const z = row === null ? projection.codeAt(place, state.z) : projection.space.code(row);
  return z ? { ...state, preview: { z, where: "under the pointer" } } : state;
}

// The selection.

/** Select a test image: the handle moves to its posterior mean. @template {MapState} S @returns {S} */
export function select(/** @type {S} */ state, /** @type {number} */ row) {
  const { space } = state.projection;
  const mean = space.code(row);
  return moveTo({ ...state, selection: { row, mean, variance: space.variance(row) } }, mean);
}

/**
 * Select a drawing by what the encoder gave for it.
 * @template {MapState} S
 * @param {S} state
 * @param {Float32Array} posterior mean and log-variance, (2 D,)
 * @param {Float32Array} pixels (H, W, C)
 * @returns {S|null} null where a number is none
 */
export function selectDrawing(state, posterior, pixels) {
  const selection = posteriorOf(state.projection.space.dims, posterior);
  return selection && moveTo({ ...state, selection: { ...selection, pixels } }, selection.mean);
}

/**
 * Select the drawing that a link brought, unless something else is selected by now.
 * @template {MapState} S
 * @param {S} state
 * @param {Float32Array} posterior mean and log-variance, (2 D,)
 * @returns {S|null} null where a number is none
 */
export function selectLinked(state, posterior) {
  const { drawing, selection, z } = state;
  const waits = { ...state, drawing: null };
  if (!drawing || selection) return waits;
  const next = selectDrawing(waits, posterior, drawing.pixels);
  return next && !drawing.leads ? moveTo(next, z) : next;
}

/** @returns {Selection|null} from mean and log-variance in one array, (2 D,); null where a number is none */
export function posteriorOf(/** @type {number} */ dims, /** @type {Float32Array} */ posterior) {
  if (posterior.length !== 2 * dims || !posterior.every(Number.isFinite)) return null;
  const mean = Float64Array.from(posterior.subarray(0, dims));
  return { row: null, mean, variance: Float64Array.from(posterior.subarray(dims), Math.exp) };
}

/** The drawing that is selected, or that a link brought and that is to be; (H, W, C). */
export function drawingOf(/** @type {MapState} */ { selection, drawing }) {
  return (selection ? selection.pixels : drawing?.pixels) ?? null;
}

/** @template {MapState} S @returns {S} */
export function forgetDrawing(/** @type {S} */ state) {
  return drawingOf(state) ? { ...state, selection: null, drawing: null } : state;
}

/**
 * Draw z = mean + sigma * eps from the selection's posterior, eps ~ N(0, I) by Box and Muller (1958).
 * @template {MapState} S
 * @param {S} state
 * @param {() => number} random from 0 to below 1
 * @returns {S}
 */
export function sampleAgain(state, random = Math.random) {
  if (!state.selection) return state;
  const { mean, variance } = state.selection;
  const z = mean.map((value, d) => {
    const length = Math.sqrt(-2 * Math.log(1 - random()));
    return value + Math.sqrt(variance[d]) * length * Math.cos(2 * Math.PI * random());
  });
  return moveTo(state, z);
}

/** @template {MapState} S @returns {S} */
export function backToMean(/** @type {S} */ state) {
  return state.selection ? moveTo(state, state.selection.mean) : state;
}

/** A click: it selects a test image or moves the handle; with Interpolate, it adds an endpoint. @template {MapState} S @returns {S} */
export function tap(
  /** @type {S} */ state,
  /** @type {Place} */ place,
  /** @type {number|null} */ row,
) {
  if (state.tool === "interpolate") return addEndpoint(state, place, row);
  return row === null ? moveToPlace(state, place) : select(state, row);
}

// The path.

/** @template {MapState} S @returns {S} */
export function addEndpoint(
  /** @type {S} */ state,
  /** @type {Place} */ place,
  /** @type {number|null} */ row,
) {
  const end = endpointAt(state, place, row, state.z);
  if (!end || state.path.length >= MAX_ENDPOINTS) return state;
  return { ...state, path: [...state.path, end], preview: null };
}

/** Move an endpoint; what lies off the plane of its code stays. @template {MapState} S @returns {S} */
export function moveEndpoint(
  /** @type {S} */ state,
  /** @type {number} */ k,
  /** @type {Place} */ place,
) {
  const end = endpointAt(state, place, null, state.path[k].z);
  if (!end) return state;
  const where = `at ${letter(k)}`;
  return { ...state, path: state.path.with(k, end), preview: { z: end.z, where } };
}

/** @template {MapState} S @returns {S} */
export function removeEndpoint(/** @type {S} */ state, /** @type {number} */ k) {
  return { ...state, path: state.path.toSpliced(k, 1), preview: null };
}

/** @template {MapState} S @returns {S} */
export function clearPath(/** @type {S} */ state) {
  return { ...state, path: [], preview: null };
}

/** The name of an endpoint. */
export function letter(/** @type {number} */ k) {
  return String.fromCharCode(65 + k);
}

/** @returns {Endpoint|null} */
function endpointAt(
  /** @type {MapState} */ { projection, hidden },
  /** @type {Place} */ place,
  /** @type {number|null} */ row,
  /** @type {ArrayLike<number>} */ from,
) {
  const image = row ?? (projection.plane ? null : projection.rowAt(place, hidden));
  if (image !== null) return { row: image, z: projection.space.code(image) };
  const z = projection.codeAt(place, from);
  return z && { row: null, z };
}

// What is shown.

/** @template {MapState} S @returns {S} */
export function chooseTool(/** @type {S} */ state, /** @type {Tool} */ tool) {
  /** @type {Record<Tool, Layer[]>} */
  const layers = { scatter: ["points"], manifold: ["points", "grid"], interpolate: state.layers };
  return { ...state, tool, layers: layers[tool], preview: null };
}

/** @template {MapState} S @returns {S} */
export function toggleLayer(/** @type {S} */ state, /** @type {Layer} */ layer) {
  const others = state.layers.filter((name) => name !== layer);
  return { ...state, layers: state.layers.includes(layer) ? others : [...others, layer] };
}

/** @template {MapState} S @returns {S} */
export function toggleClass(/** @type {S} */ state, /** @type {number} */ kind) {
  const hidden = new Set(state.hidden);
  if (!hidden.delete(kind)) hidden.add(kind);
  return { ...state, hidden };
}

/** Show a class alone; if it is, show all again. @template {MapState} S @returns {S} */
export function showOnly(/** @type {S} */ state, /** @type {number} */ kind) {
  const { classes } = state.projection.space.header;
  const others = classes.map((_, other) => other).filter((other) => other !== kind);
  const already = others.every((other) => state.hidden.has(other)) && !state.hidden.has(kind);
  return { ...state, hidden: new Set(already ? [] : others) };
}

/**
 * Show the codes on another plane or view, as a whole.
 * @template {MapState} S
 * @param {S} state
 * @param {Projection} projection
 * @returns {S}
 */
export function project(state, projection) {
  return fitAll({ ...state, projection, preview: null });
}

/** The name of the plane through the path's first three endpoints; null where there are fewer. */
export function planeThroughPath(/** @type {MapState} */ { path }) {
  if (path.length < 3) return null;
  const ends = path
    .slice(0, 3)
    .map(({ row, z }) => row ?? Array.from(z, (value) => +value.toFixed(4)).join());
  return `through:${ends.join(";")}`;
}

/** @template {MapState} S @returns {S} */
export function pan(/** @type {S} */ state, /** @type {number} */ dx, /** @type {number} */ dy) {
  return { ...state, view: state.view.pan(dx, dy) };
}

/** @template {MapState} S @returns {S} */
export function zoom(
  /** @type {S} */ state,
  /** @type {number} */ factor,
  /** @type {Place} */ place,
) {
  return { ...state, view: state.view.zoom(factor, place) };
}

/** Show everything: the codes, the handle and the path. @template {MapState} S @returns {S} */
export function fitAll(/** @type {S} */ state) {
  const { projection } = state;
  const places = [state.z, ...state.path.map((end) => end.z)].map((z) => projection.placeOf(z));
  return { ...state, view: View.of(places.reduce(including, projection.extent)) };
}

/** Have the map show the handle, where it has left what is in view. @template {MapState} S @returns {S} */
export function follow(/** @type {S} */ state) {
  return { ...state, view: state.view.reveal(state.projection.placeOf(state.z)) };
}

// Undo and redo.

/** What is one step after the other; to look around is none. */
const STEPS = /** @type {const} */ ([
  ...["z", "selection", "path", "pathSettings"],
  ...["projection", "tool", "layers", "lattice", "hidden"],
]);
/** @typedef {Pick<MapState, "z"|"selection"|"path"|"pathSettings"|"projection"|"view"|"tool"|"layers"|"lattice"|"hidden">} MapStep */

/** What a step back brings again. @returns {MapStep} */
export function stepOf(/** @type {MapState} */ state) {
  const { z, selection, path, pathSettings, projection, view, tool, layers, lattice, hidden } =
    state;
  return { z, selection, path, pathSettings, projection, view, tool, layers, lattice, hidden };
}

export function isSameStep(/** @type {MapStep} */ a, /** @type {MapStep} */ b) {
  return sameFields(a, b, STEPS);
}

/** Take a step again: in the view of now, unless it was on another plane. @template {MapState} S @returns {S} */
export function restore(/** @type {S} */ state, /** @type {MapStep} */ step) {
  const next = { ...state, ...step, preview: null };
  if (step.projection !== state.projection) return next;
  const seen = { ...next, view: state.view };
  return step.z === state.z ? seen : follow(seen);
}
