/** The drawing pad, from which the encoder gives a posterior. */
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { createPad } from "./drawing-pad.js";
import { prepareDigit } from "./prepare-digit.js";

/** @typedef {import("./drawing-pad.js").Stroke} Stroke */

export class DrawingPanel {
  /**
   * @param {number[]} shape (H, W, C) of a picture
   * @param {boolean} encodes whether there is an encoder to draw for
   * @param {Object} on
   * @param {(pixels: Float32Array) => Promise<void>} on.encode pixels: (H, W, C) from 0 to 1
   * @param {() => void} on.clear
   * @param {() => void} on.again the encoder is to be fetched once more
   */
  constructor([height, width, channels], encodes, on) {
    /** @type {import("../nn/runner.js").Runner|null|undefined} */
    this.encoder = undefined;
    this.fits = encodes && channels === 1 && height === width;
    const encode = latest((/** @type {Stroke[]} */ strokes) =>
      on.encode(prepareDigit(strokes, height, { reference: 1 })),
    );
    const see = (/** @type {Stroke[]} */ strokes) => {
      if (this.encoder && strokes.length) encode(strokes);
    };
    this.pad = createPad({
      label: "Drawing pad: draw a digit, and the encoder places it on the map",
      onDraw: see,
      onEnd: see,
      onClear: on.clear,
    });
    this.message = element("p", { class: "lm-small", role: "status" });
    this.again = element("button", { type: "button", text: "Try again", onclick: on.again });
    const how = `Fitted and centred as ${height === 28 ? "MNIST was" : "the data set is"}, encoded as you draw.`;
    this.element = element(
      "section",
      { class: "lm-drawing", "aria-label": "Draw your own", title: how },
      [
        element("h3", { text: "Draw your own" }),
        this.pad.element,
        element("p", { class: "lm-small lm-how", text: how }),
        ...[this.message, this.again],
      ],
    );
    this.element.hidden = !encodes;
  }

  draw(
    /** @type {{encoder: import("../nn/runner.js").Runner|null, encoderProblem: string}} */ state,
  ) {
    const { encoder, encoderProblem } = state;
    if (encoder !== this.encoder) {
      this.encoder = encoder;
      const message = this.fits ? "…" : "Drawing is for grey, square pictures";
      this.pad.setEnabled(this.fits && encoder !== null, message);
    }
    this.message.textContent = encoderProblem;
    this.message.hidden = this.again.hidden = !encoderProblem;
  }

  recolour() {
    this.pad.redraw();
  }
}
