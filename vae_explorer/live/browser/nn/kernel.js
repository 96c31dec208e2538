/**
 * The one product that every layer is made of: y[rows, outputs] = x[rows, inputs] @ W + b.
 *
 * The fast kernels are WebAssembly with SIMD, put together here byte by byte when the page loads:
 * two loops of some hundred bytes each, one for four rows at a time and one for a single row. The
 * plain kernel does the same in JavaScript where WebAssembly or SIMD is missing or forbidden.
 *
 * A kernel owns one block of floats, `values`, in which x, W, b and y all lie; places in it are
 * counted in floats. W is stored in panels of 8 outputs, so that one row of a panel is two SIMD
 * registers and a panel is read from its first float to its last.
 *
 * @typedef {"simd" | "plain"} KernelKind
 * @typedef {object} Kernel
 * @property {KernelKind} kind
 * @property {Float32Array} values - starts at 0 and is never moved
 * @property {Product} product may write up to SLACK floats after the end of y; b must be followed
 *   by PANEL - 1 floats
 *
 * @typedef {(x: number, w: number, b: number, y: number,
 *            rows: number, inputs: number, outputs: number) => void} Product
 */

/** Outputs in a panel. */
export const PANEL = 8;
/** Floats after the end of y that a product may overwrite. */
export const SLACK = PANEL - 1;
/** Rows that go through all panels together, so that they stay in the processor's cache. */
const ROWS_AT_ONCE = 64;
/** `size` rounded up to whole panels. @param {number} size */
export const padded = (size) => Math.ceil(size / PANEL) * PANEL;

/**
 * Write the matrix (inputs, outputs) into `target` from `offset` on, in panels; it takes
 * inputs * padded(outputs) floats, those beyond `outputs` zero.
 * @param {Float32Array} target
 * @param {number} offset
 * @param {ArrayLike<number>} matrix
 * @param {number} inputs
 * @param {number} outputs
 */
export function packMatrix(target, offset, matrix, inputs, outputs) {
  for (let first = 0; first < outputs; first += PANEL) {
    const width = Math.min(PANEL, outputs - first);
    for (let k = 0; k < inputs; k++, offset += PANEL) {
      for (let j = 0; j < width; j++) target[offset + j] = matrix[k * outputs + first + j];
    }
  }
}

/**
 * Make a kernel with a block of `length` zeros.
 * @param {number} length
 * @param {KernelKind} [kind] - the fastest this machine has, if left out
 * @returns {Kernel}
 */
export function openKernel(length, kind = fastestKind()) {
  const { values, onePanel } = kind === "plain" ? plainPanel(length) : simdPanel(length, kind);

  /** @type {Product} */
  function product(x, w, b, y, rows, inputs, outputs) {
    for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - row);
      const from = x + row * inputs;
      const to = y + row * outputs;
      // Whole panels are stored even where fewer outputs are left, into the start of the next
      // row. So the last panel comes first, and what it spoils is written after it.
      for (let first = padded(outputs) - PANEL; first >= 0; first -= PANEL) {
        onePanel(from, w + first * inputs, b + first, to + first, count, inputs, outputs);
      }
    }
  }

  return { kind, values, product };
}

/** The fastest kind of kernel that works here. @returns {KernelKind} */
export function fastestKind() {
  return compiled() ? "simd" : "plain";
}

/** @type {WebAssembly.Module | null | undefined} */
let compiledModule;

/** The module of the SIMD kernel, compiled once; null where it cannot be had. */
function compiled() {
  if (compiledModule === undefined) {
    try {
      compiledModule = new WebAssembly.Module(emitModule());
    } catch {
      compiledModule = null; // no WebAssembly, no SIMD, or a page whose policy forbids both
    }
  }
  return compiledModule;
}

/**
 * @param {number} length
 * @param {string} kind
 */
function simdPanel(length, kind) {
  const module = kind === "simd" ? compiled() : null;
  if (!module) throw new Error(`kernel: found no support for "${kind}" here, expected "plain"`);
  const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * length) / 65536) || 1 });
  const { four, one } = /** @type {Record<string, Product>} */ (
    new WebAssembly.Instance(module, { m: { m: memory } }).exports
  );

  /** @type {Product} */
  function onePanel(x, w, b, y, rows, inputs, outputs) {
    const blocks = rows >> 2;
    const done = 4 * blocks;
    if (blocks) four(4 * x, 4 * w, 4 * b, 4 * y, blocks, inputs, outputs);
    if (rows === done) return;
    const [from, to] = [x + done * inputs, y + done * outputs];
    one(4 * from, 4 * w, 4 * b, 4 * to, rows - done, inputs, outputs);
  }

  return { values: new Float32Array(memory.buffer), onePanel };
}

