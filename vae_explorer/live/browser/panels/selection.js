/** What the hand has taken: a test digit or a drawing beside its reconstruction, and z ~ q(z|x). */

import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";

export class DigitPanel {
  /**
   * @param {number[]} shape (H, W, C) of a picture
   * @param {Object} on
   * @param {() => void} on.resample
   * @param {() => void} on.mean back to the posterior mean
   */
  constructor(shape, on) {
    this.original = createPicture(shape, "Original");
    this.original.dataset.testid = "original";
    this.reconstruction = createPicture(shape, "Reconstruction from the posterior mean");
    this.title = element("h3");
    this.words = element("p", { class: "lm-words-small" });
    this.buttons = element("div", { class: "lm-buttons" }, [
      element("button", {
        ...{ type: "button", text: "z ~ q(z|x)", onclick: on.resample },
        title: "Resample: draw a code from this image's posterior, whose ellipses are on the map",
      }),
      element("button", {
        ...{ type: "button", text: "mean", onclick: on.mean },
        title: "Back to the mean of q(z|x)",
      }),
    ]);
    this.element = element("section", { class: "lm-digit", "aria-label": "The digit taken" }, [
      this.title,
      captioned(this.original, "original"),
      captioned(this.reconstruction, "reconstruction"),
      this.words,
      this.buttons,
    ]);
  }

  /**
   * @param {string} title
   * @param {Float32Array|null} pixels of the original, where there are any
   * @param {string} words in place of them
   */
  show(title, pixels, words = "") {
    this.element.classList.remove("lm-empty");
    this.title.textContent = title;
    this.words.textContent = words;
    this.original.parentElement.style.display = pixels ? "" : "none";
    if (pixels) paint(this.original, pixels, null, 0);
  }

  /** Show that nothing is taken. */
  clear() {
    this.element.classList.add("lm-empty");
    this.title.textContent = "Click or draw a digit";
    this.words.textContent = "";
  }

  /**
   * @param {import("../nn/runner.js").Runner} decoder
   * @param {import("../space/state.js").Taken} taken
   */
  async showReconstruction(decoder, taken) {
    const mean = Float32Array.from(taken.mean);
    const started = performance.now();
    try {
      const pixels = decoder.run?.(mean) ?? (await decoder.runAsync(mean, 1));
      paint(this.reconstruction, pixels, mean, started);
    } catch {
      // What is wrong is said beside the large picture.
    }
  }
}

function captioned(canvas, text) {
  return element("figure", {}, [canvas, element("figcaption", { text })]);
}
