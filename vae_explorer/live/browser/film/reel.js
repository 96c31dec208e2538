/**
 * The snapshots of a training, and what lies between them. Time counts in snapshots, from 0 to
 * S - 1; between two of them everything is interpolated: codes, loss, and pictures by their pixels.
 * To a map a reel offers a space and a projection, whose codes are places on the film's plane, (2,).
 */
import { halfToFloat } from "../dom/blob.js";
import { dimensionPlane } from "../space/plane.js";
import { Projection } from "../space/projection.js";
import { Space } from "../space/space.js";
import { View } from "../space/view.js";

/** @typedef {import("../space/view.js").Place} Place */

// Room of the axes beside the lattice, on the left and below, as a share of it.
const BAND = 0.08;

export class Reel {
  /**
   * @param {import("../dom/blob.js").Blob} blob as `film_blob` packs it
   * @param {ImageBitmap[]} sheets S pictures of G x G pictures
   */
  constructor({ header, arrays }, sheets) {
    this.header = header;
    /** Epochs gone at each snapshot, (S,). @type {Float32Array} */
    this.epoch = arrays.epoch;
    /** Of the filmed test images, nats an image, (S,). @type {Float32Array} */
    this.negElbo = arrays.neg_elbo;
    /** Middle and side of the square that the sheets cover. @type {Float32Array} */
    this.box = arrays.box;
    this.sheets = sheets;
    /** S */
    this.count = sheets.length;
    this.space = spaceOf(header, arrays);
    /** Where the codes are in each snapshot, (S, M, 2). */
    this.places = halfToFloat(arrays.xy);
    const [x, y, side] = this.box;
    this.view = new View(x - (BAND / 2) * side, y - (BAND / 2) * side, (1 + BAND) * side);
    /** Of the film's plane: where it is measured from, (D,), and its axes, (2, D). */
    this.center = /** @type {Float32Array} */ (arrays.center);
    this.axes = /** @type {Float32Array} */ (arrays.axes);
    this.projection = new FilmProjection(this, originOf(arrays));
    /** Pixels of the sheets that were looked into. @type {Map<number, ImageData>} */
    this.pixels = new Map();
    this.picture = new Float32Array(this.space.shape.reduce((product, size) => product * size));
  }

  /** @param {import("../dom/blob.js").Blob} blob */
  static async of(blob) {
    let end = 0;
    const sheets = Array.from(blob.arrays.sizes, (size) => {
      end += size;
      const sheet = blob.arrays.sheets.slice(end - size, end);
      return createImageBitmap(new Blob([sheet], { type: "image/webp" }));
    });
    return new Reel(blob, await Promise.all(sheets));
  }

  /** The same film with arrays of its own: so two times can be on show. @returns {Reel} */
  copy() {
    const { space, box, count, projection, picture } = this;
    return Object.assign(Object.create(this), {
      projection: new FilmProjection({ space, box, count }, projection.origin),
      picture: new Float32Array(picture.length),
    });
  }

  /** @returns {{k: number, share: number}} the snapshot before a time, and how far on it is */
  at(/** @type {number} */ time) {
    const k = Math.min(Math.floor(time), this.count - 2);
    return { k, share: time - k };
  }

  /** A value at a time, of one for each snapshot, (S,). */
  value(/** @type {ArrayLike<number>} */ values, /** @type {number} */ time) {
    const { k, share } = this.at(time);
    return (1 - share) * values[k] + share * values[k + 1];
  }

  /** When an epoch was reached. @returns {number} a time */
  timeOf(/** @type {number} */ epoch) {
    const after = this.epoch.findIndex((reached) => reached >= epoch);
    if (after <= 0) return after === 0 ? 0 : this.count - 1;
    const [from, to] = [this.epoch[after - 1], this.epoch[after]];
    return after - 1 + (epoch - from) / (to - from);
  }

  /** Where one test image is at a time. @returns {Place} */
  placeOf(/** @type {number} */ row, /** @type {number} */ time) {
    const { k, share } = this.at(time);
    const from = 2 * (this.space.count * k + row);
    const next = from + 2 * this.space.count;
    const between = (/** @type {number} */ d) =>
      (1 - share) * this.places[from + d] + share * this.places[next + d];
    return [between(0), between(1)];
  }

  /** The code at a place of the plane, (D,). */
  codeAt(/** @type {ArrayLike<number>} */ place) {
    const { center, axes } = this;
    return center.map(
      (value, d) => value + place[0] * axes[d] + place[1] * axes[center.length + d],
    );
  }

