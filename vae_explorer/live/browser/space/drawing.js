/**
 * A drawing as a text for an address: 16 levels of grey. A level from 1 to 15 is a pixel; 0 and a
 * number n are n + 1 black ones. Two of these numbers make a byte, and the bytes are base64url.
 */

const WHITE = 15;
const MAX_RUN = 16;
// A longer one would not pass through every server and messenger.
const MAX_LENGTH = 4000;

/** @returns {string|null} null where it is too long for an address */
export function writeDrawing(/** @type {Float32Array} */ pixels) {
  /** @type {number[]} */
  const codes = [];
  for (let k = 0; k < pixels.length; ) {
    const level = levelOf(pixels[k]);
    if (level) {
      codes.push(level);
      k++;
      continue;
    }
    let run = 1;
    while (run < MAX_RUN && k + run < pixels.length && !levelOf(pixels[k + run])) run++;
    codes.push(0, run - 1);
    k += run;
  }
  let bytes = "";
  for (let k = 0; k < codes.length; k += 2) {
    bytes += String.fromCharCode(16 * codes[k] + (codes[k + 1] ?? 0));
  }
  const text = btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return text.length > MAX_LENGTH ? null : text;
}

/**
 * @param {string} text
 * @param {readonly number[]} shape (H, W, C)
 * @returns {Float32Array|null} pixels, (H, W, C) from 0 to 1; null for what is no drawing of that shape
 */
export function readDrawing(text, [height, width, channels]) {
  const size = height * width;
  if (channels !== 1 || text.length > MAX_LENGTH || !/^[\w-]+$/.test(text)) return null;
  if (text.length % 4 === 1) return null;
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const codes = Array.from(bytes, (byte) => byte.charCodeAt(0)).flatMap((b) => [b >> 4, b & 15]);
  const pixels = new Float32Array(size);
  let end = 0;
  let k = 0;
  while (k < codes.length && end < size) {
    if (codes[k]) pixels[end++] = codes[k++] / WHITE;
    else {
      end += (codes[k + 1] ?? 0) + 1;
      k += 2;
    }
  }
  // The last byte may be half empty.
  const isWhole = end === size && codes.length - k <= 1 && !codes[k];
  return isWhole && pixels.some(Boolean) ? pixels : null;
}

function levelOf(/** @type {number} */ value) {
  return Math.round(WHITE * Math.min(1, Math.max(0, value)));
}
