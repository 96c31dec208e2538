/** The part of a plane that a square map shows, with equal aspect; y goes up. */

/** @typedef {[number, number]} Place coordinates on a plane, or pixels on a map */
/** @typedef {[number, number, number, number]} Box left, bottom, right, top */

/** The least and the most that a map shows, in the plane's units. */
export const [MIN_SPAN, MAX_SPAN] = [0.02, 1000];

// Room that stays free when everything is to be seen, as shares of a side: for the axes on the left
// and below, for the legend and the zoom buttons on the right, for a note on top.
const MARGINS = { left: 0.08, bottom: 0.06, right: 0.12, top: 0.07 };

/** A view is never changed: panning and zooming give a new one. */
export class View {
  /**
   * @param {number} x of the middle, in the plane's units
   * @param {number} y
   * @param {number} span how much of the plane one side shows
   */
  constructor(x = 0, y = 0, span = 8) {
    this.x = x;
    this.y = y;
    this.span = Math.min(MAX_SPAN, Math.max(MIN_SPAN, span));
  }

  /** @returns {View} moved by an offset in the plane's units */
  pan(/** @type {number} */ dx, /** @type {number} */ dy) {
    return new View(this.x + dx, this.y + dy, this.span);
  }

  /**
   * @param {number} factor how many times as much to show
   * @param {Place} [place] that stays where it is on the screen
   */
  zoom(factor, [x, y] = [this.x, this.y]) {
    const { span } = new View(0, 0, this.span * factor);
    const share = span / this.span;
    return new View(x + (this.x - x) * share, y + (this.y - y) * share, span);
  }

  /** @returns {View} moved as little as brings a place into sight */
  reveal(/** @type {Place} */ [x, y]) {
    const half = this.span / 2;
    const beyond = (/** @type {number} */ offset) =>
      Math.sign(offset) * Math.max(0, Math.abs(offset) - half);
    const [dx, dy] = [beyond(x - this.x), beyond(y - this.y)];
    return dx || dy ? this.pan(dx, dy) : this;
  }

  /** @returns {View} of a box, with room left at the borders for what lies over the map */
  static of(/** @type {Box} */ [left, bottom, right, top]) {
    const { left: l, bottom: b, right: r, top: t } = MARGINS;
    const span = Math.max((right - left) / (1 - l - r), (top - bottom) / (1 - b - t), 1e-3);
    const x = (left + right) / 2 + ((r - l) / 2) * span;
    return new View(x, (bottom + top) / 2 + ((t - b) / 2) * span, span);
  }
}

/** A view on a map of so many pixels: where places are on the screen. */
export class Screen {
  /**
   * @param {View} view
   * @param {number} side of the map, in CSS pixels
   */
  constructor(view, side) {
    this.view = view;
    this.side = side;
    /** CSS pixels a unit of the plane. */
    this.scale = side / view.span;
  }

  /** @returns {Place} pixels from the top left corner */
  toScreen(/** @type {number} */ x, /** @type {number} */ y) {
    const { side, view, scale } = this;
    return [side / 2 + (x - view.x) * scale, side / 2 - (y - view.y) * scale];
  }

  /** @returns {Place} coordinates on the plane */
  toPlane(/** @type {number} */ left, /** @type {number} */ top) {
    const { side, view, scale } = this;
    return [view.x + (left - side / 2) / scale, view.y - (top - side / 2) / scale];
  }

  /** @returns {Box} what is shown of the plane */
  get box() {
    const half = this.view.span / 2;
    const { x, y } = this.view;
    return [x - half, y - half, x + half, y + half];
  }
}

/**
 * The box of points, (N, 2), without the outermost few in a thousand.
 * @param {Float32Array} xy
 * @returns {Box}
 */
export function extentOf(xy) {
  // Without points, the prior to three standard deviations.
  if (!xy.length) return [-3, -3, 3, 3];
  const [left, right] = inner(xy, 0);
  const [bottom, top] = inner(xy, 1);
  return [left, bottom, right, top];
}

/** @returns {Box} the least that holds both a box and a place */
export function including(/** @type {Box} */ [l, b, r, t], /** @type {Place} */ [x, y]) {
  return /** @type {Box} */ ([Math.min(l, x), Math.min(b, y), Math.max(r, x), Math.max(t, y)]);
}

/** Low and high end of one coordinate, without the outermost few in a thousand. */
function inner(/** @type {Float32Array} */ xy, /** @type {number} */ axis) {
  const values = new Float32Array(xy.length / 2);
  for (let k = 0; k < values.length; k++) values[k] = xy[2 * k + axis];
  values.sort();
  const cut = Math.floor(values.length * 0.002);
  return [values[cut], values[values.length - 1 - cut]];
}

/** A coordinate with two decimals and a minus as long as a plus. */
export function signed(/** @type {number} */ value) {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}

/** z in a few words: its coordinates, or its length where there are many. */
export function describe(/** @type {ArrayLike<number>} */ z) {
  return z.length <= 3
    ? `z = (${Array.from(z, signed).join(", ")})`
    : `|z| = ${Math.hypot(...Array.from(z)).toFixed(2)}`;
}

/**
 * Round numbers, about `count` of them, from `low` to `high`.
 * @param {number} low
 * @param {number} high
 * @returns {{value: number, text: string}[]}
 */
export function ticks(low, high, count = 7) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((nice) => nice * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, k) => {
    const value = (first + k) * step;
    return { value, text: value.toFixed(decimals).replace("-", "−") };
  });
}
