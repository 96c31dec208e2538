/**
 * The live map at work: the hand moves, and everything follows it.
 *
 * What changes is marked at once and shown at the next frame, so that the newest always wins and a
 * fast pointer costs no more than a slow one.
 */
import { FLAT } from "./space/space.js";
import { Hand } from "./space/state.js";
import { assemble, connect } from "./wiring.js";

// How near, in pixels, a click means a point.
const REACH = 9;
// How long after the last key or notch of the wheel Python hears of it, in milliseconds.
const PAUSE = 300;
// Steps of the arrow keys, as shares of what the map shows.
const STEP = 0.02;
const FINE_STEP = 0.002;
const NO_INVERSE =
  " has no inverse: the ring takes test digits' codes, and stands at the digit nearest to z.";
const SLICE = "Points are dropped onto this plane; pictures lie in it.";

export class Explorer {
  /**
   * @param {HTMLElement} root to be filled
   * @param {import("./space/space.js").Space} space
   * @param {Object} options
   * @param {Object} options.state where the hand was, and which layers were shown
   * @param {(state: Object) => void} options.post tells Python where the hand was let go
   * @param {(row: number) => Promise<import("./dom/blob.js").Original>} options.original
   * @param {(part: "decoder"|"encoder", say: (words: string) => void) =>
   *   Promise<import("./nn/runner.js").Runner>} options.runner
   */
  constructor(root, space, options) {
    this.options = options;
    this.hand = new Hand(space);
    this.ended = new AbortController();
    /** How often the hand has done something: what was begun before may come too late. */
    this.deeds = 0;
    this.dirty = new Set();
    /** @type {import("./nn/runner.js").Runner|null} */
    this.decoder = null;
    /** Another code that is looked at, and where it is. @type {{z, where: string}|null} */
    this.looked = null;
    assemble(this, root);
    this.hand.restore(options.state);
    this.tools.choose(options.state.show ?? ["points"]);
    this.legend.show();
    this.planeChanged();
    this.takenChanged();
    connect(this);
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(this.map);
    this.fit();
    this.load();
  }

  /** Have the decoder brought; where it does not arrive, say so and offer a new try. */
  async load() {
    const say = (words) => this.words.say(words, { about: "decoder" });
    try {
      this.decoder = await this.options.runner("decoder", say);
    } catch (error) {
      const words = `The decoder did not arrive. ${error.message}`;
      this.words.say(words, { about: "decoder", again: () => this.load() });
      return;
    }
    if (this.ended.signal.aborted) return;
    this.mark("z", "view", "path", "taken");
    // What is not needed for the first picture waits for it.
    this.later = setTimeout(() => {
      this.decoder.preload();
      this.sketch.open(() => this.options.runner("encoder", say));
    }, 50);
  }

  // What the hand does.

  /** Do something that is over at once, and tell Python of it. */
  act(deed) {
    this.deeds++;
    this.strip.stop();
    deed();
    this.mark("z");
    this.post();
  }

  moveTo(z) {
    this.words.settle("hint");
    if (this.hand.moveTo(z)) this.mark("z");
    else this.words.say("A coordinate is not a number: the hand stays where it is.");
  }

  /** Show what is decoded at z, which is `where`; for null, what is at the hand again. */
  look(z, where = "") {
    this.looked = z && { z: Float32Array.from(z), where };
    this.mark("looked");
  }

  /** The place on the map nearest to one that may lie beside it: what is dragged stays in sight. */
  within(left, top) {
    return [left, top].map((value) => Math.max(0, Math.min(this.hand.view.side, value)));
  }

  /** A click on the map: it takes a digit or a place, or adds it to the path. */
  tap(left, top) {
    const { hand } = this;
    const row = this.layers.includes("points") ? hand.pointAt(left, top, REACH) : null;
    this.looked = null;
    this.words.settle("hint");
    if (this.tools.picking) {
      hand.path.push(row === null ? { z: hand.codeAt(left, top) } : hand.endAt(row));
      this.mark("path", "looked");
      this.post();
      return;
    }
    this.act(() => {
      if (row === null) return this.moveTo(hand.codeAt(left, top));
      hand.take(row);
      return this.takenChanged();
    });
  }

  key(event) {
    const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const way = ways[event.key];
    if (event.key === "Enter") {
      event.preventDefault();
      this.tap(...this.hand.view.toScreen(...this.hand.placeOf(this.hand.z)));
    }
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.strip.stop();
    this.look(null);
    const step = (event.shiftKey ? FINE_STEP : STEP) * this.hand.view.span;
    this.moveTo(this.hand.codeBeside(...way, step));
    this.hand.follow();
    this.mark("view");
    this.postSoon();
  }

  /** Say something until the hand does something else. */
  hint(words) {
    this.words.say(words, { about: "hint" });
  }

  slide(dim, value) {
    this.deeds++;
    this.strip.stop();
    this.moveTo(this.hand.z.with(dim, value));
  }

