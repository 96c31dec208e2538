/** The parts of a comparison, and what each of them has the hand do. */

import { createPicture } from "./dom/canvas.js";
import { element } from "./dom/element.js";
import { Sketch } from "./panels/drawing.js";
import { button, group } from "./panels/toolbar.js";

const PATH = "Path: click two digits, A and B; every model goes from one to the other";

/**
 * Make the parts and put them in their places, under their names in the view.
 * @param {import("./compare.js").ComparisonView} view with its panels
 * @param {HTMLElement} root to be filled
 */
export function assembleComparison(view, root) {
  const [{ shape }] = view.panels;
  view.original = createPicture(shape, "Original");
  view.original.dataset.testid = "original";
  view.original.style.display = "none";
  view.sentence = element("p", { class: "cm-sentence", "data-testid": "sentence", role: "status" });
  const mode = (byDigit) => () => view.chooseMode(byDigit);
  view.modes = [
    button("Same z", "Every model decodes the same code z", mode(false)),
    button("Same digit", "Every model encodes the same digit, and decodes its code", mode(true)),
  ];
  view.modes[0].disabled = !view.subjects.oneSpace;
  view.alignButton = button("Align", "Align the spaces", () => view.align(!view.aligned));
  view.alignButton.disabled = !view.canAlign;
  view.alignButton.title = view.canAlign
    ? "Turn each space (a rotation or a reflection, never a scaling) onto the first one"
    : "Spaces of as many dimensions, of the same test digits, can be turned onto each other";
  view.layerButtons = ["points", "grid"].map((layer) =>
    button(layer === "points" ? "Points" : "Grid", `Show the ${layer}`, () => view.toggle(layer)),
  );
  view.pathButton = button("Path", PATH, () => view.pick(!view.picking));
  view.clearButton = button("✕", "Remove the path", () => view.clearPath());
  view.along = element("input", {
    ...{ type: "range", min: 0, max: 1, step: "any", value: 0, class: "cm-along" },
    ...{ "data-testid": "along", "aria-label": "From A to B" },
    oninput: () => view.goAlong(Number(view.along.value)),
  });
  view.sketch = new Sketch(shape, {
    encode: (pixels) => view.draw(pixels),
    clear: () => {},
  });
  const wide = view.panels.length === 2 ? "cm-panels cm-two" : "cm-panels";
  view.row = element(
    "div",
    { class: wide },
    view.panels.map((panel) => panel.element),
  );
  view.row.style.setProperty("--panels", view.panels.length);
  root.replaceChildren(
    element("div", { class: "cm-tools" }, [
      group("lm-group", "What the hand holds", view.modes),
      group("lm-group", "Orientation", [view.alignButton]),
      group("lm-group", "Layers", view.layerButtons),
      group("lm-group", "Path", [view.pathButton, view.clearButton]),
      view.along,
    ]),
    element("div", { class: "cm-said" }, [view.original, view.sentence]),
    view.row,
    element("div", { class: "cm-sketch" }, [view.sketch.element, view.words.element]),
  );
}
