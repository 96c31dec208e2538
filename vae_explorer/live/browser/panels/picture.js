/** The large picture: what is decoded at the handle, or under a pointer that only looks. */
import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { describe } from "../space/view.js";

/**
 * @typedef {import("../nn/runner.js").Runner} Runner
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {{decoder: Runner, z: ArrayLike<number>, where: string, started: number}} Request
 */

export class Picture {
  /**
   * @param {number[]} shape (H, W, C)
   * @param {Object} on
   * @param {(message: string) => void} on.failed
   * @param {() => void} [on.painted]
   * @param {string} [label] what the picture is, to a screen reader
   */
  constructor(shape, on, label = "Decoded picture: the mean of p(x|z)") {
    this.on = on;
    this.canvas = createPicture(shape, label);
    this.where = element("span", { text: "at the handle" });
    this.readout = element("span", { class: "lm-readout", "data-testid": "readout" });
    this.timing = element("span", { class: "lm-timing", "data-testid": "timing" });
    this.element = element("figure", { class: "lm-picture" }, [
      element("figcaption", {}, [element("b", { text: "p(x|z)" }), " mean ", this.where]),
      this.canvas,
      element("p", { class: "lm-numbers" }, [this.readout, " ", this.timing]),
    ]);
    /** What was asked for last. @type {ArrayLike<number>|null} */
    this.z = null;
    /** @type {Runner|null} */
    this.decoder = null;
    this.ask = latest(
      async (/** @type {Request} */ request) => {
        this.paint(await request.decoder.runAsync(Float32Array.from(request.z), 1), request);
      },
      (error) => on.failed(error.message),
    );
  }

  draw(/** @type {MapState} */ { decoder, z: atHandle, preview }) {
    const { z, where } = preview ?? { z: atHandle, where: "at the handle" };
    if (!decoder || (decoder === this.decoder && z === this.z)) return;
    Object.assign(this, { decoder, z });
    const started = performance.now();
    if (decoder.run) this.paint(decoder.run(z), { decoder, z, where, started });
    else this.ask({ decoder, z, where, started });
  }

  paint(/** @type {Float32Array} */ pixels, /** @type {Request} */ request) {
    const { decoder, z, where, started } = request;
    if (!paint(this.canvas, pixels, z, started)) {
      this.on.failed("The decoder gave something that is no number: the last picture stays.");
      return;
    }
    this.on.painted?.();
    this.where.textContent = where;
    this.readout.textContent = describe(z);
    const place = decoder.where === "browser" ? "in browser" : "on the server";
    this.timing.textContent = `${Number(this.canvas.dataset.ms).toFixed(1)} ms, ${place}`;
  }

  close() {
    this.ask.stop();
  }
}
