/**
 * The grid under the points: codes on a lattice, each decoded and painted over its own cell. Cells stand
 * at multiples of the lattice's step, so that panning keeps those that are there; while new ones are
 * decoded, the old ones are drawn where they belong.
 */
import { contextOf, fitCanvas, toColours } from "../dom/canvas.js";
import { latest } from "../dom/latest.js";

/**
 * @typedef {import("../nn/runner.js").Runner} Runner
 * @typedef {import("../space/projection.js").Projection} Projection
 * @typedef {import("../space/view.js").Screen} Screen
 * @typedef {import("../space/state.js").MapState} MapState
 *
 * @typedef {Object} Lattice codes at `origin` plus a whole number of steps, in the map's units
 * @property {[number, number]} origin
 * @property {number} step
 * @property {number} left number of the first column
 * @property {number} bottom number of the first row
 * @property {number} columns
 * @property {number} rows
 *
 * @typedef {Lattice & {projection: Projection, residual: Float64Array, decoder: Runner}} Wanted
 * @typedef {Wanted & {image: ImageData, canvas: OffscreenCanvas}} Cells decoded, the top row first
 */

// Cells in one message to a worker: small enough for the workers to share the work evenly.
const CHUNK = 40;
// Cells along a side where they fill the view: fewer on a small map.
const [ACROSS, ACROSS_SMALL, SMALL] = [20, 12, 320];
// Width of the gutter between pictures, as a share of a picture.
const GUTTER = 1 / 14;
// Neither black nor white: `#4a4f5c`, opaque, with the red in the lowest byte.
const GUTTER_COLOUR = 0xff5c4f4a;

