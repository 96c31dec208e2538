/** One toolbar: the tools, the layers, the plane, the path; and the buttons of the zoom. */
import { element } from "../dom/element.js";

/**
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {import("../space/state.js").Tool} Tool
 * @typedef {import("../space/state.js").Layer} Layer
 */

/** @type {[Tool, string, string][]} */
const TOOLS = [
  ["scatter", "Scatter", "Codes of the test images: click one to select it"],
  ["manifold", "Manifold", "What the decoder makes of every place: a lattice of pictures"],
  ["interpolate", "Interpolate", "Click test images or places: the path between them is decoded"],
];
/** @type {[Layer, string, string][]} */
const LAYERS = [
  ["points", "Points", "Show the codes of the test images"],
  ["grid", "Grid", "Show what is decoded everywhere"],
];

export class Toolbar {
  /**
   * @param {Object} on
   * @param {(tool: Tool) => void} on.tool
   * @param {(layer: Layer) => void} on.layer
   * @param {() => void} on.clearPath
   * @param {Node[]} more controls between the layers and the path, such as a plane menu
   * @param {Node[]} last at the end of the line
   */
  constructor(on, more, last) {
    this.tools = TOOLS.map(([tool, text, help]) => button(text, help, () => on.tool(tool)));
    this.layers = LAYERS.map(([layer, text, help]) => button(text, help, () => on.layer(layer)));
    this.clear = button("Clear path", "Remove all endpoints", on.clearPath);
    /** @type {MapState|null} */
    this.drawn = null;
    this.element = element("div", { class: "lm-toolbar", role: "group", "aria-label": "Tools" }, [
      group("lm-group lm-tools", "Tool", this.tools),
      group("lm-group", "Layers", this.layers),
      ...more,
      ...[this.clear, lastOf(last)],
    ]);
  }

  draw(/** @type {MapState} */ state) {
    const { tool, layers, projection, path } = state;
    const { drawn } = this;
    this.drawn = state;
    if (drawn?.tool !== tool) {
      for (const [k, [name]] of TOOLS.entries()) press(this.tools[k], name === tool);
    }
    if (drawn?.layers !== layers || drawn.projection !== projection) {
      for (const [k, [name]] of LAYERS.entries()) {
        // A stored view has nothing but points.
        press(this.layers[k], projection.plane ? layers.includes(name) : name === "points");
        this.layers[k].disabled = !projection.plane;
      }
    }
    this.clear.hidden = path.length === 0;
  }
}

export class ZoomButtons {
  /**
   * @param {Object} on
   * @param {(factor: number) => void} on.zoom how many times as much to show
   * @param {() => void} on.fitAll
   */
  constructor(on) {
    this.element = group("lm-zoom", "Zoom", [
      labelled("+", "Zoom in", () => on.zoom(0.7)),
      labelled("−", "Zoom out", () => on.zoom(1 / 0.7)),
      labelled("⤢", "Show everything", on.fitAll),
    ]);
  }
}

/** What ends a toolbar, and stays together. */
export function lastOf(/** @type {Node[]} */ controls) {
  return element("div", { class: "lm-last" }, controls);
}

/** A button that says what it does; the help is for who rests on it. */
export function button(
  /** @type {string} */ text,
  /** @type {string} */ help,
  /** @type {() => void} */ onclick,
) {
  return element("button", { type: "button", text, title: help, onclick });
}

/** A button with a sign, whose name is another. */
function labelled(
  /** @type {string} */ sign,
  /** @type {string} */ label,
  /** @type {() => void} */ onclick,
) {
  return element("button", {
    type: "button",
    text: sign,
    title: label,
    "aria-label": label,
    onclick,
  });
}

/** Controls that belong together. */
export function group(
  /** @type {string} */ name,
  /** @type {string} */ label,
  /** @type {Node[]} */ controls,
) {
  return element("div", { class: name, role: "group", "aria-label": label }, controls);
}

/** Show a button as pressed or not. */
export function press(/** @type {HTMLElement} */ pressed, /** @type {boolean} */ whether) {
  pressed.setAttribute("aria-pressed", String(whether));
}

/** A menu of values and their names. */
export function menu(
  /** @type {string} */ label,
  /** @type {[string, string][]} */ options,
  /** @type {(value: string) => void} */ choose,
) {
  const onchange = () => choose(select.value);
  const select = element("select", { "aria-label": label, title: label, onchange });
  return fill(select, options);
}

/** Put other options into a menu. */
export function fill(
  /** @type {HTMLSelectElement} */ select,
  /** @type {[string, string][]} */ options,
) {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value, text })));
  return select;
}

/** A slider with its name and value. */
export class RangeControl {
  /**
   * @param {string} label
   * @param {{min: number, max: number, step: number}} range
   * @param {(value: number) => void} choose
   * @param {(value: number) => string} [show]
   */
  constructor(label, range, choose, show = String) {
    this.show = show;
    this.input = element("input", {
      ...{ type: "range", "aria-label": label, ...range },
      oninput: () => choose(Number(this.input.value)),
    });
    this.output = element("output");
    this.element = element("label", { class: "lm-range" }, [label, this.input, this.output]);
  }

  draw(/** @type {number} */ value, disabled = false) {
    const text = this.show(value);
    if (this.output.textContent !== text) this.output.textContent = text;
    if (Number(this.input.value) !== value) this.input.value = String(value);
    this.input.disabled = disabled;
  }
}