/** @param {number} length */
function plainPanel(length) {
  const values = new Float32Array(length);

  /** @type {Product} */
  function onePanel(x, w, b, y, rows, inputs, outputs) {
    for (let row = 0; row < rows; row++) {
      const from = x + row * inputs;
      const to = y + row * outputs;
      // One by one: taken out of an array, they make this loop three times slower.
      // biome-ignore format: one a line says no more
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
      for (let k = 0, weight = w; k < inputs; k++, weight += PANEL) {
        const value = values[from + k];
        s0 += value * values[weight];
        s1 += value * values[weight + 1];
        s2 += value * values[weight + 2];
        s3 += value * values[weight + 3];
        s4 += value * values[weight + 4];
        s5 += value * values[weight + 5];
        s6 += value * values[weight + 6];
        s7 += value * values[weight + 7];
      }
      values[to] = s0 + values[b];
      values[to + 1] = s1 + values[b + 1];
      values[to + 2] = s2 + values[b + 2];
      values[to + 3] = s3 + values[b + 3];
      values[to + 4] = s4 + values[b + 4];
      values[to + 5] = s5 + values[b + 5];
      values[to + 6] = s6 + values[b + 6];
      values[to + 7] = s7 + values[b + 7];
    }
  }

  return { values, onePanel };
}

/**
 * The emitter. Code is a nested list of bytes, flattened at the end; names are WebAssembly's.
 *
 * @typedef {number | Code[]} Code
 * @typedef {(n: number) => Code} OfNumber of a local's index, of a constant
 * @typedef {(a: Code, b: Code) => Code} Binary
 * @typedef {(a: Code, n: number) => Code} Shift
 * @typedef {(local: number, offset: number) => Code} Load
 */

const I32 = 0x7f;
const V128 = 0x7b;

/** An unsigned number in LEB128, as the format writes all of them. @type {OfNumber} */
const number = (n) => (n < 128 ? [n] : [(n & 127) | 128, number(n >>> 7)]);
/** @param {Code[]} items */
const list = (items) => [number(items.length), items];
/** @type {(code: Code[]) => number[]} */
const flat = (code) => code.flatMap((part) => (Array.isArray(part) ? flat(part) : part));
/** @param {Code[]} content */
const sized = (content) => {
  const bytes = flat(content);
  return [number(bytes.length), bytes];
};

/** @type {OfNumber} */
const get = (local) => [0x20, number(local)];
/** @type {(local: number, ...value: Code[]) => Code} */
const set = (local, ...value) => [value, 0x21, number(local)];
/** A constant below 2 ** 13: a signed LEB128 of two bytes, whatever its size. @type {OfNumber} */
const constant = (n) => [0x41, (n & 127) | 128, n >> 7];
/** @type {Binary} */
const add = (a, b) => [a, b, 0x6a];
/** @type {Binary} */
const and = (a, b) => [a, b, 0x71];
/** @type {Shift} */
const shiftLeft = (a, n) => [a, constant(n), 0x74];
/** @type {Shift} */
const shiftRight = (a, n) => [a, constant(n), 0x76];
/** @type {OfNumber} */
const lessOne = (local) => set(local, get(local), constant(1), 0x6b);

/**
 * `body` as often as `local` says, which is counted down; not at all at 0.
 * @type {(local: number, body: Code) => Code}
 */
const repeat = (local, body) => [
  [0x02, 0x40, get(local), 0x45, 0x0d, 0], // block; leave it if local is 0
  [0x03, 0x40, body, lessOne(local), get(local), 0x0d, 0, 0x0b], // loop; again if not
  0x0b,
];

