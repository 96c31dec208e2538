/**
 * What all compared models decode, as one code in each of them: the same z, or the same test image.
 * The state of a comparison, and what can be done on it: pure functions, as in `state.js`. Codes are
 * (D,), a D for each model.
 */
import { sameFields } from "./history.js";
import { pathAt } from "./paths.js";
import { turned, turnedBack, turnedPlane } from "./plane.js";
import { Projection } from "./projection.js";
import {
  clearPath,
  firstState,
  follow,
  isSameStep,
  MAX_ENDPOINTS,
  moveTo,
  posteriorOf,
  project,
  restore as restoreMap,
  step as stepAlone,
  stepOf as stepOfMap,
} from "./state.js";

/**
 * @typedef {import("./space.js").Space} Space
 * @typedef {import("./view.js").Place} Place
 * @typedef {import("./view.js").View} View
 * @typedef {import("./state.js").MapState} MapState
 * @typedef {import("./state.js").Selection} Selection
 *
 * @typedef {Object} Model one that is compared, as `show_comparison` tells of it
 * @property {string} name
 * @property {string} dataset by its checksum
 * @property {number[][]|null} rotation R, (D, D), of its codes b onto the first model's: b R
 *
 * @typedef {Object} SharedSelection
 * @property {(Float64Array|null)[]} codes one for each model; null where it has none yet
 * @property {(Selection|null)[]} selections q(z|x), where it is an image
 * @property {string} title what it is, in words
 * @property {{map: number, row: number}|null} image which of whose rows it is
 * @property {Float32Array|null} pixels of a drawing, (H, W, C)
 *
 * @typedef {"z"|"image"} Mode what is the same in all models
 *
 * @typedef {Object} SharedState
 * @property {Mode} mode
 * @property {boolean} aligned whether every space is turned onto the first
 * @property {MapState[]} maps one for each model; tool, layers and settings are the same in all
 * @property {SharedSelection} selection
 * @property {SharedSelection[]} path its endpoints
 * @property {number|null} along how much of the path is behind the handles; null where they left it
 */

export class SharedSpaces {
  /**
   * @param {Space[]} spaces two or more
   * @param {Model[]} models
   */
  constructor(spaces, models) {
    this.spaces = spaces;
    this.models = models;
    /** Whether one z can be meant by all. */
    this.sameDims = spaces.every(({ dims }) => dims === spaces[0].dims);
    /** Whether all can be turned onto the first. */
    this.canAlign = models.slice(1).every(({ rotation }) => rotation);
    /** The first model that has codes; -1 where none has. */
    this.known = spaces.findIndex(({ count }) => count > 0);
    this.rowOf = spaces.map(
      ({ index }) => new Map(Array.from(index, (image, row) => [image, row])),
    );
  }

  /** How the k-th space is turned onto the first. */
  rotation(/** @type {number} */ k, /** @type {boolean} */ aligned) {
    return aligned && k > 0 ? this.models[k].rotation : null;
  }

  /**
   * The same z for all.
   * @param {number} k a model
   * @param {ArrayLike<number>} z what it is in that model
   * @param {boolean} aligned whether it is turned with the spaces
   * @returns {SharedSelection}
   */
  ofCode(k, z, aligned) {
    const own = this.rotation(k, aligned);
    const first = own ? turnedBack(z, own) : Float64Array.from(z);
    const codes = this.spaces.map((_, other) => {
      if (other === k) return Float64Array.from(z);
      const rotation = this.rotation(other, aligned);
      return rotation ? turned(first, rotation) : first;
    });
    return { codes, selections: codes.map(() => null), title: "", image: null, pixels: null };
  }

  /**
   * The test image in a row of the k-th model's codes, as all that know it have encoded it; those
   * that do not know it have no code until they are given its pixels.
   * @param {number} k
   * @param {number} row
   * @returns {SharedSelection}
   */
  ofRow(k, row) {
    const image = this.spaces[k].index[row];
    const selections = this.spaces.map((space, other) => {
      const known = this.models[k].dataset === this.models[other].dataset;
      const own = known ? this.rowOf[other].get(image) : undefined;
      if (own === undefined) return null;
      return { row: own, mean: space.code(own), variance: space.variance(own) };
    });
    const codes = selections.map((one) => one?.mean ?? null);
    return {
      ...{ codes, selections, title: this.spaces[k].title(row) },
      ...{ image: { map: k, row }, pixels: null },
    };
  }

