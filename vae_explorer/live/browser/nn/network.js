/**
 * Runs a plan, the network as `vae_explorer/live/plan.py` writes it, in the page.
 *
 * Pictures are channels-last, (H, W, C), and weights are matrices (inputs, outputs). Everything
 * lies in the kernel's one block of floats: the weights, two buffers that the steps write in
 * turn, and a scratch buffer for the kernels of convolutions.
 */

import { toFloats } from "../dom/blob.js";
import { ACTIVATIONS, activate } from "./activations.js";
import { gatherKernels, scatterKernels } from "./convolution.js";
import { openKernel, packMatrix, padded, SLACK } from "./kernel.js";

/**
 * @typedef {object} Step - one product; the fields are those of `plan.Step`
 * @property {"dense" | "conv" | "conv_transpose"} kind
 * @property {number} inputs
 * @property {number} outputs
 * @property {number} kernel
 * @property {number} stride
 * @property {number} padding
 * @property {number} height
 * @property {number} width
 * @property {string} activation
 * @property {number} weight
 * @property {number} bias
 *
 * @typedef {object} Header
 * @property {number[]} input_shape
 * @property {number[]} output_shape
 * @property {Step[]} steps
 * @property {number} macs
 * @property {number[]} [scaled] for each step, how many columns of its matrix have a scale: they are
 *   8-bit numbers; 0 where they are not
 *
 * @typedef {Step & {tall: number, wide: number, rows: number, columns: number, positions: number,
 *   consumed: number, produced: number, group: number, scratch: number}} Shape a step with the
 *   sizes of its output, of its matrix and of what it reads, writes and keeps meanwhile
 * @typedef {Shape & {w: number, b: number}} PlacedStep with the places of its weights
 *
 * @typedef {object} Network
 * @property {number[]} inputShape
 * @property {number[]} outputShape
 * @property {number} inputs - values in one example
 * @property {number} outputs - values in one result
 * @property {number} macs - multiply-adds an example
 * @property {import("./kernel.js").KernelKind} kind - of the kernel that is used
 * @property {(x: ArrayLike<number>, n: number) => Float32Array} run - n examples, one after the
 *   other; the n * outputs values are valid until the next run
 */

/**
 * The weights of a plan, which `plan_blob` or `quantised_blob` packed, in one run.
 * @param {{header: any, arrays: Record<string, any>}} blob
 * @returns {Float32Array | Uint16Array} half-precision ones as their bits
 */
export function planWeights({ header, arrays }) {
  const { steps, scaled } = /** @type {Header} */ (header);
  if (!scaled) return arrays.weights;
  const { quantised, scales } = arrays;
  const floats = toFloats(arrays.weights);
  const all = new Float32Array(quantised.length + floats.length);
  let [fine, coarse, column] = [0, 0, 0];
  steps.forEach(({ weight, bias, outputs }, k) => {
    const columns = scaled[k];
    const from = columns ? bias : weight;
    const matrix = all.subarray(weight, from);
    matrix.set(quantised.subarray(coarse, coarse + matrix.length));
    scaleColumns(matrix, scales.subarray(column, column + columns));
    all.set(floats.subarray(fine, fine + bias + outputs - from), from);
    coarse += matrix.length;
    column += columns;
    fine += bias + outputs - from;
  });
  return all;
}

/** Multiply each column of a matrix by its scale. */
function scaleColumns(/** @type {Float32Array} */ matrix, /** @type {Float32Array} */ scales) {
  for (let row = 0; row < matrix.length; row += scales.length) {
    for (let k = 0; k < scales.length; k++) matrix[row + k] *= scales[k];
  }
}

/** Positions of a convolution, of one picture or several, that become one product. */
const POSITIONS_AT_ONCE = 64;

/**
 * Make a network of a plan.
 *
 * @param {Header} header
 * @param {Float32Array | Uint16Array} weights - the plan's; half-precision ones as their bits
 * @param {{capacity?: number, kernel?: import("./kernel.js").KernelKind}} [options] - `capacity`
 *   examples are run at a time: more of them are run in parts, and their results gathered outside
 *   of the kernel's memory. `kernel` is the fastest that works, if left out.
 * @returns {Network}
 */
