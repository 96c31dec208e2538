/**
 * A network, wherever it runs: in this browser, or in PyTorch on the server where it is too large
 * for one.
 *
 * @typedef {Object} Runner
 * @property {"browser"|"server"} where
 * @property {number[]} outputShape (H, W, C) of a picture
 * @property {((x: Float32Array) => Float32Array)|null} now one example at once; null on the server
 * @property {import("./pool.js").Run} later many examples, without holding up the page
 * @property {() => void} warm have what `later` needs started before it is asked for
 * @property {() => void} close
 */
import { fetchBlob, remember } from "../dom/blob.js";
import { createNetwork } from "./network.js";
import { createPool } from "./pool.js";

/** Networks of this tab, kept for the next page. @type {Map<string, Promise<Runner>>} */
const running = new Map();
// The two of each of as many checkpoints as are compared, and of one more.
const MOST = 10;

/** @returns {Promise<Runner>} that runs the plan at `url` in this browser */
export function browserRunner(url) {
  const make = () => fetchBlob(url).then(({ header, arrays }) => inBrowser(header, arrays.weights));
  return remember(running, url, make, MOST);
}

/**
 * The runner of a checkpoint's part, wherever it can run.
 * @param {Object} names of the checkpoint's blobs, as `load_live` gives them
 * @param {string} live where blobs and sockets are
 * @param {import("../space/space.js").Space} space
 * @param {"decoder"|"encoder"} part
 * @param {(words: string) => void} say called when the server is gone
 * @returns {Promise<Runner>}
 */
export function runnerOf(names, live, space, part, say) {
  if (names[part]) return browserRunner(`${live}/blob/${names[part]}`);
  const [channels, height, width] = space.header.image_shape;
  const [inputs, shape] =
    part === "decoder"
      ? [space.dims, [height, width, channels]]
      : [height * width * channels, [2 * space.dims]];
  return Promise.resolve(serverRunner(`${live}/run/${names.key}/${part}`, inputs, shape, say));
}

function inBrowser(header, weights) {
  const network = createNetwork(header, weights);
  // The first runs are slow, until the browser has compiled what it runs.
  for (let k = 0; k < 8; k++) network.run(new Float32Array(network.inputs), 1);
  let pool = null;
  return {
    where: "browser",
    outputShape: network.outputShape,
    now: (x) => network.run(x, 1),
    later(x, count, urgent) {
      this.warm();
      return pool.run(x, count, urgent);
    },
    warm() {
      pool ??= createPool(header, weights, navigator.hardwareConcurrency > 1 ? 2 : 1);
    },
    close() {
      pool?.close();
      pool = null;
    },
  };
}

/**
 * @param {string} path of the socket on this server
 * @param {number} inputs numbers an example
 * @param {number[]} outputShape
 * @param {(words: string) => void} say called when the server is gone
 * @returns {Runner}
 */
export function serverRunner(path, inputs, outputShape, say) {
  const outputs = outputShape.reduce((product, side) => product * side, 1);
  /** Questions that were not answered yet, by number. */
  const waiting = new Map();
  let socket = null;
  let closed = false;
  let number = 0;

  /** @returns {Promise<void>} kept when the socket is open */
  function open() {
    const address = new URL(path, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      const id = new DataView(data).getUint32(0, true);
      waiting.get(id)?.resolve(new Float32Array(data, 4));
      waiting.delete(id);
    };
    return new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = () => {
        const gone = new Error("The server no longer runs this network: reload the page.");
        const asked = waiting.size > 0;
        socket = null;
        reject(gone);
        for (const question of waiting.values()) question.reject(gone);
        waiting.clear();
        if (!closed && asked) say(gone.message);
      };
    });
  }

  let ready = open();
  // Who asks is told; until then it is nobody's.
  ready.catch(() => {});
  return {
    where: "server",
    outputShape,
    now: null,
    async later(x, count) {
      if (closed) throw new Error("Closed.");
      if (!socket) ready = open();
      await ready;
      const id = number++;
      const message = new Uint8Array(4 + 4 * count * inputs);
      new DataView(message.buffer).setUint32(0, id, true);
      message.set(new Uint8Array(x.buffer, x.byteOffset, 4 * count * inputs), 4);
      const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
      socket.send(message);
      const result = await answer;
      if (result.length !== count * outputs) throw new Error("The server's answer does not fit.");
      return result;
    },
    warm() {},
    close() {
      closed = true;
      socket?.close();
    },
  };
}
