// The network in the page: its kernels, its steps and its activations, each by itself.

import assert from "node:assert";
import { test } from "node:test";

import { halfToFloat } from "../../vae_explorer/live/browser/dom/blob.js";
import { ACTIVATIONS, activate, erf } from "../../vae_explorer/live/browser/nn/activations.js";
import {
  openKernel,
  packMatrix,
  padded,
  SLACK,
} from "../../vae_explorer/live/browser/nn/kernel.js";
import { createNetwork } from "../../vae_explorer/live/browser/nn/network.js";

const KINDS = ["simd", "plain"];

/** Numbers in [-1, 1), the same in every run. */
function noise(length, seed = 1) {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function assertNear(found, expected, tolerance = 1e-5) {
  assert.strictEqual(found.length, expected.length);
  for (let k = 0; k < found.length; k++) {
    const near = Math.abs(found[k] - expected[k]) <= tolerance;
    assert.ok(near, `value ${k}: found ${found[k]}, expected ${expected[k]}`);
  }
}

/** A plan's header and weights: steps are given with their matrix and bias as `values`. */
function planOf(inputShape, outputShape, ...parts) {
  const steps = [];
  const weights = [];
  for (const { values, bias, ...step } of parts) {
    const places = { weight: weights.length, bias: weights.length + values.length };
    const window = { kernel: 1, stride: 1, padding: 0, height: 1, width: 1, activation: "none" };
    steps.push({ kind: "dense", ...window, ...step, ...places });
    weights.push(...values, ...bias);
  }
  const header = { input_shape: inputShape, output_shape: outputShape, steps, macs: 0 };
  return [header, Float32Array.from(weights)];
}

for (const kind of KINDS) {
  test(`the ${kind} kernel multiplies as loops in double precision do`, () => {
    for (const rows of [1, 2, 3, 4, 5, 7, 8, 66, 131]) {
      for (const inputs of [1, 2, 3, 4, 5, 19]) {
        for (const outputs of [1, 3, 7, 8, 9, 16, 20]) {
          const [matrix, bias] = [noise(inputs * outputs, 2), noise(outputs, 3)];
          const x = noise(rows * inputs, 4);
          const w = padded(x.length);
          const b = w + inputs * padded(outputs);
          const y = b + padded(outputs);
          const end = y + rows * outputs;
          const kernel = openKernel(end + SLACK + 4, kind);
          kernel.values.set(x);
          kernel.values.set(bias, b);
          kernel.values.fill(7, end + SLACK);
          packMatrix(kernel.values, w, matrix, inputs, outputs);
          kernel.product(0, w, b, y, rows, inputs, outputs);

          const expected = Array.from({ length: rows * outputs }, (_, place) => {
            const [row, j] = [Math.floor(place / outputs), place % outputs];
            let sum = bias[j];
            for (let k = 0; k < inputs; k++) sum += x[row * inputs + k] * matrix[k * outputs + j];
            return sum;
          });
          assertNear(kernel.values.subarray(y, end), expected, 1e-5);
          assert.strictEqual(kernel.values[end + SLACK], 7, "written beyond the slack");
        }
      }
    }
  });

  test(`a network on the ${kind} kernel runs more than its capacity in parts`, () => {
    const plan = planOf(
      [3],
      [12],
      { inputs: 3, outputs: 9, values: noise(27), bias: noise(9), activation: "gelu" },
      { inputs: 9, outputs: 12, values: noise(108, 5), bias: noise(12, 6) },
    );
    const x = noise(3 * 11, 7);
    const whole = createNetwork(...plan, { capacity: 11, kernel: kind }).run(x, 11);
    // At 8, the results fill their buffer to its last float, and what follows must not be touched.
    for (const capacity of [1, 4, 8, 10, 40]) {
      const network = createNetwork(...plan, { capacity, kernel: kind });
      assertNear(network.run(x, 11), whole, 1e-6);
      assertNear(network.run(x.subarray(0, 6), 2), whole.subarray(0, 24), 1e-6);
      assertNear(network.run(x.subarray(0, 24), 8), whole.subarray(0, 96), 1e-6);
      assertNear(network.run(x, 11), whole, 1e-6);
    }
  });

  test(`steps that are computed by hand, on the ${kind} kernel`, () => {
    const run = (plan, x, n = 1) => {
      const network = createNetwork(...plan, { capacity: n, kernel: kind });
      return [...network.run(x, n)];
    };

    const dense = { inputs: 2, outputs: 3, values: [1, 2, 3, 10, 20, 30], bias: [0, 0, -100] };
    const rows = run(planOf([2], [3], dense), [1, 2, 0, 1], 2);
    assert.deepStrictEqual(rows, [21, 42, -37, 10, 20, -70]);

    // Each pixel of 3 x 3 with those around it; beyond the edge are zeros.
    const sums = {
      ...{ kind: "conv", inputs: 1, outputs: 1, kernel: 3, padding: 1, height: 3, width: 3 },
      ...{ values: Array(9).fill(1), bias: [100] },
    };
    const square = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    const around = [12, 21, 16, 27, 45, 33, 24, 39, 28].map((sum) => sum + 100);
    assert.deepStrictEqual(run(planOf([3, 3, 1], [3, 3, 1], sums), square), around);

    // Each channel of two neighbours as the digits of a number; the lower row counts nothing.
    const pairs = {
      ...{ kind: "conv", inputs: 2, outputs: 2, kernel: 2, stride: 2, height: 2, width: 4 },
      ...{ values: [1, 0, 0, 1, 10, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0], bias: [0, 0] },
    };
    const pixels = [1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9];
    assert.deepStrictEqual(run(planOf([2, 4, 2], [1, 2, 2], pairs), pixels), [31, 42, 75, 86]);

    // Two pixels, 1 and 10, paint windows of 3 x 3 that share a column; padding cuts a frame of
    // one pixel off.
    const paint = {
      ...{ kind: "conv_transpose", inputs: 1, outputs: 1, kernel: 3, stride: 2 },
      ...{ height: 1, width: 2 },
      ...{ values: [1, 2, 3, 4, 5, 6, 7, 8, 9], bias: [1000] },
    };
    const painted = [1, 2, 13, 20, 30, 4, 5, 46, 50, 60, 7, 8, 79, 80, 90].map((sum) => sum + 1000);
    assert.deepStrictEqual(run(planOf([1, 2, 1], [3, 5, 1], paint), [1, 10]), painted);
    const cut = planOf([1, 2, 1], [1, 3, 1], { ...paint, padding: 1 });
    assert.deepStrictEqual(run(cut, [1, 10]), [1005, 1046, 1050]);
    assert.deepStrictEqual(run(cut, [1, 10, 1, 0], 2), [1005, 1046, 1050, 1005, 1006, 1000]);
  });

  test(`not a number goes in and comes out, on the ${kind} kernel`, () => {
    for (const activation of ACTIVATIONS) {
      const step = { inputs: 2, outputs: 3, values: noise(6), bias: noise(3), activation };
      const network = createNetwork(...planOf([2], [3], step), { capacity: 2, kernel: kind });
      const y = network.run([NaN, 0, 1, 1], 2);
      assert.ok(y.subarray(0, 3).every(Number.isNaN), activation);
      assert.ok(y.subarray(3).every(Number.isFinite), activation);
      assert.ok(network.run([0, 0], 1).every(Number.isFinite), activation);
    }
  });
}

test("where there is no WebAssembly, the plain kernel is the fastest", async () => {
  const { WebAssembly } = globalThis;
  delete globalThis.WebAssembly;
  try {
    const kernel = await import("../../vae_explorer/live/browser/nn/kernel.js?without");
    assert.strictEqual(kernel.openKernel(8).kind, "plain");
    assert.throws(() => kernel.openKernel(8, "simd"), /no support for "simd" here/);
  } finally {
    globalThis.WebAssembly = WebAssembly;
  }
});

test("activations are the functions they are called after", () => {
  const exact = {
    none: (x) => x,
    relu: (x) => Math.max(x, 0),
    leaky_relu: (x) => (x < 0 ? 0.2 * x : x),
    clamp: (x) => Math.min(Math.max(x, 0), 1),
    gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
    silu: (x) => x / (1 + Math.exp(-x)),
    softplus: (x) => (x > 30 ? x : Math.log1p(Math.exp(x))),
    tanh: Math.tanh,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  };
  assert.deepStrictEqual(Object.keys(exact).sort(), [...ACTIVATIONS].sort());
  const x = Float32Array.from({ length: 40001 }, (_, k) => (k - 20000) / 997);
  for (const [name, at] of Object.entries(exact)) {
    const values = x.slice();
    activate(values, 0, values.length, name);
    assertNear(values, Array.from(x, at), 3e-6);
    const ends = Float32Array.of(-Infinity, Infinity, -1e30, 1e30, 0, NaN);
    activate(ends, 0, ends.length, name);
    for (const [k, v] of [
      [2, -1e30],
      [3, 1e30],
      [4, 0],
    ]) {
      assertNear([ends[k]], [at(v)], 3e-6 + 1e-6 * Math.abs(at(v)));
    }
    const high = ["tanh", "sigmoid", "clamp"].includes(name) ? 1 : Infinity;
    assert.strictEqual(ends[1], high, name);
    assert.ok(Number.isNaN(ends[5]), name);
  }
});

test("an activation leaves what is outside of its range alone", () => {
  const values = Float32Array.of(-1, -1, -1, -1);
  activate(values, 1, 3, "relu");
  assert.deepStrictEqual([...values], [-1, 0, 0, -1]);
});

test("the error function has the values of the tables", () => {
  const table = { 0: 0, 0.1: 0.1124629160182849, 0.5: 0.5204998778130465, 1: 0.8427007929497149 };
  Object.assign(table, { 2: 0.9953222650189527, 3: 0.9999779095030014, 7: 1 });
  for (const [x, value] of Object.entries(table)) {
    assert.ok(Math.abs(erf(Number(x)) - value) < 1e-14, `erf(${x}) = ${erf(Number(x))}`);
    assert.ok(Math.abs(erf(-x) + value) < 1e-14, `erf(-${x}) = ${erf(-x)}`);
  }
});

test("half-precision numbers become single ones, every kind of them", () => {
  // biome-ignore format: a few pairs a line
  const cases = [
    [0x0000, 0], [0x8000, -0], [0x3c00, 1], [0xc000, -2], [0x3555, 0.333251953125],
    [0x7bff, 65504], [0xfbff, -65504], [0x0400, 2 ** -14], [0x0001, 2 ** -24],
    [0x83ff, -1023 * 2 ** -24], [0x7c00, Infinity], [0xfc00, -Infinity], [0x7e00, NaN],
  ];
  const floats = halfToFloat(Uint16Array.from(cases, ([bits]) => bits));
  for (const [k, [bits, value]] of cases.entries()) {
    assert.ok(Object.is(floats[k], value), `${bits.toString(16)}: found ${floats[k]}`);
  }
});

test("half-precision weights run as the numbers they are", () => {
  const [header] = planOf([2], [1], { inputs: 2, outputs: 1, values: [0, 0], bias: [0] });
  const network = createNetwork(header, Uint16Array.of(0x3c00, 0xc000, 0x3800)); // 1, -2, 0.5
  assert.deepStrictEqual([...network.run([3, 1], 1)], [1.5]);
  assert.deepStrictEqual([network.inputs, network.outputs], [2, 1]);
});

test("what does not fit is refused in words", () => {
  const step = { inputs: 2, outputs: 3, values: noise(6), bias: noise(3) };
  const [header, weights] = planOf([2], [3], step);
  const changed = (changes) => ({ ...header, steps: [{ ...header.steps[0], ...changes }] });
  const cases = [
    [() => createNetwork(header, weights.subarray(1)), /found 8 weights, expected 9/],
    [() => createNetwork(header, weights, { capacity: 0 }), /found capacity 0, expected a whole/],
    [() => createNetwork(changed({ kind: "pool" }), weights), /found a pool step/],
    [() => createNetwork(changed({ activation: "step" }), weights), /activation step, expected/],
    [() => createNetwork(changed({ bias: 5 }), weights), /step 0 does not fit/],
    [() => createNetwork({ ...header, input_shape: [4] }, weights), /step 0 does not fit/],
    [() => createNetwork({ ...header, output_shape: [4] }, weights), /found 3 values at the end/],
    [() => createNetwork(header, weights, { kernel: "gpu" }), /no support for "gpu" here/],
    [() => createNetwork(header, weights).run([1, 2, 3], 1), /found 3 values for n = 1, expected/],
    [() => createNetwork(header, weights).run([], 0), /found 0 values for n = 0/],
  ];
  for (const [wrong, words] of cases) assert.throws(wrong, words);
});
