/** What all models decode, in words, with the original where it is an image. */
import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";
import { letter } from "../space/state.js";

/** @typedef {import("../space/shared.js").SharedState} SharedState */

export class SharedSelectionPanel {
  /** @param {number[]} shape (H, W, C) */
  constructor(shape) {
    this.original = createPicture(shape, "Original");
    this.original.dataset.testid = "original";
    this.sentence = element("p", {
      ...{ class: "cm-sentence", "data-testid": "sentence", role: "status" },
    });
    this.element = element("div", { class: "cm-held" }, [this.original, this.sentence]);
    /** @type {Float32Array|null} */
    this.pixels = null;
  }

  draw(/** @type {SharedState} */ state) {
    const { pixels } = state.selection;
    // Its room stays, so that nothing below it moves.
    this.original.hidden = state.mode === "z";
    this.original.style.visibility = pixels ? "" : "hidden";
    if (pixels && pixels !== this.pixels) paint(this.original, pixels, null, 0);
    this.pixels = pixels;
    const sentence = sentenceOf(state);
    if (this.sentence.textContent !== sentence) this.sentence.textContent = sentence;
  }
}

function sentenceOf(/** @type {SharedState} */ { mode, aligned, along, selection, path, maps }) {
  const title = selection.title && ` ${selection.title}.`;
  const next =
    maps[0].tool === "interpolate" && path.length < 2
      ? ` Click ${letter(path.length)}, on any of the maps.`
      : "";
  if (along !== null) return `Every model on its own path.${title}`;
  if (mode === "z") {
    return `One z, decoded by each model${aligned ? ", turned with its space" : ""}.${title}${next}`;
  }
  return (
    "Every model encodes the same test image. Handles and ellipses show q(z|x); the pictures show its " +
    `reconstructions.${title}${next}`
  );
}
