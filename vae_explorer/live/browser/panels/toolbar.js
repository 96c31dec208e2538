/** The buttons on and above the map: its layers, the path, the zoom. */
import { element } from "../dom/element.js";

const LAYERS = {
  points: ["Points", "Points: show the test digits' codes"],
  grid: ["Grid", "Grid: show what is decoded everywhere"],
};

export class Tools {
  /**
   * @param {Object} on
   * @param {() => void} on.layers others are chosen
   * @param {() => void} on.picking a click on the map adds to the path now, or no longer
   * @param {() => void} on.clear the path is to go
   * @param {(factor: number) => void} on.zoom how much more to show
   * @param {() => void} on.home everything is to be shown
   */
  constructor(on) {
    /** Layers that are to be shown. @type {string[]} */
    this.chosen = [];
    /** Whether a click on the map adds to the path. */
    this.picking = false;
    this.on = on;
    this.buttons = Object.entries(LAYERS).map(([layer, [text, label]]) =>
      button(text, label, () => this.toggle(layer)),
    );
    this.pathButton = button("Path", "Path: click digits to make a path, A, B and more", () =>
      this.pick(!this.picking),
    );
    this.clearButton = button("✕", "Remove the path", () => {
      on.clear();
      this.pick(false);
    });
    this.layers = group("lm-group", "Layers", this.buttons);
    this.path = group("lm-group", "Path", [this.pathButton, this.clearButton]);
    this.zoom = group("lm-zoom", "Zoom", [
      button("+", "Zoom in", () => on.zoom(0.7)),
      button("−", "Zoom out", () => on.zoom(1 / 0.7)),
      button("⤢", "Show everything", () => on.home()),
    ]);
  }

  /** @param {string[]} layers to be shown */
  choose(layers) {
    this.chosen = layers;
    Object.keys(LAYERS).forEach((layer, k) => press(this.buttons[k], layers.includes(layer)));
  }

  toggle(layer) {
    const others = this.chosen.filter((name) => name !== layer);
    this.choose(this.chosen.includes(layer) ? others : [...others, layer]);
    this.on.layers();
  }

  pick(picking) {
    this.picking = picking;
    press(this.pathButton, picking);
    this.on.picking();
  }

  /** @param {boolean} layers whether there are any to choose @param {boolean} path to remove */
  enable(layers, path) {
    for (const layer of this.buttons) layer.disabled = !layers;
    this.clearButton.disabled = !path;
  }
}

/** @returns {HTMLButtonElement} with a short text and a whole sentence for who asks */
export function button(text, label, onclick) {
  return element("button", { type: "button", text, title: label, "aria-label": label, onclick });
}

/** Buttons that belong together. */
export function group(name, label, buttons) {
  return element("div", { class: name, role: "group", "aria-label": label }, buttons);
}

/** Show a button as pressed or not. */
export function press(pressed, whether) {
  pressed.setAttribute("aria-pressed", String(whether));
}
