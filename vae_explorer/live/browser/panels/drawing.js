/** The drawing pad with the encoder behind it. */

import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { createPad } from "./drawing-pad.js";
import { prepareDigit } from "./prepare-digit.js";

export class Sketch {
  /**
   * @param {number[]} shape (H, W, C) of a picture
   * @param {Object} on
   * @param {(pixels: Float32Array, ended: boolean) => Promise<void>} on.encode pixels: (H, W, C)
   *   from 0 to 1; ended: whether a stroke is finished
   * @param {() => void} on.clear the drawing was rubbed out
   */
  constructor([height, width, channels], on) {
    this.size = height;
    /** @type {import("../nn/runner.js").Runner|null} the encoder */
    this.runner = null;
    const encode = latest(([pixels, ended]) => on.encode(pixels, ended));
    const see = (strokes, ended) => {
      if (!this.runner || !strokes.length) return;
      encode([prepareDigit(strokes, this.size, { reference: 1 }), ended]);
    };
    this.pad = createPad({
      label: "Drawing pad: draw a digit, and the encoder places it on the map",
      onDraw: (strokes) => see(strokes, false),
      onEnd: (strokes) => see(strokes, true),
      onClear: on.clear,
    });
    this.fits = channels === 1 && height === width;
    this.pad.setEnabled(false, this.fits ? "…" : "Drawing is for grey, square pictures");
    this.words = element("p", { class: "lm-words-small" });
    this.element = element("section", { class: "lm-sketch", "aria-label": "Draw your own" }, [
      this.pad.element,
      element("div", {}, [
        element("h3", { text: "Draw your own" }),
        element("p", {
          class: "lm-words-small",
          text:
            `Fitted and centred as ${height === 28 ? "MNIST was" : "the data set is"}, ` +
            "encoded as you draw: the ring and the ellipses show where it lands.",
        }),
        this.words,
      ]),
    ]);
  }

  /** Let it be drawn on as soon as the encoder is there. @param {Function} load */
  async open(load) {
    if (!this.fits) return;
    try {
      this.runner = await load();
      this.pad.setEnabled(true);
      this.words.replaceChildren();
    } catch (error) {
      this.pad.setEnabled(false, `The encoder did not arrive. ${error.message}`);
      const onclick = () => this.open(load);
      this.words.replaceChildren(element("button", { type: "button", text: "Try again", onclick }));
    }
  }

  close() {
    this.runner?.close();
  }

  redraw() {
    this.pad.redraw();
  }
}
