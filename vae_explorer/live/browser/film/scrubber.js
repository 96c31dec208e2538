/** Where a film stands: Play, the epoch, the loss with its dot, and a slider over time. */
import { element } from "../dom/element.js";
import { LossPlot } from "./loss-plot.js";

export class Scrubber {
  /**
   * @param {import("./reel.js").Reel} reel
   * @param {{toggle: () => void, scrub: (time: number) => void}} on
   */
  constructor(reel, on) {
    this.reel = reel;
    this.play = element("button", { type: "button", class: "lm-play", onclick: on.toggle });
    this.now = element("p", { class: "fm-now", "data-testid": "film-now" });
    this.plot = new LossPlot(reel);
    this.slider = element("input", {
      ...{ type: "range", min: 0, max: reel.count - 1, step: "any" },
      ...{ class: "fm-slider", "data-testid": "film-slider", "aria-label": "Time" },
      oninput: () => on.scrub(Number(this.slider.value)),
    });
    this.element = element("section", { class: "fm-scrubber", "aria-label": "Time" }, [
      element("div", { class: "fm-play" }, [this.play, this.now]),
      this.plot.element,
      this.slider,
    ]);
    /** @type {import("./state.js").FilmState|null} */
    this.drawn = null;
  }

  draw(/** @type {import("./state.js").FilmState} */ state) {
    const { reel, drawn } = this;
    const { time, playing } = state;
    this.drawn = state;
    if (playing !== drawn?.playing) {
      this.play.textContent = playing ? "❚❚ Pause" : "▶ Play";
      this.play.setAttribute("aria-label", playing ? "Pause the film" : "Play the film");
    }
    if (time === drawn?.time) return;
    const epoch = reel.value(reel.epoch, time);
    const loss = reel.value(reel.negElbo, time);
    const last = Math.round(/** @type {number} */ (reel.epoch.at(-1)));
    this.now.textContent =
      `epoch ${epoch.toFixed(epoch < 10 ? 2 : 1)} of ${last} · ` + `−ELBO ${loss.toFixed(1)} nats`;
    this.slider.value = String(time);
    this.slider.setAttribute("aria-valuetext", this.now.textContent);
    this.plot.draw(time, loss);
  }
}