  /** A drawing, (H, W, C), which every model has still to encode. @returns {SharedSelection} */
  ofDrawing(/** @type {Float32Array} */ pixels) {
    const none = this.spaces.map(() => null);
    return { codes: none, selections: none, title: "Your drawing", image: null, pixels };
  }

  /**
   * A selection with what the k-th model's encoder gave for it.
   * @param {SharedSelection} selection
   * @param {number} k
   * @param {Float32Array} posterior mean and log-variance, (2 D,)
   * @returns {SharedSelection|null} null where a number is none
   */
  encoded(selection, k, posterior) {
    const own = posteriorOf(this.spaces[k].dims, posterior);
    if (!own) return null;
    const { codes, selections } = selection;
    return { ...selection, codes: codes.with(k, own.mean), selections: selections.with(k, own) };
  }
}

/**
 * What an address may say of a comparison, beside the first model's map.
 * @typedef {Object} Asked
 * @property {Mode|null} mode
 * @property {boolean} aligned
 * @property {{map: number, row: number}|null} [image] of another model than the first
 * @property {{map: number, row: number}[]|null} [ends] the path, where test images are the same
 * @property {number} [along]
 * @property {View[]|null} [views] of the models after the first
 * @property {Set<number>[]|null} [hides] hidden classes of the models after the first
 */

/**
 * What a first visitor finds, or what an address says.
 * @param {SharedSpaces} shared
 * @param {MapState} first state of the first model's map
 * @param {Asked} asked
 * @returns {SharedState}
 */
export function firstShared(shared, first, asked) {
  const { mode, aligned, image, ends, along, views, hides } = asked;
  const { spaces, sameDims, canAlign } = shared;
  const { scale } = first.projection;
  const own = defaultProjection(spaces[0], scale);
  const kind = sameDims ? (mode ?? "z") : "image";
  const turnedOn = aligned && canAlign;
  const map = { ...first, path: [], selection: null, drawing: null, preview: null };
  const maps = spaces.map((space, k) => {
    if (k === 0) return first.projection === own ? map : project(map, own);
    const { z, projection, view } = firstState(space);
    return { ...map, z, projection, view };
  });
  const selection = shared.ofCode(0, first.z, turnedOn);
  const bare = { mode: kind, aligned: turnedOn, maps, selection, path: [], along: null };
  const path = first.path.flatMap(({ row, z }) => {
    if (kind === "z") return [shared.ofCode(0, z, turnedOn)];
    return row === null ? [] : [shared.ofRow(0, row)];
  });
  const held = hold(bare, firstSelection(shared, first, kind, turnedOn, image));
  const chosen =
    kind === "image" && ends ? ends.map((end) => shared.ofRow(end.map, end.row)) : path;
  const shown = showPlanes(withPath(held, chosen), shared, scale);
  const gone = along === undefined || chosen.length < 2 ? shown : goAlong(shown, along);
  const seen = hasSharedView(gone, shared) ? null : views;
  return everywhere(gone, (own, k) => ({
    ...own,
    view: (k && seen?.[k - 1]) || own.view,
    hidden: (k && hides?.[k - 1]) || own.hidden,
  }));
}

function firstSelection(
  /** @type {SharedSpaces} */ shared,
  /** @type {MapState} */ { selection, z, drawing },
  /** @type {Mode} */ mode,
  /** @type {boolean} */ aligned,
  /** @type {{map: number, row: number}|null|undefined} */ image,
) {
  const { spaces, known } = shared;
  if (mode === "image" && drawing) return shared.ofDrawing(drawing.pixels);
  if (mode === "image" && image) return shared.ofRow(image.map, image.row);
  if (mode === "image" && known >= 0) {
    return shared.ofRow(known, known > 0 ? 0 : (selection?.row ?? spaces[0].nearest(z)));
  }
  // Without codes of its own, the first model is shown where another one has an image.
  const lost = known > 0 && !z.some(Boolean);
  return lost ? shared.ofCode(known, spaces[known].code(0), aligned) : shared.ofCode(0, z, aligned);
}

