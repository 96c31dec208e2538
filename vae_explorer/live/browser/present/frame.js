/** A page that shows scenes of the same checkpoints, one after the other. */
import { element } from "../dom/element.js";

/**
 * @typedef {import("../page.js").OpenPage<any>} OpenPage
 * @typedef {import("../space/scenes.js").Shown} Shown
 *
 * @typedef {Object} Pages where the data of pages come from
 * @property {(shown: Shown|null) => {data?: any, problem?: string}} find neither: they are on their way
 * @property {import("../dom/source.js").Source} source
 */

const SCRIPTS = {
  explore: () => import("../explore.js"),
  compare: () => import("../compare.js"),
  film: () => import("../film.js"),
};
export class SceneFrame {
  /**
   * @param {Shown|null} shown
   * @param {number} seconds of the glide into it
   * @param {Pages} pages
   */
  constructor(shown, seconds, pages) {
    this.shown = shown;
    this.seconds = seconds;
    this.pages = pages;
    this.element = element("div", { class: "pr-scene", inert: "" });
    this.turnTo(shown);
    /** Settled when the page is open, which it may never be. @type {Promise<OpenPage>} */
    this.opened = new Promise((resolve) => {
      this.resolve = resolve;
    });
    /** @type {OpenPage|null} */
    this.page = null;
    this.isFilled = false;
    this.isClosed = false;
    this.unmount = () => {};
    this.fill();
  }

  /** Give room to what a scene is about. */
  turnTo(/** @type {Shown|null} */ shown) {
    this.element.dataset.about = shown?.about ?? "";
  }

  /** Open the page if its data are there; otherwise say what is awaited, or wrong. */
  async fill() {
    const { shown, pages, seconds } = this;
    if (this.isFilled || this.isClosed) return;
    const { data, problem } = pages.find(shown);
    if (!data || !shown) return this.say(problem ?? "Opening …", Boolean(problem));
    this.isFilled = true;
    try {
      const { mount } = await SCRIPTS[shown.page]();
      if (this.isClosed) return;
      const opened = (/** @type {OpenPage} */ page) => {
        this.page = page;
        this.resolve?.(page);
      };
      // Its styles are the talk's.
      this.unmount = mount({
        ...{ parentElement: this.element, data: { ...data, base: undefined } },
        ...{ source: pages.source, scene: { search: shown.search, seconds, opened } },
      });
    } catch (error) {
      this.isFilled = false;
      this.say(`The scene did not open. ${/** @type {Error} */ (error).message}`, true);
    }
  }

  say(/** @type {string} */ text, /** @type {boolean} */ isProblem) {
    this.element.replaceChildren(
      element("p", { class: "pr-instead", role: isProblem ? "alert" : "status", text }),
    );
  }

  /** Show it, over the one before. */
  reveal() {
    this.element.removeAttribute("inert");
    this.element.classList.add("pr-on");
  }

  close() {
    this.isClosed = true;
    this.unmount();
    this.element.remove();
  }
}
