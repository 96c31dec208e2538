/** Few colours for many: boxes of colours, cut where that leaves the least error. */

// Bits of red, green and blue by which colours are told apart.
const BITS = 6;
const BINS = 1 << (3 * BITS);

/** @returns {number} which of `BINS` colours the pixel at an offset is */
function binAt(/** @type {Uint8ClampedArray} */ rgba, /** @type {number} */ at) {
  const drop = 8 - BITS;
  const [red, green] = [rgba[at] >> drop, rgba[at + 1] >> drop];
  return (((red << BITS) | green) << BITS) | (rgba[at + 2] >> drop);
}

/** How often which colours were seen. */
export class Histogram {
  constructor() {
    this.counts = new Uint32Array(BINS);
    /** Sums of red, green and blue of the pixels in a bin, (BINS, 3). */
    this.sums = new Float64Array(3 * BINS);
  }

  /** Count the pixels of a picture, (H, W, 4). */
  add(/** @type {Uint8ClampedArray} */ rgba) {
    const { counts, sums } = this;
    for (let at = 0; at < rgba.length; at += 4) {
      const bin = binAt(rgba, at);
      counts[bin]++;
      for (let c = 0; c < 3; c++) sums[3 * bin + c] += rgba[at + c];
    }
  }

  /** @returns {Palette} of at most `size` colours */
  palette(/** @type {number} */ size) {
    const bins = [];
    for (let bin = 0; bin < BINS; bin++) if (this.counts[bin]) bins.push(bin);
    const boxes = [this.box(bins)];
    while (boxes.length < size) {
      const worst = boxes.reduce((most, box) => (box.error > most.error ? box : most));
      // As many colours as were seen, each by itself.
      if (worst.error < 1e-6) break;
      const { axis, mean } = worst;
      /** @type {[number[], number[]]} */
      const halves = [[], []];
      for (const bin of worst.bins) halves[this.value(bin, axis) > mean[axis] ? 1 : 0].push(bin);
      boxes.splice(boxes.indexOf(worst), 1, ...halves.map((half) => this.box(half)));
    }
    return new Palette(Uint8Array.from(boxes.flatMap(({ mean }) => mean.map(Math.round))));
  }

  /** Mean of one channel in a bin. */
  value(/** @type {number} */ bin, /** @type {number} */ channel) {
    return this.sums[3 * bin + channel] / this.counts[bin];
  }

  /** Colours that are to become one: their mean, and along which channel they differ how much. */
  box(/** @type {number[]} */ bins) {
    const count = bins.reduce((sum, bin) => sum + this.counts[bin], 0);
    const mean = [0, 1, 2].map(
      (c) => bins.reduce((sum, bin) => sum + this.sums[3 * bin + c], 0) / count,
    );
    const errors = mean.map((middle, c) =>
      bins.reduce((sum, bin) => sum + this.counts[bin] * (this.value(bin, c) - middle) ** 2, 0),
    );
    const error = Math.max(...errors);
    return { bins, mean, error, axis: errors.indexOf(error) };
  }
}

export class Palette {
  /** @param {Uint8Array} colours (N, 3), N up to 256 */
  constructor(colours) {
    this.colours = colours;
    /** The nearest colour of a bin, once it was looked for; -1 before. */
    this.known = new Int16Array(BINS).fill(-1);
  }

  /** The numbers of the colours of a picture, (H, W), from its pixels, (H, W, 4). */
  numbers(/** @type {Uint8ClampedArray} */ rgba) {
    const { known } = this;
    const numbers = new Uint8Array(rgba.length / 4);
    for (let k = 0; k < numbers.length; k++) {
      const bin = binAt(rgba, 4 * k);
      if (known[bin] < 0) known[bin] = this.nearest(rgba, 4 * k);
      numbers[k] = known[bin];
    }
    return numbers;
  }

  nearest(/** @type {Uint8ClampedArray} */ rgba, /** @type {number} */ at) {
    const { colours } = this;
    let [best, least] = [0, Infinity];
    for (let k = 0; k < colours.length / 3; k++) {
      let distance = 0;
      for (let c = 0; c < 3; c++) distance += (colours[3 * k + c] - rgba[at + c]) ** 2;
      if (distance < least) [best, least] = [k, distance];
    }
    return best;
  }
}
