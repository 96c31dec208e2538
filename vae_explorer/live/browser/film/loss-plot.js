/** The loss over a film's time, whose places are snapshots, and where the film stands on it. */
import { element, shape } from "../dom/element.js";

// The plot's own units.
const [WIDTH, HEIGHT] = [1000, 100];
// The first fall from an untrained model would flatten all the rest: so many may run off the top.
const SHOWN = 0.8;

export class LossPlot {
  /** @param {import("./reel.js").Reel} reel */
  constructor(reel) {
    this.last = reel.count - 1;
    const losses = Array.from(reel.neg_elbo);
    const sorted = losses.toSorted((a, b) => a - b);
    this.low = sorted[0];
    const best = this.low.toFixed(1);
    this.span = sorted[Math.floor(SHOWN * this.last)] - this.low || 1;
    const points = losses.map((loss, k) => `${(WIDTH * k) / this.last},${this.heightOf(loss)}`);
    this.dot = element("span", { class: "fm-dot", "data-testid": "film-dot" });
    const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
      const epoch = reel.value(reel.epoch, share * this.last);
      return element("span", { text: String(Number(epoch.toFixed(epoch < 10 ? 1 : 0))) });
    });
    this.element = element("div", { class: "fm-plot", "aria-hidden": "true" }, [
      element("span", {
        class: "fm-title",
        text: `−ELBO of ${reel.digits.toLocaleString("en")} test digits, at best ${best} nats`,
      }),
      shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" }, [
        shape("polyline", { points: points.join(" ") }),
      ]),
      this.dot,
      element("div", { class: "fm-epochs" }, [element("b", { text: "epoch" }), ...marks]),
    ]);
  }

  /** How far down a loss stands, with a margin on both sides. */
  heightOf(loss) {
    return Math.max(0, HEIGHT * (1 - ((loss - this.low) / this.span + 0.08) / 1.16));
  }

  /** Put the dot at a time, in snapshots, and at its loss. */
  show(time, loss) {
    this.dot.style.left = `${(100 * time) / this.last}%`;
    this.dot.style.top = `${this.heightOf(loss)}%`;
  }
}