/** @type {OfNumber} */
const simd = (code) => [0xfd, number(code)];
/** @type {(offset: number, alignment: number) => Code} */
const at = (offset, alignment) => [alignment, number(offset)];
/** @type {Load} */
const loadFour = (local, offset) => [get(local), simd(0), at(offset, 4)];
/** @type {Load} */
const loadSplat = (local, offset) => [get(local), simd(9), at(offset, 2)];
/** @type {(local: number, offset: number, value: Code) => Code} */
const storeFour = (local, offset, value) => [get(local), value, simd(11), at(offset, 4)];
const zeros = [simd(12), Array(16).fill(0)];
/** @type {Binary} */
const addFour = (a, b) => [a, b, simd(0xe4)];
/** @type {Binary} */
const multiplyFour = (a, b) => [a, b, simd(0xe6)];

/**
 * The function (x, w, b, y, blocks, inputs, outputs) for one panel; addresses are in bytes.
 *
 * Each block is `rows` rows. A row's sum of 8 outputs is kept in `chains` parts of two registers:
 * a single row has too few sums to fill the time that an addition takes.
 * @param {number} rows
 * @param {number} chains
 */
function emitPanel(rows, chains) {
  const [x, w, b, y, blocks, inputs, outputs, weight, count] = Array(9).keys();
  const row = (/** @type {number} */ r) => 9 + r;
  const value = 9 + rows;
  const half = (/** @type {number} */ h) => value + 1 + h;
  /** @type {(row: number, chain: number, half: number) => number} */
  const sum = (r, chain, h) => value + 3 + 2 * (r * chains + chain) + h;
  /** @type {(body: OfNumber) => Code[]} */
  const eachRow = (body) => Array.from({ length: rows }, (_, r) => body(r));
  /** @type {(body: OfNumber) => Code[]} */
  const eachChain = (body) => Array.from({ length: chains }, (_, c) => body(c));
  const stride = (/** @type {number} */ size) => shiftLeft(get(size), 2);
  /** @type {(local: number, a: Code, b: Code) => Code} */
  const addProduct = (local, a, b) => set(local, addFour(get(local), multiplyFour(a, b)));

  /** @type {OfNumber} */
  const inputsAtOnce = (unroll) => [
    Array.from({ length: unroll }, (_, k) => [
      [0, 1].map((h) => set(half(h), loadFour(weight, 4 * PANEL * k + 16 * h))),
      eachRow((r) => [
        set(value, loadSplat(row(r), 4 * k)),
        [0, 1].map((h) => addProduct(sum(r, k % chains, h), get(value), get(half(h)))),
      ]),
    ]),
    eachRow((r) => set(row(r), add(get(row(r)), constant(4 * unroll)))),
    set(weight, add(get(weight), constant(4 * PANEL * unroll))),
  ];

  const block = [
    eachRow((r) => set(row(r), r ? add(get(row(r - 1)), stride(inputs)) : get(x))),
    eachRow((r) =>
      eachChain((c) => [0, 1].map((h) => set(sum(r, c, h), c ? zeros : loadFour(b, 16 * h)))),
    ),
    set(weight, get(w)),
    set(count, shiftRight(get(inputs), 2)),
    repeat(count, inputsAtOnce(4)),
    set(count, and(get(inputs), constant(3))),
    repeat(count, inputsAtOnce(1)),
    set(x, get(row(rows - 1))), // the last row's end is where the next block begins
    eachRow((r) => [
      [0, 1].map((h) => storeFour(y, 16 * h, eachChain((c) => get(sum(r, c, h))).reduce(addFour))),
      set(y, add(get(y), stride(outputs))),
    ]),
  ];
  const locals = list([
    [2 + rows, I32],
    [3 + 2 * rows * chains, V128],
  ]);
  return sized([locals, repeat(blocks, block), 0x0b]);
}

/** The module's bytes: the memory "m" of "m" comes in, `four` and `one` go out. */
function emitModule() {
  const text = (/** @type {string} */ name) =>
    list(Array.from(name, (letter) => letter.charCodeAt(0)));
  const type = [0x60, list(Array(7).fill(I32)), list([])];
  /** @type {[number, Code[]][]} */
  const sections = [
    [1, [type]],
    [2, [[text("m"), text("m"), 2, 0, 1]]],
    [3, [0, 0]],
    // biome-ignore format: a section a line
    [7, [[text("four"), 0, 0], [text("one"), 0, 1]]],
    [10, [emitPanel(4, 1), emitPanel(1, 4)]],
  ];
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  /** @type {Code[]} */
  const bytes = [header, sections.map(([id, items]) => [id, sized(list(items))])];
  return new Uint8Array(flat(bytes));
}
