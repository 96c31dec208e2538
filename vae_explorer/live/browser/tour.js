/**
 * The tour: from class to class by itself, until somebody touches the page; after a minute in which
 * nobody does, it goes on.
 */

// In milliseconds.
const [REST, ABSENCE] = [2000, 60_000];
/** Of the glide from one class to the next, in seconds. */
export const TOUR_SECONDS = 3;
const TOUCHES = ["pointerdown", "pointermove", "touchstart", "wheel", "keydown"];

/** Whether a link asks for the tour. */
export function asksForTour(/** @type {string} */ search) {
  return new URLSearchParams(search).get("tour") === "1";
}

/** @returns {number[]} for each class with images, the row of the one nearest to their mean */
export function tourOf(/** @type {import("./space/space.js").Space} */ space) {
  return space.header.classes.flatMap((_, kind) => {
    const mean = space.meanCode(kind);
    return mean ? [space.nearest(mean, kind)] : [];
  });
}

/**
 * @param {Object} on
 * @param {() => void} on.begin called before the first image, and before each one after a touch
 * @param {(k: number) => Promise<void>} on.visit glide to the k-th image; settled when there
 * @param {() => void} on.touched somebody takes over
 * @param {AbortSignal} signal
 * @returns {{set: (wanted: boolean) => void}} starts it after a rest, or ends it
 */
export function createTour(on, signal) {
  let [timer, count] = [0, 0];
  /** @type {AbortController|null} */
  let touring = null;
  /** What goes on between two touches, by number. */
  let turn = 0;

  const wait = (/** @type {() => void} */ then, /** @type {number} */ time) => {
    turn++;
    clearTimeout(timer);
    timer = setTimeout(then, time);
  };
  const begin = () => {
    on.begin();
    visit();
  };
  const visit = async () => {
    const mine = turn;
    await on.visit(count++);
    if (mine === turn) wait(visit, REST);
  };
  const touched = (/** @type {Event} */ event) => {
    // What moves under a pointer at rest makes the browser tell of it too.
    if (event instanceof MouseEvent && event.type === "pointermove") {
      if (!event.movementX && !event.movementY) return;
    }
    on.touched();
    wait(begin, ABSENCE);
  };
  const end = () => {
    turn++;
    clearTimeout(timer);
    touring?.abort();
    touring = null;
  };
  signal.addEventListener("abort", end);

  return {
    set(wanted) {
      end();
      if (!wanted) return;
      touring = new AbortController();
      const options = { capture: true, passive: true, signal: touring.signal };
      for (const touch of TOUCHES) window.addEventListener(touch, touched, options);
      wait(begin, REST);
    },
  };
}
