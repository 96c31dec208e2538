/**
 * Explore: the one map of a checkpoint, the handle on it, and everything that follows the handle.
 * This file alone changes the state; the parts draw from it and say what is asked for.
 */
import { fetchBlob, fetchOriginal } from "./dom/blob.js";
import { element } from "./dom/element.js";
import { mapFiles } from "./files/map-files.js";
import { movingFiles } from "./files/moving-files.js";
import { createGlide } from "./glide.js";
import { createAddress, openedLink } from "./link.js";
import { LatentMap } from "./map/map.js";
import { browserRunner, runnerOf } from "./nn/runner.js";
import { createMount } from "./page.js";
import { DrawingPanel } from "./panels/drawing.js";
import { ExportMenu } from "./panels/export-menu.js";
import { HistoryButtons } from "./panels/history-buttons.js";
import { Legend } from "./panels/legend.js";
import { Message } from "./panels/message.js";
import { PathControls, PathStrip } from "./panels/path-strip.js";
import { Picture } from "./panels/picture.js";
import { PlaneMenu } from "./panels/plane-menu.js";
import { createPlay } from "./panels/play.js";
import { Recorder } from "./panels/recorder.js";
import { LatticeControls, RowStrip } from "./panels/row-strip.js";
import { SelectionPanel } from "./panels/selection.js";
import { Sliders } from "./panels/sliders.js";
import { Toolbar, ZoomButtons } from "./panels/toolbar.js";
import { between } from "./space/glide.js";
import { MAP_NAMES, partOf, readLink, writeLink } from "./space/link.js";
import { fractionAt, pathAt } from "./space/paths.js";
import { Space, STORED_VIEWS } from "./space/space.js";
import * as act from "./space/state.js";
import { createStore } from "./store.js";
import { asksForTour, createTour, TOUR_SECONDS, tourOf } from "./tour.js";
import { createUndo } from "./undo.js";

/**
 * @typedef {import("./space/state.js").MapState} MapState
 * @typedef {import("./nn/runner.js").Runner} Runner
 * @typedef {import("./panels/strip.js").Frames} Frames
 *
 * @typedef {Object} Around what Explore has beside the map
 * @property {import("./panels/selection.js").Original|null} original of the selection
 * @property {import("./panels/message.js").Note|null} message
 * @property {Runner|null} encoder
 * @property {string} encoderProblem
 * @property {Frames|null} frames the steps of the path
 * @property {Frames|null} row of the lattice
 * @property {boolean} playing
 * @property {number|null} reached step of the path, while it is played
 *
 * @typedef {MapState & Around} State
 */

// What is not needed for the first picture waits for it, in milliseconds.
const LATER = 50;
const TOUCHED = "vae-explorer: the handle was moved";

/** How each checkpoint was left, by its name, for when it is trained anew. */
const left = /** @type {Map<string, string>} */ (new Map());

export const mount = createMount({
  css: ["map.css"],
  testid: "latent-map",
  title: ({ name }) => `the map of ${name}`,
  open: openExplore,
});

/**
 * @param {import("./page.js").Opening<MapState>} opening
 * @returns {Promise<import("./page.js").OpenPage<MapState>>}
 */
async function openExplore(opening) {
  const { data, source, kept } = opening;
  // Both are on their way at once; what is wrong with the decoder is said where it is needed.
  if (data.decoder) browserRunner(source, data.decoder).catch(() => {});
  const space = kept?.projection.space ?? new Space(await fetchBlob(source, data.points));
  return new Explore(space, opening);
}

/** The state to begin with: where this tab left it, unless the address asks for another. */
function beginning(
  /** @type {Space} */ space,
  /** @type {import("./page.js").Opening<MapState>} */ opening,
) {
  const { data, kept } = opening;
  const link = openedLink(opening, MAP_NAMES);
  const linked = readLink(link ?? left.get(data.name) ?? "", space);
  if (link === null) return { state: kept ?? linked.state, problems: [] };
  const toolAlone = partOf(link, MAP_NAMES) === `tool=${linked.state.tool}`;
  return kept && toolAlone
    ? { state: act.chooseTool(kept, linked.state.tool), problems: [] }
    : linked;
}

