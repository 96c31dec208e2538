/** The state of a film's page, and what can be done on it: pure functions, as in `space/state.js`. */
import { viewBetween } from "../space/glide.js";
import { sameFields } from "../space/history.js";
import { pathAt } from "../space/paths.js";
import { DEFAULT_LATTICE, DEFAULT_PATH_SETTINGS, moveTo } from "../space/state.js";

/**
 * @typedef {import("./reel.js").Reel} Reel
 *
 * @typedef {Object} FilmOnly
 * @property {number} time in snapshots
 * @property {boolean} playing
 * @property {number|null} followed which filmed test image the handle follows; null where it stays
 *
 * @typedef {import("../space/state.js").MapState & FilmOnly} FilmState whose z is a place, (2,)
 */

export const SECONDS = 16;

/** @returns {FilmState} */
export function firstFilm(/** @type {Reel} */ reel) {
  /** @type {FilmState} */
  const state = {
    ...{ time: 0, playing: false, followed: 0, z: new Float32Array(2) },
    ...{ selection: null, preview: null, path: [], pathSettings: DEFAULT_PATH_SETTINGS },
    ...{ projection: reel.projection, view: reel.view, tool: "scatter" },
    ...{ layers: ["points", "grid"], lattice: DEFAULT_LATTICE, hidden: new Set(), decoder: null },
  };
  return goTo(state, reel, reel.count - 1);
}

/** Go to a time; the handle follows its image, or stays. @returns {FilmState} */
export function goTo(
  /** @type {FilmState} */ state,
  /** @type {Reel} */ reel,
  /** @type {number} */ time,
) {
  const wanted = Math.min(reel.count - 1, Math.max(0, time));
  const gone = { ...state, time: wanted, projection: reel.projectionAt(wanted) };
  return gone.followed === null ? gone : moveTo(gone, reel.placeOf(gone.followed, wanted));
}

/** Have the handle follow a test image. @returns {FilmState} */
export function follow(
  /** @type {FilmState} */ state,
  /** @type {Reel} */ reel,
  /** @type {number} */ row,
) {
  return moveTo({ ...state, followed: row }, reel.placeOf(row, state.time));
}

/** Have the handle stay at a place. @returns {FilmState} */
export function stay(
  /** @type {FilmState} */ state,
  /** @type {import("../space/view.js").Place} */ place,
) {
  return moveTo({ ...state, followed: null }, place);
}

/** Play from here, or from the start where it is over; or pause. @returns {FilmState} */
export function toggle(/** @type {FilmState} */ state, /** @type {Reel} */ reel) {
  const over = state.time >= reel.count - 1;
  const start = !state.playing && over ? goTo(state, reel, 0) : state;
  return { ...start, playing: !state.playing };
}

/** Play on for some seconds; at the end it stops. @returns {FilmState} */
export function advance(
  /** @type {FilmState} */ state,
  /** @type {Reel} */ reel,
  /** @type {number} */ seconds,
) {
  const last = reel.count - 1;
  const next = goTo(state, reel, state.time + (seconds * last) / SECONDS);
  return next.time < last ? next : { ...next, playing: false };
}

/**
 * What lies between two states: the time goes on, and the handle goes to the target's place of then.
 * @param {FilmState} from
 * @param {FilmState} to
 * @param {Reel} reel
 * @param {number} share from 0 to 1
 * @returns {FilmState} at 1 the target
 */
export function filmBetween(from, to, reel, share) {
  if (share >= 1) return goTo(to, reel, to.time);
  const time = from.time + share * (to.time - from.time);
  const there = goTo({ ...to, view: viewBetween(from.view, to.view, share) }, reel, time);
  const isFollowing = to.followed !== null && to.followed === from.followed;
  return isFollowing ? there : moveTo(there, pathAt([from.z, there.z], share, "straight"));
}

/** @typedef {Pick<FilmState, "time"|"followed"|"z"|"layers"|"hidden">} FilmStep */

/** What a step back brings again. @returns {FilmStep} */
export function stepOf(/** @type {FilmState} */ { time, followed, z, layers, hidden }) {
  return { time, followed, z, layers, hidden };
}

export function isSameStep(/** @type {FilmStep} */ a, /** @type {FilmStep} */ b) {
  return sameFields(a, b, ["time", "followed", "z", "layers", "hidden"]);
}

/** Take a step again. @returns {FilmState} */
export function restore(
  /** @type {FilmState} */ state,
  /** @type {FilmStep} */ step,
  /** @type {Reel} */ reel,
) {
  return goTo({ ...state, ...step, playing: false }, reel, step.time);
}
