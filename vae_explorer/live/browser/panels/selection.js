/** What is selected, a test image or a drawing: x, its posterior q(z|x), and its reconstruction. */
import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";

/**
 * @typedef {import("../nn/runner.js").Runner} Runner
 * @typedef {import("../space/state.js").Selection} Selection
 * @typedef {import("../space/state.js").MapState} MapState
 *
 * @typedef {import("../dom/blob.js").Original & {of: Selection}} Original the image of a selection
 */

export class SelectionPanel {
  /**
   * @param {import("../space/space.js").Space} space
   * @param {Object} on
   * @param {() => void} on.sample
   * @param {() => void} on.mean
   */
  constructor(space, on) {
    this.space = space;
    this.original = createPicture(space.shape, "Original");
    this.original.dataset.testid = "original";
    this.reconstruction = createPicture(space.shape, "Reconstruction from the mean of q(z|x)");
    this.title = element("h3");
    this.message = element("p", { class: "lm-small" });
    const frame = (/** @type {Node[]} */ ...children) =>
      element("div", { class: "lm-frame-square" }, children);
    this.buttons = [
      element("button", {
        ...{ type: "button", text: "Sample again", onclick: on.sample },
        title: "Draw another z from this image's posterior q(z|x), whose ellipses are on the map",
      }),
      element("button", {
        ...{ type: "button", text: "Back to the mean", onclick: on.mean },
        title: "Put the handle on the mean of q(z|x)",
      }),
    ];
    this.x = element("figure", {}, [
      element("figcaption", {}, [element("b", { text: "x" }), " ", this.title]),
      frame(this.original, this.message),
    ]);
    this.element = element("section", { class: "lm-selection", "aria-label": "Selection" }, [
      this.x,
      element("figure", { "data-testid": "reconstruction" }, [
        element("figcaption", {}, [element("b", { text: "q(z|x)" }), " mean"]),
        frame(this.reconstruction),
        element("div", { class: "lm-buttons" }, this.buttons),
      ]),
    ]);
    show(this.original, false);
    /** What was drawn last. @type {{selection?: Selection|null, decoder?: Runner|null, original?: Original|null}} */
    this.drawn = {};
    this.ask = latest(async (/** @type {{decoder: Runner, mean: Float32Array}} */ request) => {
      const started = performance.now();
      const { decoder, mean } = request;
      const pixels = decoder.run?.(mean) ?? (await decoder.runAsync(mean, 1));
      paint(this.reconstruction, pixels, mean, started);
    });
  }

  draw(/** @type {MapState & {original: Original|null}} */ { selection, decoder, original }) {
    const { drawn } = this;
    if (drawn.selection !== selection || drawn.original !== original) {
      this.drawOriginal(selection, original);
    }
    if (selection && decoder && (drawn.selection !== selection || drawn.decoder !== decoder)) {
      this.ask({ decoder, mean: Float32Array.from(selection.mean) });
    }
    this.drawn = { selection, decoder, original };
  }

  drawOriginal(/** @type {Selection|null} */ selection, /** @type {Original|null} */ original) {
    for (const button of this.buttons) button.disabled = !selection;
    show(this.reconstruction, selection !== null);
    if (selection) this.title.textContent = this.titleOf(selection);
    else this.title.textContent = "nothing selected";
    const here = original?.of === selection ? original : null;
    const pixels = selection?.pixels ?? here?.pixels;
    // Until the original arrives the one before stays, so that nothing flickers or moves.
    if (pixels) paint(this.original, pixels, null, 0);
    if (pixels || here || !selection) show(this.original, Boolean(pixels));
    const waiting = this.original.style.visibility ? "Fetching the original …" : "";
    const empty = selection ? waiting : "Click a point on the map, or draw your own.";
    const missing = here && !pixels;
    this.message.textContent = missing ? here.message : empty;
    this.x.toggleAttribute("data-missing", Boolean(missing));
  }

  titleOf(/** @type {Selection} */ { row }) {
    return row === null ? "Your drawing, prepared" : this.space.title(row);
  }

  close() {
    this.ask.stop();
  }
}

/** Show a picture, or leave its room free. */
function show(/** @type {HTMLElement} */ picture, /** @type {boolean} */ whether) {
  picture.style.visibility = whether ? "" : "hidden";
}
