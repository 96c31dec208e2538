/** A network beside the page: first the network itself, then job after job. */
import { createNetwork } from "./network.js";

const EXAMPLES_AT_ONCE = 40;
/** @type {import("./network.js").Network} */
let network;

self.onmessage = ({ data }) => {
  if (data.header) {
    network = createNetwork(data.header, data.weights, { capacity: EXAMPLES_AT_ONCE });
    return;
  }
  const outputs = network.run(data.x, data.count).slice();
  self.postMessage(outputs, { transfer: [outputs.buffer] });
};
