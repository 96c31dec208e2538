/** The codes of a checkpoint's test images, and the planes through them. */
import { halfToFloat } from "../dom/blob.js";
import { digitsPlane, dimensionPlane, principalPlane } from "./plane.js";

/** The flat views that may come with the codes: they have no inverse. */
export const FLAT = { umap: "UMAP", tsne: "t-SNE" };

export class Space {
  /** @param {import("../dom/blob.js").Blob} blob as `points_blob` packs it */
  constructor({ header, arrays }) {
    this.header = header;
    Object.assign(this, arrays);
    this.count = arrays.label.length;
    this.dims = arrays.center.length;
  }

  /** @returns {Float64Array} a row's posterior mean, (D,) */
  code(row) {
    return Float64Array.from(this.mean.subarray(row * this.dims, (row + 1) * this.dims));
  }

  /** @returns {Float64Array} a row's posterior variance, (D,) */
  variance(row) {
    const bits = this.logvar.subarray(row * this.dims, (row + 1) * this.dims);
    return Float64Array.from(halfToFloat(bits), Math.exp);
  }

  /** What a row is, in words. */
  title(row) {
    return `${this.header.classes[this.label[row]]} · test image ${this.index[row]}`;
  }

  /**
   * The plane of a name, as it stands in the address; null where there is none.
   * @param {string} name `dims:i,j`, `pca:i,j` or `digits:a,b,c`
   */
  plane(name) {
    const [kind, rest = ""] = name.split(":");
    const numbers = rest.split(",").map(Number);
    if (kind === "dims") return dimensionPlane(this.dims, ...numbers);
    if (kind === "pca") return principalPlane(this.center, this.axes, ...numbers);
    if (kind === "digits")
      return digitsPlane(
        numbers,
        numbers.map((row) => this.code(row)),
      );
    return null;
  }

  /**
   * The row drawn nearest to a place.
   * @param {Float32Array} xy coordinates on show, (N, 2)
   * @param {[number, number]} place in the same units
   * @param {Set<number>} hidden classes, which are not there
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

  /** The nearest row that lies more in a direction than aside of it. @returns {number|null} */
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

  /** The row whose code is nearest to z, (D,). @returns {number} */
  nearest(z) {
    let best = 0;
    let least = Infinity;
    for (let n = 0, k = 0; n < this.count; n++) {
      let distance = 0;
      for (let d = 0; d < this.dims; d++, k++) distance += (this.mean[k] - z[d]) ** 2;
      if (distance < least) {
        least = distance;
        best = n;
      }
    }
    return best;
  }
}
