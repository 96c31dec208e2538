/**
 * Two to four checkpoints under one handle: whatever is done on one of the maps is done on all.
 *
 * Where all have as many dimensions, every model decodes one z; otherwise, or if that is chosen,
 * every model encodes one test image and decodes its code.
 */
import { fetchBlob, fetchOriginal } from "./dom/blob.js";
import { element } from "./dom/element.js";
import { latest } from "./dom/latest.js";
import { mapFiles } from "./files/map-files.js";
import { movingFiles } from "./files/moving-files.js";
import { createGlide } from "./glide.js";
import { createAddress, openedLink } from "./link.js";
import { runnerOf } from "./nn/runner.js";
import { createMount } from "./page.js";
import { DrawingPanel } from "./panels/drawing.js";
import { ExportMenu } from "./panels/export-menu.js";
import { HistoryButtons } from "./panels/history-buttons.js";
import { Legend } from "./panels/legend.js";
import { ModelPanel } from "./panels/model-panel.js";
import { PathControls } from "./panels/path-strip.js";
import { createPlay } from "./panels/play.js";
import { Recorder } from "./panels/recorder.js";
import { LatticeControls } from "./panels/row-strip.js";
import { SharedSelectionPanel } from "./panels/shared-selection.js";
import { button, group, press, Toolbar, ZoomButtons } from "./panels/toolbar.js";
import { sharedBetween } from "./space/glide.js";
import { fractionAt } from "./space/paths.js";
import * as shared from "./space/shared.js";
import { everywhere } from "./space/shared.js";
import { readSharedLink, SHARED_NAMES, writeSharedLink } from "./space/shared-link.js";
import { Space } from "./space/space.js";
import * as one from "./space/state.js";
import { createStore } from "./store.js";
import { createUndo } from "./undo.js";

/**
 * @typedef {import("./nn/runner.js").Runner} Runner
 * @typedef {import("./panels/strip.js").Frames} Frames
 * @typedef {import("./space/shared.js").Mode} Mode
 * @typedef {import("./space/shared.js").SharedState} SharedState
 * @typedef {import("./space/shared.js").SharedSelection} SharedSelection
 * @typedef {import("./space/state.js").MapState} MapState
 *
 * @typedef {import("./space/shared.js").Model & import("./nn/runner.js").Names & {
 *   points: string, caption: string, disparity: number|null}} Checkpoint
 *
 * @typedef {Object} CompareOnly
 * @property {(Frames|null)[]} frames of the path, for each model
 * @property {(Frames|null)[]} rows of the lattice, for each model
 * @property {string[]} notes what is to be said of each model
 * @property {string} message what is to be said of all
 * @property {boolean} playing
 * @property {Runner|null} encoder of the first model, once all are there
 * @property {string} encoderProblem
 *
 * @typedef {SharedState & CompareOnly} CompareState
 */

export const mount = createMount({
  css: ["map.css", "compare.css"],
  testid: "comparison",
  title: ({ checkpoints }) =>
    checkpoints.map((/** @type {Checkpoint} */ { name }) => name).join(" and "),
  async open(opening) {
    const { data, source, kept, former } = opening;
    const checkpoints = /** @type {Checkpoint[]} */ (data.checkpoints);
    const spaces = await Promise.all(
      checkpoints.map(async ({ points }) => new Space(await fetchBlob(source, points))),
    );
    // What was left with another first model does not tell of this one.
    const stays = former?.data.checkpoints[0].key === checkpoints[0].key;
    const before = kept ?? (stays ? former?.kept : "") ?? "";
    const link = openedLink(opening, SHARED_NAMES);
    return new Compare(opening, { checkpoints, spaces, link, before });
  },
});

/** What the models may have in common, and how the buttons call it. @type {[Mode, string, string][]} */
const MODES = [
  ["z", "Same z", "Every model decodes the same code z"],
  ["image", "Same test image", "Every model encodes the same test image, and decodes its code"],
];
const CAN_ALIGN =
  "Turn each space (a rotation or a reflection, never a scaling) onto the first one";
