/** One of the checkpoints that are compared: its map, its picture, its row of a path. */

import { createPicture, paint } from "./dom/canvas.js";
import { element } from "./dom/element.js";
import { latest } from "./dom/latest.js";
import { listen, makeDraggable } from "./map/gestures.js";
import { MapView } from "./map/map.js";
import { Overlay } from "./map/overlay.js";
import { Hand } from "./space/state.js";
import { signed } from "./space/view.js";

// How near, in pixels, a click means a point.
const REACH = 7;
// Steps of the arrow keys, as shares of what the map shows.
const STEP = 0.02;
const FINE_STEP = 0.002;
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
/** Pictures along the path. */
export const FRAMES = 7;

export class Panel {
  /**
   * @param {Object} facts of the checkpoint, as `show_comparison` sends them
   * @param {import("./space/space.js").Space} space
   * @param {Object} on
   * @param {(place: [number, number], pixels: [number, number]) => void} on.drag the ring is
   *   dragged to a place on the plane, and in pixels
   * @param {(row: number|null, z: Float64Array) => void} on.tap a click on a digit or between them
   * @param {(view: import("./space/view.js").View) => void} on.view another part of the plane is shown
   * @param {(words: string) => void} on.wrong
   * @param {(t: number) => void} on.choose a picture of the path is clicked
   * @param {AbortSignal} signal ends it all
   */
  constructor(facts, space, on, signal) {
    this.facts = facts;
    this.on = on;
    this.hand = new Hand(space);
    this.hand.choosePlane(this.ownPlane);
    /** @type {import("./nn/runner.js").Runner|null} */
    this.decoder = null;
    this.layers = ["points"];
    this.dirty = new Set(["plane", "view", "z", "taken", "path"]);
    const [channels, height, width] = space.header.image_shape;
    this.shape = [height, width, channels];
    this.build();
    const frame = this.mapView.parts;
    listen(frame.surface, this.gestures(), signal);
    makeDraggable(frame.handle, this.map, this.dragging(), signal);
    frame.handle.addEventListener("keydown", (event) => this.key(event), { signal });
    const decode = async ({ z, started }) => {
      this.paint(await this.decoder.runAsync(z, 1), z, started);
    };
    const wrong = (error) => on.wrong(error.message);
    this.ask = latest(decode, wrong);
    this.askFrames = latest((codes) => this.decodeFrames(codes), wrong);
  }

  /** The plane that the checkpoint is seen on by itself. */
  get ownPlane() {
    return this.hand.space.dims > 2 ? "pca:0,1" : "dims:0,1";
  }

  build() {
    const { space } = this.hand;
    const overlay = new Overlay(space.header);
    const parts = {
      overlay,
      sheetCanvas: element("canvas", { class: "lm-layer", "data-testid": "grid" }),
      pointsCanvas: element("canvas", { class: "lm-layer", "data-testid": "points" }),
      surface: element("div", { class: "lm-layer lm-surface", "data-testid": "surface" }),
      handle: element("div", {
        ...{ class: "lm-handle", "data-testid": "handle", tabindex: 0, role: "application" },
      }),
      ends: new EndMarks(),
    };
    this.map = element("div", { class: "lm-map" }, [
      ...[parts.sheetCanvas, parts.pointsCanvas, overlay.svg, ...overlay.titles, parts.surface],
      ...[parts.ends.element, parts.handle],
    ]);
    this.picture = createPicture(this.shape, `Decoded by ${this.facts.name}`);
    this.readout = element("span", { class: "lm-readout" });
    this.timing = element("span", { class: "lm-timing" });
    this.note = element("p", { class: "cm-note" });
    this.apart = element("span", { "data-testid": "disparity" });
    this.frames = element("div", { class: "lm-frames" });
    this.element = element(
      "section",
      { class: "cm-panel", "data-testid": "panel", "aria-label": this.facts.name },
      [
        element("h3", {}, [
          element("span", { text: this.facts.name }),
          element("small", {}, [this.facts.caption, this.apart]),
        ]),
        this.map,
        element("div", { class: "cm-below" }, [
          this.picture,
          element("div", {}, [this.readout, this.timing, this.note]),
        ]),
        this.frames,
      ],
    );
    this.mapView = new MapView(this.hand, parts, (...what) => this.mark(...what));
    this.mapView.planeChanged();
  }

  gestures() {
    const { hand } = this;
    const moved = () => {
      this.mark("view");
      this.on.view(hand.view);
    };
    return {
      hover: () => {},
      leave: () => {},
      end: () => this.mark("names"),
      tap: (left, top) => this.tap(left, top),
      pan: (left, top) => {
        hand.view.pan(left, top);
        moved();
      },
      zoom: (factor, left, top) => {
        hand.view.zoom(factor, left, top);
        moved();
      },
    };
  }

  dragging() {
    const within = (value) => Math.max(0, Math.min(this.hand.view.side, value));
    return {
      move: (...place) => this.on.drag(this.hand.view.toPlane(...place.map(within))),
      tap: (left, top) => this.tap(left, top),
      end: () => {},
    };
  }

  tap(left, top) {
    const row = this.layers.includes("points") ? this.hand.pointAt(left, top, REACH) : null;
    this.on.tap(row, this.hand.codeAt(left, top));
  }

