/** Play: along a path, there and back, until stopped. */

export const SECONDS_A_STRETCH = 2.5;

/**
 * @param {() => {stretches: number, speed: number}} path how long it is, and how fast it is gone
 * @param {(share: number) => void} reach called once a frame, with a share of the path from 0 to 1
 */
export function createPlay(path, reach) {
  let frame = 0;
  let before = 0;
  /** How often the path was gone, one way. */
  let gone = 0;

  function step(/** @type {number} */ now) {
    const { stretches, speed } = path();
    // A frame after a long wait goes on where it was.
    const seconds = Math.min(0.25, (now - (before || now)) / 1000);
    before = now;
    gone += (seconds * speed) / (SECONDS_A_STRETCH * stretches);
    const turn = gone % 2;
    frame = requestAnimationFrame(step);
    reach(turn < 1 ? turn : 2 - turn);
  }

  return {
    start() {
      [before, gone] = [0, 0];
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(step);
    },
    stop() {
      cancelAnimationFrame(frame);
    },
  };
}
