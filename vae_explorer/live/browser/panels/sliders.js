/** A live slider for each dimension of z, the most informative first. */
import { element } from "../dom/element.js";

const FARTHEST = 4;

export class Sliders {
  /**
   * @param {{order: number[], kl: number[], active: boolean[]}} header
   * @param {(dim: number, value: number) => void} move called while a slider moves
   * @param {() => void} end called when it is let go
   * @param {() => void} pause called after a key
   */
  constructor({ order, kl, active }, move, end, pause) {
    this.z = null;
    this.inputs = [];
    this.values = [];
    // Two are found faster in their own order.
    const sorted = order.length > 3 ? order : order.toSorted((a, b) => a - b);
    const rows = sorted.map((dim) => {
      const nats = kl[dim].toFixed(2);
      const input = element("input", {
        ...{ type: "range", min: -FARTHEST, max: FARTHEST, step: "any" },
        "data-testid": "z-slider",
        "data-dim": dim,
        "aria-label": `z${dim}, KL ${nats} nats${active[dim] ? "" : ", inactive"}`,
        oninput: () => move(dim, Number(input.value)),
        onchange: end,
        // Of a slider without steps the browser makes arrow keys that move too far.
        onkeydown: (event) => this.key(event, dim, move, pause),
      });
      const value = element("output", { class: "lm-slider-value" });
      this.inputs[dim] = input;
      this.values[dim] = value;
      const title = active[dim]
        ? `z${dim}: KL ${nats} nats`
        : `z${dim}: KL ${nats} nats. Inactive: the decoder all but ignores it.`;
      const kind = active[dim] ? "lm-slider" : "lm-slider lm-inactive";
      return element("label", { class: kind, title }, [
        element("span", { class: "lm-slider-name", text: `z${dim}` }),
        input,
        value,
      ]);
    });
    const inactive = active.filter((used) => !used).length;
    const words =
      order.length > 2
        ? `Sliders, most KL first${inactive ? ` · ${inactive} inactive (pale)` : ""}`
        : "Sliders";
    const many = order.length > 24 ? " lm-many" : "";
    this.element = element("section", { class: `lm-sliders${many}`, "aria-label": words }, [
      element("h3", { text: words }),
      element("div", { class: order.length > 4 ? "lm-columns" : "" }, rows),
    ]);
  }

  /** @param {Float32Array} z shown on the sliders as far as they go */
  show(z) {
    this.z = z;
    z.forEach((value, dim) => {
      const text = value.toFixed(2).replace("-", "−");
      // Most dimensions move little from frame to frame, and each that is shown anew is laid out.
      if (this.values[dim].textContent === text) return;
      this.values[dim].textContent = text;
      this.inputs[dim].value = value;
    });
  }

  key(event, dim, move, pause) {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!way || !this.z) return;
    event.preventDefault();
    // From z itself, which may lie beyond the slider's end.
    move(dim, this.z[dim] + way * (event.shiftKey ? 0.01 : 0.1));
    pause();
  }
}
