/** The codes of a checkpoint's test images, and what they can be shown on. */
import { halfToFloat, toFloats } from "../dom/blob.js";
import { dimensionPlane, planeThrough, principalPlane } from "./plane.js";
import { Projection } from "./projection.js";

/** Stored views that may come with the codes: they have no inverse. @type {Record<string, string>} */
export const STORED_VIEWS = { umap: "UMAP", tsne: "t-SNE" };

// Projections that are kept: as many as somebody goes to and fro between.
const MAX_PROJECTIONS = 6;

/**
 * @typedef {Object} Header of the points' blob
 * @property {string[]} classes
 * @property {string[]} colours `#rrggbb` for each class
 * @property {number[]} kl nats for each dimension
 * @property {number[]} order dimensions, the most informative first
 * @property {boolean[]} active whether the decoder uses a dimension
 * @property {[number, number, number]} image_shape (C, H, W)
 * @property {string} dataset
 */

export class Space {
  /** @param {import("../dom/blob.js").Blob} blob as `points_blob` packs it */
  constructor({ header, arrays }) {
    this.header = /** @type {Header} */ (/** @type {unknown} */ (header));
    this.label = /** @type {Uint8Array} */ (arrays.label);
    this.index = /** @type {Uint32Array} */ (arrays.index);
    /** Posterior means, (N, D). */
    this.mean = toFloats(arrays.mean);
    /** Posterior log-variances, (N, D), as half-precision bits. */
    this.logvar = /** @type {Uint16Array} */ (arrays.logvar);
    this.center = /** @type {Float32Array} */ (arrays.center);
    this.axes = /** @type {Float32Array} */ (arrays.axes);
    /** Coordinates of the codes on the stored views, (N, 2). @type {Record<string, Float32Array>} */
    this.stored = {};
    for (const name of Object.keys(STORED_VIEWS)) {
      if (arrays[name]) this.stored[name] = toFloats(arrays[name]);
    }
    this.count = this.label.length;
    this.dims = this.center.length;
    const [channels, height, width] = this.header.image_shape;
    /** (H, W, C) of a picture. @type {[number, number, number]} */
    this.shape = [height, width, channels];
    /** @type {Map<string, Projection>} */
    this.projections = new Map();
  }

  /** @returns {Float64Array} a row's posterior mean, (D,) */
  code(/** @type {number} */ row) {
    return Float64Array.from(this.mean.subarray(row * this.dims, (row + 1) * this.dims));
  }

  /** @returns {Float64Array} a row's posterior variance, (D,) */
  variance(/** @type {number} */ row) {
    const bits = this.logvar.subarray(row * this.dims, (row + 1) * this.dims);
    return Float64Array.from(halfToFloat(bits), Math.exp);
  }

  /** The mean of the codes of a class, or of all for null, (D,); null where there is none. */
  meanCode(/** @type {number|null} */ kind) {
    const sum = new Float64Array(this.dims);
    let count = 0;
    for (let n = 0; n < this.count; n++) {
      if (kind !== null && this.label[n] !== kind) continue;
      count++;
      for (let d = 0; d < this.dims; d++) sum[d] += this.mean[n * this.dims + d];
    }
    return count ? sum.map((value) => value / count) : null;
  }

  /** What a row is, in words. */
  title(/** @type {number} */ row) {
    return `${this.header.classes[this.label[row]]} · test image ${this.index[row]}`;
  }

  /** Whether z has a number for each dimension. */
  isCode(/** @type {ArrayLike<number>} */ z) {
    return z.length === this.dims && Array.from(z).every(Number.isFinite);
  }

  /** The name of the plane that a first visitor sees. */
  get defaultPlane() {
    return this.dims > 2 ? "pca:0,1" : "dims:0,1";
  }

  /**
   * What a name in the address stands for; null where there is no such plane or view.
   * @param {string} name `dims:i,j`, `pca:i,j`, `through:a;b;c` (rows or codes), `digits:a,b,c`
   *   (rows), `umap` or `tsne`
   * @param {import("./projection.js").Scale} [scale] of a plane's axes
   * @returns {Projection|null} the same one for the same name
   */
  project(name, scale = "linear") {
    const key = `${name} ${scale}`;
    const known = this.projections.get(key);
    if (known) return known;
    const made = this.make(name, scale);
    if (!made) return null;
    this.projections.set(key, made);
    const [oldest] = this.projections.keys();
    if (this.projections.size > MAX_PROJECTIONS) this.projections.delete(oldest);
    return made;
  }