  /**
   * What a map shows the codes of a time on. Its coordinates stand in one array for all times: they
   * are valid until the next call.
   * @returns {FilmProjection}
   */
  projectionAt(/** @type {number} */ time) {
    const { k, share } = this.at(time);
    const { places, projection } = this;
    const { xy } = projection;
    const from = xy.length * k;
    const next = from + xy.length;
    for (let n = 0; n < xy.length; n++) {
      xy[n] = (1 - share) * places[from + n] + share * places[next + n];
    }
    return Object.assign(Object.create(projection), { time });
  }

  /**
   * The picture at a place of the plane, between those of the lattice's four nearest cells.
   * @returns {Float32Array} (H, W, C) from 0 to 1, valid until the next call
   */
  pictureAt(/** @type {ArrayLike<number>} */ place, /** @type {number} */ time) {
    const { across } = this.header;
    const [height, width] = this.space.shape;
    const side = this.box[2] / across;
    const column = clamp((place[0] - this.box[0]) / side + across / 2 - 0.5, across - 1);
    const row = clamp(across / 2 - 0.5 - (place[1] - this.box[1]) / side, across - 1);
    const { k, share } = this.at(time);
    this.picture.fill(0);
    for (const [sheet, part] of [
      [k, 1 - share],
      [k + 1, share],
    ]) {
      if (part === 0) continue;
      const image = this.pixelsOf(sheet);
      for (const [r, down] of weights(row, across)) {
        for (const [c, right] of weights(column, across)) {
          this.add(image, c * width, r * height, (part * down * right) / 255);
        }
      }
    }
    return this.picture;
  }

  add(
    /** @type {ImageData} */ image,
    /** @type {number} */ left,
    /** @type {number} */ top,
    /** @type {number} */ weight,
  ) {
    const [height, width, channels] = this.space.shape;
    for (let y = 0, to = 0; y < height; y++) {
      let from = 4 * ((top + y) * image.width + left);
      for (let x = 0; x < width; x++, from += 4) {
        for (let channel = 0; channel < channels; channel++) {
          this.picture[to++] += weight * image.data[from + channel];
        }
      }
    }
  }

  /** @returns {ImageData} */
  pixelsOf(/** @type {number} */ k) {
    const known = this.pixels.get(k);
    if (known) return known;
    const { width, height } = this.sheets[k];
    const canvas = new OffscreenCanvas(width, height);
    const options = { willReadFrequently: true };
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (
      canvas.getContext("2d", options)
    );
    context.drawImage(this.sheets[k], 0, 0);
    const pixels = context.getImageData(0, 0, width, height);
    this.pixels.set(k, pixels);
    return pixels;
  }

  /** Give back the sheets: a megabyte each, and their pixels as much again. */
  close() {
    for (const sheet of this.sheets) sheet.close();
    this.pixels.clear();
  }
}

/** The film's plane, with the codes of one time on it. */
export class FilmProjection extends Projection {
  constructor(
    /** @type {Pick<Reel, "space"|"box"|"count">} */ { space, box: [x, y, side], count },
    /** @type {Place} */ origin,
  ) {
    const { titles } = /** @type {any} */ (space.header);
    const plane = dimensionPlane(2, 0, 1);
    super(space, "film", { plane, xy: new Float32Array(2 * space.count), titles });
    this.origin = origin;
    /** @type {import("../space/view.js").Box} */
    this.extent = [x - side / 2, y - side / 2, x + side / 2, y + side / 2];
    this.time = count - 1;
  }
}

function spaceOf(
  /** @type {object} */ header,
  /** @type {Record<string, ArrayLike<number>>} */ { label, index },
) {
  const none = { mean: new Float32Array(), logvar: new Uint16Array() };
  const plane = { center: new Float32Array(2), axes: Float32Array.of(1, 0, 0, 1) };
  return new Space({ header, arrays: { label, index, ...none, ...plane } });
}

/** Where the prior's mean is on the film's plane. @returns {Place} */
function originOf(/** @type {Record<string, Float32Array>} */ { center, axes }) {
  const along = (/** @type {number} */ axis) =>
    -center.reduce((sum, value, d) => sum + value * axes[axis * center.length + d], 0);
  return [along(0), along(1)];
}

function clamp(/** @type {number} */ value, /** @type {number} */ most) {
  return Math.min(most, Math.max(0, value));
}

/** The whole numbers on both sides of a place, and how much each counts. */
function weights(/** @type {number} */ place, /** @type {number} */ count) {
  const before = Math.min(Math.floor(place), count - 1);
  const share = place - before;
  if (share === 0) return [[before, 1]];
  return [
    [before, 1 - share],
    [before + 1, share],
  ];
}
