/** Steps back and forth: pure functions on the steps that were taken, and on those taken back. */

/**
 * @template Step
 * @typedef {{past: Step[], future: Step[]}} History the newest of each comes last
 */

const MAX_STEPS = 100;

/** @type {History<never>} */
export const NO_HISTORY = { past: [], future: [] };

/**
 * Keep what was, before something new is done; what was taken back is gone then.
 * @template Step
 * @param {History<Step>} history
 * @param {Step} before
 * @returns {History<Step>}
 */
export function remember({ past }, before) {
  return { past: [...past, before].slice(-MAX_STEPS), future: [] };
}

/**
 * Take a step back.
 * @template Step
 * @param {History<Step>} history
 * @param {Step} now
 * @returns {{history: History<Step>, step: Step}|null} what it was; null where there is nothing more
 */
export function undo({ past, future }, now) {
  if (!past.length) return null;
  const step = /** @type {Step} */ (past.at(-1));
  return { step, history: { past: past.slice(0, -1), future: [...future, now] } };
}

/**
 * Take a step again that was taken back.
 * @template Step
 * @param {History<Step>} history
 * @param {Step} now
 * @returns {{history: History<Step>, step: Step}|null}
 */
export function redo({ past, future }, now) {
  const turned = undo({ past: future, future: past }, now);
  if (!turned) return null;
  const { step, history } = turned;
  return { step, history: { past: history.future, future: history.past } };
}

/**
 * Whether two are the same by some of their fields; arrays of numbers by what is in them.
 * @template {object} Step
 * @param {Step} a
 * @param {Step} b
 * @param {readonly (keyof Step)[]} fields
 */
export function sameFields(a, b, fields) {
  return fields.every((name) => {
    const [one, other] = /** @type {unknown[]} */ ([a[name], b[name]]);
    if (one === other) return true;
    if (!(one instanceof Float32Array && other instanceof Float32Array)) return false;
    return one.length === other.length && one.every((value, k) => value === other[k]);
  });
}
