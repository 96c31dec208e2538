/**
 * A network, wherever it runs: in this browser, or in PyTorch on the server where it is too large
 * for one.
 *
 * @typedef {object} Runner
 * @property {"browser" | "server"} where
 * @property {number[]} outputShape (H, W, C) of a picture, (2 D,) of a code
 * @property {((x: ArrayLike<number>) => Float32Array) | null} run one example at once; the result
 *   is valid until the next run; null on the server
 * @property {import("./pool.js").Run} runAsync many examples, without holding up the page
 * @property {() => void} preload have what `runAsync` needs started before it is asked for
 * @property {() => void} close reject what has not been answered
 *
 * @typedef {import("../dom/source.js").Source} Source
 *
 * @typedef {object} Names of a checkpoint's blobs, as `load_live` gives them
 * @property {string} key
 * @property {string} decoder digest of the plan; none where it is too large for a browser
 * @property {string | null} encoder the same; null where the page has to do without
 */
import { cached, fetchBlob } from "../dom/blob.js";
import { createNetwork, planWeights } from "./network.js";
import { createPool } from "./pool.js";

// How a socket was closed: by the server, which has too many or was not asked for a while, or by
// nobody, as the server or the way to it is gone.
const [BUSY, IDLE, LOST] = [1013, 1000, 1006];
const BUSY_TEXT = "The server is busy with other pages: the picture follows when it has time.";
const LOST_TEXT = "The server does not answer: the picture follows when it does.";
// Milliseconds before a socket is opened again, and how often for a server that is gone.
const PAUSE = 500;
const MAX_FAILURES = 6;

/** Networks of this tab, kept for the next page. */
const runners = /** @type {Map<string, Promise<Runner>>} */ (new Map());
// The two of each of as many checkpoints as are compared, and of one more.
const CAPACITY = 10;

/**
 * @param {Source} source
 * @param {string} digest of a plan
 * @returns {Promise<Runner>} that runs the plan in this browser
 */
export function browserRunner(source, digest) {
  const make = () =>
    fetchBlob(source, digest).then((blob) => inBrowser(blob.header, planWeights(blob)));
  return cached(runners, digest, make, CAPACITY);
}

/**
 * The runner of a checkpoint's part, wherever it can run.
 * @param {Source} source
 * @param {Names} names
 * @param {"decoder" | "encoder"} part
 * @param {{dims: number, header: {image_shape: number[]}}} space
 * @param {(message: string) => void} onMessage called when the server is busy or gone, and with
 *   nothing when it answers again
 * @returns {Promise<Runner>}
 */
export async function runnerOf(source, names, part, space, onMessage) {
  const digest = names[part];
  if (digest) return browserRunner(source, digest);
  const { connect } = source;
  if (!connect) throw new Error("It is not here, and there is no server to run it.");
  const [channels, height, width] = space.header.image_shape;
  const [inputs, shape] =
    part === "decoder"
      ? [space.dims, [height, width, channels]]
      : [height * width * channels, [2 * space.dims]];
  return serverRunner(() => connect(`run/${names.key}/${part}`), inputs, shape, onMessage);
}

/**
 * @param {import("./network.js").Header} header
 * @param {Float32Array | Uint16Array} weights
 * @returns {Runner}
 */
function inBrowser(header, weights) {
  const network = createNetwork(header, weights);
  let pool = /** @type {import("./pool.js").Pool | null} */ (null);
  const opened = () => {
    pool ??= createPool(header, weights, navigator.hardwareConcurrency > 1 ? 2 : 1);
    return pool;
  };
  return {
    where: "browser",
    outputShape: network.outputShape,
    run: (x) => network.run(x, 1),
    runAsync: (x, count, urgent) => opened().run(x, count, urgent),
    preload() {
      // The first runs are slow, until the browser has compiled what it runs.
      for (let k = 0; k < 8; k++) network.run(new Float32Array(network.inputs), 1);
      opened();
    },
    close() {
      pool?.close();
      pool = null;
    },
  };
}

/**
 * @param {() => WebSocket} connect
 * @param {number} inputs numbers an example
 * @param {number[]} outputShape
 * @param {(message: string) => void} onMessage called when the server is busy or gone, and with
 *   nothing when it answers again
 * @returns {Runner}
 */
function serverRunner(connect, inputs, outputShape, onMessage) {
  const outputs = outputShape.reduce((product, side) => product * side, 1);
  /** Questions that were not answered yet, by number. @type {Map<number, Question>} */
  const waiting = new Map();
  let socket = /** @type {WebSocket | null} */ (null);
  let pause = 0;
  let failures = 0;
  let closed = false;
  let number = 0;

  function open() {
    pause = 0;
    socket = connect();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      for (const { message } of waiting.values()) socket?.send(message);
    };
    socket.onmessage = ({ data }) => {
      if (failures) onMessage("");
      failures = 0;
      const id = new DataView(data).getUint32(0, true);
      waiting.get(id)?.resolve(new Float32Array(data, 4));
      waiting.delete(id);
    };
    socket.onclose = ({ code }) => {
      socket = null;
      if (closed || !waiting.size) return;
      const goesOn = code === BUSY || code === IDLE || (code === LOST && failures < MAX_FAILURES);
      if (!goesOn) {
        fail("The server no longer runs this network: reload the page.");
        return;
      }
      if (code !== IDLE) onMessage(code === BUSY ? BUSY_TEXT : LOST_TEXT);
      // Not all pages at once.
      pause = setTimeout(open, PAUSE * 2 ** Math.min(failures, 3) * (0.5 + Math.random()));
      failures++;
    };
  }

  function fail(/** @type {string} */ text) {
    for (const question of waiting.values()) question.reject(new Error(text));
    waiting.clear();
    if (!closed) onMessage(text);
  }

  open();
  return {
    where: "server",
    outputShape,
    run: null,
    async runAsync(x, count) {
      if (closed) throw new Error("Closed.");
      const id = number++;
      const message = new Uint8Array(4 + 4 * count * inputs);
      new DataView(message.buffer).setUint32(0, id, true);
      message.set(new Uint8Array(x.buffer, x.byteOffset, 4 * count * inputs), 4);
      /** @type {Promise<Float32Array>} */
      const answer = new Promise((resolve, reject) =>
        waiting.set(id, { message, resolve, reject }),
      );
      if (socket?.readyState === WebSocket.OPEN) socket.send(message);
      else if (!socket && !pause) open();
      const result = await answer;
      if (result.length !== count * outputs) throw new Error("The server's answer does not fit.");
      return result;
    },
    preload() {},
    close() {
      closed = true;
      clearTimeout(pause);
      socket?.close();
      fail("Closed.");
    },
  };
}

/**
 * @typedef {object} Question
 * @property {Uint8Array<ArrayBuffer>} message that asks it
 * @property {(outputs: Float32Array) => void} resolve
 * @property {(error: Error) => void} reject
 */
