/**
 * Points on the map: while the view moves they are drawn with a margin around it, and only moved and scaled,
 * which costs next to nothing. They are drawn exactly where it rests.
 */
import { Screen } from "../space/view.js";

/** @typedef {import("./points.js").PointLayer} PointLayer */

// What is drawn beyond each border, as a share of a side; and pixels along a side of the canvas, at most.
const [MARGIN, MAX_PIXELS] = [0.5, 2400];
// How many times as large as drawn, or as small, points are shown at most.
const STRETCH = 4 / 3;
// How many frames a view rests before it is drawn. A timer would end in the middle of a gesture, after
// a frame that took long.
const REST = 6;

export class MovingPoints {
  /** @param {PointLayer} layer whose canvas begins in the map's top left corner */
  constructor(layer) {
    this.layer = layer;
    /** What is on the canvas. @type {Screen|null} */
    this.drawn = null;
    /** The frame that is waited for while the view moves, or 0. */
    this.rest = 0;
  }

  /**
   * @param {Screen} screen
   * @param {Float32Array} colours as in `PointLayer.draw`
   * @param {number} size
   * @param {{anew: boolean, margin: boolean}} how `anew`: they are others than those that are drawn;
   *   `margin`: whether it pays for them, as it does not where they move in each frame
   */
  show(screen, colours, size, { anew, margin }) {
    cancelAnimationFrame(this.rest);
    const draw = (/** @type {Screen} */ drawn) => {
      this.drawn = drawn;
      this.layer.draw(drawn, colours, size);
      this.move(drawn, screen);
    };
    if (!margin || !this.drawn || (anew && !this.rest)) {
      this.rest = 0;
      return draw(screen);
    }
    if (anew || !isNear(this.drawn, screen)) draw(withMargin(screen));
    else this.move(this.drawn, screen);
    return this.wait(REST, () => draw(screen));
  }

  wait(/** @type {number} */ frames, /** @type {() => void} */ act) {
    this.rest = requestAnimationFrame(() => {
      if (frames > 1) return this.wait(frames - 1, act);
      this.rest = 0;
      return act();
    });
  }

  /** Put what is drawn where it belongs. */
  move(/** @type {Screen} */ drawn, /** @type {Screen} */ screen) {
    const [left, , , top] = drawn.box;
    const [x, y] = screen.toScreen(left, top);
    const scale = screen.scale / drawn.scale;
    Object.assign(this.layer.canvas.style, {
      ...{ width: `${drawn.side}px`, height: `${drawn.side}px`, transformOrigin: "0 0" },
      transform: `translate(${x}px, ${y}px) scale(${scale})`,
    });
  }

  release() {
    cancelAnimationFrame(this.rest);
    this.layer.release();
  }
}

/** At the same scale, with a margin of whole pixels: what is shown as drawn is sharp. */
function withMargin(/** @type {Screen} */ { view, side }) {
  const ratio = globalThis.devicePixelRatio || 1;
  const pixels = Math.round(side * ratio);
  const room = Math.max(0, Math.min(MARGIN * pixels, (MAX_PIXELS - pixels) / 2));
  const margin = Math.round(room) / ratio;
  const around = view.zoom((side + 2 * margin) / side);
  return new Screen(around, (side * around.span) / view.span);
}

/** Whether what is drawn covers a view, at about its scale. */
function isNear(/** @type {Screen} */ drawn, /** @type {Screen} */ screen) {
  const [left, bottom, right, top] = drawn.box;
  const [l, b, r, t] = screen.box;
  const growth = screen.scale / drawn.scale;
  const covered = left <= l && bottom <= b && right >= r && top >= t;
  return covered && growth < STRETCH && growth > 1 / STRETCH;
}
