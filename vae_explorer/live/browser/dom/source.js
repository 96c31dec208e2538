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