/** @returns {Projection} */
function defaultProjection(
  /** @type {Space} */ space,
  /** @type {import("./projection.js").Scale} */ scale,
) {
  return /** @type {Projection} */ (space.project(space.defaultPlane, scale));
}

/** Have every map do the same. @returns {SharedState} */
export function everywhere(
  /** @type {SharedState} */ state,
  /** @type {(map: MapState, k: number) => MapState} */ action,
) {
  return { ...state, maps: state.maps.map(action) };
}

/** Change one map. @returns {SharedState} */
export function at(
  /** @type {SharedState} */ state,
  /** @type {number} */ k,
  /** @type {(map: MapState) => MapState} */ action,
) {
  return { ...state, maps: state.maps.with(k, action(state.maps[k])) };
}

// The handles.

/** Have every model show something: its handle moves to its code. @returns {SharedState} */
export function hold(/** @type {SharedState} */ state, /** @type {SharedSelection} */ selection) {
  const moved = everywhere(state, (map, k) => {
    const code = selection.codes[k];
    const held = { ...map, selection: selection.selections[k], preview: null };
    return code ? moveTo(held, code) : held;
  });
  return { ...moved, selection, along: null };
}

/** The drawing that is selected, (H, W, C). */
export function drawingOf(/** @type {SharedSelection} */ { image, pixels }) {
  return image ? null : pixels;
}

/** @returns {SharedState} */
export function forgetDrawing(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
) {
  return drawingOf(state.selection) ? hold(state, meantHere(state, shared)) : state;
}

/** What the handles mean where they are: the same z, or the nearest test image. */
function meantHere(
  /** @type {SharedState} */ { mode, maps, aligned },
  /** @type {SharedSpaces} */ shared,
) {
  const { spaces, known } = shared;
  return mode === "image" && known >= 0
    ? shared.ofRow(known, spaces[known].nearest(maps[known].z))
    : shared.ofCode(0, maps[0].z, aligned);
}

/**
 * What a place of the k-th map means: the same z, or the nearest test image.
 * @param {SharedState} state
 * @param {SharedSpaces} shared
 * @param {number} k
 * @param {Place} place
 * @param {ArrayLike<number>} [from] a code whose residual is kept, (D,)
 * @returns {SharedSelection|null} null where there is nothing
 */
export function meantAt({ mode, maps, aligned }, shared, k, place, from = maps[k].z) {
  const { projection, hidden } = maps[k];
  if (mode === "z") {
    const z = projection.codeAt(place, from);
    return z && shared.ofCode(k, z, aligned);
  }
  const row = projection.rowAt(place, hidden);
  return row === null ? null : shared.ofRow(k, row);
}

/** Select a row of the k-th: as a test image, or as the code that the k-th has for it. */
export function meantBy(
  /** @type {SharedState} */ { mode, aligned },
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {number} */ row,
) {
  return mode === "image"
    ? shared.ofRow(k, row)
    : shared.ofCode(k, shared.spaces[k].code(row), aligned);
}

/** Go to a code of the k-th model, or to its test image nearest to it. @returns {SharedState} */
export function goToCode(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {ArrayLike<number>} */ z,
) {
  if (state.mode === "z") return hold(state, shared.ofCode(k, z, state.aligned));
  return shared.spaces[k].count ? hold(state, shared.ofRow(k, shared.spaces[k].nearest(z))) : state;
}

/** Drag the handle of the k-th map to a place. @returns {SharedState} */
export function drag(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {Place} */ place,
) {
  const meant = meantAt(state, shared, k, place);
  return !meant || isSame(meant, state.selection) ? state : hold(state, meant);
}

