/**
 * Planes in latent space. A code z is shown where it is projected onto the plane; moving on the
 * plane keeps the rest of z, its residual, as it is.
 */

/** @typedef {import("./view.js").Place} Place */

export class Plane {
  /**
   * @param {ArrayLike<number>} zero the code with coordinates (0, 0), (D,)
   * @param {ArrayLike<number>[]} axes two orthonormal directions, (D,) each
   * @param {[string, string]} titles of the axes
   */
  constructor(zero, [right, up], titles) {
    this.zero = Float64Array.from(zero);
    this.axes = [Float64Array.from(right), Float64Array.from(up)];
    this.titles = titles;
  }

  /** @returns {Place} coordinates of z, (D,), projected onto the plane */
  coordinates(/** @type {ArrayLike<number>} */ z) {
    const along = (/** @type {Float64Array} */ axis) =>
      axis.reduce((sum, value, d) => sum + (z[d] - this.zero[d]) * value, 0);
    return [along(this.axes[0]), along(this.axes[1])];
  }

  /** @returns {Float64Array} what is left of z, (D,), at coordinates (0, 0) */
  residual(/** @type {ArrayLike<number>} */ z) {
    const [x, y] = this.coordinates(z);
    return this.at(z, -x, -y);
  }

  /** @returns {Float64Array} the code, (D,), at x and y from a `residual` */
  at(/** @type {ArrayLike<number>} */ residual, /** @type {number} */ x, /** @type {number} */ y) {
    const [right, up] = this.axes;
    return Float64Array.from(residual, (value, d) => value + x * right[d] + y * up[d]);
  }

  /** @returns {Float32Array} coordinates, (N, 2), of codes, (N, D) */
  all(/** @type {Float32Array} */ codes) {
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

  /** The covariance of a diagonal Gaussian on the plane. */
  covariance(/** @type {ArrayLike<number>} */ variance) {
    const product = (/** @type {Float64Array} */ a, /** @type {Float64Array} */ b) =>
      a.reduce((sum, value, d) => sum + value * b[d] * variance[d], 0);
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
  const turn = (/** @type {Float64Array} */ a) => turned(a, rotation);
  const [right, up] = plane.titles;
  return new Plane(turn(plane.zero), plane.axes.map(turn), [
    `${right} of ${owner}`,
    `${up} of ${owner}`,
  ]);
}

/** The code of the other space, (D,), that lies at a, (D,), of the first: a R^T. */
export function turned(/** @type {ArrayLike<number>} */ a, /** @type {number[][]} */ rotation) {
  return Float64Array.from(rotation, (row) => row.reduce((sum, value, d) => sum + value * a[d], 0));
}

/** Where a code of the other space, (D,), lies in the first: b R. */
export function turnedBack(/** @type {ArrayLike<number>} */ b, /** @type {number[][]} */ rotation) {
  return Float64Array.from(b, (_, d) => rotation.reduce((sum, row, k) => sum + b[k] * row[d], 0));
}

/** The plane of two dimensions: its coordinates are z's own. */
export function dimensionPlane(
  /** @type {number} */ dims,
  /** @type {number} */ first,
  /** @type {number} */ second,
) {
  const axes = [first, second].map((number) => {
    const axis = new Float64Array(dims);
    axis[number] = 1;
    return axis;
  });
  return new Plane(new Float64Array(dims), axes, [`z${first}`, `z${second}`]);
}

/**
 * The plane of two principal axes.
 * @param {Float32Array} center the codes' mean, (D,), from which coordinates are measured
 * @param {Float32Array} axes (D, D), row by row
 * @param {number} first
 * @param {number} second
 */
export function principalPlane(center, axes, first, second) {
  const dims = center.length;
  const pair = [first, second].map((k) => axes.subarray(k * dims, (k + 1) * dims));
  return new Plane(center, pair, [`PC ${first + 1}`, `PC ${second + 1}`]);
}

/**
 * The plane through three codes, measured from the first; the second lies straight to the right.
 * @param {Float64Array[]} codes
 * @returns {Plane|null} null where the three lie on one line
 */
export function planeThrough([a, b, c]) {
  const right = unit(a.map((value, d) => b[d] - value));
  if (!right) return null;
  const aside = a.map((value, d) => c[d] - value);
  const along = aside.reduce((sum, value, d) => sum + value * right[d], 0);
  const up = unit(aside.map((value, d) => value - along * right[d]));
  return up && new Plane(a, [right, up], ["A → B", "towards C"]);
}

/** @returns {Float64Array|null} */
function unit(/** @type {Float64Array} */ direction) {
  const length = Math.hypot(...direction);
  return length > 1e-9 ? direction.map((value) => value / length) : null;
}

/**
 * The ellipse at one standard deviation of a covariance.
 * @param {{xx: number, xy: number, yy: number}} covariance
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
