/** Paths through codes: from one to the next, by lerp or slerp, as `vae_explorer/geometry.py`. */

// Below this sine two directions count as one line, and the turn between them as undefined.
const PARALLEL = 1e-6;

/** The point (1 - t) a + t b. */
export function lerp(a, b, t) {
  return Float64Array.from(a, (value, d) => (1 - t) * value + t * b[d]);
}

/** Turn from a to b at constant speed, while the length goes linearly (Shoemake 1985). */
export function slerp(a, b, t) {
  const longA = Math.hypot(...a);
  const longB = Math.hypot(...b);
  if (longA === 0 || longB === 0) return lerp(a, b, t);
  const start = Float64Array.from(a, (value) => value / longA);
  const end = Float64Array.from(b, (value) => value / longB);
  const cosine = start.reduce((sum, value, d) => sum + value * end[d], 0);
  let across = end.map((value, d) => value - cosine * start[d]);
  const sine = Math.hypot(...across);
  if (sine < PARALLEL) {
    if (cosine > 0 || a.length === 1) return lerp(a, b, t);
    across = perpendicular(start);
  } else {
    across = across.map((value) => value / sine);
  }
  const angle = t * Math.atan2(sine, cosine);
  const length = (1 - t) * longA + t * longB;
  const [along, aside] = [length * Math.cos(angle), length * Math.sin(angle)];
  return start.map((value, d) => along * value + aside * across[d]);
}

/** A unit vector at right angles to a unit vector. */
function perpendicular(direction) {
  // The axis that leans least towards `direction` keeps the most of itself without it.
  let least = 0;
  direction.forEach((value, d) => {
    if (Math.abs(value) < Math.abs(direction[least])) least = d;
  });
  const across = direction.map((value, d) => (d === least) - direction[least] * value);
  const length = Math.hypot(...across);
  return across.map((value) => value / length);
}

/**
 * The code at a fraction of the way through several ends; each stretch takes an equal share.
 * @param {ArrayLike<number>[]} ends at least one, (D,) each
 * @param {number} t from 0 to 1
 * @param {"lerp"|"slerp"} kind
 */
export function pathAt(ends, t, kind) {
  if (ends.length === 1) return Float64Array.from(ends[0]);
  const place = Math.min(1, Math.max(0, t)) * (ends.length - 1);
  const stretch = Math.min(ends.length - 2, Math.floor(place));
  // The ends are the digits themselves, free of rounding.
  if (place === stretch) return Float64Array.from(ends[stretch]);
  if (place === stretch + 1) return Float64Array.from(ends[stretch + 1]);
  return (kind === "slerp" ? slerp : lerp)(ends[stretch], ends[stretch + 1], place - stretch);
}

/** `count` fractions in equal steps from 0 to 1. @returns {number[]} */
export function equalSteps(count) {
  return Array.from({ length: count }, (_, k) => k / (count - 1));
}

/**
 * `count` fractions between which the picture changes by equal amounts.
 * @param {Float32Array} pictures decoded at equal steps from 0 to 1, (M, pixels)
 * @param {number} samples M
 * @param {number} count
 * @returns {number[]}
 */
export function equalChange(pictures, samples, count) {
  const pixels = pictures.length / samples;
  const gone = new Float64Array(samples);
  for (let k = 1; k < samples; k++) {
    let sum = 0;
    for (let p = 0; p < pixels; p++) {
      sum += (pictures[k * pixels + p] - pictures[(k - 1) * pixels + p]) ** 2;
    }
    gone[k] = gone[k - 1] + Math.sqrt(sum);
  }
  const whole = gone[samples - 1];
  if (!(whole > 0)) return equalSteps(count);
  let k = 1;
  return equalSteps(count).map((share) => {
    if (share === 1) return 1;
    while (gone[k] < share * whole) k++;
    const step = gone[k] - gone[k - 1];
    return (k - 1 + (step > 0 ? (share * whole - gone[k - 1]) / step : 0)) / (samples - 1);
  });
}
