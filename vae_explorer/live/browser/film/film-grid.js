/** The lattice under a film's codes: its sheets, one fading into the next. A `Grid` of `map.js`. */
import { contextOf, fitCanvas } from "../dom/canvas.js";

// Width of the gutter between pictures, as a share of a cell.
const GUTTER = 1 / 15;

export class FilmGrid {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./reel.js").Reel} reel
   */
  constructor(canvas, reel) {
    this.canvas = canvas;
    this.reel = reel;
  }

  /**
   * @param {import("../space/state.js").MapState} state on a projection of the reel's
   * @param {import("../space/view.js").Screen} screen
   */
  draw(state, screen) {
    const ratio = fitCanvas(this.canvas, screen.side);
    const context = contextOf(this.canvas);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.paint(context, state, screen, ratio);
  }

  /** @type {import("../map/map.js").Grid["paint"]} */
  paint(context, { projection }, screen, ratio) {
    const { reel } = this;
    const { time } = /** @type {import("./reel.js").FilmProjection} */ (projection);
    const [x, y] = screen.toScreen(projection.extent[0], projection.extent[3]);
    const [left, top, size] = [x * ratio, y * ratio, reel.box[2] * screen.scale * ratio];
    this.blend(context, time, [left, top, size, size]);
    const { across } = reel.header;
    const [cell, gutter] = [size / across, (GUTTER * size) / across];
    for (let line = 0; line <= across; line++) {
      context.clearRect(left + line * cell - gutter / 2, top, gutter, size);
      context.clearRect(left, top + line * cell - gutter / 2, size, gutter);
    }
  }

  /** The two sheets about a time, one over the other. */
  blend(
    /** @type {CanvasRenderingContext2D|OffscreenCanvasRenderingContext2D} */ context,
    /** @type {number} */ time,
    /** @type {[number, number, number, number]} left, top, width, height */ place,
  ) {
    const { sheets } = this.reel;
    const { k, share } = this.reel.at(time);
    context.drawImage(sheets[k], ...place);
    if (share === 0) return;
    context.globalAlpha = share;
    context.drawImage(sheets[k + 1], ...place);
    context.globalAlpha = 1;
  }

  /** @type {import("../map/map.js").Grid["picture"]} */
  picture({ projection }) {
    const { time } = /** @type {import("./reel.js").FilmProjection} */ (projection);
    const [{ width, height }] = this.reel.sheets;
    const canvas = new OffscreenCanvas(width, height);
    this.blend(contextOf(canvas), time, [0, 0, width, height]);
    return canvas;
  }

  close() {}
}
