/** Pictures as PNG files, with metadata. */
import { SOFTWARE } from "./note.js";

/** @typedef {import("./note.js").Note} Note */

// Pixels a side that browsers can draw.
const LARGEST = 16_384;
// Where the first chunk of a PNG file ends: its signature and its header.
const HEADER = 33;

/**
 * A canvas to be saved.
 * @param {number} width
 * @param {number} height
 */
export function createSheet(width, height) {
  if (Math.max(width, height) > LARGEST) {
    const sides = [width, height, LARGEST].map((side) => side.toLocaleString("en"));
    throw new Error(
      `It would have ${sides[0]} × ${sides[1]} pixels; browsers draw up to ${sides[2]} a side: ` +
        "choose a smaller scale.",
    );
  }
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
  return { canvas, context };
}

/**
 * An SVG as a canvas.
 * @param {SVGSVGElement} svg with its width and height
 * @param {number} scale pixels a unit
 */
export async function drawSvg(svg, scale) {
  const [width, height] = ["width", "height"].map((side) => Number(svg.getAttribute(side)) * scale);
  const { canvas, context } = createSheet(Math.round(width), Math.round(height));
  const image = new Image();
  const address = URL.createObjectURL(svgFile(svg));
  try {
    image.src = address;
    await image.decode();
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
  } finally {
    URL.revokeObjectURL(address);
  }
  return canvas;
}

/** @returns {Blob} an SVG as a file */
export function svgFile(/** @type {SVGSVGElement} */ svg) {
  const text = new XMLSerializer().serializeToString(svg);
  // XML has no place for control characters, or halves of letters, whatever a name is made of.
  const seen = text.replaceAll(/[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
  return new Blob([`<?xml version="1.0" encoding="utf-8"?>\n${seen}\n`], { type: "image/svg+xml" });
}

/**
 * A canvas as a file.
 * @param {OffscreenCanvas} canvas
 * @param {Note} note
 * @param {number} scale pixels for each 1/96 inch in print
 * @returns {Promise<Blob>}
 */
export async function pngFile(canvas, { title, description }, scale) {
  const bytes = await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer();
  const texts = Object.entries({ Title: title, Description: description, Software: SOFTWARE });
  return new Blob(
    [
      bytes.slice(0, HEADER),
      densityChunk(96 * scale),
      ...texts.map(([key, text]) => textChunk(key, text)),
      bytes.slice(HEADER),
    ],
    { type: "image/png" },
  );
}

/** An iTXt chunk: a key with no compression, language or translation, and a text. */
function textChunk(/** @type {string} */ key, /** @type {string} */ text) {
  return chunkOf(new TextEncoder().encode(`iTXt${key}\0\0\0\0\0${text}`));
}

/** A pHYs chunk: pixels a metre across and down. */
function densityChunk(/** @type {number} */ dpi) {
  const content = new Uint8Array(13);
  content.set(new TextEncoder().encode("pHYs"));
  const view = new DataView(content.buffer);
  for (const at of [4, 8]) view.setUint32(at, Math.round(dpi / 0.0254));
  content[12] = 1;
  return chunkOf(content);
}

/** A chunk: its length, its kind and content, and a check. */
function chunkOf(/** @type {Uint8Array} */ content) {
  const chunk = new Uint8Array(content.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length - 4);
  chunk.set(content, 4);
  view.setUint32(content.length + 4, crc(content));
  return chunk;
}

/** The cyclic redundancy check of ISO 3309, as PNG has it. */
function crc(/** @type {Uint8Array} */ bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return ~rest >>> 0;
}
