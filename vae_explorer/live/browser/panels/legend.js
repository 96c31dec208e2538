/** The classes: each a button that hides or shows its points; a double click shows it alone. */
import { element } from "../dom/element.js";
import { group, press } from "./toolbar.js";

export class Legend {
  /**
   * @param {{classes: string[], colours: string[]}} header
   * @param {Object} on
   * @param {(kind: number) => void} on.toggle
   * @param {(kind: number) => void} on.only
   */
  constructor({ classes, colours }, on) {
    /** @type {ReadonlySet<number>|null} */
    this.hidden = null;
    this.buttons = classes.map((name, kind) =>
      element(
        "button",
        {
          ...{ type: "button", class: "lm-class" },
          title: `Hide or show ${name}; double-click: ${name} alone`,
          onclick: () => on.toggle(kind),
          ondblclick: () => on.only(kind),
        },
        [element("span", { style: `background: ${colours[kind]}` }), name],
      ),
    );
    this.element = group("lm-legend", "Classes shown", this.buttons);
  }

  draw(/** @type {{hidden: ReadonlySet<number>}} */ { hidden }) {
    if (hidden === this.hidden) return;
    this.hidden = hidden;
    this.buttons.forEach((button, kind) => {
      press(button, !hidden.has(kind));
    });
  }
}
