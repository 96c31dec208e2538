/**
 * The functions between products, applied in place.
 *
 * The smooth ones are read from tables: straight lines between points 1/512 apart are within 1e-6
 * of the function, at a tenth of its price.
 */

const REACH = 16; // beyond, the functions are constants or x itself, to within 2e-6
const POINTS_PER_UNIT = 512;
const LAST = 2 * REACH * POINTS_PER_UNIT;

const LEAKY_SLOPE = 0.2; // layers.LEAKY_SLOPE

const sigmoid = (/** @type {number} */ x) => 1 / (1 + Math.exp(-x));

/**
 * The smooth functions, and whether they tend to x or to 1.
 * @type {Record<string, {at: (x: number) => number, grows: boolean}>}
 */
const SMOOTH = {
  gelu: { at: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)), grows: true },
  silu: { at: (x) => x * sigmoid(x), grows: true },
  softplus: { at: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), grows: true },
  tanh: { at: Math.tanh, grows: false },
  sigmoid: { at: sigmoid, grows: false },
};

/** The names that `activate` knows. */
export const ACTIVATIONS = ["none", "relu", "leaky_relu", "clamp", ...Object.keys(SMOOTH)];

/**
 * Apply the activation `name`, one of ACTIVATIONS, to values[start] up to before values[end].
 * NaN stays NaN.
 * @param {Float32Array} values
 * @param {number} start
 * @param {number} end
 * @param {string} name
 */
export function activate(values, start, end, name) {
  // The comparisons are such that NaN, which fails all of them, is kept.
  if (name === "relu") {
    for (let i = start; i < end; i++) if (values[i] < 0) values[i] = 0;
  } else if (name === "leaky_relu") {
    for (let i = start; i < end; i++) if (values[i] < 0) values[i] *= LEAKY_SLOPE;
  } else if (name === "clamp") {
    for (let i = start; i < end; i++) {
      if (values[i] < 0) values[i] = 0;
      else if (values[i] > 1) values[i] = 1;
    }
  } else if (name !== "none") {
    interpolate(values, start, end, tableOf(name), SMOOTH[name].grows);
  }
}

/**
 * @param {Float32Array} values
 * @param {number} start
 * @param {number} end
 * @param {Float32Array} table
 * @param {boolean} grows
 */
function interpolate(values, start, end, table, grows) {
  for (let i = start; i < end; i++) {
    const x = values[i];
    const place = (x + REACH) * POINTS_PER_UNIT;
    if (place <= 0) {
      values[i] = table[0];
    } else if (place >= LAST) {
      values[i] = grows ? x : 1;
    } else {
      const k = place | 0; // 0 for NaN, which the next line passes on
      values[i] = table[k] + (table[k + 1] - table[k]) * (place - k);
    }
  }
}

/** @type {Record<string, Float32Array>} */
const tables = {};

/** @param {string} name */
function tableOf(name) {
  tables[name] ??= Float32Array.from({ length: LAST + 1 }, (_, k) =>
    SMOOTH[name].at(k / POINTS_PER_UNIT - REACH),
  );
  return tables[name];
}

/**
 * The error function: 2 / sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n + 1) / (1 * 3 * ... (2n + 1)),
 * in which all terms have one sign, so that nothing cancels.
 * @param {number} x
 */
export function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
