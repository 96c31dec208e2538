/**
 * What is decoded by all checkpoints that are compared, as one code for each of them: the same z,
 * or the same digit. Codes are (D,), a D for each checkpoint.
 */
import { turned, turnedBack } from "./plane.js";

/**
 * @typedef {Object} Subject
 * @property {(Float64Array|null)[]} codes one for each checkpoint; null where it has none
 * @property {(import("./state.js").Taken|null)[]} taken q(z|x), where it is a digit
 * @property {string} title what it is, in words
 * @property {boolean} [onTheWay] whether it lies between two others
 */

export class Subjects {
  /**
   * @param {import("./space.js").Space[]} spaces of the checkpoints
   * @param {Object[]} facts of the checkpoints, as `show_comparison` sends them
   */
  constructor(spaces, facts) {
    this.spaces = spaces;
    this.facts = facts;
    /** Rotations from each to the first that are in use. @type {(number[][]|null)[]} */
    this.rotations = facts.map(() => null);
    this.rowOf = spaces.map(
      ({ index }) => new Map(Array.from(index, (image, row) => [image, row])),
    );
  }

  /** Whether one z can be meant by all. */
  get oneSpace() {
    return this.spaces.every(({ dims }) => dims === this.spaces[0].dims);
  }

  /** The same z for all, from what it is in the k-th. @returns {Subject} */
  ofCode(k, z) {
    const first = this.rotations[k] ? turnedBack(z, this.rotations[k]) : Float64Array.from(z);
    const codes = this.rotations.map((rotation, other) => {
      if (other === k) return Float64Array.from(z);
      return rotation ? turned(first, rotation) : first;
    });
    return { codes, taken: codes.map(() => null), title: "" };
  }

  /** Whether the k-th and another know the same test images. */
  share(k, other) {
    return this.facts[k].dataset === this.facts[other].dataset;
  }

  /**
   * The digit in a row of the k-th, as all that know it have encoded it. Those that do not have a
   * null, until they are given its pixels.
   * @returns {Subject}
   */
  ofRow(k, row) {
    const image = this.spaces[k].index[row];
    const taken = this.spaces.map((space, other) => {
      const own = this.share(k, other) ? this.rowOf[other].get(image) : undefined;
      if (own === undefined) return null;
      return { row: own, mean: space.code(own), variance: space.variance(own) };
    });
    const codes = taken.map((one) => one?.mean ?? null);
    return { codes, taken, title: this.spaces[k].title(row) };
  }

  /**
   * Put into a subject what the k-th's encoder gave, mean and log-variance, (2D,).
   * @returns {boolean} false where a mean is no number
   */
  encode(subject, k, code) {
    const { dims } = this.spaces[k];
    const mean = Float64Array.from(code.subarray(0, dims));
    if (!mean.every(Number.isFinite)) return false;
    subject.codes[k] = mean;
    const variance = Float64Array.from(code.subarray(dims), Math.exp);
    subject.taken[k] = { row: null, mean, variance };
    return true;
  }
}

/** What lies at a fraction of the way between two subjects. @returns {Subject} */
export function between(from, to, t) {
  const codes = from.codes.map((a, k) => {
    const b = to.codes[k];
    return a && b ? a.map((value, d) => (1 - t) * value + t * b[d]) : null;
  });
  const title = `${Math.round(100 * t)} % of it`;
  return { codes, taken: codes.map(() => null), title, onTheWay: true };
}
