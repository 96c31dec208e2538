/**
 * Where the hand is: the code z, the plane and the part of it in view, the digit that was taken,
 * the ends of a path. All codes are (D,).
 */
import { FLAT } from "./space.js";
import { View } from "./view.js";

/**
 * @typedef {{z: Float64Array, row?: number}} End of a path; a test digit, where it has a row
 * @typedef {{row: number|null, mean: Float64Array, variance: Float64Array}} Taken q(z|x) of a test
 *   digit, or of a drawing, which has no row
 */

export class Hand {
  /** @param {import("./space.js").Space} space */
  constructor(space) {
    this.space = space;
    this.z = new Float32Array(space.dims);
    this.plane = null;
    this.planeName = "";
    /** Coordinates of all codes on what is shown, (N, 2). @type {Float32Array} */
    this.xy = null;
    this.view = new View();
    /** What shows all codes on what is shown. */
    this.around = new View();
    /** @type {End[]} */
    this.path = [];
    /** @type {Taken|null} */
    this.taken = null;
    /** How the path goes from end to end, and what is equal between its steps. */
    this.way = "lerp";
    this.spacing = "z";
    /** Classes that are not shown. @type {Set<number>} */
    this.hidden = new Set();
  }

  /**
   * Put everything where it was; what was not said is where a first visitor finds it.
   * @param {Object} state as `vae_explorer/live/hand.py` gives it
   */
  restore({ z, digit, path = [], plane, view, way, hide = [] }) {
    const { space } = this;
    if (way) [this.way, this.spacing] = way;
    hide.forEach((kind) => this.hidden.add(kind));
    this.path = path
      .map((end) => (Array.isArray(end) ? { z: Float64Array.from(end) } : this.endAt(end)))
      .filter((end) => this.isCode(end.z));
    const moved = z && this.moveTo(z);
    // In many dimensions most places decode to nothing much: start on a digit.
    const row = digit < space.count ? digit : moved ? null : 0;
    if (row !== null) this.take(row);
    if (moved) this.moveTo(z);
    const first = space.dims > 2 ? "pca:0,1" : "dims:0,1";
    // Two dimensions are a plane by themselves.
    const asked = space.dims > 2 ? (plane ?? first) : first;
    if (!this.choosePlane(asked, view)) this.choosePlane(first);
  }

  /** @returns {Object} the state, for `restore` */
  snapshot() {
    const { view } = this;
    return {
      z: Array.from(this.z),
      digit: this.taken?.row ?? null,
      path: this.path.map((end) => end.row ?? Array.from(end.z)),
      plane: this.planeName,
      view: [view.x, view.y, view.span],
      way: [this.way, this.spacing],
      hide: [...this.hidden].sort(),
    };
  }

  /** Whether z has a number for each dimension. */
  isCode(z) {
    return z.length === this.space.dims && z.every(Number.isFinite);
  }

  /** Move to z. @returns {boolean} false, and it stays, where z is no code */
  moveTo(z) {
    if (!this.isCode(z)) return false;
    this.z = Float32Array.from(z);
    return true;
  }

  /**
   * Show another plane, as a whole or the part in `view`: x, y, span.
   * @param {string} name as `Space.plane` takes it, or of a flat view
   * @returns {boolean} false, and it stays, where there is no such plane
   */
  choosePlane(name, view) {
    const { space } = this;
    const flat = FLAT[name] && space[name];
    const plane = flat ? null : space.plane(name);
    if (!flat && !plane) return false;
    this.planeName = name;
    this.lay(plane, plane ? plane.all(space.mean) : flat, view);
    return true;
  }

  /** Show a plane that has no name of its own. @param {import("./plane.js").Plane} plane */
  usePlane(plane) {
    this.planeName = plane.name;
    this.lay(plane, plane.all(this.space.mean));
  }

  /** Lay the codes out at `xy`, (N, 2), and show them as a whole or the part in `view`. */
  lay(plane, xy, view) {
    this.plane = plane;
    this.xy = xy;
    this.around = View.around(xy);
    // Two dimensions show the prior to three standard deviations, too.
    if (this.space.dims === 2) this.around.span = Math.max(this.around.span, 6.6);
    const { side } = this.view;
    this.view = view ? new View(...view) : this.whole();
    this.view.side = side;
  }