class Explore {
  /**
   * @param {Space} space
   * @param {import("./page.js").Opening<MapState>} opening
   */
  constructor(space, opening) {
    const { data, source, scene, signal, root } = opening;
    this.space = space;
    this.data = data;
    this.source = source;
    this.signal = signal;
    const { state, problems } = beginning(space, opening);
    /** @type {State} */
    const first = {
      ...state,
      original: null,
      message: problems.length ? { text: `The link’s ${problems.join(" ")}`, about: "hint" } : null,
      encoder: null,
      encoderProblem: "",
      frames: null,
      row: null,
      reached: null,
      playing: false,
      untouched: !wasTouched(),
    };
    this.store = createStore(first, (latest) => this.draw(latest));
    const write = (/** @type {string} */ search) => writeLink(this.store.state, search);
    this.address = createAddress(opening, MAP_NAMES, write);
    this.undo = createUndo(
      {
        ...{ stepOf: act.stepOf, isSame: act.isSameStep, now: () => this.store.state },
        restore: (step) => {
          this.pause();
          this.set({ ...act.restore(this.store.state, step), message: null });
          this.address.publish();
        },
      },
      { root, signal },
    );
    /** What was drawn last. @type {State|null} */
    this.drawn = null;
    this.player = createPlay(
      () => {
        const { path, pathSettings } = this.store.state;
        return { stretches: path.length - 1, speed: pathSettings.speed };
      },
      (share) => this.goAlong(share),
    );
    this.motion = createGlide(opening);
    this.tour = this.createTour();
    /** @type {Recorder<MapState[]>} */
    this.recorder = new Recorder((whether) => this.parts.exports.show(whether));
    this.parts = this.createParts(root);
    this.store.redraw();
    this.address.publish();
    this.load();
    // A scene's begins when it is seen.
    if (!scene) this.tour.set(asksForTour(location.search));
  }

  // The parts, and what they may ask for.