const CANNOT_ALIGN =
  "Spaces of as many dimensions, of the same test images, can be turned onto each other";

class Compare {
  /**
   * @param {import("./page.js").Opening<string>} opening
   * @param {Object} options
   * @param {Checkpoint[]} options.checkpoints
   * @param {Space[]} options.spaces of each
   * @param {string|null} options.link that was opened
   * @param {string} options.before how it was left, where there is no link
   */
  constructor(opening, { checkpoints, spaces, link, before }) {
    const { root, source, signal } = opening;
    this.checkpoints = checkpoints;
    this.spaces = spaces;
    this.source = source;
    this.signal = signal;
    this.collects = Boolean(opening.data.base);
    this.models = new shared.SharedSpaces(spaces, checkpoints);
    this.store = createStore(this.firstState(link, before), (state) => this.draw(state));
    const write = (/** @type {string} */ search) =>
      writeSharedLink(this.store.state, this.models, search);
    this.address = createAddress(opening, SHARED_NAMES, write);
    this.undo = createUndo(
      {
        ...{ stepOf: shared.stepOf, isSame: shared.areSameSteps, now: () => this.store.state },
        restore: (step) => {
          this.pause();
          this.set(shared.restore(this.store.state, step));
          this.address.publish();
          this.selected();
        },
      },
      { root, signal },
    );
    /** @type {(Promise<Runner>|undefined)[]} */
    this.encoders = [];
    /** Those that are being completed. @type {WeakSet<SharedSelection>} */
    this.asked = new WeakSet();
    this.askOriginal = latest((/** @type {SharedSelection} */ selection) =>
      this.complete(selection),
    );
    this.play = createPlay(
      () => {
        const { path, maps } = this.store.state;
        return { stretches: Math.max(1, path.length - 1), speed: maps[0].pathSettings.speed };
      },
      (share) => this.goAlong(share),
    );
    this.motion = createGlide(opening);
    /** @type {Recorder<MapState[]>} */
    this.recorder = new Recorder((whether) => this.parts.exports.show(whether));
    this.parts = this.createParts(root);
    this.store.redraw();
    this.selected();
    this.load();
  }

  /** @returns {CompareState} */
  firstState(/** @type {string|null} */ link, /** @type {string} */ before) {
    const { state, problems } = readSharedLink(link ?? before, this.models);
    const none = this.spaces.map(() => null);
    return {
      ...state,
      ...{
        frames: none,
        rows: none,
        notes: none.map(() => ""),
        message: link !== null && problems.length ? `The link’s ${problems.join(" ")}` : "",
      },
      ...{ playing: false, encoder: null, encoderProblem: "" },
    };
  }

