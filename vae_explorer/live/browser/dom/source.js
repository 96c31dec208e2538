/**
 * Where a page's data come from. All that a page loads comes by name through one source, so that
 * the same modules run wherever the data lie: on the app's server, or in the page's own text.
 *
 * @typedef {object} Source
 * @property {(name: string) => Promise<ArrayBuffer>} get what is called `blob/<digest>` or
 *   `original/<key>/<row>`
 * @property {((name: string) => WebSocket) | null} connect to the network `run/<key>/<part>`, in
 *   PyTorch; null where there is no server
 */
import { fetchBlob } from "./blob.js";

/**
 * @param {string} live path of the server's routes
 * @returns {Source}
 */
export function serverSource(live) {
  return {
    async get(name) {
      const response = await fetch(`${live}/${name}`).catch(() => {
        throw new Error("The server did not answer.");
      });
      if (response.status === 404) throw new Error("The server has forgotten it: reload the page.");
      if (!response.ok) throw new Error(`The server answered ${response.status}.`);
      return response.arrayBuffer();
    },
    connect(name) {
      const address = new URL(`${live}/${name}`, location.href);
      address.protocol = address.protocol.replace("http", "ws");
      return new WebSocket(address);
    },
  };
}

/**
 * A source in the page's own text, where each blob is an element whose id is its digest.
 * @param {(id: string) => Promise<ArrayBuffer>} unpack what stands in an element
 * @param {Record<string, string>} originals digests of blobs of test images, by a checkpoint's key
 * @returns {Source}
 */
export function pageSource(unpack, originals) {
  return {
    async get(name) {
      const [kind, key, row] = name.split("/");
      if (kind === "blob") return unpack(key);
      const images = originals[key] ? await fetchBlob(this, originals[key]) : null;
      const place = images?.arrays.rows.indexOf(Number(row)) ?? -1;
      if (!images || place < 0) throw new Error("The original is not in this file.");
      const { size } = images.header;
      return images.arrays.images.slice(place * size, (place + 1) * size).buffer;
    },
    connect: null,
  };
}
