/**
 * The one map: codes, decoded grid, lines, path and handle, drawn from a state. It holds no state
 * that another part reads: what the pointer and the keys ask for goes to `on`, in the map's units.
 */
import { element } from "../dom/element.js";
import { letter } from "../space/state.js";
import { Screen } from "../space/view.js";
import { placeLabels, towards } from "./class-labels.js";
import { Endpoints } from "./endpoints.js";
import { listen, makeDraggable } from "./gestures.js";
import { DecodedGrid } from "./grid.js";
import { MovingPoints } from "./moving-points.js";
import { Overlay } from "./overlay.js";
import { createPoints } from "./points.js";

/**
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {import("../space/view.js").Place} Place
 *
 * @typedef {Object} MapActions what a map asks for; all but `drag` and `tap` may be left out
 * @property {(place: Place) => void} drag the handle is dragged to a place
 * @property {() => void} [grab] the handle is taken hold of
 * @property {(place: Place, row: number|null) => void} tap a click, on a test image if there is a row
 * @property {(place: Place|null) => void} [hover] a pointer looks at a place, or at none any more
 * @property {(direction: Place, fine: boolean) => void} [step] an arrow key on the handle
 * @property {(dx: number, dy: number) => void} [pan] show what lies so far off
 * @property {(factor: number, place: Place) => void} [zoom] show so many times as much
 * @property {(k: number, place: Place) => void} [moveEndpoint]
 * @property {() => void} [dropEndpoint] it is let go
 * @property {(k: number) => void} [removeEndpoint]
 *
 * @typedef {Object} Grid what lies under the points
 * @property {(state: MapState, screen: Screen) => void} draw
 * @property {() => void} close
 * @property {boolean} [ready] whether there is anything to see; if it is not said, there is
 * @property {(context: CanvasRenderingContext2D|OffscreenCanvasRenderingContext2D, state: MapState,
 *   screen: Screen, ratio: number) => void} paint what is there, `ratio` pixels a CSS pixel
 * @property {() => Promise<void>} [whole] waits until all that is asked for is there
 * @property {(state: MapState) => OffscreenCanvas} picture what is there, each decoded picture pixel by pixel
 *
 * @typedef {Object} MapOptions
 * @property {AbortSignal} signal ends all listening
 * @property {string} [handleLabel] what the handle is, to a screen reader, before where it is
 * @property {boolean} [wheelNeedsKey] whether the wheel zooms with Ctrl alone, and else scrolls the page
 * @property {(canvas: HTMLCanvasElement, redraw: () => void) => Grid} [createGrid] in place of `DecodedGrid`
 * @property {Node[]} [controls] that lie over the map: legend, zoom buttons, messages
 */

