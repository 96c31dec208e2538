/** Pictures as an animated GIF (GIF89a): they share 255 colours, and what stays is left out. */

// Bits of a colour's number, and of the longest code.
const [BITS, MAX_BITS] = [8, 12];
// The last number shows what was there before.
export const MAX_COLOURS = 255;
const UNCHANGED = 255;
// Browsers take less than two hundredths of a second for ten.
const [LEAST, MOST] = [2, 65_535];

export class GifEncoder {
  /**
   * @param {number} width
   * @param {number} height
   * @param {import("./palette.js").Palette} palette of at most `MAX_COLOURS`
   * @param {string} comment
   */
  constructor(width, height, palette, comment) {
    this.width = width;
    this.height = height;
    this.palette = palette;
    this.parts = [header(width, height, palette.colours, comment)];
    /** Numbers of the colours on show, (H, W). @type {Uint8Array|null} */
    this.shown = null;
    /** Seconds of all frames so far, and the delay of the last one. */
    this.seconds = 0;
    this.delay = new DataView(new ArrayBuffer(2));
  }

  /**
   * Show a picture, and for how long.
   * @param {Uint8ClampedArray} rgba (H, W, 4)
   * @param {number} seconds
   */
  add(rgba, seconds) {
    const numbers = this.palette.numbers(rgba);
    const box = this.shown ? changed(this.shown, numbers, this.width) : whole(this);
    // Delays are rounded so that their sum is not.
    const hundredths = (/** @type {number} */ value) => Math.round(100 * value);
    const delay = hundredths(this.seconds + seconds) - hundredths(this.seconds);
    this.seconds += seconds;
    const before = this.delay.getUint16(0, true);
    if (!box && before + delay <= MOST) {
      this.delay.setUint16(0, before + delay, true);
      return;
    }
    const frame = this.frame(numbers, box ?? { left: 0, top: 0, width: 1, height: 1 });
    this.delay = new DataView(frame.buffer, 4, 2);
    this.delay.setUint16(0, Math.min(MOST, Math.max(LEAST, delay)), true);
    this.parts.push(frame);
    this.shown = numbers;
  }

  /** @returns {Uint8Array<ArrayBuffer>} what changes within a box */
  frame(/** @type {Uint8Array} */ numbers, /** @type {Box} */ { left, top, width, height }) {
    const { shown } = this;
    const part = new Uint8Array(width * height);
    for (let y = 0, to = 0; y < height; y++) {
      let from = (top + y) * this.width + left;
      for (let x = 0; x < width; x++, from++, to++) {
        part[to] = shown?.[from] === numbers[from] ? UNCHANGED : numbers[from];
      }
    }
    const head = [
      // Pictures stay under the next one; a delay follows.
      ...[0x21, 0xf9, 4, 0b101, 0, 0, UNCHANGED, 0],
      ...[0x2c, ...[left, top, width, height].flatMap(short), 0, BITS],
    ];
    const data = blocks(compress(part));
    const made = new Uint8Array(head.length + data.length);
    made.set(head);
    made.set(data, head.length);
    return made;
  }

  /** @returns {Blob} the file */
  finish() {
    return new Blob([...this.parts, Uint8Array.of(0x3b)], { type: "image/gif" });
  }
}

/** @typedef {{left: number, top: number, width: number, height: number}} Box */

/** @returns {Box} */
function whole(/** @type {{width: number, height: number}} */ { width, height }) {
  return { left: 0, top: 0, width, height };
}

/** @returns {Box|null} of what differs, if anything does */
function changed(
  /** @type {Uint8Array} */ before,
  /** @type {Uint8Array} */ after,
  /** @type {number} */ width,
) {
  let [left, right, top, bottom] = [width, -1, -1, -1];
  for (let k = 0; k < after.length; k++) {
    if (before[k] === after[k]) continue;
    const x = k % width;
    bottom = (k - x) / width;
    if (top < 0) top = bottom;
    if (x < left) left = x;
    if (x > right) right = x;
  }
  return top < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function header(
  /** @type {number} */ width,
  /** @type {number} */ height,
  /** @type {Uint8Array} */ colours,
  /** @type {string} */ comment,
) {
  const letters = (/** @type {string} */ text) => new TextEncoder().encode(text);
  const table = new Uint8Array(3 << BITS);
  table.set(colours);
  return Uint8Array.from([
    ...letters("GIF89a"),
    ...[...short(width), ...short(height), 0xf7, 0, 0],
    ...table,
    // For ever.
    ...[0x21, 0xff, 11, ...letters("NETSCAPE2.0"), 3, 1, 0, 0, 0],
    ...[0x21, 0xfe, ...blocks(letters(comment))],
  ]);
}

/** Bytes in blocks of at most 255, each after its length. */
function blocks(/** @type {Uint8Array} */ bytes) {
  const made = new Uint8Array(bytes.length + Math.ceil(bytes.length / 255) + 1);
  for (let from = 0, to = 0; from < bytes.length; from += 255, to += 256) {
    const block = bytes.subarray(from, from + 255);
    made[to] = block.length;
    made.set(block, to + 1);
  }
  return made;
}

/** LZW, as GIF has it: codes grow from 9 to 12 bits, then the table begins anew. */
function compress(/** @type {Uint8Array} */ numbers) {
  const [clear, end] = [1 << BITS, (1 << BITS) + 1];
  /** Codes of what has been seen, by the code of all but its last number, and that; 0 for none. */
  const seen = new Uint16Array(1 << (MAX_BITS + BITS));
  // A code has 12 bits at most, and stands for a number at least; every few thousand the table is cleared.
  const bytes = new Uint8Array(Math.ceil(1.51 * numbers.length) + 8);
  let length = 0;
  let [held, count, bits, next] = [0, 0, BITS + 1, end + 1];
  const put = (/** @type {number} */ code) => {
    held |= code << count;
    for (count += bits; count >= 8; count -= 8) {
      bytes[length++] = held & 255;
      held >>>= 8;
    }
  };
  put(clear);
  let prefix = numbers[0];
  for (let k = 1; k < numbers.length; k++) {
    const key = (prefix << BITS) | numbers[k];
    if (seen[key]) {
      prefix = seen[key];
      continue;
    }
    put(prefix);
    prefix = numbers[k];
    if (next === 1 << MAX_BITS) {
      put(clear);
      seen.fill(0);
      [bits, next] = [BITS + 1, end + 1];
      continue;
    }
    // A reader learns of a code one step later.
    if (next === 1 << bits) bits++;
    seen[key] = next++;
  }
  put(prefix);
  put(end);
  if (count) bytes[length++] = held & 255;
  return bytes.subarray(0, length);
}

function short(/** @type {number} */ value) {
  return [value & 255, value >> 8];
}
