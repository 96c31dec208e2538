/**
 * Planes in latent space. A code z is shown where it is dropped onto the plane; moving on the
 * plane keeps the rest of z, its residual, as it is.
 */
export class Plane {
  /**
   * @param {string} name as it stands in the address: `dims:0,1`
   * @param {ArrayLike<number>} zero the code with coordinates (0, 0), (D,)
   * @param {[ArrayLike<number>, ArrayLike<number>]} axes two orthonormal directions, (D,) each
   * @param {[string, string]} titles of the axes
   */
  constructor(name, zero, axes, titles) {
    this.name = name;
    this.zero = Float64Array.from(zero);
    this.axes = axes.map((axis) => Float64Array.from(axis));
    this.titles = titles;
  }

  /** @returns {[number, number]} coordinates of z, (D,), dropped onto the plane */
  coordinates(z) {
    return this.axes.map((axis) => {
      let sum = 0;
      for (let d = 0; d < axis.length; d++) sum += (z[d] - this.zero[d]) * axis[d];
      return sum;
    });
  }

  /** @returns {Float64Array} what is left of z, (D,), at coordinates (0, 0) */
  residual(z) {
    const [x, y] = this.coordinates(z);
    return this.at(z, -x, -y);
  }

  /** @returns {Float64Array} the code, (D,), at x and y from a `residual` */
  at(residual, x, y) {
    const [right, up] = this.axes;
    return Float64Array.from(residual, (value, d) => value + x * right[d] + y * up[d]);
  }

  /** @returns {Float32Array} coordinates, (N, 2), of codes, (N, D) */
  all(codes) {
    const dims = this.zero.length;
    const count = codes.length / dims;
    const [right, up] = this.axes;
    const xy = new Float32Array(2 * count);
    const [x0, y0] = this.coordinates(new Float64Array(dims));
    for (let n = 0, k = 0; n < count; n++) {
      let x = x0;
      let y = y0;
      for (let d = 0; d < dims; d++, k++) {
        x += codes[k] * right[d];
        y += codes[k] * up[d];
      }
      xy[2 * n] = x;
      xy[2 * n + 1] = y;
    }
    return xy;
  }

  /** The covariance of a diagonal Gaussian on the plane. @param {ArrayLike<number>} variance */
  covariance(variance) {
    const product = (a, b) => a.reduce((sum, value, d) => sum + value * b[d] * variance[d], 0);
    const [right, up] = this.axes;
    return { xx: product(right, right), xy: product(right, up), yy: product(up, up) };
  }
}

/**
 * A plane of one latent space as it lies in another one, which was turned onto the first.
 * @param {Plane} plane
 * @param {number[][]} rotation R, (D, D): a code b of the other space lies at b R in the first
 * @param {string} owner of the first, for the titles
 */
export function turnedPlane(plane, rotation, owner) {
  const turn = (a) => turned(a, rotation);
  const titles = plane.titles.map((title) => `${title} of ${owner}`);
  return new Plane(plane.name, turn(plane.zero), plane.axes.map(turn), titles);
}

/** The code of the other space, (D,), that lies at a, (D,), of the first: a R^T. */
export function turned(a, rotation) {
  return Float64Array.from(rotation, (row) => row.reduce((sum, value, d) => sum + value * a[d], 0));
}

/** Where a code of the other space, (D,), lies in the first: b R. */
export function turnedBack(b, rotation) {
  return Float64Array.from(b, (_, d) => rotation.reduce((sum, row, k) => sum + b[k] * row[d], 0));
}

/** The plane of two dimensions: its coordinates are z's own. */
export function dimensionPlane(dims, first, second) {
  const axes = [first, second].map((number) => {
    const axis = new Float64Array(dims);
    axis[number] = 1;
    return axis;
  });
  const titles = [`z${first}`, `z${second}`];
  return new Plane(`dims:${first},${second}`, new Float64Array(dims), axes, titles);
}

/** The plane of two principal axes, (D, D) row by row, measured from the codes' mean `center`. */
export function principalPlane(center, axes, first, second) {
  const dims = center.length;
  const pair = [first, second].map((k) => axes.subarray(k * dims, (k + 1) * dims));
  const titles = [`PC ${first + 1}`, `PC ${second + 1}`];
  return new Plane(`pca:${first},${second}`, center, pair, titles);
}

/**
 * The plane through three codes, measured from the first; the second lies straight to the right.
 * @returns {Plane|null} null where the three lie on one line
 */
export function digitsPlane(rows, [a, b, c]) {
  const right = unit(a.map((value, d) => b[d] - value));
  if (!right) return null;
  const aside = a.map((value, d) => c[d] - value);
  const along = aside.reduce((sum, value, d) => sum + value * right[d], 0);
  const up = unit(aside.map((value, d) => value - along * right[d]));
  return up && new Plane(`digits:${rows}`, a, [right, up], ["A → B", "towards C"]);
}

function unit(direction) {
  const length = Math.hypot(...direction);
  return length > 1e-9 ? direction.map((value) => value / length) : null;
}

/**
 * The ellipse at one standard deviation of a covariance.
 * @returns {{major: number, minor: number, angle: number}} half axes; angle in radians from x
 */
export function ellipse({ xx, xy, yy }) {
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  return {
    major: Math.sqrt(middle + half),
    minor: Math.sqrt(Math.max(0, middle - half)),
    angle: 0.5 * Math.atan2(2 * xy, xx - yy),
  };
}
