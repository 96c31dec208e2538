/** Paths through codes: from one to the next, straight or spherical, in steps of z or of the picture. */

/** @typedef {"straight"|"spherical"} Interpolation */

// Below this sine two directions count as one line, and the turn between them as undefined.
const PARALLEL = 1e-6;

/** The point (1 - t) a + t b. */
export function straight(
  /** @type {ArrayLike<number>} */ a,
  /** @type {ArrayLike<number>} */ b,
  /** @type {number} */ t,
) {
  return Float64Array.from(a, (value, d) => (1 - t) * value + t * b[d]);
}

/**
 * Turn from a to b at constant speed, while the length goes linearly. For ends of one length this is
 * Shoemake's (1985) formula, which strays without bound for others as the angle nears pi.
 */
export function spherical(
  /** @type {ArrayLike<number>} */ a,
  /** @type {ArrayLike<number>} */ b,
  /** @type {number} */ t,
) {
  const longA = Math.hypot(...Array.from(a));
  const longB = Math.hypot(...Array.from(b));
  if (longA === 0 || longB === 0) return straight(a, b, t);
  const start = Float64Array.from(a, (value) => value / longA);
  const end = Float64Array.from(b, (value) => value / longB);
  const cosine = start.reduce((sum, value, d) => sum + value * end[d], 0);
  let across = end.map((value, d) => value - cosine * start[d]);
  const sine = Math.hypot(...across);
  if (sine < PARALLEL) {
    if (cosine > 0 || a.length === 1) return straight(a, b, t);
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
function perpendicular(/** @type {Float64Array} */ direction) {
  // The axis that leans least towards `direction` keeps the most of itself without it.
  let least = 0;
  direction.forEach((value, d) => {
    if (Math.abs(value) < Math.abs(direction[least])) least = d;
  });
  const across = direction.map((value, d) => Number(d === least) - direction[least] * value);
  const length = Math.hypot(...across);
  return across.map((value) => value / length);
}

/**
 * The code at a fraction of a path through several endpoints; each stretch takes an equal share.
 * @param {ArrayLike<number>[]} codes of the endpoints, at least one, (D,) each
 * @param {number} t from 0 to 1
 * @param {Interpolation} interpolation
 */
export function pathAt(codes, t, interpolation) {
  if (codes.length === 1) return Float64Array.from(codes[0]);
  const place = Math.min(1, Math.max(0, t)) * (codes.length - 1);
  const stretch = Math.min(codes.length - 2, Math.floor(place));
  // The endpoints are the codes themselves, free of rounding.
  if (place === stretch) return Float64Array.from(codes[stretch]);
  if (place === stretch + 1) return Float64Array.from(codes[stretch + 1]);
  const between = interpolation === "spherical" ? spherical : straight;
  return between(codes[stretch], codes[stretch + 1], place - stretch);
}

/** Codes at fractions of a path, in one array, (S, D). */
export function codesAt(
  /** @type {ArrayLike<number>[]} */ codes,
  /** @type {number[]} */ fractions,
  /** @type {Interpolation} */ interpolation,
) {
  const all = new Float32Array(fractions.length * codes[0].length);
  fractions.forEach((t, k) => {
    all.set(pathAt(codes, t, interpolation), k * codes[0].length);
  });
  return all;
}

/** `count` fractions in equal steps from 0 to 1. */
export function equalSteps(/** @type {number} */ count) {
  return Array.from({ length: count }, (_, k) => k / (count - 1));
}

/**
 * `count` fractions between which the picture changes by equal amounts.
 * @param {Float32Array} pictures decoded at equal steps from 0 to 1, (M, pixels)
 * @param {number} samples M
 * @param {number} count
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

/**
 * The fraction of a path at a share of its steps, which need not be equal ones.
 * @param {number[]} fractions of the steps, from 0 to 1
 * @param {number} share from 0 to 1
 */
export function fractionAt(fractions, share) {
  const place = share * (fractions.length - 1);
  const k = Math.min(fractions.length - 2, Math.floor(place));
  return fractions[k] + (place - k) * (fractions[k + 1] - fractions[k]);
}
