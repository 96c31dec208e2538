// Runs plans for tests/live/test_plan.py: node run_plan.mjs KERNEL CAPACITY FOLDER...
// A FOLDER holds header.json, weights.bin and inputs.bin (float32); outputs.bin is written there.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { createNetwork } from "../../vae_explorer/live/browser/nn/network.js";

const [kernel, capacity, ...folders] = process.argv.slice(2);

for (const folder of folders) {
  /** The file's values, copied so that they begin where a typed array may begin. */
  const values = (name, kind) => new kind(new Uint8Array(readFileSync(join(folder, name))).buffer);

  const header = JSON.parse(readFileSync(join(folder, "header.json"), "utf8"));
  const weights = values("weights.bin", header.dtype === "float16" ? Uint16Array : Float32Array);
  const inputs = values("inputs.bin", Float32Array);

  const network = createNetwork(header, weights, { capacity: Number(capacity), kernel });
  const outputs = network.run(inputs, inputs.length / network.inputs);
  writeFileSync(join(folder, "outputs.bin"), new Uint8Array(outputs.slice().buffer));
}
