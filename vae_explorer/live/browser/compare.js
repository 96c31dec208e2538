/**
 * Two to four checkpoints under one hand: whatever is done on one of the maps is done on all.
 *
 * Where all have as many dimensions, the hand holds one z, which each of them decodes; otherwise,
 * or if that is chosen, it holds one digit, which each of them encodes and decodes again.
 */
import { assembleComparison } from "./compare-parts.js";
import { paint } from "./dom/canvas.js";
import { Panel } from "./panel.js";
import { Words } from "./panels/message.js";
import { press } from "./panels/toolbar.js";
import { turnedPlane } from "./space/plane.js";
import { between, Subjects } from "./space/shared.js";

export class ComparisonView {
  /**
   * @param {HTMLElement} root to be filled
   * @param {Object[]} facts of each checkpoint: `name`, `caption`, `dataset`, `rotation`,
   *   `disparity`
   * @param {import("./space/space.js").Space[]} spaces of each
   * @param {Object} options
   * @param {Object} options.state as `snapshot` gave it
   * @param {(k: number, row: number) => Promise<import("./dom/blob.js").Original>} options.original
   * @param {(k: number, part: string, say: Function) => Promise<import("./nn/runner.js").Runner>}
   *   options.runner
   */
  constructor(root, facts, spaces, options) {
    this.options = options;
    this.facts = facts;
    this.subjects = new Subjects(spaces, facts);
    this.ended = new AbortController();
    this.words = new Words();
    const { state } = options;
    this.byDigit = state.byDigit ?? !this.subjects.oneSpace;
    this.aligned = state.aligned ?? false;
    this.layers = state.layers ?? ["points"];
    /** @type {import("./space/shared.js").Subject[]} */
    this.ends = [];
    this.picking = false;
    /** How often the hand has done something: what was begun before may come too late. */
    this.deeds = 0;
    /** @type {(import("./nn/runner.js").Runner|null)[]} */
    this.encoders = facts.map(() => null);
    this.panels = facts.map((one, k) => this.panelOf(one, spaces[k], k));
    assembleComparison(this, root);
    this.align(this.aligned && this.canAlign);
    this.showLayers();
    const known = spaces.findIndex(({ count }) => count > 0);
    if (state.z) this.hold(this.subjects.ofCode(0, state.z));
    else if (known >= 0) this.take(known, Math.min(state.row ?? 0, spaces[known].count - 1));
    else this.hold(this.subjects.ofCode(0, new Float64Array(spaces[0].dims)));
    this.load();
    this.resize = new ResizeObserver(() => this.mark());
    this.resize.observe(root);
  }

  panelOf(facts, space, k) {
    const on = {
      drag: (place, way) => this.drag(k, place, way),
      tap: (row, z) => this.tap(k, row, z),
      view: (view) => this.lookLike(k, view),
      wrong: (words) => this.words.say(words),
      choose: (t) => this.goAlong(t),
    };
    const panel = new Panel(facts, space, on, this.ended.signal);
    panel.changed = () => this.mark();
    return panel;
  }

  /** Have the networks brought; each map works as soon as its decoder is there. */
  async load() {
    await Promise.all(
      this.panels.map(async (panel, k) => {
        try {
          panel.decoder = await this.runner(k, "decoder");
          panel.mark("z", "view", "path", "plane");
        } catch (error) {
          panel.say(`The decoder did not arrive. ${error.message}`);
        }
      }),
    );
    if (this.ended.signal.aborted) return;
    // The pad is open when all can encode what is drawn on it.
    this.sketch.open(async () => {
      await Promise.all(this.panels.map((_, k) => this.encoder(k)));
      return { close: () => {} };
    });
  }

  runner(k, part) {
    return this.options.runner(k, part, (words) => this.words.say(words));
  }

  /** The k-th's encoder, brought when it is first needed. */
  async encoder(k) {
    this.encoders[k] ??= await this.runner(k, "encoder");
    return this.encoders[k];
  }

  // What the hand does.