  createParts(/** @type {HTMLElement} */ root) {
    const { spaces, checkpoints, signal } = this;
    const [{ shape }] = spaces;
    const panels = checkpoints.map(
      (checkpoint, k) => new ModelPanel(k, checkpoint, spaces[k], this.modelActions(k), signal),
    );
    const modes = MODES.map(([mode, text, help]) =>
      button(text, help, () => this.do((state) => shared.chooseMode(state, this.models, mode))),
    );
    modes[0].disabled = !this.models.sameDims;
    const align = button("Align", this.models.canAlign ? CAN_ALIGN : CANNOT_ALIGN, () =>
      this.do((state) => shared.align(state, this.models, !state.aligned)),
    );
    align.disabled = !this.models.canAlign;
    const zoom = new ZoomButtons({
      zoom: (factor) => this.everywhere((map) => one.zoom(map, factor, [map.view.x, map.view.y])),
      fitAll: () => this.everywhere(one.fitAll),
    });
    const wheel = element("span", { class: "lm-small", text: "Ctrl + wheel zooms" });
    const steps = new HistoryButtons({
      undo: () => this.undo.undo(),
      redo: () => this.undo.redo(),
      link: () => this.address.link(),
      collects: this.collects,
    });
    const exports = this.createExports(root);
    exports.element.prepend(this.recorder.element);
    const toolbar = new Toolbar(
      {
        tool: (tool) => this.do((state) => everywhere(state, (map) => one.chooseTool(map, tool))),
        layer: (layer) => this.everywhere((map) => one.toggleLayer(map, layer)),
        clearPath: () => this.do((state) => shared.withPath(state, [])),
      },
      [
        group("lm-group", "What is the same", modes),
        group("lm-group", "Orientation", [align]),
        element("div", { class: "cm-zoom" }, [zoom.element, wheel]),
      ],
      [steps.element, exports.element],
    );
    const legends = this.legends();
    const selection = new SharedSelectionPanel(shape);
    const along = element("input", {
      ...{ type: "range", min: 0, max: 1, step: "any", "data-testid": "along" },
      oninput: () => this.slide(Number(along.value)),
    });
    const end = element("b", { text: "B" });
    const way = element("div", { class: "cm-way" }, [element("b", { text: "A" }), along, end]);
    const path = new PathControls({
      play: () => (this.store.state.playing ? this.pause() : this.start()),
      settings: (settings) =>
        this.everywhere(({ pathSettings, ...map }) => ({
          ...map,
          pathSettings: { ...pathSettings, ...settings },
        })),
    });
    const lattice = new LatticeControls(spaces[0], {
      lattice: (change) => {
        const next = { ...this.store.state.maps[0].lattice, ...change };
        this.everywhere((map) => ({ ...map, lattice: next }));
      },
      scale: (scale) => this.do((state) => shared.showPlanes(state, this.models, scale)),
      through: (z) => this.do((state) => shared.goToCode(state, this.models, 0, z)),
    });
    const encodes = checkpoints.every(({ encoder }) => encoder !== null);
    const drawing = new DrawingPanel(shape, encodes, {
      encode: (pixels) => this.encodeDrawing(pixels),
      clear: () => this.do((state) => shared.forgetDrawing(state, this.models)),
      again: () => this.loadEncoders(),
    });
    const message = element("p", { class: "lm-small", role: "status", "data-testid": "message" });
    const docks = {
      manifold: element("div", { class: "lm-dock-of" }, [lattice.element]),
      interpolate: element("div", { class: "lm-dock-of" }, [path.element, way]),
    };
    const dock = element(
      "section",
      { class: "lm-dock", "aria-label": "Tool" },
      Object.values(docks),
    );
    const row = element(
      "div",
      { class: panels.length === 2 ? "cm-panels cm-two" : "cm-panels" },
      panels.map((panel) => panel.element),
    );
    row.style.setProperty("--models", String(panels.length));
    root.classList.add("cm-root");
    root.replaceChildren(
      toolbar.element,
      element("div", { class: "cm-said" }, [
        selection.element,
        ...legends.map(({ legend }) => legend.element),
      ]),
      ...[dock, message, row, drawing.element],
    );
    return {
      ...{ panels, modes, align, toolbar, legends, selection, along, end, path, lattice, drawing },
      ...{ message, docks, dock, steps, exports },
    };
  }

  /** One legend for all models that know the same classes. */
  legends() {
    /** @type {Map<string, number[]>} */
    const groups = new Map();
    this.spaces.forEach(({ header }, k) => {
      const key = JSON.stringify([header.classes, header.colours]);
      groups.set(key, [...(groups.get(key) ?? []), k]);
    });
    return [...groups.values()].map((members) => {
      const only = (/** @type {(map: MapState) => MapState} */ action) =>
        this.everywhere((map, k) => (members.includes(k) ? action(map) : map));
      const legend = new Legend(this.spaces[members[0]].header, {
        toggle: (kind) => only((map) => one.toggleClass(map, kind)),
        only: (kind) => only((map) => one.showOnly(map, kind)),
      });
      return { legend, first: members[0] };
    });
  }

