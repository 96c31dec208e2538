/** Glides in time: one at a time, a frame after the other, until it is there or is stopped. */
import { ease } from "./space/glide.js";

/**
 * @typedef {Object} Glide
 * @property {boolean} going
 * @property {(seconds: number, reach: (share: number) => void) => Promise<void>} start call `reach`
 *   once a frame, with shares of the way up to 1; settled when there or stopped
 * @property {() => void} stop
 */

// A frame after a long wait goes on where it was.
const LONGEST_FRAME = 0.25;

/**
 * @param {{root: HTMLElement, signal: AbortSignal}} page on which a press stops it
 * @returns {Glide}
 */
export function createGlide({ root, signal }) {
  let frame = 0;
  /** @type {(() => void)|null} */
  let settle = null;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const stop = () => {
    cancelAnimationFrame(frame);
    settle?.();
    settle = null;
  };
  for (const press of ["pointerdown", "wheel"]) {
    root.addEventListener(press, stop, { capture: true, passive: true, signal });
  }
  signal.addEventListener("abort", stop);

  return {
    get going() {
      return settle !== null;
    },
    stop,
    start(seconds, reach) {
      stop();
      let [before, gone] = [0, 0];
      const step = (/** @type {number} */ now) => {
        gone += Math.min(LONGEST_FRAME, (now - (before || now)) / 1000);
        before = now;
        reach(ease(Math.min(1, gone / seconds)));
        if (gone < seconds) frame = requestAnimationFrame(step);
        else stop();
      };
      return new Promise((resolve) => {
        settle = resolve;
        if (seconds > 0 && !still.matches) {
          frame = requestAnimationFrame(step);
        } else {
          reach(1);
          stop();
        }
      });
    },
  };
}