  createParts(/** @type {HTMLElement} */ root) {
    const { space } = this;
    const failed = (/** @type {string} */ text) => this.say(text, "decoder");
    const go = (/** @type {number[]} */ z) => this.do((state) => act.moveTo(state, z));
    const decoded = {
      choose: go,
      decoded: (/** @type {Frames|null} */ f) => this.set({ frames: f }),
    };
    const row = { choose: go, decoded: (/** @type {Frames|null} */ f) => this.set({ row: f }) };

    const picture = new Picture(space.shape, { failed, painted: () => this.wellAgain() });
    const selection = new SelectionPanel(space, {
      sample: () => this.do((state) => act.sampleAgain(state)),
      mean: () => this.do(act.backToMean),
    });
    const sliders = new Sliders(space.header, (dim, value) =>
      this.do((state) => act.slide(state, dim, value)),
    );
    const encodes = this.data.encoder !== null;
    const drawing = new DrawingPanel(space.shape, encodes, {
      encode: (pixels) => this.encode(pixels),
      clear: () => this.do(act.forgetDrawing),
      again: () => this.loadEncoder(),
    });
    const legend = new Legend(space.header, {
      toggle: (kind) => this.look((state) => act.toggleClass(state, kind)),
      only: (kind) => this.look((state) => act.showOnly(state, kind)),
    });
    const zoom = new ZoomButtons({
      zoom: (factor) => {
        const { x, y } = this.store.state.view;
        this.look((state) => act.zoom(state, factor, [x, y]));
      },
      fitAll: () => this.look(act.fitAll),
    });
    const message = new Message(() => this.load());
    const planes = space.dims > 2 ? new PlaneMenu(space, (name) => this.choosePlane(name)) : null;
    const steps = new HistoryButtons({
      undo: () => this.undo.undo(),
      redo: () => this.undo.redo(),
      link: () => this.address.link(),
      collects: Boolean(this.data.base),
    });
    const exports = this.createExports(root);
    exports.element.prepend(this.recorder.element);
    const toolbar = new Toolbar(
      {
        tool: (tool) => this.do((state) => act.chooseTool(state, tool)),
        layer: (layer) => this.look((state) => act.toggleLayer(state, layer)),
        clearPath: () => this.do(act.clearPath),
      },
      planes ? [planes.element] : [],
      [steps.element, exports.element],
    );
    const pathControls = new PathControls({
      play: () => (this.store.state.playing ? this.pause() : this.play()),
      settings: (settings) =>
        this.look((state) => ({ ...state, pathSettings: { ...state.pathSettings, ...settings } })),
    });
    const pathStrip = new PathStrip(space.shape, decoded);
    const latticeControls = new LatticeControls(space, {
      lattice: (lattice) =>
        this.look((state) => ({ ...state, lattice: { ...state.lattice, ...lattice } })),
      scale: (scale) => {
        const projection = space.project(this.store.state.projection.name, scale);
        if (projection) this.do((state) => act.project(state, projection));
      },
      through: (z) => this.do((state) => act.follow(act.moveTo(state, z))),
    });
    const rowStrip = new RowStrip(space.shape, row);
    const hint = element("p", { class: "lm-hint", "data-testid": "hint" });
    const docks = {
      scatter: element("div", { class: "lm-dock-of" }, []),
      manifold: element("div", { class: "lm-dock-of" }, [
        ...[latticeControls.element, rowStrip.element],
      ]),
      interpolate: element("div", { class: "lm-dock-of" }, [
        ...[pathControls.element, pathStrip.element],
      ]),
    };
    const map = new LatentMap(space, this.mapActions(), {
      signal: this.signal,
      controls: [legend.element, zoom.element, message.element],
    });
    const dock = element("section", { class: "lm-dock", "aria-label": "Tool" }, [
      ...[hint, ...Object.values(docks)],
    ]);
    // The map comes first for who goes by Tab or listens; the style sheet puts the tools above it.
    root.classList.add("lm-explore");
    root.replaceChildren(
      element("div", { class: "lm-stage" }, [map.element]),
      toolbar.element,
      element("div", { class: "lm-story" }, [picture.element, selection.element]),
      element("div", { class: "lm-more" }, [sliders.element, drawing.element]),
      dock,
    );
    if (map.pointsKind === "canvas") {
      this.say("This browser has no WebGL: the points are drawn more slowly, as squares.");
    }
    /** Those that draw whatever tool is on. */
    const always = [
      ...[picture, map, selection, sliders, toolbar, legend, message],
      ...(planes ? [planes] : []),
    ];
    return {
      ...{ always, map, picture, selection, drawing, hint, docks, steps, exports },
      ...{ pathControls, pathStrip, latticeControls, rowStrip },
    };
  }

  /** @returns {import("./map/map.js").MapActions} */
  mapActions() {
    return {
      grab: () => this.touched(),
      drag: (place) => this.do((state) => act.moveToPlace(state, place)),
      tap: (place, row) => {
        this.touched();
        this.do((state) => act.tap(state, place, row));
      },
      hover: (place) => {
        if (!this.motion.going) this.set(act.preview(this.store.state, place));
      },
      step: (direction, fine) => this.do((state) => act.step(state, direction, fine)),
      pan: (dx, dy) => this.look((state) => act.pan(state, dx, dy)),
      zoom: (factor, place) => this.look((state) => act.zoom(state, factor, place)),
      moveEndpoint: (k, place) => this.do((state) => act.moveEndpoint(state, k, place)),
      dropEndpoint: () => this.set({ preview: null }),
      removeEndpoint: (k) => this.do((state) => act.removeEndpoint(state, k)),
    };
  }

  // How the state changes.

  set(/** @type {Partial<State>} */ patch) {
    if (!this.signal.aborted) this.store.set(patch);
  }