/** A `Grid` of `map.js`. */
export class DecodedGrid {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} redraw called when new cells are there to be drawn
   */
  constructor(canvas, redraw) {
    this.canvas = canvas;
    this.redraw = redraw;
    /** @type {Cells|null} */
    this.cells = null;
    /** @type {Wanted|null} */
    this.wanted = null;
    // What is wrong is said beside the large picture; the grid keeps its last cells.
    this.ask = latest(
      (/** @type {Wanted} */ wanted) => this.decode(wanted),
      () => {
        this.wanted = null;
      },
    );
  }

  get ready() {
    return this.cells !== null;
  }

  /** Draw what is there, and ask for the cells that are not. */
  draw(/** @type {MapState} */ state, /** @type {Screen} */ screen) {
    const { projection, decoder, z } = state;
    if (decoder && projection.plane) {
      const lattice = latticeOf(state, screen);
      const residual = projection.plane.residual(z);
      const wanted = { ...lattice, projection, residual, decoder };
      if (!this.wanted || !same(this.wanted, wanted)) {
        this.wanted = wanted;
        this.ask(wanted);
      }
    }
    const ratio = fitCanvas(this.canvas, screen.side);
    const context = contextOf(this.canvas);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.imageSmoothingEnabled = true;
    this.paint(context, state, screen, ratio);
  }

  /** @type {import("./map.js").Grid["paint"]} */
  paint(context, { projection }, screen, ratio) {
    if (!this.cells || this.cells.projection !== projection) return;
    const { origin, step, left, bottom, columns, rows, canvas } = this.cells;
    const [x, y] = screen.toScreen(
      origin[0] + (left - 0.5) * step,
      origin[1] + (bottom + rows - 0.5) * step,
    );
    const cell = step * screen.scale * ratio;
    context.drawImage(canvas, x * ratio, y * ratio, columns * cell, rows * cell);
  }

  async whole() {
    if (this.wanted) await this.decode(this.wanted);
  }

  /** @type {import("./map.js").Grid["picture"]} */
  picture() {
    if (!this.cells) throw new Error("The lattice is not decoded.");
    const { canvas, columns, rows, decoder } = this.cells;
    const [height, width] = decoder.outputShape;
    const file = new OffscreenCanvas(columns * width, rows * height);
    const context = contextOf(file);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [left, top] = corner(column, row, width, height);
        const place = [column * width, row * height];
        context.drawImage(canvas, left, top, width, height, place[0], place[1], width, height);
      }
    }
    return file;
  }

  close() {
    this.cells = null;
    this.wanted = null;
    this.ask.stop();
  }

  async decode(/** @type {Wanted} */ wanted) {
    const started = performance.now();
    const { decoder, columns, rows, residual } = wanted;
    const [height, width, channels] = decoder.outputShape;
    const image = new ImageData(columns * pitch(width), rows * pitch(height));
    new Uint32Array(image.data.buffer).fill(GUTTER_COLOUR);
    const missing = this.keep(wanted, image, pitch(width), pitch(height));
    let whole = true;
    const jobs = [];
    for (let from = 0; from < missing.length; from += CHUNK) {
      const chunk = missing.slice(from, from + CHUNK);
      const codes = new Float32Array(chunk.length * residual.length);
      chunk.forEach(([column, row], k) => {
        codes.set(codeAt(wanted, column, row), k * residual.length);
      });
      const place = (/** @type {Float32Array} */ pixels) => {
        const size = width * height * channels;
        chunk.forEach(([column, row], k) => {
          const cell = pixels.subarray(k * size, (k + 1) * size);
          const [left, top] = corner(column, rows - 1 - row, width, height);
          whole = toColours(cell, channels, image, left, top, width) && whole;
        });
      };
      jobs.push(decoder.runAsync(codes, chunk.length).then(place));
    }
    await Promise.all(jobs);
    if (!whole) throw new Error("The decoder gave something that is no number.");
    // Nobody waits for it any more.
    if (this.wanted?.projection !== wanted.projection) return;
    const canvas = new OffscreenCanvas(image.width, image.height);
    contextOf(canvas).putImageData(image, 0, 0);
    this.cells = { ...wanted, image, canvas };
    Object.assign(this.canvas.dataset, {
      cells: `${columns}x${rows}`,
      decoded: missing.length,
      step: wanted.step,
      corner: JSON.stringify(Array.from(new Float32Array(codeAt(wanted, 0, rows - 1)))),
      ms: (performance.now() - started).toFixed(1),
    });
    this.redraw();
  }

  /** Copy cells that are there already. @returns {[number, number][]} columns and rows of others */
  keep(
    /** @type {Wanted} */ next,
    /** @type {ImageData} */ image,
    /** @type {number} */ width,
    /** @type {number} */ height,
  ) {
    const known = this.cells && samePlace(this.cells, next) ? this.cells : null;
    /** @type {[number, number][]} */
    const missing = [];
    for (let row = next.rows - 1; row >= 0; row--) {
      for (let column = 0; column < next.columns; column++) {
        const x = known ? next.left + column - known.left : -1;
        const y = known ? next.bottom + row - known.bottom : -1;
        if (known && x >= 0 && x < known.columns && y >= 0 && y < known.rows) {
          const from = [x * width, (known.rows - 1 - y) * height];
          copyCell(
            known.image,
            from,
            image,
            [column * width, (next.rows - 1 - row) * height],
            width,
            height,
          );
        } else {
          missing.push([column, row]);
        }
      }
    }
    return missing;
  }
}

/** A fixed lattice's coordinate along one axis, in the map's units, (size,). */
export function fixedNodes(/** @type {MapState} */ state, /** @type {0|1} */ axis) {
  const { origin, step } = fixedLattice(state);
  return Array.from({ length: state.lattice.size }, (_, k) => origin[axis] + k * step);
}

/** Where the row lies that the dock shows, in the map's units. */
export function rowHeight(/** @type {MapState} */ { projection, lattice }) {
  const [x, y] = projection.origin;
  return projection.warp([x, y + lattice.height])[1];
}

/** @returns {Lattice} what the state asks to have decoded */
export function latticeOf(/** @type {MapState} */ state, /** @type {Screen} */ screen) {
  return state.lattice.cells === "fixed" ? fixedLattice(state) : latticeInView(state, screen);
}

