/**
 * Two to four checkpoints under one handle: whatever is done on one of the maps is done on all.
 *
 * Where all have as many dimensions, every model decodes one z; otherwise, or if that is chosen,
 * every model encodes one test image and decodes its code.
 */
import { fetchBlob, fetchOriginal } from "./dom/blob.js";
import { element } from "./dom/element.js";
import { gif } from "./dom/gif.js";
import { latest } from "./dom/latest.js";
import { save } from "./dom/save.js";
import { runnerOf } from "./nn/runner.js";
import { createMount, createPublisher } from "./page.js";
import { DrawingPanel } from "./panels/drawing.js";
import { Legend } from "./panels/legend.js";
import { ModelPanel } from "./panels/model-panel.js";
import { PathControls } from "./panels/path-strip.js";
import { createPlay } from "./panels/play.js";
import { LatticeControls } from "./panels/row-strip.js";
import { SharedSelectionPanel } from "./panels/shared-selection.js";
import { button, group, press, Toolbar, ZoomButtons } from "./panels/toolbar.js";
import { readLink, writeLink } from "./space/link.js";
import { fractionAt } from "./space/paths.js";
import * as shared from "./space/shared.js";
import { Space } from "./space/space.js";
import * as one from "./space/state.js";
import { createStore } from "./store.js";

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
  title: ({ checkpoints }) => namesOf(checkpoints).join(" and "),
  async open({ root, data, source, kept, former, signal }) {
    const checkpoints = /** @type {Checkpoint[]} */ (data.checkpoints);
    const spaces = await Promise.all(
      checkpoints.map(async ({ points }) => new Space(await fetchBlob(source, points))),
    );
    // An address that was written for another first model does not tell of this one.
    const changed = former && former.data.checkpoints[0].key !== checkpoints[0].key;
    const told = !changed && new URLSearchParams(location.search).has("z");
    const search = told ? location.search : (kept ?? "");
    return new Compare(root, { checkpoints, spaces, source, search, signal });
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
// Pixels for each decoded pixel, and seconds a frame, in files.
const [SCALE, SECONDS] = [4, 0.12];

class Compare {
  /**
   * @param {HTMLElement} root to be filled
   * @param {Object} options
   * @param {Checkpoint[]} options.checkpoints
   * @param {Space[]} options.spaces of each
   * @param {import("./dom/source.js").Source} options.source
   * @param {string} options.search of the address to begin with
   * @param {AbortSignal} options.signal
   */
  constructor(root, { checkpoints, spaces, source, search, signal }) {
    this.checkpoints = checkpoints;
    this.spaces = spaces;
    this.source = source;
    this.signal = signal;
    this.models = new shared.SharedSpaces(spaces, checkpoints);
    this.store = createStore(this.firstState(search), (state) => this.draw(state));
    this.publish = createPublisher((before) => this.search(before), signal);
    /** @type {(Promise<Runner>|undefined)[]} */
    this.encoders = [];
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
    this.build(root);
    this.store.redraw();
    this.wantOriginal();
    this.load();
  }

  /** @returns {CompareState} */
  firstState(/** @type {string} */ search) {
    const query = new URLSearchParams(search);
    const { state, problems } = readLink(search, this.spaces[0]);
    const mode = MODES.find(([name]) => name === query.get("mode"))?.[0] ?? null;
    const none = this.spaces.map(() => null);
    return {
      ...shared.firstShared(this.models, state, { mode, aligned: query.has("aligned") }),
      ...{ frames: none, rows: none, notes: none.map(() => ""), message: problems.join(" ") },
      ...{ playing: false, encoder: null, encoderProblem: "" },
    };
  }

  build(/** @type {HTMLElement} */ root) {
    const { models, spaces, checkpoints, signal } = this;
    this.modes = MODES.map(([mode, text, help]) =>
      button(text, help, () => this.move((state) => shared.chooseMode(state, models, mode))),
    );
    this.modes[0].disabled = !models.sameDims;
    this.align = button("Align", models.canAlign ? CAN_ALIGN : CANNOT_ALIGN, () =>
      this.move((state) => shared.align(state, models, !state.aligned)),
    );
    this.align.disabled = !models.canAlign;
    const middle = ({ x, y } = new this.store.state.maps[0].view.constructor()) => [x, y];
  }
}

function namesOf(/** @type {Checkpoint[]} */ checkpoints) {
  return checkpoints.map(({ name }) => name);
}
