/** A drag, or whatever else is done on a map, recorded as states: frames are drawn from them later. */
import { button } from "./toolbar.js";

// Seconds.
const LONGEST = 20;
// What is shown of the rest before the first move.
const STILL = 0.3;

/** @template State */
export class Recorder {
  /** @param {(whether: boolean) => void} showMenu of what can be saved: not while it is recorded */
  constructor(showMenu) {
    this.showMenu = showMenu;
    /** @type {{at: number, state: State}[]} */
    this.moments = [];
    this.began = 0;
    this.timer = 0;
    this.recording = false;
    /** How long the recording is. */
    this.seconds = 0;
    this.element = button("■ Stop", "Stop recording: it ends by itself after 20 seconds", () =>
      this.stop(),
    );
    this.element.classList.add("lm-recording");
    this.element.hidden = true;
  }

  /** Record from now on, at most 20 seconds. */
  start(/** @type {State} */ state) {
    this.moments = [{ at: 0, state }];
    this.began = performance.now();
    this.recording = true;
    this.showMenu(false);
    this.element.hidden = false;
    this.element.focus();
    this.timer = setTimeout(() => this.stop(), 1000 * LONGEST);
  }

  gone() {
    return (performance.now() - this.began) / 1000;
  }

  /** A state was drawn. */
  note(/** @type {State} */ state) {
    if (this.recording) this.moments.push({ at: this.gone(), state });
  }

  stop() {
    this.close();
    // Nobody wants to see the way from the button and back to it.
    const late = Math.max(0, (this.moments[1]?.at ?? 0) - STILL);
    this.moments = this.moments.map(({ at, state }) => ({ at: Math.max(0, at - late), state }));
    this.seconds = this.moments[this.moments.length - 1].at;
    this.showMenu(true);
  }

  /** @returns {State} what was on show at a time, in seconds */
  at(/** @type {number} */ seconds) {
    return (this.moments.findLast(({ at }) => at <= seconds) ?? this.moments[0]).state;
  }

  close() {
    clearTimeout(this.timer);
    this.recording = false;
    this.element.hidden = true;
  }
}
