/** Pictures as an animated GIF (GIF89a), each colour one of 256 that all frames share. */

// Bits of a colour's number, and of the longest code.
const [BITS, MAX_BITS] = [8, 12];

/**
 * @param {Float32Array} pixels (S, H, W, C) from 0 to 1, C 1 or 3
 * @param {number[]} shape (H, W, C)
 * @param {number[]} order numbers of the pictures, one for each frame
 * @param {number} scale pixels a side for each pixel
 * @param {number} seconds a frame
 * @returns {Blob}
 */
export function gif(pixels, [height, width, channels], order, scale, seconds) {
  const size = height * width * channels;
  const colourOf = channels === 1 ? grey : colour;
  const [wide, high] = [width * scale, height * scale];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [header(wide, high, channels === 1 ? greys() : colours())];
  /** Each picture is compressed once. @type {Map<number, Uint8Array<ArrayBuffer>>} */
  const made = new Map();
  for (const k of order) {
    if (!made.has(k)) {
      const picture = pixels.subarray(k * size, (k + 1) * size);
      const numbers = new Uint8Array(wide * high);
      for (let y = 0, at = 0; y < high; y++) {
        const line = Math.floor(y / scale) * width;
        for (let x = 0; x < wide; x++, at++) {
          numbers[at] = colourOf(picture, (line + Math.floor(x / scale)) * channels);
        }
      }
      made.set(k, frame(numbers, wide, high, seconds));
    }
    parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (made.get(k)));
  }
  parts.push(Uint8Array.of(0x3b));
  return new Blob(parts, { type: "image/gif" });
}

function byte(/** @type {number} */ value) {
  return Math.max(0, Math.min(255, Math.floor(255 * value)));
}

function grey(/** @type {Float32Array} */ picture, /** @type {number} */ at) {
  return byte(picture[at]);
}

// Six shades of red, seven of green, six of blue: the eye is keenest on green.
const SHADES = [6, 7, 6];

function colour(/** @type {Float32Array} */ picture, /** @type {number} */ at) {
  return SHADES.reduce(
    (number, shades, c) =>
      number * shades + Math.round((byte(picture[at + c]) / 255) * (shades - 1)),
    0,
  );
}

function greys() {
  return Uint8Array.from({ length: 768 }, (_, k) => Math.floor(k / 3));
}

function colours() {
  const table = new Uint8Array(768);
  const [reds, greens, blues] = SHADES;
  for (let k = 0; k < reds * greens * blues; k++) {
    const shades = [Math.floor(k / blues / greens), Math.floor(k / blues) % greens, k % blues];
    shades.forEach((shade, c) => {
      table[3 * k + c] = Math.round((255 * shade) / (SHADES[c] - 1));
    });
  }
  return table;
}

function header(
  /** @type {number} */ width,
  /** @type {number} */ height,
  /** @type {Uint8Array} */ table,
) {
  const text = (/** @type {string} */ letters) => [...letters].map((one) => one.charCodeAt(0));
  return Uint8Array.from([
    ...text("GIF89a"),
    ...[...short(width), ...short(height), 0xf7, 0, 0],
    ...table,
    // For ever.
    ...[0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0],
  ]);
}

/** @returns {Uint8Array<ArrayBuffer>} of numbers of colours, (H, W) */
function frame(
  /** @type {Uint8Array} */ numbers,
  /** @type {number} */ width,
  /** @type {number} */ height,
  /** @type {number} */ seconds,
) {
  const data = compress(numbers);
  const blocks = [];
  for (let from = 0; from < data.length; from += 255) {
    const block = data.slice(from, from + 255);
    blocks.push(block.length, ...block);
  }
  return Uint8Array.from([
    // Browsers take less than two hundredths of a second for ten.
    ...[0x21, 0xf9, 4, 0, ...short(Math.max(2, Math.round(100 * seconds))), 0, 0],
    ...[0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0, BITS],
    ...[...blocks, 0],
  ]);
}

/** LZW, as GIF has it: codes grow from 9 to 12 bits, then the table begins anew. */
function compress(/** @type {Uint8Array} */ numbers) {
  const [clear, end] = [1 << BITS, (1 << BITS) + 1];
  /** Codes of what has been seen, by the code of all but its last number, and that. @type {Map<number, number>} */
  const seen = new Map();
  /** @type {number[]} */
  const bytes = [];
  let [held, count, bits, next] = [0, 0, BITS + 1, end + 1];
  const put = (/** @type {number} */ code) => {
    held |= code << count;
    for (count += bits; count >= 8; count -= 8) {
      bytes.push(held & 255);
      held >>>= 8;
    }
  };
  put(clear);
  let prefix = numbers[0];
  for (let k = 1; k < numbers.length; k++) {
    const key = (prefix << BITS) | numbers[k];
    const known = seen.get(key);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    put(prefix);
    prefix = numbers[k];
    if (next === 1 << MAX_BITS) {
      put(clear);
      seen.clear();
      [bits, next] = [BITS + 1, end + 1];
      continue;
    }
    // A reader learns of a code one step later.
    if (next === 1 << bits) bits++;
    seen.set(key, next++);
  }
  put(prefix);
  put(end);
  if (count) bytes.push(held & 255);
  return bytes;
}

function short(/** @type {number} */ value) {
  return [value & 255, value >> 8];
}
