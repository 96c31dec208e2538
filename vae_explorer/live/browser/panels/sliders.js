/** A slider for each dimension of z, the most informative first. */
import { element } from "../dom/element.js";
import { signed } from "../space/view.js";

// How far a slider goes, in prior standard deviations; and the steps of its keys.
const REACH = 4;
const [STEP, FINE_STEP] = [0.1, 0.01];
/** @type {Record<string, number>} */
const DIRECTIONS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
// Beyond as many, they scroll.
const MANY = 24;

export class Sliders {
  /**
   * @param {import("../space/space.js").Header} header
   * @param {(dim: number, value: number) => void} slide
   */
  constructor({ order, kl, active }, slide) {
    this.slide = slide;
    /** @type {Float32Array|null} */
    this.z = null;
    /** @type {HTMLInputElement[]} */
    this.inputs = [];
    /** @type {HTMLOutputElement[]} */
    this.values = [];
    // Two are found faster in their own order.
    const sorted = order.length > 3 ? order : order.toSorted((a, b) => a - b);
    const rows = sorted.map((dim) => {
      const nats = kl[dim].toFixed(2);
      const input = element("input", {
        ...{ type: "range", min: -REACH, max: REACH, step: "any" },
        ...{ "data-testid": "z-slider", "data-dim": dim },
        "aria-label": `z${dim}, KL ${nats} nats${active[dim] ? "" : ", inactive"}`,
        oninput: () => slide(dim, Number(input.value)),
        // Of a slider without steps the browser makes arrow keys that move too far.
        onkeydown: (event) => this.key(event, dim),
      });
      this.inputs[dim] = input;
      this.values[dim] = element("output", { class: "lm-slider-value" });
      const title = active[dim]
        ? `z${dim}: KL ${nats} nats`
        : `z${dim}: KL ${nats} nats. Inactive: the decoder all but ignores it.`;
      return element(
        "label",
        { class: active[dim] ? "lm-slider" : "lm-slider lm-inactive", title },
        [element("span", { text: `z${dim}` }), input, this.values[dim]],
      );
    });
    const idle = active.filter((used) => !used).length;
    const inactive = idle ? ` · ${idle} inactive (marked)` : "";
    const heading = order.length > 3 ? `Latent dimensions, by KL${inactive}` : "Latent dimensions";
    const many = order.length > MANY ? " lm-many" : "";
    this.element = element("section", { class: `lm-sliders${many}`, "aria-label": heading }, [
      element("h3", { text: heading }),
      element("div", { class: order.length > 4 ? "lm-columns" : "" }, rows),
    ]);
  }

  draw(/** @type {{z: Float32Array}} */ { z }) {
    if (z === this.z) return;
    this.z = z;
    z.forEach((value, dim) => {
      const text = signed(value);
      // Most dimensions move little from frame to frame, and each that is written is laid out.
      if (this.values[dim].textContent === text) return;
      this.values[dim].textContent = text;
      this.inputs[dim].value = String(value);
    });
  }

  key(/** @type {KeyboardEvent} */ event, /** @type {number} */ dim) {
    const direction = DIRECTIONS[event.key];
    if (!direction || !this.z) return;
    event.preventDefault();
    // From z itself, which may lie beyond the slider's end.
    this.slide(dim, this.z[dim] + direction * (event.shiftKey ? FINE_STEP : STEP));
  }
}
