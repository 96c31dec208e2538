/** A map on a canvas of its own, from one state after the other: for the frames of an animation. */
import { contextOf } from "../dom/canvas.js";
import { shape } from "../dom/element.js";
import { towards } from "../map/class-labels.js";
import { DecodedGrid } from "../map/grid.js";
import { coloursOf, pointSize } from "../map/map.js";
import { createPoints } from "../map/points.js";
import { Screen } from "../space/view.js";
import { FONT, labelsOf, overlayOf } from "./figure.js";
import { drawSvg } from "./png.js";

/** @typedef {import("../space/state.js").MapState} MapState */

// What all but the handle depends on.
const [PLACES, DRAWN] = /** @type {const} */ ([
  ["view", "projection", "layers", "hidden", "selection"],
  ["path", "pathSettings", "lattice", "tool", "decoder"],
]);
const HANDLE = 13;
// Of the way to where its codes are now, which a label goes in a frame: the densest cell jumps.
const GLIDE = 0.3;

export class StillMap {
  /**
   * @param {import("../space/space.js").Space} space
   * @param {Object} options
   * @param {number} options.side in CSS pixels
   * @param {number} options.ratio pixels a CSS pixel
   * @param {import("./figure.js").Theme} options.theme
   * @param {import("../map/map.js").MapOptions["createGrid"]} [options.createGrid]
   */
  constructor(space, { side, ratio, theme, createGrid }) {
    this.space = space;
    this.side = side;
    this.ratio = ratio;
    this.theme = theme;
    const make = createGrid ?? ((canvas, redraw) => new DecodedGrid(canvas, redraw));
    this.grid = make(document.createElement("canvas"), () => {});
    this.points = createPoints(document.createElement("canvas"), space.label, () => {});
    /** All but the handle. */
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.canvas.height = side * ratio;
    /** What is on it. @type {MapState|null} */
    this.drawn = null;
    /** Where the classes' names are. @type {(import("../space/view.js").Place|null)[]} */
    this.labels = [];
    this.rests = false;
  }

  /** Begin anew: nothing glides from what was shown before. */
  restart() {
    this.drawn = null;
  }

  /** Draw all but the handle, where it is not on the canvas already. */
  async draw(/** @type {MapState} */ state) {
    const { drawn, space, side, ratio, theme, grid, canvas } = this;
    const { projection } = state;
    const gridShown = state.layers.includes("grid") && projection.plane !== null;
    const stays =
      [...PLACES, ...DRAWN].every((field) => state[field] === drawn?.[field]) &&
      (!gridShown || space.dims < 3 || state.z === drawn?.z);
    // In a film, codes move on one plane: their labels glide after them.
    const moves = projection !== drawn?.projection && projection.plane === drawn?.projection.plane;
    this.drawn = state;
    if (stays && this.rests) return;
    this.rests = !moves;
    this.labels = towards(this.labels, labelsOf(state), moves ? GLIDE : 1);
    const screen = new Screen(state.view, side);
    if (gridShown) {
      grid.draw(state, screen);
      await grid.whole?.();
    }
    const { lines, signs, titles } = overlayOf(state, screen, theme, this.labels);
    const overlay = shape("svg", { width: side, height: side, viewBox: `0 0 ${side} ${side}` }, [
      shape("g", { "font-family": FONT, "font-size": 13 }, [...lines, ...signs, ...titles]),
    ]);
    const over = await drawSvg(overlay, ratio);
    const context = contextOf(canvas);
    const whole = /** @type {const} */ ([0, 0, canvas.width, canvas.height]);
    context.clearRect(...whole);
    if (gridShown) grid.paint(context, state, screen, ratio);
    // A grid has gaps.
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = theme.ground;
    context.fillRect(...whole);
    context.globalCompositeOperation = "source-over";
    // What WebGL draws does not outlast a wait.
    this.points.place(projection.xy);
    const size = ratio * pointSize(state, screen);
    const large = new Screen(state.view, side * ratio);
    this.points.draw(large, coloursOf(state, gridShown), size);
    context.drawImage(this.points.canvas, ...whole);
    context.drawImage(over, 0, 0);
  }

  /**
   * Paint the map with its handle.
   * @param {CanvasRenderingContext2D} context
   * @param {number} left
   * @param {number} top
   */
  paint(context, left, top) {
    const { drawn, side, theme } = this;
    if (!drawn) return;
    context.drawImage(this.canvas, left, top, side, side);
    context.save();
    context.beginPath();
    context.rect(left, top, side, side);
    context.clip();
    const [x, y] = new Screen(drawn.view, side).toScreen(...drawn.projection.placeOf(drawn.z));
    context.beginPath();
    context.arc(left + x, top + y, HANDLE, 0, 2 * Math.PI);
    for (const [colour, width] of /** @type {const} */ ([
      ["white", 7],
      [theme.accent, 4],
    ])) {
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.stroke();
    }
    Object.assign(context, { fillStyle: theme.accent, globalAlpha: 0.25 });
    context.fill();
    context.restore();
  }

  close() {
    this.grid.close();
    this.points.release();
  }
}