  /** @returns {import("./panels/model-panel.js").ModelActions} */
  modelActions(/** @type {number} */ k) {
    const { models } = this;
    /** @param {(map: MapState) => MapState} action on the k-th map, and on others that show the same */
    const see = (action) =>
      this.look((state) => shared.shareView(shared.at(state, k, action), models, k));
    return {
      map: {
        drag: (place) => this.do((state) => shared.drag(state, models, k, place)),
        tap: (place, row) => this.do((state) => shared.tap(state, models, k, place, row)),
        hover: (place) => {
          if (!this.store.state.playing && !this.motion.going) {
            this.set(shared.preview(this.store.state, models, k, place));
          }
        },
        step: (direction, fine) =>
          this.do((state) => shared.step(state, models, k, direction, fine)),
        pan: (dx, dy) => see((map) => one.pan(map, dx, dy)),
        zoom: (factor, place) => see((map) => one.zoom(map, factor, place)),
        moveEndpoint: (end, place) =>
          this.do((state) => shared.moveEnd(state, models, k, end, place)),
        removeEndpoint: (end) => this.do((state) => shared.removeEnd(state, end)),
      },
      goAlong: (share) => this.slide(share),
      moveTo: (z) => this.do((state) => shared.goToCode(state, models, k, z)),
      frames: (frames) => {
        this.set({ frames: this.store.state.frames.with(k, frames) });
        const { along, playing } = this.store.state;
        // Where steps are of equal change, the same share lies elsewhere now.
        if (along !== null && !playing) this.goAlong(along);
      },
      row: (row) => this.set({ rows: this.store.state.rows.with(k, row) }),
      failed: (message) => this.say(k, message),
    };
  }

  // How the state changes.

  set(/** @type {Partial<CompareState>} */ patch) {
    if (!this.signal.aborted) this.store.set(patch);
  }

  /** Change what is looked at; the handles stay where they are. */
  look(/** @type {(state: SharedState) => SharedState} */ action) {
    this.motion.stop();
    const before = this.store.state;
    this.set(action(before));
    this.undo.note(before);
    this.address.publish();
  }

  everywhere(/** @type {(map: MapState, k: number) => MapState} */ action) {
    this.look((state) => everywhere(state, action));
  }

  /** Do something that ends what was played and said of what was selected. */
  do(/** @type {(state: SharedState) => SharedState} */ action) {
    this.pause();
    const { selection } = this.store.state;
    this.look(action);
    if (this.store.state.selection !== selection) this.selected();
  }

  /** Say something of the k-th model. */
  say(/** @type {number} */ k, /** @type {string} */ note) {
    this.set({ notes: this.store.state.notes.with(k, note) });
  }

  start() {
    this.motion.stop();
    this.undo.remember(this.store.state);
    this.set({ playing: true });
    this.play.start();
  }

  pause() {
    this.motion.stop();
    if (!this.store.state.playing) return;
    this.play.stop();
    this.set({ playing: false });
    this.address.publish();
  }

  /** Go to a share of the path's steps, as somebody asks for. */
  slide(/** @type {number} */ share) {
    this.pause();
    const before = this.store.state;
    this.goAlong(share);
    this.undo.note(before);
    this.address.publish();
  }

  /** Go to a share of the path's steps, in every model. */
  goAlong(/** @type {number} */ share) {
    const { state } = this.store;
    if (state.path.length < 2) return this.pause();
    return this.set(shared.goAlong(state, share, fractionsOf(state)));
  }

  /** Move to what a link says. @returns {Promise<void>} */
  async glide(/** @type {string} */ search, /** @type {number} */ seconds) {
    this.pause();
    const { state, problems } = readSharedLink(search, this.models);
    const from = this.store.state;
    const write = (/** @type {SharedState} */ one) => writeSharedLink(one, this.models, "");
    const isThere = write(state) === write(from);
    if (!isThere) this.undo.remember(from);
    this.set({ message: problems.length ? `The link’s ${problems.join(" ")}` : "" });
    // Who has still to encode what is selected stays where it is until then.
    const to = everywhere(state, (map, k) => {
      const waits = state.along === null && !state.selection.codes[k];
      return waits ? { ...map, z: from.maps[k].z } : map;
    });
    await this.motion.start(isThere ? 0 : seconds, (share) => {
      const { maps } = this.store.state;
      const next = sharedBetween(from, to, this.models, share);
      this.set({ ...next, maps: maps.map((map, k) => ({ ...map, ...next.maps[k] })) });
    });
    this.address.publish();
    this.selected();
  }