  /** @returns {Projection|null} */
  make(/** @type {string} */ name, /** @type {import("./projection.js").Scale} */ scale) {
    if (this.stored[name]) {
      const titles = /** @type {[string, string]} */ (
        [1, 2].map((k) => `${STORED_VIEWS[name]} ${k}`)
      );
      return new Projection(this, name, { plane: null, xy: this.stored[name], titles });
    }
    const plane = this.plane(name);
    return plane && new Projection(this, name, { plane, titles: plane.titles, scale });
  }

  /** @returns {import("./plane.js").Plane|null} */
  plane(/** @type {string} */ name) {
    const [kind, rest = ""] = name.split(":");
    if (kind === "through" || kind === "digits") {
      const codes = rest.split(kind === "through" ? ";" : ",").map((text) => this.endpoint(text));
      return codes.length === 3 && codes.every((z) => z !== null)
        ? planeThrough(/** @type {Float64Array[]} */ (codes))
        : null;
    }
    const numbers = rest.split(",").map(Number);
    const good = (/** @type {number} */ k) => Number.isInteger(k) && k >= 0 && k < this.dims;
    if (numbers.length !== 2 || numbers[0] === numbers[1] || !numbers.every(good)) return null;
    if (kind === "dims") return dimensionPlane(this.dims, numbers[0], numbers[1]);
    if (kind === "pca") return principalPlane(this.center, this.axes, numbers[0], numbers[1]);
    return null;
  }

  /** A code, (D,), from its row or its numbers as they stand in the address; null for neither. */
  endpoint(/** @type {string} */ text) {
    if (/^\d{1,9}$/.test(text)) return Number(text) < this.count ? this.code(Number(text)) : null;
    const z = Float64Array.from(text.split(","), (part) =>
      part.trim() ? Number(part) : Number.NaN,
    );
    return this.isCode(z) ? z : null;
  }

  /**
   * The row drawn nearest to a place.
   * @param {Float32Array} xy coordinates on show, (N, 2)
   * @param {[number, number]} place in the same units
   * @param {ReadonlySet<number>} hidden classes, which are not there
   * @param {number} reach how far off it may be
   * @returns {number|null}
   */
  nearestOnMap(xy, [x, y], hidden, reach = Infinity) {
    let best = null;
    let least = reach * reach;
    for (let n = 0; n < this.count; n++) {
      const [right, up] = [xy[2 * n] - x, xy[2 * n + 1] - y];
      const distance = right * right + up * up;
      if (distance <= least && !hidden.has(this.label[n])) {
        least = distance;
        best = n;
      }
    }
    return best;
  }

  /**
   * The nearest row that lies more in a direction than aside of it.
   * @param {Float32Array} xy
   * @param {[number, number]} place
   * @param {[number, number]} direction
   * @param {ReadonlySet<number>} hidden
   * @returns {number|null}
   */
  nearestAlong(xy, [x, y], [right, up], hidden) {
    let best = null;
    let least = Infinity;
    for (let n = 0; n < this.count; n++) {
      if (hidden.has(this.label[n])) continue;
      const [dx, dy] = [xy[2 * n] - x, xy[2 * n + 1] - y];
      const along = dx * right + dy * up;
      const aside = Math.abs(dx * up) + Math.abs(dy * right);
      const distance = dx * dx + dy * dy;
      if (along > aside && distance < least && distance > 1e-12) {
        least = distance;
        best = n;
      }
    }
    return best;
  }

  /** The row whose code is nearest to z, (D,): of all, or of one class. */
  nearest(/** @type {ArrayLike<number>} */ z, /** @type {number|null} */ kind = null) {
    let best = 0;
    let least = Infinity;
    for (let n = 0, k = 0; n < this.count; n++) {
      let distance = 0;
      for (let d = 0; d < this.dims; d++, k++) distance += (this.mean[k] - z[d]) ** 2;
      if (distance < least && (kind === null || this.label[n] === kind)) {
        least = distance;
        best = n;
      }
    }
    return best;
  }
}
