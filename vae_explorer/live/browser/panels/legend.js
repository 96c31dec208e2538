/** The classes: each a button that hides or shows its points; twice in a row shows it alone. */
import { element } from "../dom/element.js";

export class Legend {
  /**
   * @param {{classes: string[], colours: string[]}} header
   * @param {Set<number>} hidden changed in place
   * @param {() => void} changed
   */
  constructor({ classes, colours }, hidden, changed) {
    this.hidden = hidden;
    this.buttons = classes.map((name, kind) =>
      element(
        "button",
        {
          type: "button",
          class: "lm-class",
          title: `Hide or show ${name}; double-click: ${name} alone`,
          onclick: () => this.toggle(kind, changed),
          ondblclick: () => this.alone(kind, changed),
        },
        [element("span", { style: `background: ${colours[kind]}` }), name],
      ),
    );
    this.element = element(
      "div",
      { class: "lm-legend", role: "group", "aria-label": "Classes shown" },
      this.buttons,
    );
    this.show();
  }

  toggle(kind, changed) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.show();
    changed();
  }

  alone(kind, changed) {
    const others = this.buttons.map((_, other) => other).filter((other) => other !== kind);
    const already = others.every((other) => this.hidden.has(other));
    this.hidden.clear();
    if (!already) others.forEach((other) => this.hidden.add(other));
    this.show();
    changed();
  }

  show() {
    this.buttons.forEach((button, kind) => {
      button.setAttribute("aria-pressed", String(!this.hidden.has(kind)));
    });
  }
}
