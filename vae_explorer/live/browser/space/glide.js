/**
 * Glides from one state to another: pure functions of a share of the way, from 0 to 1. What can only
 * be one or the other, such as the tool, changes at the start; the selection changes at the end.
 */
import { pathAt } from "./paths.js";
import { stepOf } from "./state.js";
import { View } from "./view.js";

/**
 * @typedef {import("./state.js").MapState} MapState
 * @typedef {import("./shared.js").SharedState} SharedState
 * @typedef {import("./state.js").MapStep & Pick<MapState, "drawing"|"preview">} Glided
 */

// Below this a change of the width's logarithm is none.
const SAME_WIDTH = 1e-6;

/** Ease in and out: a share of the way at a share of the time, at rest at both ends. */
export function ease(/** @type {number} */ share) {
  return share * share * (3 - 2 * share);
}

/**
 * The view between two. The logarithm of its width goes evenly, about the place that both views
 * show at one spot of the screen.
 * @param {View} a
 * @param {View} b
 * @param {number} share
 */
export function viewBetween(a, b, share) {
  if (share >= 1 || (a.x === b.x && a.y === b.y && a.span === b.span)) return b;
  const growth = Math.log(b.span / a.span);
  const moved =
    Math.abs(growth) < SAME_WIDTH ? share : Math.expm1(share * growth) / Math.expm1(growth);
  const [x, y] = [a.x + moved * (b.x - a.x), a.y + moved * (b.y - a.y)];
  return new View(x, y, a.span * Math.exp(share * growth));
}

/**
 * What a map shows between two states; z goes the target's way, straight or spherical.
 * @param {MapState} from
 * @param {MapState} to
 * @param {number} share
 * @returns {Glided} at 1 what the target shows
 */
export function between(from, to, share) {
  const stays = isSamePlane(from, to);
  const there = {
    ...{ ...stepOf(to), drawing: to.drawing ?? null, preview: null },
    // What is the same need not be made anew.
    projection: stays ? from.projection : to.projection,
    path: isSamePath(from.path, to.path) ? from.path : to.path,
  };
  if (share >= 1) return there;
  const z = pathAt([from.z, to.z], share, to.pathSettings.interpolation);
  return {
    ...{ ...there, z: Float32Array.from(z), selection: from.selection, drawing: null },
    // Places of another plane are other places.
    view: stays ? viewBetween(from.view, to.view, share) : to.view,
  };
}

/**
 * What a comparison shows between two states: every model's handle goes to its own code.
 * @param {SharedState} from
 * @param {SharedState} to
 * @param {import("./shared.js").SharedSpaces} shared
 * @param {number} share
 * @returns {Omit<SharedState, "maps"> & {maps: Glided[]}} at 1 what the target shows
 */
export function sharedBetween(from, to, shared, share) {
  const maps = to.maps.map((map, k) => between(from.maps[k], map, share));
  if (share >= 1) return { ...to, maps };
  const selection = to.mode === "z" ? shared.ofCode(0, maps[0].z, to.aligned) : from.selection;
  return { ...to, maps, selection, along: null };
}

function isSamePlane(/** @type {MapState} */ a, /** @type {MapState} */ b) {
  return a.projection.name === b.projection.name && a.projection.scale === b.projection.scale;
}

function isSamePath(/** @type {MapState["path"]} */ a, /** @type {MapState["path"]} */ b) {
  return (
    a.length === b.length &&
    a.every(({ row, z }, k) => row === b[k].row && z.every((value, d) => value === b[k].z[d]))
  );
}