  // What is fetched, and comes when it comes.

  async load() {
    await Promise.all(
      this.checkpoints.map(async (_, k) => {
        try {
          const decoder = await this.runner(k, "decoder");
          if (this.signal.aborted) return decoder.close();
          this.set(shared.at(this.store.state, k, (map) => ({ ...map, decoder })));
        } catch (error) {
          this.say(k, `The decoder did not arrive. ${messageOf(error)}`);
        }
      }),
    );
    this.loadEncoders();
  }

  /** The pad is open when all can encode what is drawn on it. */
  async loadEncoders() {
    if (this.signal.aborted || !this.parts.drawing.fits) return;
    try {
      const encoders = await Promise.all(this.checkpoints.map((_, k) => this.encoder(k)));
      this.set({ encoder: encoders[0], encoderProblem: "" });
    } catch (error) {
      this.set({ encoderProblem: `An encoder did not arrive. ${messageOf(error)}` });
    }
  }

  /** The k-th encoder, fetched when it is first needed. @returns {Promise<Runner>} */
  encoder(/** @type {number} */ k) {
    const made = this.encoders[k] ?? this.runner(k, "encoder");
    this.encoders[k] = made;
    made.catch(() => {
      this.encoders[k] = undefined;
    });
    return made;
  }

  runner(/** @type {number} */ k, /** @type {"decoder"|"encoder"} */ part) {
    const { source, checkpoints, spaces } = this;
    return runnerOf(source, checkpoints[k], part, spaces[k], (message) => this.set({ message }));
  }

  /** Something else is selected: fetch its original, and have those encode it that do not know it. */
  selected() {
    const { selection, path, notes, maps } = this.store.state;
    // A decoder that is missing is still to be said.
    this.set({ notes: notes.map((note, k) => (maps[k].decoder ? "" : note)) });
    // An endpoint of a path is completed, whatever is selected next.
    for (const end of new Set([...path, selection])) {
      if (end.codes.includes(null) && !this.asked.has(end)) this.complete(end);
      else if (end === selection && selection.image && !selection.pixels) this.askOriginal(end);
    }
  }

  async complete(/** @type {SharedSelection} */ selection) {
    this.asked.add(selection);
    const { image } = selection;
    const { pixels, message } = image
      ? await fetchOriginal(this.source, this.checkpoints[image.map].key, image.row)
      : { pixels: selection.pixels, message: "" };
    if (pixels) {
      const known = await this.encoded({ ...selection, pixels });
      this.set(shared.replace(this.store.state, selection, known));
      this.address.publish();
    } else if (this.store.state.selection === selection) {
      const { notes } = this.store.state;
      const unknown = `${message} It was not measured on this test image: draw one instead.`;
      this.set({ message, notes: notes.map((note, k) => (selection.codes[k] ? note : unknown)) });
    }
  }

  /** @returns {Promise<SharedSelection>} with the codes that were missing, as far as they come */
  async encoded(/** @type {SharedSelection} */ selection) {
    const pixels = /** @type {Float32Array} */ (selection.pixels);
    let known = selection;
    await Promise.all(
      selection.codes.map(async (code, k) => {
        if (code) return;
        try {
          const encoder = await this.encoder(k);
          const posterior = encoder.run?.(pixels) ?? (await encoder.runAsync(pixels, 1));
          const next = this.models.encoded(known, k, posterior);
          if (!next) throw new Error("The encoder gave what is no number.");
          known = next;
        } catch (error) {
          this.say(k, `Not encoded. ${messageOf(error)}`);
        }
      }),
    );
    return known;
  }

