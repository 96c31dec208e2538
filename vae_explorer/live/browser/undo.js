/**
 * Undo and redo on a page: what is done from one press of a button or key to the next is one step,
 * a whole drag too.
 */
import { NO_HISTORY, redo, remember, undo } from "./space/history.js";

/**
 * @template State, Step
 * @typedef {Object} Undone what a page can take back
 * @property {(state: State) => Step} stepOf
 * @property {(a: Step, b: Step) => boolean} isSame
 * @property {() => State} now
 * @property {(step: Step) => void} restore
 */

// Where keys are the text's.
export const TYPING = "input:not([type=range], [type=checkbox]), textarea, [contenteditable=true]";

/**
 * @template State, Step
 * @param {Undone<State, Step>} on
 * @param {{root: HTMLElement, signal: AbortSignal}} page whose presses are heard
 */
export function createUndo({ stepOf, isSame, now, restore }, { root, signal }) {
  /** @type {import("./space/history.js").History<Step>} */
  let history = NO_HISTORY;
  // What happens before the first press is nobody's step.
  let isNoted = true;

  const begin = () => {
    isNoted = false;
  };
  const capture = { capture: true, signal };
  root.addEventListener("pointerdown", begin, capture);
  root.addEventListener("keydown", (event) => event.repeat || begin(), capture);
  root.addEventListener(
    "change",
    ({ target }) => {
      if (target instanceof HTMLSelectElement) begin();
    },
    capture,
  );
  // Of a key, or of what helps a person to press.
  root.addEventListener("click", ({ detail }) => detail === 0 && begin(), capture);

  const turn = (/** @type {typeof undo} */ way) => {
    const turned = way(history, stepOf(now()));
    if (!turned) return;
    history = turned.history;
    isNoted = true;
    restore(turned.step);
  };

  document.addEventListener(
    "keydown",
    (event) => {
      const { target, key, ctrlKey, metaKey, altKey, shiftKey } = event;
      if (!(ctrlKey || metaKey) || altKey || key.toLowerCase() !== "z") return;
      if (target instanceof Element && target.closest(TYPING)) return;
      event.preventDefault();
      turn(shiftKey ? redo : undo);
    },
    { signal },
  );

  return {
    undo: () => turn(undo),
    redo: () => turn(redo),
    get canUndo() {
      return history.past.length > 0;
    },
    get canRedo() {
      return history.future.length > 0;
    },
    /** Note what was, before something that goes on by itself, such as Play. */
    remember(/** @type {State} */ before) {
      history = remember(history, stepOf(before));
      isNoted = true;
    },
    /** Note what was, if this is the first change since the last press. */
    note(/** @type {State} */ before) {
      if (isNoted || isSame(stepOf(before), stepOf(now()))) return;
      history = remember(history, stepOf(before));
      isNoted = true;
    },
  };
}
