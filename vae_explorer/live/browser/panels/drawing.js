/** The drawing pad, from which the encoder gives a posterior. */
import { contextOf } from "../dom/canvas.js";
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { copy, createPad } from "./drawing-pad.js";
import { prepareDigit } from "./prepare-digit.js";

/** @typedef {import("./drawing-pad.js").Stroke} Stroke */

/**
 * Of which strokes a drawing was made: as they were then, the pad's own, which may be further by now,
 * and whether the drawing was selected since.
 * @type {WeakMap<Float32Array, {strokes: Stroke[], live: Stroke[], wasSelected: boolean}>}
 */
const made = new WeakMap();

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
    this.side = height;
    /** The drawing that is selected. @type {Float32Array|null} */
    this.selected = null;
    const encode = latest(async (/** @type {Stroke[]} */ strokes) => {
      // In the meantime the pad may have come to show something else.
      if (strokes !== this.pad.strokes()) return;
      const pixels = prepareDigit(strokes, height, { reference: 1 });
      made.set(pixels, { strokes: copy(strokes), live: strokes, wasSelected: false });
      await on.encode(pixels);
    });
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

  /**
   * @param {{encoder: import("../nn/runner.js").Runner|null, encoderProblem: string}} state
   * @param {Float32Array|null} drawing that is selected, (H, W, C)
   */
  draw({ encoder, encoderProblem }, drawing) {
    this.show(drawing);
    if (encoder !== this.encoder) {
      this.encoder = encoder;
      const message = this.fits ? "…" : "Drawing is for grey, square pictures";
      this.pad.setEnabled(this.fits && encoder !== null, message);
    }
    this.message.textContent = encoderProblem;
    this.message.hidden = this.again.hidden = !encoderProblem;
  }

  /** Show the drawing that is selected, unless it has just come from the pad. */
  show(/** @type {Float32Array|null} */ drawing) {
    if (drawing === this.selected) return;
    this.selected = drawing;
    const known = drawing && made.get(drawing);
    const isNews = known && !known.wasSelected && known.live === this.pad.strokes();
    if (known) known.wasSelected = true;
    if (isNews) return;
    this.pad.show(known?.strokes ?? [], drawing && !known ? inkOf(drawing, this.side) : null);
  }

  recolour() {
    this.pad.redraw();
  }
}

/** A drawing's picture, of which the alpha is the ink. */
function inkOf(/** @type {Float32Array} */ pixels, /** @type {number} */ side) {
  const picture = element("canvas", { width: side, height: side });
  const context = contextOf(picture);
  const image = context.createImageData(side, side);
  pixels.forEach((ink, k) => {
    image.data[4 * k + 3] = 255 * ink;
  });
  context.putImageData(image, 0, 0);
  return picture;
}
