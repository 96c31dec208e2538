/** A network beside the page: first the network itself, then job after job. */
import { createNetwork } from "./network.js";

const AT_ONCE = 40;
let network = null;

self.onmessage = ({ data }) => {
  if (data.header) {
    network = createNetwork(data.header, data.weights, { capacity: AT_ONCE });
    return;
  }
  const outputs = network.run(data.x, data.count).slice();
  self.postMessage({ id: data.id, outputs }, { transfer: [outputs.buffer] });
};