  /** The ring of the k-th map is dragged to a place; with keys, one `way`. */
  drag(k, place, way) {
    this.deeds++;
    const { hand } = this.panels[k];
    if (!this.byDigit) {
      this.hold(this.subjects.ofCode(k, hand.codeAtPlace(place)));
      return;
    }
    const { space, xy, hidden } = hand;
    const row = way
      ? space.nearestAlong(xy, hand.placeOf(hand.z), way, hidden)
      : space.nearestOnMap(xy, place, hidden);
    if (row !== null && row !== hand.taken?.row) this.take(k, row);
  }

  /** A click on the k-th map, on a digit or, where `row` is null, between them. */
  tap(k, row, z) {
    this.deeds++;
    const { hand } = this.panels[k];
    const nearest = () => hand.space.nearestOnMap(hand.xy, hand.placeOf(z), hand.hidden);
    const digit = row ?? (this.byDigit ? nearest() : null);
    if (digit !== null) this.take(k, digit);
    else if (!this.byDigit) this.hold(this.subjects.ofCode(k, z));
    if (this.picking) this.addEnd();
  }

  /** Take the digit in a row of the k-th: as a digit, or as the code that the k-th has for it. */
  take(k, row) {
    if (!this.byDigit) {
      this.hold(this.subjects.ofCode(k, this.panels[k].hand.space.code(row)));
      return;
    }
    const subject = this.subjects.ofRow(k, row);
    this.hold(subject);
    this.showOriginal(subject, k, row);
  }

  /** Show the original, and have it encoded by those that do not know it. */
  async showOriginal(subject, k, row) {
    const { pixels, message } = await this.options.original(k, row);
    if (this.subject !== subject) return;
    this.original.style.display = pixels ? "" : "none";
    if (pixels) paint(this.original, pixels, null, 0);
    const missing = subject.codes.flatMap((code, other) => (code ? [] : [other]));
    if (pixels) await this.encodeBy(subject, missing, pixels);
    else {
      missing.forEach((other) =>
        this.panels[other].say(`${message} It was not measured on this digit: draw one instead.`),
      );
    }
  }

  /** Take a drawing, (H, W, C). */
  async draw(pixels) {
    if (!this.byDigit) this.chooseMode(true, false);
    const { deeds } = this;
    const subject = {
      codes: this.panels.map(() => null),
      taken: this.panels.map(() => null),
      title: "Your drawing, prepared",
    };
    await this.encodeBy(subject, [...this.panels.keys()], pixels, false);
    if (deeds !== this.deeds) return;
    paint(this.original, pixels, null, 0);
    this.original.style.display = "";
    this.hold(subject);
  }

  async encodeBy(subject, which, pixels, hold = true) {
    await Promise.all(
      which.map(async (k) => {
        try {
          const encoder = await this.encoder(k);
          const code = encoder.run?.(pixels) ?? (await encoder.runAsync(pixels, 1));
          if (!this.subjects.encode(subject, k, code)) throw new Error("The code is no number.");
        } catch (error) {
          this.panels[k].say(`Not encoded. ${error.message}`);
        }
      }),
    );
    if (hold && this.subject === subject) this.hold(subject);
  }

  /**
   * Hold something: every map moves to its code.
   * @param {import("./space/shared.js").Subject} subject
   */
  hold(subject) {
    this.subject = subject;
    this.panels.forEach((panel, k) => {
      if (subject.codes[k]) panel.moveTo(subject.codes[k]);
      panel.take(subject.taken[k]);
      if (subject.codes[k]) panel.say("");
    });
    this.say();
  }

  // The path.

  pick(picking) {
    this.picking = picking;
    if (picking) this.ends = [];
    this.row.classList.toggle("lm-picking", picking);
    this.showPath();
    this.say();
  }

  addEnd() {
    this.ends.push(this.subject);
    if (this.ends.length === 2) {
      this.picking = false;
      this.row.classList.remove("lm-picking");
      this.along.value = 1;
    }
    this.showPath();
    this.say();
  }

  clearPath() {
    this.ends = [];
    this.pick(false);
  }

  showPath() {
    press(this.pathButton, this.picking);
    const whole = this.ends.length === 2;
    this.along.style.visibility = whole ? "" : "hidden";
    this.clearButton.disabled = !this.ends.length;
    this.panels.forEach((panel, k) => {
      const codes = this.ends.map((end) => end.codes[k]);
      panel.showPath(codes.every(Boolean) ? codes : []);
    });
  }

