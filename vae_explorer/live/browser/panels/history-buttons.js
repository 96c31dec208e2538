/** Undo, Redo and Copy link: the same on every page with a map. */
import { element, shape } from "../dom/element.js";

const ICONS = {
  undo: "M5 2 2 5l3 3M2 5h6.5a3.5 3.5 0 0 1 0 7H5",
  redo: "M9 2l3 3-3 3M12 5H5.5a3.5 3.5 0 0 0 0 7H9",
};
// How long the button says what it did, in milliseconds.
const SAID = 2500;

export class HistoryButtons {
  /**
   * @param {Object} on
   * @param {() => void} on.undo
   * @param {() => void} on.redo
   * @param {() => string} on.link the address of what is on the screen
   */
  constructor(on) {
    this.on = on;
    this.undo = iconButton(ICONS.undo, "Undo", "Undo (Ctrl-Z)", on.undo);
    this.redo = iconButton(ICONS.redo, "Redo", "Redo (Ctrl-Shift-Z)", on.redo);
    this.copy = element("button", {
      ...{ type: "button", class: "lm-copy", text: "Copy link", onclick: () => this.copyLink() },
      title: "Copy the address of what is on the screen",
    });
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
      ...[this.undo, this.redo, this.copy, this.said, this.field],
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
      this.say("Copied", "The link is copied.");
    } catch {
      this.showField(link);
      this.say("Copy link", "Copy the link from the field, with Ctrl-C.");
    }
  }

  say(/** @type {string} */ text, /** @type {string} */ sentence) {
    clearTimeout(this.timer);
    this.copy.textContent = text;
    this.said.textContent = sentence;
    this.timer = setTimeout(() => {
      this.copy.textContent = "Copy link";
      this.said.textContent = "";
    }, SAID);
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

function iconButton(
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
