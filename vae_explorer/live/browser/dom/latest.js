/**
 * Do a slow job for the newest request only: requests made while it runs replace each other, and
 * the one left is done when it ends. So a drag is followed as fast as the job allows.
 * @template Request
 * @param {(request: Request) => Promise<void>} job
 * @param {(error: Error) => void} [failed] told of a job that failed; the next is done all the same
 * @returns {((request: Request) => void) & {stop: () => void}}
 */
export function latest(job, failed = () => {}) {
  let running = false;
  let stopped = false;
  let waiting = /** @type {{request: Request} | null} */ (null);

  async function run() {
    running = true;
    while (waiting) {
      const { request } = waiting;
      waiting = null;
      try {
        await job(request);
      } catch (error) {
        failed(/** @type {Error} */ (error));
      }
    }
    running = false;
  }

  /** @param {Request} request */
  function ask(request) {
    if (stopped) return;
    waiting = { request };
    if (!running) run();
  }
  /** Do no more. */
  ask.stop = () => {
    stopped = true;
    waiting = null;
  };
  return ask;
}