// How near, in pixels, a click means a point.
const HIT_RADIUS = 9;
const OPACITY = 0.72;
// Over a grid the points, as many as a usual test split has, leave the pictures to be seen.
const FAINT = 0.38;
const CROWD = 10000;
// How long moving codes have to rest before their class labels stand, in milliseconds; and which share
// of their way labels go in each frame until then, since the densest cell jumps.
const [REST, GLIDE] = [150, 0.12];
/** @type {Record<string, Place>} */
export const ARROWS = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export class LatentMap {
  /**
   * @param {import("../space/space.js").Space} space
   * @param {MapActions} on
   * @param {MapOptions} options
   */
  constructor(space, on, options) {
    this.space = space;
    this.on = on;
    this.handleLabel = options.handleLabel ?? "The handle";
    /** What is to be drawn, and what was drawn last. @type {MapState|null} */
    this.state = null;
    /** @type {MapState|null} */
    this.drawn = null;
    /** @type {Screen|null} */
    this.screen = null;
    /** @type {(Place|null)[]} */
    this.labels = [];
    this.frame = 0;
    this.rest = 0;
    const gridCanvas = element("canvas", { class: "lm-layer", "data-testid": "grid" });
    const pointsCanvas = element("canvas", { class: "lm-layer", "data-testid": "points" });
    this.gridCanvas = /** @type {HTMLCanvasElement} */ (gridCanvas);
    this.surface = element("div", { class: "lm-layer lm-surface", "data-testid": "surface" });
    this.overlay = new Overlay(space.header);
    this.handle = element("div", {
      // Arrow keys are its own, in two directions, which no slider has.
      ...{ class: "lm-handle", "data-testid": "handle", tabindex: 0, role: "application" },
      "aria-roledescription": "handle",
    });
    this.handle.append(element("span", { class: "lm-first-hint", text: "drag me" }));
    this.endpoints = new Endpoints(this.endpointActions(), options.signal);
    // The handle comes first for who goes by Tab; it lies above the rest by its style.
    this.element = element("div", { class: "lm-map" }, [
      ...[this.handle, gridCanvas, pointsCanvas, this.overlay.svg, this.surface],
      ...[this.endpoints.element, ...(options.controls ?? [])],
    ]);
    const redraw = () => this.redraw();
    const createGrid = options.createGrid ?? ((canvas, ask) => new DecodedGrid(canvas, ask));
    this.grid = createGrid(this.gridCanvas, redraw);
    this.points = new MovingPoints(
      createPoints(/** @type {HTMLCanvasElement} */ (pointsCanvas), space.label, redraw),
    );
    this.connect(options);
    this.resize = new ResizeObserver(redraw);
    this.resize.observe(this.element);
  }

  /** @returns {"webgl"|"canvas"} how the points are drawn */
  get pointsKind() {
    return this.points.layer.kind;
  }

  /** Draw what has changed since the last state. */
  draw(/** @type {MapState} */ state) {
    this.state = state;
    const side = this.element.clientWidth;
    // Before the page is laid out there is nothing to draw on; the resize observer calls again.
    if (side < 10) return;
    const before = this.drawn;
    const resized = this.screen?.side !== side;
    /** Whether one of these is another than it was. */
    const changed = (/** @type {(keyof MapState)[]} */ ...names) =>
      !before || resized || names.some((name) => state[name] !== before[name]);
    // In a film, codes move on one plane: their labels glide after them.
    const { plane } = state.projection;
    const moving =
      plane !== null && !resized && changed("projection") && before?.projection.plane === plane;
    if (changed("view")) this.screen = new Screen(state.view, side);
    const screen = /** @type {Screen} */ (this.screen);
    this.drawn = state;

    const gridShown = state.layers.includes("grid") && state.projection.plane !== null;
    if (changed("tool")) this.element.classList.toggle("lm-adding", state.tool === "interpolate");
    if (changed("projection")) this.points.layer.place(state.projection.xy);
    if (moving) this.moveLabels(state);
    else if (changed("projection")) this.labels = this.placeLabels(state);
    if (changed("view", "projection", "layers", "hidden")) {
      this.points.show(screen, coloursOf(state, gridShown), pointSize(state, screen), {
        anew: changed("projection", "layers", "hidden"),
        margin: !moving,
      });
      if (!moving || changed("view", "layers")) {
        this.overlay.drawFrame(screen, state.projection, gridShown);
      }
      this.drawLabels(state, screen);
    }
    if (changed("view", "projection", "selection")) {
      this.overlay.drawPosterior(screen, state.projection, state.selection);
    }
    if (changed("view", "projection", "path", "pathSettings")) {
      this.overlay.drawPath(screen, state);
      this.endpoints.draw(
        state.path.map(({ z }) => screen.toScreen(...state.projection.placeOf(z))),
      );
    }
    if (changed("view", "projection", "lattice", "tool")) this.overlay.drawRow(screen, state);
    if (changed("z", "view", "projection")) this.drawHandle(state, screen);
    if (changed("untouched")) this.handle.classList.toggle("lm-new", Boolean(state.untouched));
    if (changed("layers", "projection"))
      this.gridCanvas.style.visibility = gridShown ? "" : "hidden";
    if (gridShown) this.grid.draw(state, screen);
    // Lines and letters are those for pictures only once there are some.
    const overGrid = gridShown && this.grid.ready !== false;
    this.element.classList.toggle("lm-over-grid", overGrid);
  }

  /** Draw everything anew, as after another size or theme. */
  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawn = null;
      if (this.state) this.draw(this.state);
    });
  }

  drawHandle(/** @type {MapState} */ { z, projection }, /** @type {Screen} */ screen) {
    const place = projection.placeOf(z);
    const [left, top] = screen.toScreen(...place);
    const outside = Math.min(left, top) < 0 || Math.max(left, top) > screen.side;
    this.handle.style.transform = `translate(${left}px, ${top}px)`;
    this.handle.classList.toggle("lm-off", outside);
    this.handle.classList.toggle("lm-right", left > 0.7 * screen.side);
    const where = place.map((value, k) => `${projection.titles[k]} ${value.toFixed(2)}`).join(", ");
    this.handle.setAttribute(
      "aria-label",
      `${this.handleLabel}, at ${where}. Arrow keys move it, with Shift finer; Enter selects what is under it.`,
    );
  }

  /** A label stays at one place of the plane, whatever part of it is shown. */
  placeLabels(/** @type {MapState} */ { projection }) {
    clearTimeout(this.rest);
    const { label, header } = this.space;
    return placeLabels(projection.xy, label, header.classes.length, projection.extent);
  }

  moveLabels(/** @type {MapState} */ moving) {
    this.labels = towards(this.labels, this.placeLabels(moving), GLIDE);
    this.rest = setTimeout(() => {
      const [state, { screen }] = [this.drawn, this];
      if (!state || !screen) return;
      this.labels = this.placeLabels(state);
      this.drawLabels(state, screen);
    }, REST);
  }

  drawLabels(/** @type {MapState} */ state, /** @type {Screen} */ screen) {
    const shown = state.layers.includes("points");
    this.overlay.drawLabels(screen, shown ? this.labels : [], state.hidden);
    this.overlay.drawRingNames(screen, state.projection);
  }

  // What is asked for.

  /** @returns {import("./endpoints.js").EndpointActions} */
  endpointActions() {
    return {
      move: (k, left, top) => this.on.moveEndpoint?.(k, this.toPlane(left, top)),
      drop: () => this.on.dropEndpoint?.(),
      remove: (k) => this.on.removeEndpoint?.(k),
      name: letter,
    };
  }

  connect(/** @type {MapOptions} */ { signal, wheelNeedsKey = false }) {
    const { on } = this;
    listen(
      this.surface,
      this.element,
      {
        hover: (left, top) => on.hover?.(this.toPlane(left, top, false)),
        leave: () => on.hover?.(null),
        tap: (left, top) => this.tap(left, top),
        pan: (left, top) => {
          if (this.screen) on.pan?.(-left / this.screen.scale, top / this.screen.scale);
        },
        zoom: (factor, left, top) => on.zoom?.(factor, this.toPlane(left, top, false)),
      },
      { signal, wheelNeedsKey },
    );
    makeDraggable(
      this.handle,
      this.element,
      {
        start: () => on.grab?.(),
        move: (left, top) => on.drag(this.toPlane(left, top)),
        // What lies under the handle can be clicked through it.
        tap: (left, top) => this.tap(left, top),
      },
      signal,
    );
    this.handle.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  key(/** @type {KeyboardEvent} */ event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.drawn || !this.screen) return;
    const direction = ARROWS[event.key];
    if (direction) {
      event.preventDefault();
      this.on.step?.(direction, event.shiftKey);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.tap(...this.screen.toScreen(...this.drawn.projection.placeOf(this.drawn.z)));
    }
  }

  tap(/** @type {number} */ left, /** @type {number} */ top) {
    const { drawn: state, screen } = this;
    if (!state || !screen) return;
    const place = screen.toPlane(left, top);
    const shown = state.layers.includes("points");
    const reach = HIT_RADIUS / screen.scale;
    this.on.tap(place, shown ? state.projection.rowAt(place, state.hidden, reach) : null);
    // The arrow keys go on from there.
    this.handle.focus({ preventScroll: true });
  }

  /** The place under a pixel; what is dragged stays in sight. @returns {Place} */
  toPlane(/** @type {number} */ left, /** @type {number} */ top, inside = true) {
    const screen = /** @type {Screen} */ (this.screen);
    const within = (/** @type {number} */ value) =>
      inside ? Math.max(0, Math.min(screen.side, value)) : value;
    return screen.toPlane(within(left), within(top));
  }

  close() {
    clearTimeout(this.rest);
    cancelAnimationFrame(this.frame);
    this.resize.disconnect();
    this.grid.close();
    this.points.release();
    this.state = null;
  }
}

