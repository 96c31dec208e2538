/** A training as a film: codes, grid, the digit under the hand and the loss move together. */

import { createPicture, fitCanvas, paint } from "./dom/canvas.js";
import { element } from "./dom/element.js";
import { LossPlot } from "./film/loss-plot.js";
import { makeDraggable } from "./map/gestures.js";
import { Overlay } from "./map/overlay.js";
import { createPoints } from "./map/points.js";
import { button, group, press } from "./panels/toolbar.js";
import { signed, View } from "./space/view.js";

const SECONDS = 16;
// How near, in pixels, a click means a point.
const REACH = 9;
const OPACITY = 0.85;
const STEP = 0.02;
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class FilmView {
  /**
   * @param {HTMLElement} root to be filled
   * @param {import("./film/reel.js").Reel} reel
   */
  constructor(root, reel) {
    this.reel = reel;
    this.ended = new AbortController();
    const [x, y, side] = reel.box;
    this.view = new View(x, y, side);
    this.time = reel.count - 1;
    this.layers = new Set(["points", "grid"]);
    /** The digit that the hand follows; null where it stays at a place. @type {number|null} */
    this.digit = 0;
    this.place = reel.placeOf(0, this.time);
    this.xy = new Float32Array(2 * reel.digits);
    this.playing = false;
    /** Seconds between the frames of the last play. @type {number[]} */
    this.frameTimes = [];
    this.build(root);
    this.connect();
    this.resize = new ResizeObserver(() => this.mark());
    this.resize.observe(this.map);
    this.mark();
  }

  build(root) {
    const { reel } = this;
    const { header } = reel;
    this.sheetCanvas = element("canvas", { class: "lm-layer", "data-testid": "film-grid" });
    const pointsCanvas = element("canvas", { class: "lm-layer", "data-testid": "points" });
    this.overlay = new Overlay(header);
    header.titles.forEach((title, k) => (this.overlay.titles[k].textContent = title));
    this.surface = element("div", { class: "lm-layer lm-surface", "data-testid": "surface" });
    this.handle = element("div", {
      ...{ class: "lm-handle", "data-testid": "handle", tabindex: 0, role: "application" },
      "aria-label": "The hand. Arrow keys move it; a click on a point has it follow that digit.",
    });
    this.map = element("div", { class: "lm-map" }, [
      ...[this.sheetCanvas, pointsCanvas, this.overlay.svg, ...this.overlay.titles],
      ...[this.surface, this.handle],
    ]);
    this.picture = createPicture(reel.shape, "The picture under the hand");
    this.picture.dataset.testid = "film-picture";
    this.caption = element("p", { class: "fm-caption" });
    this.said = element("p", { class: "lm-hint" });
    const key = header.classes.map((name, kind) =>
      element("span", {}, [element("i", { style: `background: ${header.colours[kind]}` }), name]),
    );
    this.playButton = button("▶ Play", "Play the film", () => this.toggle());
    this.playButton.classList.add("lm-play");
    this.layerButtons = ["points", "grid"].map((layer) =>
      button(layer === "points" ? "Points" : "Grid", `Show the ${layer}`, () => this.show(layer)),
    );
    this.now = element("p", { class: "fm-now", "data-testid": "film-now", role: "status" });
    this.slider = element("input", {
      ...{ type: "range", min: 0, max: reel.count - 1, step: "any", value: this.time },
      ...{ class: "fm-slider", "data-testid": "film-slider", "aria-label": "Time" },
    });
    this.slider.addEventListener("input", () => this.scrub(Number(this.slider.value)));
    this.plot = new LossPlot(reel);
    root.replaceChildren(
      element("div", { class: "fm-stage" }, [this.map]),
      element("div", { class: "fm-side" }, [
        element("div", { class: "cm-tools" }, [
          this.playButton,
          group("lm-group", "Layers", this.layerButtons),
        ]),
        this.now,
        this.plot.element,
        this.slider,
        this.picture,
        this.caption,
        this.said,
        element("p", { class: "fm-key", "aria-label": "Classes" }, key),
      ]),
    );
    this.points = createPoints(pointsCanvas, reel.label, () => this.mark());
    this.colours = Float32Array.from(
      header.colours.flatMap((colour) => [
        ...[1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16) / 255),
        OPACITY,
      ]),
    );
  }

  connect() {
    const { signal } = this.ended;
    const to = ([left, top]) => {
      const inside = [left, top].map((v) => Math.max(0, Math.min(this.view.side, v)));
      this.goTo(this.view.toPlane(...inside));
    };
    makeDraggable(this.handle, this.map, { move: (...at) => to(at), end: () => {} }, signal);
    this.surface.addEventListener(
      "click",
      (event) => {
        const box = this.map.getBoundingClientRect();
        this.tap(event.clientX - box.left, event.clientY - box.top);
      },
      { signal },
    );
    this.handle.addEventListener(
      "keydown",
      (event) => {
        const way = WAYS[event.key];
        if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        this.goTo(this.place.map((value, d) => value + way[d] * STEP * this.view.span));
      },
      { signal },
    );
  }

  // What the hand does.

  /** Stay at a place of the plane. */
  goTo(place) {
    this.digit = null;
    this.place = place;
    this.mark();
  }

  /** A click: on a point it follows that digit, elsewhere it stays there. */
  tap(left, top) {
    const [x, y] = this.view.toPlane(left, top);
    let [best, least] = [null, (REACH / this.view.scale) ** 2];
    for (let n = 0; n < this.reel.digits && this.layers.has("points"); n++) {
      const distance = (this.xy[2 * n] - x) ** 2 + (this.xy[2 * n + 1] - y) ** 2;
      if (distance < least) [best, least] = [n, distance];
    }
    if (best === null) return this.goTo([x, y]);
    this.digit = best;
    return this.mark();
  }

  scrub(time) {
    this.stop();
    this.time = time;
    this.mark();
  }

  toggle() {
    if (this.playing) this.stop();
    else this.play();
    this.mark();
  }

  play() {
    if (this.time >= this.reel.count - 1) this.time = 0;
    this.playing = true;
    this.playButton.textContent = "❚❚ Pause";
    this.playButton.setAttribute("aria-label", "Pause the film");
    this.before = null;
    this.frameTimes = [];
    this.mark();
  }

  stop() {
    this.playing = false;
    this.playButton.textContent = "▶ Play";
    this.playButton.setAttribute("aria-label", "Play the film");
  }

  show(layer) {
    if (!this.layers.delete(layer)) this.layers.add(layer);
    this.mark();
  }

  // What follows.

  mark() {
    this.frame ??= requestAnimationFrame((now) => this.draw(now));
  }

  draw(now) {
    this.frame = null;
    if (this.playing) this.advance(now);
    const side = this.map.clientWidth;
    if (side < 10) return;
    this.view.side = side;
    const { reel, time, view } = this;
    reel.xyAt(time, this.xy);
    if (this.digit !== null) this.place = reel.placeOf(this.digit, time);
    this.drawSheet();
    this.points.place(this.xy);
    const shown = this.layers.has("points") ? this.colours : this.colours.map(() => 0);
    this.points.draw(view, shown, Math.max(4, side / 110));
    this.map.classList.toggle("lm-over-grid", this.layers.has("grid"));
    this.overlay.draw(view, reel.header.titles[0] === "z0" ? [0, 0] : null, [], new Set());
    const [left, top] = view.toScreen(...this.place);
    this.handle.style.transform = `translate(${left}px, ${top}px)`;
    paint(this.picture, reel.pictureAt(this.place, time), null, 0);
    this.picture.dataset.place = JSON.stringify(this.place.map((v) => Number(v.toFixed(4))));
    this.write();
    if (this.playing) this.mark();
  }

  advance(now) {
    if (this.before !== null) {
      const passed = (now - this.before) / 1000;
      this.frameTimes.push(passed);
      this.time += (passed * (this.reel.count - 1)) / SECONDS;
    }
    this.before = now;
    if (this.time >= this.reel.count - 1) {
      this.time = this.reel.count - 1;
      this.stop();
    }
    const frames = this.frameTimes.length;
    const seconds = this.frameTimes.reduce((sum, value) => sum + value, 0);
    if (frames) this.map.dataset.fps = (frames / seconds).toFixed(1);
  }

  drawSheet() {
    const { reel, view } = this;
    const context = this.sheetCanvas.getContext("2d");
    fitCanvas(this.sheetCanvas, view.side);
    const { width } = this.sheetCanvas;
    context.clearRect(0, 0, width, width);
    if (!this.layers.has("grid")) return;
    const { k, share } = reel.at(this.time);
    context.globalAlpha = 1;
    context.drawImage(reel.sheets[k], 0, 0, width, width);
    context.globalAlpha = share;
    if (share > 0) context.drawImage(reel.sheets[k + 1], 0, 0, width, width);
    context.globalAlpha = 1;
  }

  write() {
    const { reel, time } = this;
    const epoch = reel.value(reel.epoch, time);
    const loss = reel.value(reel.neg_elbo, time);
    this.now.textContent =
      `epoch ${epoch.toFixed(epoch < 10 ? 2 : 1)} of ${Math.round(reel.epoch.at(-1))} · ` +
      `−ELBO ${loss.toFixed(1)} nats`;
    this.slider.value = time;
    this.plot.show(time, loss);
    const place = this.place.map(signed).join(", ");
    const { digit, label, index } = { ...this, ...reel, digit: this.digit };
    this.caption.textContent =
      digit === null
        ? `At (${place})`
        : `${reel.header.classes[label[digit]]} · test image ${index[digit]}, now at (${place})`;
    this.said.textContent =
      digit === null
        ? "The hand stays; the space moves under it. Click a point to follow that digit."
        : "The hand follows this digit. Drag the ring to have it stay at one place.";
    this.layerButtons.forEach((one, k) => press(one, this.layers.has(["points", "grid"][k])));
  }

  recolour() {
    this.mark();
  }

  close() {
    this.stop();
    cancelAnimationFrame(this.frame);
    this.ended.abort();
    this.resize.disconnect();
    this.points.release();
  }
}
