/**
 * What a map shows codes on: a plane of latent space, linear or in quantiles of the prior, or a
 * stored view (UMAP, t-SNE), which has no inverse.
 */
import { extentOf } from "./view.js";

/** @typedef {import("./view.js").Place} Place */
/** @typedef {import("./plane.js").Plane} Plane */
/** @typedef {"linear"|"quantile"} Scale */

export class Projection {
  /**
   * @param {import("./space.js").Space} space
   * @param {string} name as it stands in the address
   * @param {Object} shown
   * @param {Plane|null} shown.plane null for a stored view
   * @param {Float32Array} [shown.xy] coordinates of all codes, (N, 2); from the plane where there is one
   * @param {[string, string]} shown.titles of the axes
   * @param {Scale} [shown.scale] of both axes
   */
  constructor(space, name, { plane, xy, titles, scale = "linear" }) {
    this.space = space;
    this.name = name;
    this.plane = plane;
    this.titles = titles;
    this.scale = scale;
    /** Where the prior's mean is on the plane. @type {Place} */
    this.origin = plane ? plane.coordinates(new Float64Array(space.dims)) : [0, 0];
    this.xy = xy ?? this.warpAll(/** @type {Plane} */ (plane).all(space.mean));
    /** What has to be in sight for all codes to be, and in two dimensions most of the prior. */
    this.extent = this.measure();
  }

  /** @returns {import("./view.js").Box} */
  measure() {
    if (this.scale === "quantile") return [0, 0, 1, 1];
    const box = extentOf(this.xy);
    if (!this.plane || this.space.dims > 2) return box;
    const [x, y] = this.origin;
    const [l, b, r, t] = box;
    return [Math.min(l, x - 3), Math.min(b, y - 3), Math.max(r, x + 3), Math.max(t, y + 3)];
  }

  /** Where a point of the plane is on the map. @returns {Place} */
  warp(/** @type {Place} */ place) {
    if (this.scale === "linear") return place;
    return [normalCdf(place[0] - this.origin[0]), normalCdf(place[1] - this.origin[1])];
  }

  /** Which point of the plane is at a place of the map. @returns {Place} */
  unwarp(/** @type {Place} */ place) {
    if (this.scale === "linear") return place;
    return [this.origin[0] + normalQuantile(place[0]), this.origin[1] + normalQuantile(place[1])];
  }

  warpAll(/** @type {Float32Array} */ xy) {
    if (this.scale === "linear") return xy;
    return xy.map((value, k) => normalCdf(value - this.origin[k % 2]));
  }

  /** Where a code, (D,), is on the map; on a stored view, where the nearest test image is. @returns {Place} */
  placeOf(/** @type {ArrayLike<number>} */ z) {
    if (this.plane) return this.warp(this.plane.coordinates(z));
    const row = this.space.nearest(z);
    return [this.xy[2 * row], this.xy[2 * row + 1]];
  }

  /**
   * The code at a place of the map, on the plane through `from`; null on a stored view.
   * @param {Place} place
   * @param {ArrayLike<number>} from whose residual is kept, (D,)
   * @returns {Float64Array|null}
   */
  codeAt(place, from) {
    const { plane } = this;
    return plane ? plane.at(plane.residual(from), ...this.unwarp(place)) : null;
  }

  /**
   * The test image drawn nearest to a place.
   * @param {Place} place
   * @param {ReadonlySet<number>} hidden classes, which are not there
   * @param {number} [reach] how far off it may be, in the map's units
   * @returns {number|null} its row
   */
  rowAt(place, hidden, reach = Infinity) {
    return this.space.nearestOnMap(this.xy, place, hidden, reach);
  }

  /** The nearest test image in a direction from a place. @returns {number|null} its row */
  rowBeside(
    /** @type {Place} */ place,
    /** @type {Place} */ direction,
    /** @type {ReadonlySet<number>} */ hidden,
  ) {
    return this.space.nearestAlong(this.xy, place, direction, hidden);
  }
}

/** P(X < x) for X ~ N(0, 1), to 1.5e-7: Abramowitz and Stegun (1964), 7.1.26. */
export function normalCdf(/** @type {number} */ x) {
  const t = 1 / (1 + 0.3275911 * (Math.abs(x) * Math.SQRT1_2));
  const series =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const tail = 0.5 * series * Math.exp((-x * x) / 2);
  return x < 0 ? tail : 1 - tail;
}

// How near to 0 and 1 a probability is taken for itself.
const EDGE = 1e-6;

/** The x that P(X < x) = p belongs to, by bisection on `normalCdf`: inverse to it, not only close. */
export function normalQuantile(/** @type {number} */ p) {
  const wanted = Math.min(1 - EDGE, Math.max(EDGE, p));
  let [low, high] = [-6, 6];
  for (let k = 0; k < 48; k++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < wanted) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