  /** Go to a fraction of the way from A to B, in every model. */
  goAlong(t) {
    if (this.ends.length < 2) return;
    this.deeds++;
    this.along.value = t;
    this.original.style.display = "none";
    this.hold(between(...this.ends, t));
  }

  // How it is shown.

  chooseMode(byDigit, again = true) {
    this.byDigit = byDigit;
    this.original.style.display = "none";
    this.clearPath();
    const [{ hand }] = this.panels;
    if (again && byDigit && hand.space.count) this.take(0, hand.space.nearest(hand.z));
    else if (again) this.hold(this.subjects.ofCode(0, hand.z));
  }

  get canAlign() {
    return this.facts.slice(1).every(({ rotation }) => rotation);
  }

  /** Turn every space onto the first, or let each be as it is. */
  align(aligned) {
    this.aligned = aligned;
    press(this.alignButton, aligned);
    const [first, ...others] = this.panels;
    others.forEach((panel, k) => {
      const rotation = aligned ? this.facts[k + 1].rotation : null;
      this.subjects.rotations[k + 1] = rotation;
      panel.choosePlane(rotation && turnedPlane(first.hand.plane, rotation, first.facts.name));
    });
    // The same z lies elsewhere now; a digit stays where its models have it.
    if (this.subject && !this.byDigit) this.hold(this.subjects.ofCode(0, first.hand.z));
    this.clearPath();
    this.lookLike(0, first.hand.view);
  }

  /** Whether a place is the same on all maps. */
  get sharedView() {
    const plane = !this.byDigit && this.subjects.oneSpace && this.subjects.spaces[0].dims === 2;
    return this.aligned || plane;
  }

  /** Have the other maps show what the k-th does, where their places are the same. */
  lookLike(k, { x, y, span }) {
    if (!this.sharedView) return;
    this.panels.forEach((panel, other) => {
      if (other === k) return;
      Object.assign(panel.hand.view, { x, y, span });
      panel.mark("view", "names");
    });
  }

  toggle(layer) {
    const others = this.layers.filter((name) => name !== layer);
    this.layers = this.layers.includes(layer) ? others : [...others, layer];
    this.showLayers();
  }

  showLayers() {
    this.layerButtons.forEach((one, k) => press(one, this.layers.includes(["points", "grid"][k])));
    this.panels.forEach((panel) => panel.showLayers(this.layers));
  }

  /** Say which of the two the hand does. */
  say() {
    this.modes.forEach((one, k) => press(one, this.byDigit === Boolean(k)));
    const { title } = this.subject ?? { title: "" };
    const next = this.picking ? ` Now click ${this.ends.length ? "B" : "A"}.` : "";
    const what = this.subject?.onTheWay
      ? "Every model on its own way from A to B"
      : this.byDigit
        ? "One digit, encoded by each model: its rings and ellipses are q(z|x), the pictures its " +
          "reconstructions"
        : `One z, decoded by each model${this.aligned ? ", turned with its space" : ""}`;
    this.sentence.textContent = `${what}${title ? `. ${title}` : ""}.${next}`;
    const apart = this.facts.map(({ disparity }) => disparity);
    this.panels.forEach((panel, k) => panel.sayAlignment(this.aligned && k > 0 ? apart[k] : null));
  }

  mark() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.panels.forEach((panel) => panel.show());
    });
  }

  recolour() {
    this.panels.forEach((panel) => panel.mark("view"));
    this.sketch.redraw();
  }

  /** @returns {Object} how it is, for the next time */
  snapshot() {
    const { byDigit, aligned, layers } = this;
    const [{ hand }] = this.panels;
    const held = byDigit ? { row: hand.taken?.row ?? 0 } : { z: hand.z };
    return { byDigit, aligned, layers, ...held };
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.deeds++;
    this.ended.abort();
    this.resize.disconnect();
    this.panels.forEach((panel) => panel.close());
    this.encoders.forEach((encoder) => encoder?.close());
    this.sketch.close();
  }
}
