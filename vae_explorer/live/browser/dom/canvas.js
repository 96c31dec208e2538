/** Canvases: decoded pictures that say what they were decoded from, sizes and colours. */

/**
 * A canvas that is a decoded picture, `data-testid="decoded"`, once one is painted on it.
 * @param {number[]} shape (H, W, C)
 * @param {string} label what the picture is, for those who cannot see it
 */
export function createPicture([height, width], label) {
  const canvas = document.createElement("canvas");
  canvas.className = "lm-decoded";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/**
 * Paint one picture and write down what it shows; keep the last one where a value is no number.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} pixels (H, W, C) from 0 to 1
 * @param {ArrayLike<number> | null} z what `pixels` were decoded from; null for an original
 * @param {number} started `performance.now()` before decoding
 * @returns {boolean} whether it was painted
 */
export function paint(canvas, pixels, z, started) {
  const context = contextOf(canvas);
  const image = context.createImageData(canvas.width, canvas.height);
  const channels = pixels.length / (canvas.width * canvas.height);
  if (!toColours(pixels, channels, image)) return false;
  context.putImageData(image, 0, 0);
  if (z) {
    canvas.dataset.testid = "decoded";
    canvas.dataset.z = JSON.stringify(Array.from(z));
    canvas.dataset.ms = (performance.now() - started).toFixed(3);
  }
  return true;
}

/**
 * Write one picture into a larger image.
 * @param {Float32Array} pixels (H, W, C) from 0 to 1
 * @param {number} channels C, 1 or 3
 * @param {ImageData} image
 * @param {number} [left] where in it the picture begins, in its pixels
 * @param {number} [top]
 * @param {number} [width] of the picture
 * @returns {boolean} whether all pixels were numbers
 */
export function toColours(pixels, channels, image, left = 0, top = 0, width = image.width) {
  const colours = image.data;
  const height = pixels.length / (channels * width);
  let sum = 0;
  for (let from = 0, y = 0; y < height; y++) {
    let to = 4 * ((top + y) * image.width + left);
    for (let x = 0; x < width; x++, from += channels, to += 4) {
      const red = 255 * pixels[from];
      sum += red;
      colours[to] = red;
      colours[to + 1] = channels === 1 ? red : 255 * pixels[from + 1];
      colours[to + 2] = channels === 1 ? red : 255 * pixels[from + 2];
      colours[to + 3] = 255;
    }
  }
  return !Number.isNaN(sum);
}

/**
 * The 2-D context of a canvas that has no other.
 * @template {HTMLCanvasElement|OffscreenCanvas} Canvas
 * @param {Canvas} canvas
 */
export function contextOf(canvas) {
  return /** @type {Canvas extends OffscreenCanvas ? OffscreenCanvasRenderingContext2D : CanvasRenderingContext2D} */ (
    canvas.getContext("2d")
  );
}

/**
 * Give a square canvas as many pixels as the screen has for it.
 * @param {HTMLCanvasElement} canvas
 * @param {number} side in CSS pixels
 * @returns {number} pixels a CSS pixel
 */
export function fitCanvas(canvas, side) {
  const pixels = Math.max(1, Math.round(side * (globalThis.devicePixelRatio || 1)));
  // Setting a canvas's size, even to what it is, costs a new bitmap.
  if (canvas.width !== pixels) canvas.width = pixels;
  if (canvas.height !== pixels) canvas.height = pixels;
  return pixels / side;
}

/**
 * Black or white, whichever is easier to read on a colour.
 * @param {string} colour `#rrggbb`
 */
export function ink(colour) {
  const [red, green, blue] = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 150 ? "black" : "white";
}

/** How wide a text is, in pixels. */
export function textWidth(/** @type {string} */ words, /** @type {string} */ font) {
  const context = contextOf(new OffscreenCanvas(1, 1));
  context.font = font;
  return context.measureText(words).width;
}