  /** @returns {View} that shows everything, the hand and the path too */
  whole() {
    const view = new View(this.around.x, this.around.y, this.around.span);
    for (const z of [this.z, ...this.path.map((end) => end.z)]) view.include(...this.placeOf(z));
    view.side = this.view.side;
    return view;
  }

  /** Have the map show the hand, where it has left what is in view. */
  follow() {
    const [left, top] = this.view.toScreen(...this.placeOf(this.z));
    const beyond = (place) => Math.min(0, place) + Math.max(0, place - this.view.side);
    this.view.pan(-beyond(left), -beyond(top));
  }

  /** @returns {[string, string]} what the map's axes are */
  get titles() {
    return this.plane?.titles ?? [1, 2].map((k) => `${FLAT[this.planeName]} ${k}`);
  }

  /** Where a code is on the map. A flat view cannot say: there it is where the nearest digit stands. */
  placeOf(z) {
    if (this.plane) return this.plane.coordinates(z);
    const row = this.space.nearest(z);
    return [this.xy[2 * row], this.xy[2 * row + 1]];
  }

  /**
   * The code at a place on the map, in pixels: on the plane through `from`, which keeps the rest of
   * it. A flat view has no inverse: there it is the nearest digit's code.
   */
  codeAt(left, top, from = this.z) {
    return this.codeAtPlace(this.view.toPlane(left, top), from);
  }

  codeAtPlace(place, from = this.z) {
    if (this.plane) return this.plane.at(this.plane.residual(from), ...place);
    const row = this.space.nearestOnMap(this.xy, place, this.hidden);
    return row === null ? Float64Array.from(from) : this.space.code(row);
  }

  /** The code a step of `size`, in the map's units, to the right and up. */
  codeBeside(right, up, size) {
    const [x, y] = this.placeOf(this.z);
    if (this.plane) return this.codeAtPlace([x + right * size, y + up * size]);
    const row = this.space.nearestAlong(this.xy, [x, y], [right, up], this.hidden);
    return row === null ? this.z : this.space.code(row);
  }

  /** The row of the point under a place, in pixels. @returns {number|null} */
  pointAt(left, top, reach) {
    const place = this.view.toPlane(left, top);
    return this.space.nearestOnMap(this.xy, place, this.hidden, reach / this.view.scale);
  }

  /** Take a test digit: z becomes its mean. */
  take(row) {
    const mean = this.space.code(row);
    this.taken = { row, mean, variance: this.space.variance(row) };
    this.moveTo(mean);
  }

  /**
   * Take a drawing by what the encoder gave for it.
   * @param {Float32Array} code mean and log-variance, (2D,)
   * @returns {boolean} false, and nothing is taken, where a mean is no number
   */
  takeDrawing(code) {
    const { dims } = this.space;
    const mean = Float64Array.from(code.subarray(0, dims));
    if (!this.moveTo(mean)) return false;
    this.taken = { row: null, mean, variance: Float64Array.from(code.subarray(dims), Math.exp) };
    return true;
  }

  /**
   * Draw z = mean + sigma * eps from the posterior of what is taken, eps ~ N(0, I) by Box and
   * Muller (1958).
   * @param {() => number} random from 0 to below 1
   */
  resample(random = Math.random) {
    const { mean, variance } = this.taken;
    this.moveTo(
      mean.map((value, d) => {
        const length = Math.sqrt(-2 * Math.log(1 - random()));
        return value + Math.sqrt(variance[d]) * length * Math.cos(2 * Math.PI * random());
      }),
    );
  }

  /** @returns {End} of a path, at a test digit */
  endAt(row) {
    return { row, z: this.space.code(row) };
  }

  /** Move an end of the path to a place, in pixels; it keeps what lies off the plane. */
  moveEnd(k, left, top) {
    this.path[k] = { z: this.codeAt(left, top, this.path[k].z) };
  }

  /** Rows of the first three ends that are test digits. @returns {number[]|null} */
  get threeDigits() {
    const rows = this.path.map((end) => end.row).filter((row) => row !== undefined);
    return new Set(rows).size > 2 ? [...new Set(rows)].slice(0, 3) : null;
  }
}
