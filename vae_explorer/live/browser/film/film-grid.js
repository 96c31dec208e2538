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
  draw({ projection }, screen) {
    const { reel, canvas } = this;
    const { time } = /** @type {import("./reel.js").FilmProjection} */ (projection);
    const context = contextOf(canvas);
    const ratio = fitCanvas(canvas, screen.side);
    const [x, y] = screen.toScreen(projection.extent[0], projection.extent[3]);
    const [left, top, size] = [x * ratio, y * ratio, reel.box[2] * screen.scale * ratio];
    context.clearRect(0, 0, canvas.width, canvas.height);
    const { k, share } = reel.at(time);
    context.drawImage(reel.sheets[k], left, top, size, size);
    if (share > 0) {
      context.globalAlpha = share;
      context.drawImage(reel.sheets[k + 1], left, top, size, size);
      context.globalAlpha = 1;
    }
    const { across } = reel.header;
    const [cell, gutter] = [size / across, (GUTTER * size) / across];
    for (let line = 0; line <= across; line++) {
      context.clearRect(left + line * cell - gutter / 2, top, gutter, size);
      context.clearRect(left, top + line * cell - gutter / 2, size, gutter);
    }
  }

  close() {}
}
