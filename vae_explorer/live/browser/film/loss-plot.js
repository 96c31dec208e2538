/** The loss over a film's time, whose places are snapshots, and where the film stands on it. */
import { element, shape } from "../dom/element.js";

// The plot's own units.
const [WIDTH, HEIGHT] = [1000, 100];
// What is above the best loss counts by its logarithm, from about a nat on: the first fall from an
// untrained model would flatten all the rest.
const aboveBest = (/** @type {number} */ nats) => Math.log1p(Math.max(0, nats));
// Epochs that may be named, and how much of the width a name has for itself.
const EPOCHS = [1, 3].flatMap((digit) => [0.01, 0.1, 1, 10, 100, 1000].map((ten) => digit * ten));
const ROOM = 0.14;
// The first name has the word "epoch" before it.
const FIRST_ROOM = 0.24;

export class LossPlot {
  /** @param {import("./reel.js").Reel} reel */
  constructor(reel) {
    this.last = reel.count - 1;
    const losses = Array.from(reel.negElbo);
    this.low = Math.min(...losses);
    this.range = aboveBest(Math.max(...losses) - this.low) || 1;
    const points = losses.map((loss, k) => `${(WIDTH * k) / this.last},${this.heightOf(loss)}`);
    this.dot = element("span", { class: "fm-dot", "data-testid": "film-dot" });
    const ticks = epochTicks(reel).map(({ share, text }) =>
      element("span", { text, style: `--at: ${share}` }),
    );
    const images = reel.space.count.toLocaleString("en");
    this.element = element("div", { class: "fm-plot" }, [
      element("p", {
        class: "fm-title",
        text: `−ELBO of ${images} test images, above the best of ${this.low.toFixed(1)} nats (log scale)`,
      }),
      element("div", { class: "fm-curve", "aria-hidden": "true" }, [
        shape(
          "svg",
          {
            ...{ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" },
            "data-testid": "film-plot",
          },
          [shape("polyline", { points: points.join(" ") })],
        ),
        this.dot,
      ]),
      element("div", { class: "fm-epochs", "aria-hidden": "true" }, ticks),
    ]);
  }

  /** How far down a loss stands, with a margin on both sides. */
  heightOf(/** @type {number} */ loss) {
    return HEIGHT * (1 - (aboveBest(loss - this.low) / this.range + 0.08) / 1.16);
  }

  /** Put the dot at a time, in snapshots, and at its loss. */
  draw(/** @type {number} */ time, /** @type {number} */ loss) {
    this.dot.style.left = `${(100 * time) / this.last}%`;
    this.dot.style.top = `${this.heightOf(loss)}%`;
  }
}

/**
 * The first and the last epoch, and round ones between them as far as there is room.
 * @returns {{share: number, text: string}[]} share: of the width
 */
function epochTicks(/** @type {import("./reel.js").Reel} */ reel) {
  const whole = Math.round(/** @type {number} */ (reel.epoch.at(-1)));
  const ticks = [{ share: 0, text: "epoch 0" }];
  let free = FIRST_ROOM;
  for (const epoch of EPOCHS.toSorted((a, b) => a - b)) {
    const share = reel.timeOf(epoch) / (reel.count - 1);
    if (epoch >= whole || share < free || share > 1 - ROOM) continue;
    ticks.push({ share, text: String(Number(epoch.toPrecision(1))) });
    free = share + ROOM;
  }
  return [...ticks, { share: 1, text: String(whole) }];
}