/** Look at what is under the pointer in the k-th map; null for no longer. @returns {SharedState} */
export function preview(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {Place|null} */ place,
) {
  const meant = place && meantAt(state, shared, k, place);
  const where = "under the pointer";
  return everywhere(state, (map, other) => {
    const z = meant?.codes[other];
    if (z) return { ...map, preview: { z, where } };
    return map.preview ? { ...map, preview: null } : map;
  });
}

/** An arrow key on the handle of the k-th map. @returns {SharedState} */
export function step(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {Place} */ direction,
  /** @type {boolean} */ fine,
) {
  const map = state.maps[k];
  let next = state;
  if (state.mode === "z") {
    next = hold(state, shared.ofCode(k, stepAlone(map, direction, fine).z, state.aligned));
  } else {
    const row = map.projection.rowBeside(map.projection.placeOf(map.z), direction, map.hidden);
    if (row !== null) next = hold(state, shared.ofRow(k, row));
  }
  return shareView(at(next, k, follow), shared, k);
}

/** A click on the k-th map, on a test image if there is a row. @returns {SharedState} */
export function tap(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {Place} */ place,
  /** @type {number|null} */ row,
) {
  const meant = row === null ? meantAt(state, shared, k, place) : meantBy(state, shared, k, row);
  if (!meant) return state;
  if (state.maps[k].tool !== "interpolate") return hold(state, meant);
  if (state.path.length >= MAX_ENDPOINTS) return state;
  return withPath(hold(state, meant), [...state.path, meant]);
}

/**
 * Put a selection in the place of the same one, of which less was known.
 * @param {SharedState} state
 * @param {SharedSelection} before
 * @param {SharedSelection} after
 * @returns {SharedState}
 */
export function replace(state, before, after) {
  let next = state;
  if (state.selection === before) {
    // Nothing moves for an original that has come.
    next = before.codes === after.codes ? { ...state, selection: after } : hold(state, after);
  }
  if (!state.path.includes(before)) return next;
  return withPath(
    next,
    state.path.map((end) => (end === before ? after : end)),
  );
}

/** Whether both are one image. */
function isSame(/** @type {SharedSelection} */ a, /** @type {SharedSelection} */ b) {
  return a.image !== null && a.image.map === b.image?.map && a.image.row === b.image.row;
}

// The path.

/** @returns {SharedState} whose maps have the path, each through its own codes */
export function withPath(/** @type {SharedState} */ state, /** @type {SharedSelection[]} */ path) {
  const maps = state.maps.map((map, k) => {
    const ends = path.flatMap(({ codes, selections }) => {
      const z = codes[k];
      return z ? [{ z, row: selections[k]?.row ?? null }] : [];
    });
    // Who lacks an end goes no way.
    return ends.length === path.length ? { ...map, path: ends } : clearPath(map);
  });
  return { ...state, path, maps, along: path.length < 2 ? null : state.along };
}

/** Move an endpoint in the k-th map, and so in all. @returns {SharedState} */
export function moveEnd(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
  /** @type {number} */ end,
  /** @type {Place} */ place,
) {
  const from = state.path[end].codes[k];
  const meant = from && meantAt(state, shared, k, place, from);
  if (!meant || isSame(meant, state.path[end])) return state;
  return withPath(hold(state, meant), state.path.with(end, meant));
}

/** @returns {SharedState} */
export function removeEnd(/** @type {SharedState} */ state, /** @type {number} */ end) {
  return withPath(state, state.path.toSpliced(end, 1));
}

/**
 * Go to a share of the path in every model.
 * @param {SharedState} state
 * @param {number} share from 0 to 1
 * @param {(share: number, k: number) => number} [fractionOf] which fraction of the k-th's path that
 *   is, where steps are of equal change
 * @returns {SharedState}
 */
export function goAlong(state, share, fractionOf = (same) => same) {
  const codes = state.maps.map(({ path, pathSettings: { interpolation } }, k) => {
    const ends = path.map((end) => end.z);
    return ends.length > 1 ? pathAt(ends, fractionOf(share, k), interpolation) : null;
  });
  const selections = codes.map(() => null);
  const title = `${Math.round(100 * share)} % of the way`;
  const gone = hold(state, { codes, selections, title, image: null, pixels: null });
  return { ...gone, along: share };
}

