/**
 * Do a slow job for the newest request only: requests made while it runs replace each other, and
 * the one left is done when it ends. So a drag is followed as fast as the job allows.
 * @template Request
 * @param {(request: Request) => Promise<void>} job
 * @returns {(request: Request) => void}
 */
export function latest(job) {
  let running = false;
  let waiting = null;
  return function ask(request) {
    waiting = { request };
    if (!running) run();
  };
  async function run() {
    running = true;
    while (waiting) {
      const { request } = waiting;
      waiting = null;
      await job(request);
    }
    running = false;
  }
}
