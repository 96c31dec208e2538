/** A few workers that run one network, so that lattices and paths never hold up the handle. */

/**
 * @typedef {(x: Float32Array, count: number, urgent?: boolean) => Promise<Float32Array>} Run
 *   takes `count` examples, (count, inputs), and gives their outputs, (count, outputs)
 *
 * @typedef {object} Pool
 * @property {Run} run
 * @property {() => void} close
 *
 * @typedef {object} Job
 * @property {Float32Array} x
 * @property {number} count
 * @property {(outputs: Float32Array) => void} resolve
 * @property {(error: Error) => void} reject
 */

/**
 * @param {import("./network.js").Header} header
 * @param {Float32Array | Uint16Array} weights
 * @param {number} size workers
 * @returns {Pool}
 */
export function createPool(header, weights, size) {
  /** @type {Job[]} */
  const waiting = [];
  /** @type {Map<Worker, Job>} */
  const busy = new Map();
  /** @type {Worker[]} */
  const idle = [];
  let failure = /** @type {Error | null} */ (null);

  try {
    for (let k = 0; k < size; k++) start();
  } catch (error) {
    fail(/** @type {Error} */ (error).message);
  }

  function start() {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.postMessage({ header, weights });
    worker.onmessage = ({ data }) => {
      const job = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      job?.resolve(data);
      next();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message);
    };
    idle.push(worker);
  }

  function next() {
    while (idle.length && waiting.length) {
      const worker = /** @type {Worker} */ (idle.pop());
      const job = /** @type {Job} */ (waiting.shift());
      busy.set(worker, job);
      worker.postMessage({ x: job.x, count: job.count });
    }
  }

  /** @param {string} reason */
  function fail(reason = "it did not start") {
    end(new Error(`A worker of this page failed (${reason}): reload the page.`));
  }

  /** @param {Error} error */
  function end(error) {
    failure ??= error;
    for (const job of [...waiting.splice(0), ...busy.values()]) job.reject(failure);
    for (const worker of [...idle.splice(0), ...busy.keys()]) worker.terminate();
    busy.clear();
  }

  return {
    run(x, count, urgent = false) {
      return new Promise((resolve, reject) => {
        if (failure) return reject(failure);
        waiting[urgent ? "unshift" : "push"]({ x, count, resolve, reject });
        return next();
      });
    },
    close: () => end(new Error("Closed.")),
  };
}
