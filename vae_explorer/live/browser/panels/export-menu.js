/** Export: one menu with all the files that a page can save. */
import { element } from "../dom/element.js";
import { button, group, menu } from "./toolbar.js";

/**
 * @typedef {import("../files/job.js").Job} Job
 *
 * @typedef {Object} ExportFile
 * @property {string} text its format, on the button
 * @property {string} help what is saved, in a sentence
 * @property {() => string} why it cannot be saved now, in a sentence; "" if it can
 * @property {boolean} [slow] whether only one such file is made at a time
 * @property {(scale: number, job: Job) => Promise<void>|void} save throws where that is impossible
 *
 * @typedef {{title: string, files: ExportFile[]}} ExportGroup files that show the same thing
 */

/** How many times as large as usual a picture is. @type {[string, string][]} */
const SCALES = ["1", "2", "3", "4"].map((scale) => [scale, `${scale}×`]);
const USUAL_SCALE = "2";

const OPENER = "Export ▾";

export class ExportMenu {
  /**
   * @param {() => ExportGroup[]} groups asked for anew whenever the menu is drawn
   * @param {AbortSignal} signal ends all listening
   */
  constructor(groups, signal) {
    this.groups = groups;
    this.opener = button(OPENER, "Save what is on the screen as files", () =>
      this.show(this.opener.ariaExpanded !== "true"),
    );
    this.opener.setAttribute("aria-haspopup", "dialog");
    this.scale = menu("Scale", SCALES, () => {});
    this.scale.value = USUAL_SCALE;
    this.said = element("p", { class: "lm-small", role: "status", "data-testid": "export-said" });
    this.cancel = button("Cancel", "Stop making the file", () => this.job?.abort());
    /** Ends the file that is being made. @type {AbortController|null} */
    this.job = null;
    signal.addEventListener("abort", () => this.job?.abort());
    this.rows = element("div", { class: "lm-export-rows" });
    this.panel = element("div", {
      ...{ class: "lm-export-panel", role: "dialog", "aria-label": "Export" },
      "data-testid": "export-menu",
    });
    this.panel.append(
      element("label", { class: "lm-export-scale" }, ["Scale", this.scale]),
      ...[this.rows, this.said, this.cancel],
    );
    /** By the place of its file in the menu. @type {HTMLButtonElement[]} */
    this.buttons = [];
    this.element = element("div", { class: "lm-export" }, [this.opener, this.panel]);
    this.show(false);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.panel.hidden) return;
      event.stopPropagation();
      this.show(false);
      this.opener.focus();
    });
    const outside = (/** @type {Event} */ { target }) => {
      if (target instanceof Node && !this.element.contains(target)) this.show(false);
    };
    document.addEventListener("pointerdown", outside, { capture: true, signal });
    document.addEventListener("focusin", outside, { signal });
  }

  show(/** @type {boolean} */ whether) {
    this.panel.hidden = !whether;
    this.opener.setAttribute("aria-expanded", String(whether));
    if (!whether) return;
    if (!this.job) this.said.textContent = "";
    this.draw();
    // It opens to the left, where there is room.
    this.panel.classList.remove("lm-rightward");
    const { left } = this.panel.getBoundingClientRect();
    this.panel.classList.toggle("lm-rightward", left < 0);
  }

  /** What can be saved changes with what is on the screen. */
  draw() {
    if (this.panel.hidden) return;
    this.cancel.hidden = !this.job;
    const groups = this.groups();
    const files = groups.flatMap((one) => one.files);
    if (files.length !== this.buttons.length) this.build(groups);
    files.forEach(({ text, help, why, slow }, k) => {
      const problem = this.job && slow ? "Another file is being made: it can be cancelled." : why();
      const { buttons } = this;
      if (buttons[k].textContent !== text) buttons[k].textContent = text;
      buttons[k].title = problem || help;
      buttons[k].disabled = Boolean(problem);
    });
  }

  build(/** @type {ExportGroup[]} */ groups) {
    this.buttons = [];
    this.rows.replaceChildren(
      ...groups.map(({ title, files }) => {
        const own = files.map(({ text, help }) => {
          const place = this.buttons.length;
          const made = button(text, help, () => this.save(place));
          made.dataset.testid = `export-${title}-${text}`.toLowerCase().replaceAll(" ", "-");
          this.buttons.push(made);
          return made;
        });
        return element("div", { class: "lm-export-row" }, [
          ...[element("b", { text: title }), group("lm-group", title, own)],
        ]);
      }),
    );
  }

  async save(/** @type {number} */ place) {
    const file = this.groups().flatMap((one) => one.files)[place];
    const job = new AbortController();
    const { signal } = job;
    const pressed = this.buttons[place];
    const hadFocus = pressed === pressed.ownerDocument.activeElement;
    if (file.slow) this.job = job;
    this.draw();
    if (this.job === job || !this.job) this.said.textContent = "Writing the file …";
    const progress = (/** @type {number} */ share) => {
      const percent = `${Math.floor(100 * share)} %`;
      this.said.textContent = `Making the file: ${percent}. The page can be used meanwhile.`;
      this.opener.textContent = `Export ${percent}`;
    };
    let problem = "";
    try {
      await file.save(Number(this.scale.value), { signal, progress });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) problem = `The file was not saved. ${reason}`;
    }
    if (file.slow) {
      this.job = null;
      this.opener.textContent = OPENER;
    }
    if (problem && this.panel.hidden) this.show(true);
    if (problem || !this.job) this.said.textContent = problem;
    this.draw();
    // It was disabled, and who goes by keys goes on from it.
    const { activeElement, body } = pressed.ownerDocument;
    if (hadFocus && (!activeElement || activeElement === body)) pressed.focus();
  }
}
