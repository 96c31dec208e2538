/** The part of a plane that a square map shows, with equal aspect; y goes up. */
export class View {
  /**
   * @param {number} x of the middle, in the plane's units
   * @param {number} y
   * @param {number} span how much of the plane one side shows
   */
  constructor(x = 0, y = 0, span = 8) {
    this.x = x;
    this.y = y;
    this.span = within(span);
    /** Side of the map in CSS pixels. */
    this.side = 100;
  }

  /** Pixels a unit. */
  get scale() {
    return this.side / this.span;
  }

  /** @returns {[number, number]} pixels from the top left corner */
  toScreen(x, y) {
    return [this.side / 2 + (x - this.x) * this.scale, this.side / 2 - (y - this.y) * this.scale];
  }

  /** @returns {[number, number]} coordinates on the plane */
  toPlane(left, top) {
    return [
      this.x + (left - this.side / 2) / this.scale,
      this.y - (top - this.side / 2) / this.scale,
    ];
  }

  /** Move what is shown by pixels. */
  pan(left, top) {
    this.x -= left / this.scale;
    this.y += top / this.scale;
  }

  /** Show `factor` times as much, and keep what is under a pixel where it is. */
  zoom(factor, left = this.side / 2, top = this.side / 2) {
    const [x, y] = this.toPlane(left, top);
    this.span = within(this.span * factor);
    const [nowX, nowY] = this.toPlane(left, top);
    this.x += x - nowX;
    this.y += y - nowY;
  }

  /** Show a place, too, with a margin. */
  include(x, y) {
    const away = Math.max(Math.abs(x - this.x), Math.abs(y - this.y));
    this.span = within(Math.max(this.span, 2.2 * away));
  }

  /** Show points, (N, 2), but for a few strays, with a margin. @param {Float32Array} xy */
  static around(xy) {
    // Without points, the prior to three standard deviations.
    if (!xy.length) return new View(0, 0, 6.6);
    const [left, right] = inner(xy, 0);
    const [low, high] = inner(xy, 1);
    const span = 1.12 * Math.max(right - left, high - low, 1e-3);
    return new View((left + right) / 2, (low + high) / 2, span);
  }
}

/** A coordinate as it is read, with a minus as long as a plus. @returns {string} */
export function signed(value) {
  return value.toFixed(2).replace("-", "−");
}

/** As much as a map can show, and no less: `MOST_SHOWN` and `LEAST_SHOWN` of live/hand.py. */
function within(span) {
  return Math.min(1000, Math.max(0.02, span));
}

/** Low and high end of one coordinate, without the outermost few in a thousand. */
function inner(xy, axis) {
  const values = new Float32Array(xy.length / 2);
  for (let k = 0; k < values.length; k++) values[k] = xy[2 * k + axis];
  values.sort();
  const cut = Math.floor(values.length * 0.002);
  return [values[cut], values[values.length - 1 - cut]];
}

/** Round numbers, about `count` of them, from `low` to `high`. */
export function ticks(low, high, count = 7) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((nice) => nice * power >= rough) * power;
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, k) => {
    const value = (first + k) * step;
    return { value, text: value.toFixed(decimals).replace("-", "−") };
  });
}