  /** Change what is looked at; the handle stays where it is. */
  look(/** @type {(state: State) => State} */ action) {
    this.motion.stop();
    const before = this.store.state;
    this.set(action(before));
    this.undo.note(before);
    this.address.publish();
  }

  /** Do something that ends what was played, hinted at and asked for. */
  do(/** @type {(state: State) => State} */ action) {
    this.pause();
    const { message } = this.store.state;
    if (message?.about === "hint") this.set({ message: null });
    this.look(action);
  }

  say(
    /** @type {string} */ text,
    /** @type {import("./panels/message.js").Note["about"]} */ about = "hint",
    again = false,
  ) {
    this.set({ message: { text, about, again } });
  }

  /** The decoder works: what was wrong with it need not be said any more. */
  wellAgain() {
    if (this.store.state.message?.about === "decoder") this.set({ message: null });
  }

  touched() {
    if (!this.store.state.untouched) return;
    rememberTouched();
    this.set({ untouched: false });
  }

  choosePlane(/** @type {string} */ name) {
    const { state } = this.store;
    const asked = name === "through" ? act.planeThroughPath(state) : name;
    const projection = asked && this.space.project(asked, state.projection.scale);
    this.do((now) => {
      if (!projection) return now;
      const [first] = now.path;
      if (name !== "through") return act.project(now, projection);
      // A plane goes through the handle: put on A, it goes through all three.
      const onA = first.row === null ? act.moveTo(now, first.z) : act.select(now, first.row);
      return act.project(onA, projection);
    });
    if (!asked) {
      this.say(
        "Choose Interpolate and click three places first: the plane goes through A, B and C.",
      );
    } else if (!projection) {
      this.say("A, B and C lie on one line, so many planes go through them: the plane stays.");
    } else if (name === "through") {
      this.say("The handle is on A now, so that the plane through it goes through all three.");
    }
  }

  play() {
    this.motion.stop();
    this.touched();
    this.undo.remember(this.store.state);
    this.set({ playing: true, preview: null, message: null });
    this.player.start();
  }

  pause() {
    this.motion.stop();
    if (!this.store.state.playing) return;
    this.player.stop();
    this.set({ playing: false, reached: null });
    this.address.publish();
  }

  /** Go to a share of the path's steps. */
  goAlong(/** @type {number} */ share) {
    const { state } = this.store;
    const { path, frames } = state;
    if (!frames || path.length < 2) return this.pause();
    return this.set({
      ...alongPath(state, share),
      reached: Math.round(share * (frames.count - 1)),
    });
  }

  /** Move to what a link says. @returns {Promise<void>} */
  async glide(/** @type {string} */ search, /** @type {number} */ seconds) {
    this.pause();
    this.tour.set(asksForTour(search));
    const { state, problems } = readLink(search, this.space);
    const from = this.store.state;
    const isThere = writeLink(state, "") === writeLink(from, "");
    if (!isThere) this.undo.remember(from);
    if (problems.length) this.say(`The link’s ${problems.join(" ")}`);
    else if (from.message?.about === "hint") this.set({ message: null });
    await this.goTo(this.withDrawing(state), isThere ? 0 : seconds);
    this.encodeLinked();
  }

  createTour() {
    /** @type {number[]} */
    let rows = [];
    return createTour(
      {
        begin: () => {
          rows = tourOf(this.space);
          this.pause();
          // Nobody is there who has to be told where to begin.
          this.set({ untouched: false });
          if (this.store.state.message?.about !== "decoder")
            this.say("A tour of the classes: touch the map to take over.", "tour");
        },
        visit: async (k) => {
          if (!rows.length) return;
          const there = act.follow(act.select(this.store.state, rows[k % rows.length]));
          // What was selected is left behind.
          this.set({ selection: null });
          await this.goTo(there, TOUR_SECONDS);
        },
        touched: () => {
          this.motion.stop();
          if (this.store.state.message?.about === "tour") this.set({ message: null });
        },
      },
      this.signal,
    );
  }