  /**
   * @param {Float32Array} pixels of a drawing, (H, W, C)
   * @param {boolean} ended whether its last stroke is finished
   */
  async encode(pixels, ended) {
    const { runner } = this.sketch;
    const { deeds } = this;
    try {
      const code = runner.run?.(pixels) ?? (await runner.runAsync(pixels, 1));
      // On its way from the server the hand may have done something else.
      if (deeds !== this.deeds) return;
      if (!this.hand.takeDrawing(code)) throw new Error("The encoder gave what is no number.");
    } catch (error) {
      this.words.say(`${error.message} The hand stays where it is.`);
      return;
    }
    this.strip.stop();
    this.digit.show("Your drawing, prepared", pixels);
    this.mark("z", "taken");
    if (ended) this.post();
  }

  forgetDrawing() {
    this.deeds++;
    if (this.hand.taken?.row !== null) return;
    this.hand.taken = null;
    this.digit.clear();
    this.mark("taken");
  }

  choosePlane(name) {
    const { hand } = this;
    const { threeDigits } = hand;
    this.words.say("");
    if (name === "digits" && !threeDigits) {
      this.hint("Press Path and click three digits first: the plane goes through A, B and C.");
    } else if (!hand.choosePlane(name === "digits" ? `digits:${threeDigits}` : name)) {
      this.hint("The three digits lie on one line: the plane stays as it is.");
    } else if (name === "digits") {
      // A plane goes through the hand: put on A, it goes through all three.
      hand.take(threeDigits[0]);
      this.takenChanged();
      this.hint("The ring is on A now: so the plane through it goes through all three.");
    }
    this.act(() => this.planeChanged());
  }

  /** Show another part of the plane. @param {() => void} change of the view */
  showView(change) {
    change();
    this.mark("view", "names");
    this.postSoon();
  }

  // What follows the hand.

  planeChanged() {
    const { planeName, space } = this.hand;
    this.planes?.show(planeName);
    const flat = FLAT[planeName];
    this.note.textContent = flat ? flat + NO_INVERSE : space.dims === 2 ? "" : SLICE;
    this.mapView.planeChanged();
    this.layersChanged();
    this.mark("plane", "view", "z", "path", "taken");
  }

  /** Which layers are shown: a flat view has nothing but points. @returns {string[]} */
  get layers() {
    return this.hand.plane ? this.tools.chosen : ["points"];
  }

  layersChanged() {
    this.map.classList.toggle("lm-over-grid", this.layers.includes("grid"));
    this.mark("view");
  }

  takenChanged() {
    const { hand } = this;
    const { taken } = hand;
    this.mark("taken", "z");
    if (!taken) return this.digit.clear();
    const title = hand.space.title(taken.row);
    this.digit.show(title, null);
    return this.options.original(taken.row).then(({ pixels, message }) => {
      if (hand.taken === taken) this.digit.show(title, pixels, message);
    });
  }

  /** Have things shown anew at the next frame. */
  mark(...what) {
    for (const thing of what) this.dirty.add(thing);
    this.frame ??= requestAnimationFrame(() => this.show());
  }

  show() {
    const { dirty, hand, decoder } = this;
    this.frame = null;
    this.dirty = new Set();
    const has = (...things) => things.some((thing) => dirty.has(thing));
    if (decoder && has("z", "looked")) {
      const { z, where } = this.looked ?? { z: hand.z, where: "at the hand" };
      this.pictureView.show(decoder, z, where);
    }
    if (has("z")) this.sliders.show(hand.z);
    if (has("taken") && hand.taken && decoder) this.digit.showReconstruction(decoder, hand.taken);
    this.mapView.show(has, { decoder, layers: this.layers });
    if (has("path")) this.showPath();
  }

  showPath() {
    const { hand, decoder } = this;
    this.tools.enable(hand.plane !== null, hand.path.length > 0);
    this.strip.show(decoder, hand, this.tools.picking);
    this.mapView.showPath();
  }

  fit() {
    const side = this.map.clientWidth;
    if (side < 10 || side === this.hand.view.side) return;
    this.hand.view.side = side;
    this.mark("view", "names", "path");
  }

  /** Draw anew what takes its colours from the theme. */
  recolour() {
    this.mark("view");
    this.sketch.redraw();
  }

  // What Python hears.

  /** @returns {Object} where the hand is, as `vae_explorer/live/hand.py` reads it */
  snapshot() {
    return { ...this.hand.snapshot(), show: this.tools.chosen };
  }

  post() {
    clearTimeout(this.pause);
    if (!this.ended.signal.aborted) this.options.post(this.snapshot());
  }

  /** The same when a moment has passed without another deed: a new run of the page costs time. */
  postSoon() {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.post(), PAUSE);
  }

  close() {
    clearTimeout(this.pause);
    clearTimeout(this.later);
    cancelAnimationFrame(this.frame);
    this.ended.abort();
    this.deeds++;
    this.strip.close();
    this.pictureView.ask.stop();
    this.resize.disconnect();
    this.mapView.close();
    this.decoder?.close();
    this.sketch.close();
  }
}
