/** Undo, Redo, Copy link and Add scene: the same on every page with a map. */
import { element, shape } from "../dom/element.js";
import { collectScene } from "../present/collected.js";

const ICONS = {
  undo: "M5 2 2 5l3 3M2 5h6.5a3.5 3.5 0 0 1 0 7H5",
  redo: "M9 2l3 3-3 3M12 5H5.5a3.5 3.5 0 0 0 0 7H9",
};
const [COPY, ADD] = ["Copy link", "Add scene"];
const ADD_HELP = "Collect what is on the screen as a scene of a talk: see Present";
// How long the button says what it did, in milliseconds.
const SAID = 2500;

export class HistoryButtons {
  /**
   * @param {Object} on
   * @param {() => void} on.undo
   * @param {() => void} on.redo
   * @param {() => string} on.link the address of what is on the screen
   * @param {boolean} on.collects whether scenes of a talk are collected from here
   */
  constructor(on) {
    this.on = on;
    this.undo = iconButton(ICONS.undo, "Undo", "Undo (Ctrl-Z)", on.undo);
    this.redo = iconButton(ICONS.redo, "Redo", "Redo (Ctrl-Shift-Z)", on.redo);
    this.copy = element("button", {
      ...{ type: "button", class: "lm-copy", text: COPY, onclick: () => this.copyLink() },
      title: "Copy the address of what is on the screen",
    });
    this.add = element("button", {
      ...{ type: "button", class: "lm-add", text: ADD, onclick: () => this.addScene() },
      title: ADD_HELP,
    });
    this.add.hidden = !on.collects;
    this.said = element("span", { class: "lm-unseen", role: "status" });
    this.field = element("input", {
      ...{ type: "text", readonly: "", class: "lm-link", "data-testid": "link" },
      ...{ "aria-label": "Link, to be copied by hand", onblur: () => this.showField("") },
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Escape") this.copy.focus();
      },
    });
    this.showField("");
    this.timer = 0;
    this.element = element("div", { class: "lm-group lm-history", role: "group" }, [
      ...[this.undo, this.redo, this.copy, this.add, this.said, this.field],
    ]);
    this.element.setAttribute("aria-label", "Steps and link");
  }

  draw(/** @type {{canUndo: boolean, canRedo: boolean}} */ { canUndo, canRedo }) {
    // Not disabled: who steps back by Enter keeps the focus.
    this.undo.setAttribute("aria-disabled", String(!canUndo));
    this.redo.setAttribute("aria-disabled", String(!canRedo));
  }

  async copyLink() {
    const link = this.on.link();
    try {
      // A page that came without encryption, from another machine, has no clipboard.
      await navigator.clipboard.writeText(link);
      this.say("The link is copied.", "Copied");
    } catch {
      this.showField(link);
      this.say("Copy the link from the field, with Ctrl-C.");
    }
  }

  addScene() {
    const { count, problem } = collectScene(this.on.link());
    if (problem) this.say(problem, COPY, "Not added");
    else this.say("It is a scene of your talk now, on the page Present.", COPY, `Scene ${count}`);
    this.said.className = problem ? "lm-link" : "lm-unseen";
  }

  /** Say what was done: on a button in two words, and in a sentence for who listens. */
  say(/** @type {string} */ sentence, copy = COPY, add = ADD) {
    const write = (/** @type {string[]} */ ...[said, onCopy, onAdd]) => {
      this.said.className = "lm-unseen";
      this.said.textContent = said;
      this.copy.textContent = onCopy;
      this.add.textContent = onAdd;
    };
    clearTimeout(this.timer);
    write(sentence, copy, add);
    this.timer = setTimeout(() => write("", COPY, ADD), SAID);
  }

  /** Show a link to be copied by hand; none hides the field. */
  showField(/** @type {string} */ link) {
    this.field.hidden = !link;
    this.field.value = link;
    if (!link) return;
    this.field.focus();
    this.field.select();
  }
}

/** A button with a drawn sign, on a field of 14 × 14. */
export function iconButton(
  /** @type {string} */ path,
  /** @type {string} */ label,
  /** @type {string} */ title,
  /** @type {() => void} */ onclick,
) {
  const icon = shape("svg", { viewBox: "0 0 14 14", "aria-hidden": "true" }, [
    shape("path", { d: path }),
  ]);
  return element("button", { type: "button", "aria-label": label, title, onclick }, [icon]);
}
