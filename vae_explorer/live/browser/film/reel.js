/**
 * The snapshots of a training, and what lies between them. Time counts in snapshots, from 0 to
 * S - 1; between two of them everything is interpolated: codes, loss, and pictures by their pixels.
 */
import { halfToFloat } from "../dom/blob.js";

export class Reel {
  /**
   * @param {import("../dom/blob.js").Blob} blob as `film_blob` packs it
   * @param {ImageBitmap[]} sheets S pictures of G x G pictures
   */
  constructor({ header, arrays }, sheets) {
    this.header = header;
    Object.assign(this, arrays);
    this.sheets = sheets;
    this.count = sheets.length;
    this.digits = arrays.label.length;
    this.places = halfToFloat(arrays.xy);
    const [channels, height, width] = header.image_shape;
    this.shape = [height, width, channels];
    /** Pixels of the sheets that were looked into. @type {Map<number, ImageData>} */
    this.pixels = new Map();
  }

  /** @param {import("../dom/blob.js").Blob} blob */
  static async of(blob) {
    let from = 0;
    const parts = Array.from(blob.arrays.sizes, (size) => {
      from += size;
      return blob.arrays.sheets.slice(from - size, from);
    });
    const type = "image/webp";
    const sheets = parts.map((part) => createImageBitmap(new Blob([part], { type })));
    return new Reel(blob, await Promise.all(sheets));
  }

  /** @returns {{k: number, share: number}} the snapshot before a time, and how far on it is */
  at(time) {
    const k = Math.min(Math.floor(time), this.count - 2);
    return { k, share: time - k };
  }

  /** A value that each snapshot has one of. @param {ArrayLike<number>} values (S,) */
  value(values, time) {
    const { k, share } = this.at(time);
    return (1 - share) * values[k] + share * values[k + 1];
  }

  /** Where the digits are at a time, (M, 2). @param {Float32Array} into */
  xyAt(time, into) {
    const { k, share } = this.at(time);
    const from = 2 * this.digits * k;
    const next = from + 2 * this.digits;
    for (let n = 0; n < into.length; n++) {
      into[n] = (1 - share) * this.places[from + n] + share * this.places[next + n];
    }
    return into;
  }

  /** Where one digit is. @returns {[number, number]} */
  placeOf(digit, time) {
    const { k, share } = this.at(time);
    const from = 2 * (this.digits * k + digit);
    const next = from + 2 * this.digits;
    return [0, 1].map((d) => (1 - share) * this.places[from + d] + share * this.places[next + d]);
  }

  /**
   * The picture at a place of the plane, between those of the lattice's four nearest cells.
   * @returns {Float32Array} (H, W, C) from 0 to 1
   */
  pictureAt([x, y], time) {
    const { across } = this.header;
    const [height, width, channels] = this.shape;
    const side = this.box[2] / across;
    const column = clamp((x - this.box[0]) / side + across / 2 - 0.5, across - 1);
    const row = clamp(across / 2 - 0.5 - (y - this.box[1]) / side, across - 1);
    const { k, share } = this.at(time);
    const picture = new Float32Array(height * width * channels);
    for (const [sheet, part] of [
      [k, 1 - share],
      [k + 1, share],
    ]) {
      if (part === 0) continue;
      const image = this.pixelsOf(sheet);
      for (const [r, down] of weights(row, across)) {
        for (const [c, right] of weights(column, across)) {
          add(picture, image, c * width, r * height, this.shape, (part * down * right) / 255);
        }
      }
    }
    return picture;
  }

  pixelsOf(k) {
    if (!this.pixels.has(k)) {
      const { width, height } = this.sheets[k];
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.drawImage(this.sheets[k], 0, 0);
      this.pixels.set(k, context.getImageData(0, 0, width, height));
    }
    return this.pixels.get(k);
  }

  close() {
    for (const sheet of this.sheets) sheet.close();
  }
}

function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}

/** The whole numbers on both sides of a place, and how much each counts. */
function weights(place, count) {
  const before = Math.min(Math.floor(place), count - 1);
  const share = place - before;
  return share === 0
    ? [[before, 1]]
    : [
        [before, 1 - share],
        [before + 1, share],
      ];
}

function add(picture, image, left, top, [height, width, channels], weight) {
  for (let y = 0, to = 0; y < height; y++) {
    let from = 4 * ((top + y) * image.width + left);
    for (let x = 0; x < width; x++, from += 4) {
      for (let channel = 0; channel < channels; channel++) {
        picture[to++] += weight * image.data[from + channel];
      }
    }
  }
}
