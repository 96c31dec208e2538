/**
 * The grid under the points: codes on a lattice over what is in view, each decoded and painted
 * over its own cell. Cells stand at multiples of the lattice's step, so that panning keeps those
 * that are there; while new ones are decoded, the old ones are drawn where they belong.
 */

import { fitCanvas, toColours } from "../dom/canvas.js";
import { latest } from "../dom/latest.js";

// Cells in one message to a worker: small enough for the workers to share the work evenly.
const CHUNK = 40;

/**
 * @typedef {Object} Cells a block of decoded cells
 * @property {number} step of the lattice, in the plane's units
 * @property {number} left, bottom number of the first column and row
 * @property {number} columns, rows
 * @property {import("../space/plane.js").Plane} plane that the cells lie on
 * @property {Float64Array} residual of the codes that were decoded, (D,)
 * @property {ImageData} image of all cells, the top row first
 * @property {OffscreenCanvas} canvas with the image on it
 */

export class Sheet {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} drawn called when new cells are there to be drawn
   */
  constructor(canvas, drawn) {
    this.canvas = canvas;
    this.drawn = drawn;
    /** Cells along a side of the map, about. */
    this.across = 20;
    /** @type {Cells|null} */
    this.cells = null;
    this.shown = null;
    // What is wrong is said beside the large picture; the grid keeps its last cells.
    this.ask = latest(
      (request) => this.decode(request),
      () => (this.wanted = null),
    );
  }

  /**
   * Ask for the cells in view where they are not there.
   * @param {import("../nn/runner.js").Runner} runner
   * @param {import("../space/view.js").View} view
   * @param {import("../space/plane.js").Plane} plane
   * @param {Float64Array} residual of z
   */
  show(runner, view, plane, residual) {
    const wanted = { ...block(view, this.across), plane, residual };
    if (this.wanted && same(this.wanted, wanted)) return;
    this.wanted = wanted;
    this.ask({ ...wanted, runner });
  }

  /** Draw what is there. @param {import("../space/view.js").View} view */
  draw(view) {
    const context = this.canvas.getContext("2d");
    fitCanvas(this.canvas, view.side);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.cells) return;
    const { step, left, bottom, columns, rows, canvas } = this.cells;
    const ratio = this.canvas.width / view.side;
    const [x, y] = view.toScreen((left - 0.5) * step, (bottom + rows - 0.5) * step);
    const cell = step * view.scale * ratio;
    context.imageSmoothingEnabled = true;
    context.drawImage(canvas, x * ratio, y * ratio, columns * cell, rows * cell);
  }

  /** Forget the cells. */
  clear() {
    this.cells = null;
    this.wanted = null;
  }

  close() {
    this.clear();
    this.ask.stop();
  }

  async decode({ runner, step, left, bottom, columns, rows, plane, residual }) {
    const started = performance.now();
    const [height, width, channels] = runner.outputShape;
    const next = { step, left, bottom, columns, rows, plane, residual };
    next.image = new ImageData(columns * width, rows * height);
    const missing = this.keep(next, width, height);
    let whole = true;
    const jobs = [];
    for (let from = 0; from < missing.length; from += CHUNK) {
      const chunk = missing.slice(from, from + CHUNK);
      const codes = new Float32Array(chunk.length * residual.length);
      chunk.forEach(([column, row], k) => {
        const z = plane.at(residual, (left + column) * step, (bottom + row) * step);
        codes.set(z, k * residual.length);
      });
      const place = (pixels) => {
        const size = width * height * channels;
        chunk.forEach(([column, row], k) => {
          const cell = pixels.subarray(k * size, (k + 1) * size);
          const [x, y] = [column * width, (rows - 1 - row) * height];
          whole = toColours(cell, channels, next.image, x, y, width) && whole;
        });
      };
      jobs.push(runner.runAsync(codes, chunk.length).then(place));
    }
    await Promise.all(jobs);
    if (!whole) throw new Error("The decoder gave something that is no number.");
    // Nobody waits for it any more.
    if (this.wanted?.plane !== plane) return;
    next.canvas = new OffscreenCanvas(columns * width, rows * height);
    next.canvas.getContext("2d").putImageData(next.image, 0, 0);
    this.cells = next;
    const corner = plane.at(residual, left * step, (bottom + rows - 1) * step);
    Object.assign(this.canvas.dataset, {
      cells: `${columns}x${rows}`,
      decoded: missing.length,
      step,
      corner: JSON.stringify(Array.from(new Float32Array(corner))),
      ms: (performance.now() - started).toFixed(1),
    });
    this.drawn();
  }

  /** Copy cells that are there already. @returns {[number, number][]} columns and rows of others */
  keep(next, width, height) {
    const old = this.cells;
    const known = old && old.step === next.step && samePlace(old, next) ? old : null;
    const missing = [];
    for (let row = next.rows - 1; row >= 0; row--) {
      for (let column = 0; column < next.columns; column++) {
        const [x, y] = [next.left + column - known?.left, next.bottom + row - known?.bottom];
        // Without known cells both are NaN, and no comparison holds.
        if (x >= 0 && x < known.columns && y >= 0 && y < known.rows) {
          copyCell(known, x, y, next, column, row, width, height);
        } else {
          missing.push([column, row]);
        }
      }
    }
    return missing;
  }
}

function copyCell(from, x, y, to, column, row, width, height) {
  const [source, target] = [from.image, to.image];
  for (let line = 0; line < height; line++) {
    const start = 4 * (((from.rows - 1 - y) * height + line) * source.width + x * width);
    const place = 4 * (((to.rows - 1 - row) * height + line) * target.width + column * width);
    target.data.set(source.data.subarray(start, start + 4 * width), place);
  }
}

/** The lattice's cells in view. @returns {{step, left, bottom, columns, rows}} */
function block(view, across) {
  // Steps are powers of the square root of two, so that zooming asks for new cells now and then.
  const step = 2 ** (Math.round(2 * Math.log2(view.span / across)) / 2);
  const half = view.span / 2;
  const left = Math.round((view.x - half) / step);
  const bottom = Math.round((view.y - half) / step);
  return {
    step,
    left,
    bottom,
    columns: Math.round((view.x + half) / step) - left + 1,
    rows: Math.round((view.y + half) / step) - bottom + 1,
  };
}

function same(a, b) {
  const keys = ["step", "left", "bottom", "columns", "rows"];
  return keys.every((key) => a[key] === b[key]) && samePlace(a, b);
}

/** Whether two blocks are of one plane; z is in single precision, and so is what it leaves. */
function samePlace(a, b) {
  const near = (value, d) => Math.abs(value - b.residual[d]) < 1e-4;
  return a.plane === b.plane && a.residual.every(near);
}
