/** A few workers that run one network, so that grids and strips never hold up the hand. */
import { createNetwork } from "./network.js";

/**
 * @typedef {(x: Float32Array, count: number, urgent?: boolean) => Promise<Float32Array>} Run
 *   takes `count` examples, (count, inputs), and gives their outputs, (count, outputs)
 */

/**
 * @param {object} header of a plan
 * @param {Float32Array|Uint16Array} weights
 * @param {number} size workers
 * @returns {{run: Run, close: () => void}}
 */
export function createPool(header, weights, size) {
  const waiting = [];
  const busy = new Map();
  const idle = [];
  const workers = [];
  let here = null;
  let number = 0;

  try {
    for (let k = 0; k < size; k++) start();
  } catch {
    runHere();
  }

  function start() {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    workers.push(worker);
    worker.postMessage({ header, weights });
    worker.onmessage = ({ data }) => {
      const job = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      job.resolve(data.outputs);
      next();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      runHere();
    };
    idle.push(worker);
  }

  /** Without workers the page does the work itself, a little at a time. */
  function runHere() {
    if (here) return;
    here = createNetwork(header, weights, { capacity: 8 });
    for (const job of busy.values()) waiting.unshift(job);
    busy.clear();
    idle.length = 0;
    workers.splice(0).forEach((worker) => worker.terminate());
    next();
  }

  function next() {
    if (here) {
      if (waiting.length) setTimeout(doHere);
      return;
    }
    while (idle.length && waiting.length) {
      const worker = idle.pop();
      const job = waiting.shift();
      busy.set(worker, job);
      worker.postMessage({ id: number++, x: job.x, count: job.count });
    }
  }

  function doHere() {
    const job = waiting.shift();
    if (!job) return;
    const { inputs, outputs } = here;
    const done = new Float32Array(job.count * outputs);
    let from = 0;
    (function some() {
      const count = Math.min(8, job.count - from);
      const x = job.x.subarray(from * inputs, (from + count) * inputs);
      done.set(here.run(x, count), from * outputs);
      from += count;
      if (from < job.count) setTimeout(some);
      else {
        job.resolve(done);
        next();
      }
    })();
  }

  return {
    run(x, count, urgent = false) {
      return new Promise((resolve, reject) => {
        const job = { x, count, resolve, reject };
        if (urgent) waiting.unshift(job);
        else waiting.push(job);
        next();
      });
    },
    close() {
      for (const job of [...waiting.splice(0), ...busy.values()]) job.reject(new Error("Closed."));
      busy.clear();
      workers.splice(0).forEach((worker) => worker.terminate());
    },
  };
}
