/** Where everything stands: the map, its tools, the picture and what goes with it. */
import { element } from "./dom/element.js";

/**
 * Fill the root of the map.
 * @param {HTMLElement} root
 * @param {Object} parts whose elements are put in their places
 * @returns {Object<string, HTMLElement>} the map's own elements by name
 */
export function layout(root, parts) {
  const { overlay, legend, tools, planes, ends, words } = parts;
  const { pictureView, digit, sliders, sketch, strip } = parts;
  const named = {
    sheetCanvas: element("canvas", { class: "lm-layer", "data-testid": "grid" }),
    pointsCanvas: element("canvas", { class: "lm-layer", "data-testid": "points" }),
    surface: element("div", { class: "lm-layer lm-surface", "data-testid": "surface" }),
    note: element("p", { class: "lm-note" }),
    handle: element(
      "div",
      {
        // Arrow keys are its own, in two directions, which no slider has.
        ...{ class: "lm-handle", "data-testid": "handle", tabindex: 0, role: "application" },
      },
      [element("span", { class: "lm-first-hint", text: "drag me" })],
    ),
  };
  named.map = element("div", { class: "lm-map" }, [
    ...[named.sheetCanvas, named.pointsCanvas, overlay.svg, ...overlay.titles, named.surface],
    ...[legend.element, named.note, tools.zoom],
    // The hand comes last: nothing may lie over it.
    ...[ends.element, words.element, named.handle],
  ]);
  const above = element("div", { class: "lm-tools" }, [
    ...(planes ? [planes.element] : []),
    ...[tools.layers, tools.path],
  ]);
  const panel = element("div", { class: planes ? "lm-panel" : "lm-panel lm-few" }, [
    element("div", { class: "lm-top" }, [pictureView.element, digit.element]),
    ...[sliders.element, sketch.element],
  ]);
  // The strip stands under the map, and comes after the large picture for whoever goes through
  // the page in order.
  root.replaceChildren(
    element("div", { class: "lm-stage" }, [above, named.map]),
    panel,
    strip.element,
  );
  return named;
}