/** @returns {Lattice} */
function fixedLattice(/** @type {MapState} */ { lattice: { size, range }, projection }) {
  const counts = { left: 0, bottom: 0, columns: size, rows: size };
  // Middles of equal shares of the prior: on the borders a picture would stand for too much of it.
  if (projection.scale === "quantile") {
    return { origin: [0.5 / size, 0.5 / size], step: 1 / size, ...counts };
  }
  const [x, y] = projection.origin;
  return { origin: [x - range, y - range], step: (2 * range) / (size - 1), ...counts };
}

/** @returns {Lattice} the cells in view */
function latticeInView(
  /** @type {MapState} */ { projection },
  /** @type {Screen} */ { side, box, view },
) {
  const across = side < SMALL ? ACROSS_SMALL : ACROSS;
  // Steps are powers of the square root of two, so that zooming asks for new cells now and then.
  const step = 2 ** (Math.round(2 * Math.log2(view.span / across)) / 2);
  const quantile = projection.scale === "quantile";
  // Beyond 0 and 1 there is no prior.
  const within = (/** @type {number} */ value) =>
    quantile ? Math.min(1, Math.max(0, value)) : value;
  const origin = /** @type {[number, number]} */ (quantile ? [step / 2, step / 2] : [0, 0]);
  const [first, last] = quantile
    ? [Math.floor, (/** @type {number} */ v) => Math.ceil(v) - 1]
    : [Math.round, Math.round];
  const [left, bottom] = [first(within(box[0]) / step), first(within(box[1]) / step)];
  return {
    origin,
    step,
    left,
    bottom,
    columns: Math.max(1, last(within(box[2]) / step) - left + 1),
    rows: Math.max(1, last(within(box[3]) / step) - bottom + 1),
  };
}

/** The code at a node of a lattice, (D,). */
function codeAt(
  /** @type {Wanted} */ wanted,
  /** @type {number} */ column,
  /** @type {number} */ row,
) {
  const { projection, residual, origin, step, left, bottom } = wanted;
  const place = projection.unwarp([
    origin[0] + (left + column) * step,
    origin[1] + (bottom + row) * step,
  ]);
  return /** @type {import("../space/plane.js").Plane} */ (projection.plane).at(residual, ...place);
}

function gutter(/** @type {number} */ size) {
  return Math.max(1, Math.round(size * GUTTER));
}

/** Pixels from a picture's beginning to the next one's. */
function pitch(/** @type {number} */ size) {
  return size + gutter(size);
}

/** Where a picture begins in the image of all cells; the row from the top. @returns {[number, number]} */
function corner(
  /** @type {number} */ column,
  /** @type {number} */ row,
  /** @type {number} */ width,
  /** @type {number} */ height,
) {
  return [
    column * pitch(width) + (gutter(width) >> 1),
    row * pitch(height) + (gutter(height) >> 1),
  ];
}

function copyCell(
  /** @type {ImageData} */ source,
  /** @type {number[]} */ [x, y],
  /** @type {ImageData} */ target,
  /** @type {number[]} */ [left, top],
  /** @type {number} */ width,
  /** @type {number} */ height,
) {
  for (let line = 0; line < height; line++) {
    const start = 4 * ((y + line) * source.width + x);
    const place = 4 * ((top + line) * target.width + left);
    target.data.set(source.data.subarray(start, start + 4 * width), place);
  }
}

function same(/** @type {Wanted} */ a, /** @type {Wanted} */ b) {
  const keys = /** @type {const} */ (["left", "bottom", "columns", "rows"]);
  return keys.every((key) => a[key] === b[key]) && samePlace(a, b);
}

/** Whether two lattices have their codes in one place; z is in single precision, and so is its residual. */
function samePlace(/** @type {Wanted} */ a, /** @type {Wanted} */ b) {
  const near = (/** @type {number} */ value, /** @type {number} */ d) =>
    Math.abs(value - b.residual[d]) < 1e-4;
  return (
    a.projection === b.projection &&
    a.decoder === b.decoder &&
    a.step === b.step &&
    a.origin[0] === b.origin[0] &&
    a.origin[1] === b.origin[1] &&
    a.residual.every(near)
  );
}
