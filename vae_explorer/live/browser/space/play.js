/** Play: along the path, there and back. */
import { pathAt } from "./paths.js";
import { moveTo } from "./state.js";

const SECONDS_A_STRETCH = 2.5;

/**
 * @typedef {import("./state.js").MapState} MapState
 *
 * @typedef {Object} Playing
 * @property {boolean} playing
 * @property {number} phase of the way: 0 to 1 there, 1 to 2 back
 */

/** Seconds from the first endpoint to the last. */
export function duration(/** @type {MapState} */ { path, pathSettings }) {
  return ((path.length - 1) * SECONDS_A_STRETCH) / pathSettings.speed;
}

/** How far along its steps a phase is, from 0 to 1. */
export function shareOf(/** @type {number} */ phase) {
  return phase < 1 ? phase : 2 - phase;
}

/**
 * Go on for some seconds.
 * @template {MapState & Playing & {frames: import("../panels/strip.js").Frames|null}} S
 * @param {S} state
 * @param {number} seconds
 * @returns {S}
 */
export function advance(state, seconds) {
  const { path, frames, pathSettings } = state;
  if (!frames || path.length < 2) return { ...state, playing: false };
  const phase = (state.phase + seconds / duration(state)) % 2;
  const ends = path.map(({ z }) => z);
  const t = between(frames.fractions, shareOf(phase));
  return { ...moveTo(state, pathAt(ends, t, pathSettings.interpolation)), phase };
}

/** The value at a share of a list, between its neighbours. */
function between(/** @type {number[]} */ values, /** @type {number} */ share) {
  const place = share * (values.length - 1);
  const k = Math.min(values.length - 2, Math.floor(place));
  return values[k] + (place - k) * (values[k + 1] - values[k]);
}

/**
 * Call back for each frame of the screen until stopped.
 * @param {(seconds: number) => void} go seconds since the frame before
 * @returns {() => void} stop
 */
export function everyFrame(go) {
  let before = performance.now();
  let frame = requestAnimationFrame(step);
  function step(/** @type {number} */ now) {
    frame = requestAnimationFrame(step);
    // A tab in the background is asleep: it goes on where it was.
    go(Math.min(0.1, Math.max(0, now - before) / 1000));
    before = now;
  }
  return () => cancelAnimationFrame(frame);
}