  /** Move to another state of the map. */
  async goTo(/** @type {MapState} */ to, /** @type {number} */ seconds) {
    const from = this.store.state;
    await this.motion.start(seconds, (share) => this.set(between(from, to, share)));
    this.address.publish();
  }

  /** The state of a link whose drawing is selected; while it can't be encoded, the handle waits where it is. */
  withDrawing(/** @type {MapState} */ state) {
    const { encoder, z } = this.store.state;
    const { drawing } = state;
    if (!drawing) return state;
    const posterior = encoder?.run?.(drawing.pixels);
    const selected = posterior && act.selectLinked(state, Float32Array.from(posterior));
    return selected || (drawing.leads ? { ...state, z } : state);
  }

  // What is fetched, and comes when it comes.

  /** Have the decoder brought; where it does not arrive, say so and offer a new try. */
  async load() {
    try {
      const decoder = await this.runner("decoder");
      if (this.signal.aborted) return decoder.close();
      this.set({ decoder });
      setTimeout(() => {
        if (this.signal.aborted) return;
        decoder.preload();
        this.loadEncoder();
      }, LATER);
    } catch (error) {
      this.say(`The decoder did not arrive. ${messageOf(error)}`, "decoder", true);
    }
  }

  async loadEncoder() {
    if (!this.parts.drawing.fits || this.store.state.encoder) return;
    try {
      this.set({ encoder: await this.runner("encoder"), encoderProblem: "" });
    } catch (error) {
      this.set({ encoderProblem: `The encoder did not arrive. ${messageOf(error)}` });
    }
    this.encodeLinked();
  }

  /** Select the drawing that the link brought. */
  async encodeLinked() {
    const { encoder, drawing } = this.store.state;
    if (!encoder || !drawing) return;
    try {
      const { pixels } = drawing;
      const posterior = encoder.run?.(pixels) ?? (await encoder.runAsync(pixels, 1));
      const next = act.selectLinked(this.store.state, Float32Array.from(posterior));
      if (!next) throw new Error("The encoder gave what is no number.");
      this.set(next);
      this.address.publish();
    } catch (error) {
      this.say(`The link’s drawing was not encoded. ${messageOf(error)}`);
    }
  }

  runner(/** @type {"decoder"|"encoder"} */ part) {
    const said = (/** @type {string} */ text) =>
      text ? this.say(text, "decoder") : this.wellAgain();
    return runnerOf(this.source, this.data, part, this.space, said);
  }

  async loadOriginal(/** @type {import("./space/state.js").Selection} */ selection) {
    const row = /** @type {number} */ (selection.row);
    const original = await fetchOriginal(this.source, this.data.key, row);
    // In the meantime something else may be selected.
    if (this.store.state.selection === selection)
      this.set({ original: { ...original, of: selection } });
  }

  async encode(/** @type {Float32Array} */ pixels) {
    const { encoder, z, selection } = this.store.state;
    if (!encoder) return;
    try {
      const posterior = encoder.run?.(pixels) ?? (await encoder.runAsync(pixels, 1));
      const { state } = this.store;
      // On its way from the server the handle may have been moved.
      if (state.z !== z || state.selection !== selection) return;
      const next = act.selectDrawing(state, Float32Array.from(posterior), pixels);
      if (!next) throw new Error("The encoder gave what is no number.");
      this.do(() => next);
    } catch (error) {
      this.say(`${messageOf(error)} The handle stays where it is.`);
    }
  }

  // What can be saved.

  createExports(/** @type {HTMLElement} */ root) {
    const shown = () => {
      const { state } = this.store;
      const { z, frames, row } = state;
      const { map, picture } = this.parts;
      const model = { name: this.data.name, title: "", state, z, frames, row };
      return [{ ...model, grid: map.grid, picture: picture.canvas }];
    };
    const { map, picture, lattice, strip, data } = mapFiles(shown, root);
    const moving = movingFiles({
      ...{ names: [this.data.name], root, recorder: this.recorder },
      states: () => [this.store.state],
      along: () => {
        const { state } = this.store;
        return (share) => [alongPath(state, share)];
      },
    });
    const groups = [map, picture, lattice, strip, moving.path, moving.drag, data];
    return new ExportMenu(() => groups, this.signal);
  }

