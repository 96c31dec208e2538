/** The large picture: what is decoded at the hand, or under a pointer that only looks. */

import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { signed } from "../space/view.js";

export class PictureView {
  /**
   * @param {number[]} shape (H, W, C)
   * @param {Object} on
   * @param {(words: string) => void} on.wrong
   * @param {() => void} on.well a picture was painted
   */
  constructor(shape, on) {
    this.on = on;
    this.picture = createPicture(shape, "Decoded picture");
    this.caption = element("figcaption");
    this.readout = element("span", { class: "lm-readout" });
    this.timing = element("span", { class: "lm-timing" });
    this.element = element("figure", { class: "lm-large" }, [
      this.picture,
      this.caption,
      element("p", {}, [this.readout, " ", this.timing]),
    ]);
    const decode = async (request) => {
      this.paint(await request.decoder.runAsync(request.z, 1), request);
    };
    this.ask = latest(decode, (error) => on.wrong(error.message));
  }

  /**
   * @param {import("../nn/runner.js").Runner} decoder
   * @param {Float32Array} z
   * @param {string} where z is, in words
   */
  show(decoder, z, where) {
    const started = performance.now();
    if (decoder.run) this.paint(decoder.run(z), { decoder, z, where, started });
    else this.ask({ decoder, z, where, started });
  }

  paint(pixels, { decoder, z, where, started }) {
    if (!paint(this.picture, pixels, z, started)) {
      this.on.wrong("The decoder gave something that is no number: the last picture stays.");
      return;
    }
    this.on.well();
    this.caption.textContent = `Mean of p(x|z) ${where}`;
    this.readout.textContent =
      z.length <= 3
        ? `z = (${Array.from(z, signed).join(", ")})`
        : `|z| = ${Math.hypot(...z).toFixed(2)}`;
    const place = decoder.where === "browser" ? "in browser" : "on the server";
    this.timing.textContent = `${Number(this.picture.dataset.ms).toFixed(1)} ms, ${place}`;
  }
}