export function createNetwork(header, weights, { capacity = 1, kernel: kind } = {}) {
  const { input_shape: inputShape, output_shape: outputShape, macs } = header;
  const shapes = header.steps.map(shapeOf);
  const inputs = product(inputShape);
  const outputs = product(outputShape);
  checkFit(header, shapes, weights, capacity);

  let length = 0;
  const reserve = (/** @type {number} */ size) => {
    const start = length;
    length += padded(size); // whole panels, so that each region begins on a SIMD boundary
    return start;
  };
  const steps = shapes.map((shape) => ({
    ...shape,
    w: reserve(shape.rows * padded(shape.columns)),
    b: reserve(shape.outputs),
  }));
  const most = (/** @type {(step: PlacedStep) => number} */ size) => Math.max(...steps.map(size));
  const noBias = reserve(most((step) => step.columns));
  const scratch = reserve(most((step) => step.group * step.scratch) + SLACK);
  const values = Math.max(
    inputs,
    most((step) => step.produced),
  );
  const buffers = [0, 1].map(() => reserve(capacity * values + SLACK));

  const kernel = openKernel(length, kind);
  const floats = toFloats(weights);
  for (const step of steps) {
    const matrix = floats.subarray(step.weight, step.bias);
    packMatrix(kernel.values, step.w, matrix, step.rows, step.columns);
    kernel.values.set(floats.subarray(step.bias, step.bias + step.outputs), step.b);
  }

  /** Run what lies in the first buffer; return where the result lies. @param {number} n */
  function runAll(n) {
    let [from, to] = buffers;
    for (const step of steps) {
      STEPS[step.kind](kernel, step, from, to, n, { scratch, noBias });
      activate(kernel.values, to, to + n * step.produced, step.activation);
      [from, to] = [to, from];
    }
    return from;
  }

  let gathered = new Float32Array(0);
  let view = kernel.values.subarray(0, 0);

  /** @type {Network["run"]} */
  function run(x, n) {
    if (!Number.isInteger(n) || n < 1 || x.length !== n * inputs) {
      throw new Error(
        `network: found ${x.length} values for n = ${n}, expected n * ${inputs} for a whole n ` +
          "of at least 1",
      );
    }
    if (n <= capacity) {
      kernel.values.set(x, buffers[0]);
      const start = runAll(n);
      if (view.length !== n * outputs) view = kernel.values.subarray(start, start + n * outputs);
      return view;
    }
    if (gathered.length < n * outputs) gathered = new Float32Array(n * outputs);
    for (let first = 0; first < n; first += capacity) {
      const count = Math.min(capacity, n - first);
      for (let k = 0; k < count * inputs; k++) {
        kernel.values[buffers[0] + k] = x[first * inputs + k];
      }
      const start = runAll(count);
      gathered.set(kernel.values.subarray(start, start + count * outputs), first * outputs);
    }
    return gathered.subarray(0, n * outputs);
  }

  return { inputShape, outputShape, inputs, outputs, macs, kind: kernel.kind, run };
}

const product = (/** @type {number[]} */ sizes) => sizes.reduce((a, b) => a * b, 1);

/**
 * @param {Step} step
 * @returns {Shape}
 */
function shapeOf(step) {
  const { kind, inputs, outputs, kernel, stride, padding, height, width } = step;
  if (!Object.hasOwn(STEPS, kind) || !ACTIVATIONS.includes(step.activation)) {
    throw new Error(
      `network: found a ${kind} step with activation ${step.activation}, expected ` +
        `${Object.keys(STEPS).join(", ")} with ${ACTIVATIONS.join(", ")}`,
    );
  }
  const area = kernel * kernel;
  const transposed = kind === "conv_transpose";
  const size = (/** @type {number} */ n) =>
    transposed
      ? (n - 1) * stride - 2 * padding + kernel
      : Math.floor((n + 2 * padding - kernel) / stride) + 1;
  const [tall, wide] = [size(height), size(width)];
  const rows = transposed ? inputs : area * inputs;
  const columns = transposed ? area * outputs : outputs;
  const positions = transposed ? height * width : tall * wide;
  return {
    ...step,
    tall,
    wide,
    rows,
    columns,
    positions,
    consumed: height * width * inputs,
    produced: tall * wide * outputs,
    group: Math.ceil(POSITIONS_AT_ONCE / positions),
    scratch: kind === "dense" ? 0 : positions * (transposed ? columns : rows),
  };
}

/**
 * @param {Header} header
 * @param {Shape[]} shapes
 * @param {ArrayLike<number>} weights
 * @param {number} capacity
 */
function checkFit(header, shapes, weights, capacity) {
  const needed = shapes.reduce((sum, s) => sum + s.rows * s.columns + s.outputs, 0);
  if (weights.length !== needed) {
    throw new Error(`network: found ${weights.length} weights, expected ${needed} by the header`);
  }
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new Error(`network: found capacity ${capacity}, expected a whole number of at least 1`);
  }
  let size = product(header.input_shape);
  for (const [k, shape] of shapes.entries()) {
    const end = shape.weight + shape.rows * shape.columns;
    if (shape.consumed !== size || shape.bias !== end || end + shape.outputs > needed) {
      throw new Error(`network: found that step ${k} does not fit the one before or its weights`);
    }
    size = shape.produced;
  }
  if (!shapes.length || size !== product(header.output_shape)) {
    throw new Error(`network: found ${size} values at the end, expected ${header.output_shape}`);
  }
}

/**
 * The steps: n examples from `from` to `to`.
 * @typedef {(kernel: import("./kernel.js").Kernel, step: PlacedStep, from: number, to: number,
 *            n: number, room: {scratch: number, noBias: number}) => void} RunStep
 */

/** @type {RunStep} */
function runDense(kernel, step, from, to, n) {
  kernel.product(from, step.w, step.b, to, n, step.rows, step.columns);
}

/** @type {RunStep} */
function runConv(kernel, step, from, to, n, { scratch }) {
  for (let first = 0; first < n; first += step.group) {
    const count = Math.min(step.group, n - first);
    for (let k = 0; k < count; k++) {
      const source = from + (first + k) * step.consumed;
      gatherKernels(kernel.values, step, source, scratch + k * step.scratch);
    }
    const rows = count * step.positions;
    const target = to + first * step.produced;
    kernel.product(scratch, step.w, step.b, target, rows, step.rows, step.columns);
  }
}

/** @type {RunStep} */
function runConvTranspose(kernel, step, from, to, n, { scratch, noBias }) {
  for (let first = 0; first < n; first += step.group) {
    const count = Math.min(step.group, n - first);
    const source = from + first * step.consumed;
    const rows = count * step.positions;
    kernel.product(source, step.w, noBias, scratch, rows, step.rows, step.columns);
    for (let k = 0; k < count; k++) {
      const target = to + (first + k) * step.produced;
      scatterKernels(kernel.values, step, scratch + k * step.scratch, target);
    }
  }
}

/** @type {Record<Step["kind"], RunStep>} */
const STEPS = { dense: runDense, conv: runConv, conv_transpose: runConvTranspose };