  // Everything that follows the state.

  draw(/** @type {State} */ state) {
    const { drawn } = this;
    this.drawn = state;
    for (const part of this.parts.always) part.draw(state);
    this.parts.drawing.draw(state, act.drawingOf(state));
    this.parts.steps.draw(this.undo);
    this.parts.exports.draw();
    this.recorder.note([state]);
    if (state.selection !== drawn?.selection && state.selection?.row != null) {
      this.loadOriginal(state.selection);
    }
    if (state.tool !== drawn?.tool) {
      for (const [tool, dock] of Object.entries(this.parts.docks))
        dock.hidden = tool !== state.tool;
    }
    if (state.tool === "interpolate" || state.playing) {
      this.parts.pathControls.draw(state);
      this.parts.pathStrip.draw(state);
    }
    if (state.tool === "manifold") {
      this.parts.latticeControls.draw(state);
      this.parts.rowStrip.draw(state);
    }
    if (
      state.tool !== drawn?.tool ||
      state.path !== drawn.path ||
      state.projection !== drawn.projection
    ) {
      const hint = hintOf(state);
      this.parts.hint.textContent = hint;
      this.parts.hint.hidden = !hint;
      this.parts.docks.interpolate.hidden = state.tool !== "interpolate" || state.path.length < 2;
    }
  }

  recolour() {
    this.parts.map.redraw();
    this.parts.drawing.recolour();
  }

  keep() {
    left.set(this.data.name, writeLink(this.store.state, ""));
    return { ...this.store.state, decoder: null, preview: null };
  }

  close() {
    this.player.stop();
    this.recorder.close();
    this.store.close();
    const { map, picture, selection, pathStrip, rowStrip } = this.parts;
    for (const part of [map, picture, selection, pathStrip, rowStrip]) part.close();
    const { decoder, encoder } = this.store.state;
    decoder?.close();
    encoder?.close();
  }
}

/** A state with its handle at a share of the path's steps. @returns {State} */
function alongPath(/** @type {State} */ state, /** @type {number} */ share) {
  const { path, frames, pathSettings } = state;
  const ends = path.map(({ z }) => z);
  const t = frames ? fractionAt(frames.fractions, share) : share;
  return act.moveTo(state, pathAt(ends, t, pathSettings.interpolation));
}

/** What to do next with the tool that is on, and what has to be known of the plane. */
function hintOf(/** @type {State} */ { tool, path, projection }) {
  const { plane, space, name } = projection;
  const note = plane
    ? "Points are projected onto this plane; pictures are decoded on it."
    : `${STORED_VIEWS[name]} has no inverse, so the handle snaps to the nearest test image.`;
  const known = plane && space.dims === 2 ? "" : note;
  if (tool === "manifold") {
    return plane ? "" : `${known} For a lattice choose principal axes or two dimensions.`;
  }
  if (tool === "interpolate") {
    if (path.length === 0) return "Click a test image, or any place, for A: there the path begins.";
    if (path.length === 1) return "A is set. Click where the path is to go: B.";
    return plane ? "" : `${known} Play decodes what lies between.`;
  }
  return `Drag the handle to decode, hover to look, click a point to select its image. ${known}`;
}

function messageOf(/** @type {unknown} */ error) {
  return error instanceof Error ? error.message : String(error);
}

// In a frame of another site a browser may keep nothing, and refuse to be asked.

function wasTouched() {
  try {
    return sessionStorage.getItem(TOUCHED) !== null;
  } catch {
    return false;
  }
}

function rememberTouched() {
  try {
    sessionStorage.setItem(TOUCHED, "yes");
  } catch {
    // The hint comes again.
  }
}