/** RGBA for each class, from 0 to 1, (classes, 4). */
export function coloursOf(
  /** @type {MapState} */ { hidden, projection, layers },
  /** @type {boolean} */ overGrid,
) {
  const shown = layers.includes("points");
  const opacity = opacityOf(projection.space, overGrid);
  return Float32Array.from(
    projection.space.header.colours.flatMap((colour, kind) => [
      ...[1, 3, 5].map((k) => Number.parseInt(colour.slice(k, k + 2), 16) / 255),
      shown && !hidden.has(kind) ? opacity : 0,
    ]),
  );
}

/** Of points. */
export function opacityOf(
  /** @type {import("../space/space.js").Space} */ { count },
  /** @type {boolean} */ overGrid,
) {
  // Few points may be seen better.
  const faint = FAINT * Math.max(1, Math.sqrt(CROWD / Math.max(1, count)));
  return overGrid ? Math.min(OPACITY, faint) : OPACITY;
}

/** Side of a disc in CSS pixels: many points are small, and grow as one looks closer. */
export function pointSize(
  /** @type {MapState} */ { projection, view },
  /** @type {Screen} */ { side },
) {
  const [left, bottom, right, top] = projection.extent;
  const crowd = Math.max(1, projection.space.count / CROWD) ** 0.25;
  const closer = Math.max(1, Math.max(right - left, top - bottom) / view.span) ** 0.4;
  return Math.min(9, Math.max(2.5, side / 115 / crowd) * closer);
}