/** How much of the path is behind the handles, from 0 to 1: at an endpoint too, and 0 off the path. */
export function shareOf(/** @type {SharedState} */ { along, path, selection }) {
  const at = path.findLastIndex((end) => end === selection || isSame(end, selection));
  return along ?? Math.max(0, at) / Math.max(1, path.length - 1);
}

// How it is shown.

/** @returns {SharedState} */
export function chooseMode(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {Mode} */ mode,
) {
  if (mode === state.mode || (mode === "z" && !shared.sameDims)) return state;
  const next = withPath({ ...state, mode }, []);
  return shareView(hold(next, meantHere(next, shared)), shared, 0);
}

/** Turn every space onto the first, or let each be as it is. @returns {SharedState} */
export function align(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {boolean} */ aligned,
) {
  const { scale } = state.maps[0].projection;
  const seen = showPlanes({ ...state, aligned }, shared, scale);
  // An image stays where its models have it; the same z lies elsewhere now.
  if (state.mode === "image") return seen;
  const again = (/** @type {SharedSelection} */ { codes }) =>
    shared.ofCode(0, /** @type {Float64Array} */ (codes[0]), aligned);
  return withPath(hold(seen, again(state.selection)), state.path.map(again));
}

/** Show every space on its plane, or on the first one's, turned as it is. @returns {SharedState} */
export function showPlanes(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {import("./projection.js").Scale} */ scale,
) {
  const { models, spaces } = shared;
  const first = defaultProjection(spaces[0], scale);
  const maps = state.maps.map((map, k) => {
    const rotation = shared.rotation(k, state.aligned);
    const own = rotation
      ? turnedProjection(spaces[k], first, rotation, models[0].name)
      : defaultProjection(spaces[k], scale);
    return own === map.projection ? map : project(map, own);
  });
  return shareView({ ...state, maps }, shared, 0);
}

/** A space on the plane of another, onto which it is turned. */
function turnedProjection(
  /** @type {Space} */ space,
  /** @type {Projection} */ { plane, scale },
  /** @type {number[][]} */ rotation,
  /** @type {string} */ owner,
) {
  const own = /** @type {import("./plane.js").Plane} */ (plane);
  const lying = turnedPlane(own, rotation, owner);
  return new Projection(space, "turned", { plane: lying, titles: lying.titles, scale });
}

/** Whether a place is the same on all maps. */
export function hasSharedView(
  /** @type {SharedState} */ { aligned, mode },
  /** @type {SharedSpaces} */ { sameDims, spaces },
) {
  return aligned || (mode === "z" && sameDims && spaces[0].dims === 2);
}

/** Have the other maps show what the k-th does, where their places are the same. @returns {SharedState} */
export function shareView(
  /** @type {SharedState} */ state,
  /** @type {SharedSpaces} */ shared,
  /** @type {number} */ k,
) {
  if (!hasSharedView(state, shared)) return state;
  const { view } = state.maps[k];
  return everywhere(state, (map) => (map.view === view ? map : { ...map, view }));
}

// Undo and redo.

/** @typedef {Omit<SharedState, "maps"> & {maps: import("./state.js").MapStep[]}} SharedStep */

/** What a step back brings again. @returns {SharedStep} */
export function stepOf(/** @type {SharedState} */ { mode, aligned, maps, selection, path, along }) {
  return { mode, aligned, maps: maps.map(stepOfMap), selection, path, along };
}

export function areSameSteps(/** @type {SharedStep} */ a, /** @type {SharedStep} */ b) {
  const maps = a.maps.every((map, k) => isSameStep(map, b.maps[k]));
  return maps && sameFields(a, b, ["mode", "aligned", "path", "along"]);
}

/** Take a step again, in every map. @template {SharedState} S @returns {S} */
export function restore(/** @type {S} */ state, /** @type {SharedStep} */ step) {
  const maps = state.maps.map((map, k) => restoreMap(map, step.maps[k]));
  return { ...state, ...step, maps };
}
