/** The map on the screen: points, grid, lines and the ring, each drawn only when it changes. */

import { equalSteps, pathAt } from "../space/paths.js";
import { namePlaces } from "./class-labels.js";
import { Sheet } from "./grid.js";
import { createPoints } from "./points.js";

// Codes through which a stretch of a path is drawn.
const PATH_POINTS = 65;
const KEYS = "Arrow keys move it, with Shift finer; Enter takes the digit under it.";
const OPACITY = 0.72;
// Room for the legend, in pixels.
const LEGEND = 70;

export class MapView {
  /**
   * @param {import("../space/state.js").Hand} hand
   * @param {Object} parts elements of the map by name, the overlay and the ends
   * @param {(...what: string[]) => void} mark has things shown at the next frame
   */
  constructor(hand, parts, mark) {
    this.hand = hand;
    this.parts = parts;
    this.sheet = new Sheet(parts.sheetCanvas, () => mark("sheet"));
    this.points = createPoints(parts.pointsCanvas, hand.space.label, () => mark("points"));
    this.places = [];
  }

  /** Take over the hand's new plane. */
  planeChanged() {
    const { overlay } = this.parts;
    this.points.place(this.hand.xy);
    this.sheet.clear();
    this.hand.titles.forEach((title, k) => (overlay.titles[k].textContent = title));
  }

  /**
   * @param {(...things: string[]) => boolean} has whether one of them changed
   * @param {Object} now
   * @param {import("../nn/runner.js").Runner|null} now.decoder
   * @param {string[]} now.layers that are shown
   */
  show(has, { decoder, layers }) {
    const grid = layers.includes("grid") && this.hand.plane !== null;
    if (has("z", "view")) this.showRing();
    if (has("plane", "names")) this.placeNames();
    if (has("view", "points", "plane", "names")) this.showPoints(layers.includes("points"));
    if (has("view", "points", "plane", "names")) this.showLines(layers.includes("points"));
    if (has("view", "taken", "plane")) this.showPosterior();
    if (has("view", "plane")) this.showPath();
    if (grid && decoder && has("z", "view", "plane")) {
      const { plane, z, view } = this.hand;
      this.sheet.show(decoder, view, plane, plane.residual(z));
    }
    if (has("view", "sheet", "plane")) {
      this.parts.sheetCanvas.style.visibility = grid ? "" : "hidden";
      if (grid) this.sheet.draw(this.hand.view);
    }
  }

  showRing() {
    const { view, z, titles } = this.hand;
    const { handle } = this.parts;
    const place = this.hand.placeOf(z);
    const [left, top] = view.toScreen(...place);
    const outside = left < 0 || top < 0 || left > view.side || top > view.side;
    handle.style.transform = `translate(${left}px, ${top}px)`;
    handle.classList.toggle("lm-off", outside);
    const where = place.map((value, k) => `${titles[k]} ${value.toFixed(2)}`).join(", ");
    handle.setAttribute("aria-label", `The hand, at ${where}. ${KEYS}`);
  }

  placeNames() {
    const { xy, space, view } = this.hand;
    const half = view.span / 2;
    // Not under the legend, which stands on the right.
    const right = view.x + half - LEGEND / view.scale;
    const box = [view.x - half, view.y - half, right, view.y + half];
    this.places = namePlaces(xy, space.label, space.header.classes.length, box);
  }

  showPoints(shown) {
    const { view, space, hidden } = this.hand;
    const palette = Float32Array.from(
      space.header.colours.flatMap((colour, kind) => [
        ...[1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16) / 255),
        shown && !hidden.has(kind) ? OPACITY : 0,
      ]),
    );
    // Many points are small, and grow as one looks closer.
    const crowd = (space.count / 10000) ** 0.25;
    const closer = Math.max(1, this.hand.around.span / view.span) ** 0.4;
    this.points.draw(view, palette, Math.min(9, (view.side / 115 / crowd) * closer));
  }

  showLines(named) {
    const { view, plane, space, hidden } = this.hand;
    const origin = plane?.coordinates(new Float64Array(space.dims)) ?? null;
    this.parts.overlay.draw(view, origin, named ? this.places : [], hidden);
  }

  showPosterior() {
    const { view, plane, taken } = this.hand;
    const posterior = plane &&
      taken && {
        at: plane.coordinates(taken.mean),
        covariance: plane.covariance(taken.variance),
      };
    this.parts.overlay.drawPosterior(view, posterior);
  }

  showPath() {
    const { view, plane, path, way } = this.hand;
    const ends = path.map((end) => end.z);
    const drawn = plane && ends.length > 1;
    const fractions = drawn ? equalSteps((PATH_POINTS - 1) * (ends.length - 1) + 1) : [];
    const places = fractions.map((t) => plane.coordinates(pathAt(ends, t, way)));
    this.parts.overlay.drawPath(view, places);
    this.parts.ends.show(ends.map((z) => view.toScreen(...this.hand.placeOf(z))));
  }

  close() {
    this.sheet.close();
    this.points.release();
  }
}
