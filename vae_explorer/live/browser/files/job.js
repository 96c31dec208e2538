/** Long work on the page's own thread, in slices between which the page lives. */

/**
 * @typedef {Object} Job
 * @property {AbortSignal} signal ends it
 * @property {(share: number) => void} progress told how much is done, from 0 to 1
 */

const channel = new MessageChannel();
/** @type {(() => void)[]} */
const waiting = [];
channel.port1.onmessage = () => waiting.shift()?.();

/** Let the page do what waits; unlike a timer's, this wait is short in a tab that is not on show. */
export function nextTask() {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      waiting.push(resolve);
      channel.port2.postMessage(null);
    })
  );
}