  async encodeDrawing(/** @type {Float32Array} */ pixels) {
    if (this.store.state.mode !== "image") {
      this.do((state) => shared.chooseMode(state, this.models, "image"));
    }
    const { maps } = this.store.state;
    const handles = maps.map(({ z }) => z);
    const drawing = await this.encoded(this.models.ofDrawing(pixels));
    // In the meantime the handles may have been moved.
    if (this.store.state.maps.some(({ z }, k) => z !== handles[k])) return;
    this.do((state) => shared.hold(state, drawing));
  }

  // What can be saved.

  createExports(/** @type {HTMLElement} */ root) {
    const shown = () => {
      const { maps, frames, rows } = this.store.state;
      return this.parts.panels.map(({ map, picture }, k) => {
        const { name } = this.checkpoints[k];
        const model = { name, title: name, state: maps[k], z: maps[k].z };
        const strips = { frames: frames[k], row: rows[k] };
        return { ...model, ...strips, grid: map.grid, picture: picture.canvas };
      });
    };
    const more = () => {
      const { mode, aligned } = this.store.state;
      return { mode, aligned };
    };
    const { map, picture, lattice, strip, data } = mapFiles(shown, root, more);
    const moving = movingFiles({
      ...{ names: this.checkpoints.map(({ name }) => name), root, recorder: this.recorder, more },
      states: () => this.store.state.maps,
      along: () => {
        const { state } = this.store;
        return (share) => shared.goAlong(state, share, fractionsOf(state)).maps;
      },
    });
    const groups = [map, picture, lattice, strip, moving.path, moving.drag, data];
    return new ExportMenu(() => groups, this.signal);
  }

  get name() {
    return this.checkpoints.map(({ name }) => name).join("-");
  }

  // Everything that follows the state.

  draw(/** @type {CompareState} */ state) {
    const { parts } = this;
    const [first] = state.maps;
    for (const panel of parts.panels) panel.draw(state);
    parts.selection.draw(state);
    parts.toolbar.draw(first);
    parts.steps.draw(this.undo);
    parts.exports.draw();
    this.recorder.note(state.maps);
    for (const { legend, first: k } of parts.legends) legend.draw(state.maps[k]);
    parts.modes.forEach((mode, k) => {
      press(mode, MODES[k][0] === state.mode);
    });
    press(parts.align, state.aligned);
    parts.drawing.draw(state, shared.drawingOf(state.selection));
    if (parts.message.textContent !== state.message) parts.message.textContent = state.message;
    parts.dock.hidden = first.tool === "scatter";
    for (const [tool, dock] of Object.entries(parts.docks)) dock.hidden = tool !== first.tool;
    if (first.tool === "manifold") parts.lattice.draw(first);
    if (first.tool !== "interpolate") return;
    const last = one.letter(Math.max(1, state.path.length - 1));
    parts.end.textContent = last;
    parts.along.setAttribute("aria-label", `From A to ${last}`);
    parts.along.disabled = state.path.length < 2;
    const share = shared.shareOf(state);
    if (Number(parts.along.value) !== share) parts.along.value = String(share);
    const frames = state.frames.every((some, k) => some || !state.maps[k].path.length);
    const { playing } = state;
    parts.path.draw({ ...first, playing, frames: frames ? state.frames[0] : null });
  }

  recolour() {
    for (const { map } of this.parts.panels) map.redraw();
    this.parts.drawing.recolour();
  }

  keep() {
    return writeSharedLink(this.store.state, this.models, "");
  }

  close() {
    this.play.stop();
    this.recorder.close();
    this.store.close();
    this.askOriginal.stop();
    for (const panel of this.parts.panels) panel.close();
    for (const { decoder } of this.store.state.maps) decoder?.close();
    for (const encoder of this.encoders)
      encoder?.then(
        (runner) => runner.close(),
        () => {},
      );
  }
}

/** Where a share of the steps lies on each model's path. */
function fractionsOf(/** @type {CompareState} */ { frames }) {
  return (/** @type {number} */ same, /** @type {number} */ k) => {
    const fractions = frames[k]?.fractions;
    return fractions ? fractionAt(fractions, same) : same;
  };
}

function messageOf(/** @type {unknown} */ error) {
  return error instanceof Error ? error.message : String(error);
}