  key(event) {
    const way = WAYS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { hand } = this;
    const step = (event.shiftKey ? FINE_STEP : STEP) * hand.view.span;
    const [x, y] = hand.placeOf(hand.z);
    this.on.drag([x + way[0] * step, y + way[1] * step], way);
  }

  /**
   * Show the codes on another plane.
   * @param {import("./space/plane.js").Plane|null} plane null for the checkpoint's own
   */
  choosePlane(plane) {
    const { side } = this.hand.view;
    if (plane) this.hand.usePlane(plane);
    else this.hand.choosePlane(this.ownPlane);
    this.hand.view.side = side;
    this.mapView.planeChanged();
    this.mark("plane", "view", "z", "taken", "path");
  }

  /** Move to a code, (D,), without more ado. */
  moveTo(z) {
    if (this.hand.moveTo(z)) this.mark("z");
  }

  /** Take what was encoded, or nothing. @param {import("./space/state.js").Taken|null} taken */
  take(taken) {
    this.hand.taken = taken;
    this.mark("taken");
  }

  /** Show the path from end to end, by its codes. @param {Float64Array[]} ends */
  showPath(ends) {
    this.hand.path = ends.map((z) => ({ z }));
    this.mark("path");
  }

  /** @param {string[]} layers */
  showLayers(layers) {
    this.layers = layers;
    this.map.classList.toggle("lm-over-grid", layers.includes("grid"));
    this.mark("view");
  }

  /** Say how far the turned space is from the first. @param {number|null} disparity */
  sayAlignment(disparity) {
    this.apart.textContent = disparity === null ? "" : ` · disparity ${disparity.toFixed(3)}`;
  }

  /** Say something under the readout. */
  say(words) {
    this.note.textContent = words;
  }

  mark(...what) {
    for (const thing of what) this.dirty.add(thing);
    this.changed?.();
  }

  /** Show what has changed; called once a frame. */
  show() {
    const { dirty, hand, decoder } = this;
    this.fit();
    if (!dirty.size) return;
    this.dirty = new Set();
    const has = (...things) => things.some((thing) => dirty.has(thing));
    if (decoder && has("z")) {
      const started = performance.now();
      if (decoder.run) this.paint(decoder.run(hand.z), hand.z, started);
      else this.ask({ z: hand.z, started });
    }
    // Few cells where the map is small.
    this.mapView.sheet.across = hand.view.side < 320 ? 12 : 20;
    this.mapView.show(has, { decoder, layers: this.layers });
    if (has("path", "plane")) this.mapView.showPath();
    if (decoder && has("path")) this.showFrames();
  }

  fit() {
    const side = this.map.clientWidth;
    if (side < 10 || side === this.hand.view.side) return;
    this.hand.view.side = side;
    for (const thing of ["view", "names", "path"]) this.dirty.add(thing);
  }

  paint(pixels, z, started) {
    if (!paint(this.picture, pixels, z, started)) {
      this.on.wrong(`${this.facts.name}: the decoder gave something that is no number.`);
      return;
    }
    this.readout.textContent =
      z.length <= 3
        ? `z = (${Array.from(z, signed).join(", ")})`
        : `|z| = ${Math.hypot(...z).toFixed(2)}`;
    const where = this.decoder.where === "browser" ? "in browser" : "on the server";
    this.timing.textContent = ` ${Number(this.picture.dataset.ms).toFixed(1)} ms, ${where}`;
  }

  showFrames() {
    const ends = this.hand.path.map((end) => end.z);
    if (ends.length < 2) return this.frames.replaceChildren();
    const missing = FRAMES - this.frames.children.length;
    if (missing > 0) {
      this.frames.replaceChildren(...Array.from({ length: FRAMES }, (_, k) => this.frameAt(k)));
    }
    return this.askFrames(ends);
  }

  frameAt(k) {
    const picture = createPicture(this.shape, `Step ${k + 1} of ${FRAMES} on the path`);
    picture.tabIndex = 0;
    const choose = () => this.on.choose(k / (FRAMES - 1));
    picture.addEventListener("click", choose);
    picture.addEventListener("keydown", (event) => event.key === "Enter" && choose());
    return picture;
  }

  async decodeFrames([from, to]) {
    const { dims } = this.hand.space;
    const codes = new Float32Array(FRAMES * dims);
    for (let k = 0; k < FRAMES; k++) {
      const t = k / (FRAMES - 1);
      codes.set(
        from.map((value, d) => (1 - t) * value + t * to[d]),
        k * dims,
      );
    }
    const started = performance.now();
    const pixels = await this.decoder.runAsync(codes, FRAMES);
    const size = pixels.length / FRAMES;
    [...this.frames.children].forEach((frame, k) => {
      const z = codes.subarray(k * dims, (k + 1) * dims);
      paint(frame, pixels.subarray(k * size, (k + 1) * size), z, started);
    });
  }

  close() {
    this.ask.stop();
    this.askFrames.stop();
    this.mapView.close();
    this.decoder?.close();
  }
}

/** The ends of the path, lettered; they stay where their digits are. */
class EndMarks {
  constructor() {
    this.element = element("div", { class: "lm-ends", "aria-hidden": "true" });
  }

  /** @param {[number, number][]} places pixels from the map's top left corner */
  show(places) {
    const marks = places.map(([left, top], k) =>
      element("span", {
        ...{ class: "cm-end", text: String.fromCharCode(65 + k) },
        style: `transform: translate(${left}px, ${top}px)`,
      }),
    );
    this.element.replaceChildren(...marks);
  }
}
