/** The large picture: what is decoded at the hand, or under a pointer that only looks. */
import { element } from "./element.js";
import { latest } from "./latest.js";
import { createPicture, paint } from "./picture.js";

export class PictureView {
  /**
   * @param {number[]} shape (H, W, C)
   * @param {(words: string) => void} say where something is wrong
   */
  constructor(shape, say) {
    this.say = say;
    this.picture = createPicture(shape, "Decoded picture");
    this.caption = element("figcaption");
    this.readout = element("span", { class: "lm-readout" });
    this.timing = element("span", { class: "lm-timing" });
    this.element = element("figure", { class: "lm-large" }, [
      this.picture,
      this.caption,
      element("p", {}, [this.readout, " ", this.timing]),
    ]);
    this.ask = latest((request) => this.showLater(request));
  }

  /**
   * @param {import("./runner.js").Runner} decoder
   * @param {Float32Array} z
   * @param {string} where z is, in words
   */
  show(decoder, z, where) {
    const started = performance.now();
    if (decoder.now) this.paint(decoder.now(z), { decoder, z, where, started });
    else this.ask({ decoder, z, where, started });
  }

  async showLater(request) {
    try {
      this.paint(await request.decoder.later(request.z, 1), request);
    } catch (error) {
      this.say(error.message);
    }
  }

  paint(pixels, { decoder, z, where, started }) {
    if (!paint(this.picture, pixels, z, started)) {
      this.say("The decoder gave something that is no number: the last picture stays.");
      return;
    }
    this.caption.textContent = `Mean of p(x|z) ${where}`;
    this.readout.textContent =
      z.length <= 3
        ? `z = (${Array.from(z, (value) => value.toFixed(2).replace("-", "−")).join(", ")})`
        : `|z| = ${Math.hypot(...z).toFixed(2)}`;
    const place = decoder.where === "browser" ? "in browser" : "on the server";
    this.timing.textContent = `${Number(this.picture.dataset.ms).toFixed(1)} ms, ${place}`;
  }
}
