/** Where everything stands: the map, its tools, the picture and what goes with it. */
import { element } from "./element.js";

/**
 * Fill the root of the map.
 * @param {HTMLElement} root
 * @param {Object} parts whose elements are put in their places
 * @returns {Object} the elements that are used by name
 */
export function layout(root, parts) {
  const { overlay, legend, planes, ends, pictureView, digit, sliders, sketch, strip } = parts;
  const button = (text, label, attributes = {}) =>
    element("button", { type: "button", text, title: label, "aria-label": label, ...attributes });
  const toggle = (text, label) => button(text, label, { "aria-pressed": "false" });
  const named = {
    sheetCanvas: element("canvas", { class: "lm-layer", "data-testid": "grid" }),
    pointsCanvas: element("canvas", { class: "lm-layer", "data-testid": "points" }),
    surface: element("div", { class: "lm-layer lm-surface", "data-testid": "surface" }),
    handle: element("div", {
      ...{ class: "lm-handle", "data-testid": "handle", tabindex: 0, role: "slider" },
      ...{ "aria-valuenow": 0, "aria-roledescription": "ring on the map" },
      "aria-label": "The hand on the latent space. Arrow keys move it, with Shift finer.",
    }, [element("span", { class: "lm-first-hint", text: "drag me" })]),
    zoomIn: button("+", "Zoom in"),
    zoomOut: button("−", "Zoom out"),
    zoomHome: button("⤢", "Show everything"),
    pathButton: toggle("Path", "Click digits to make a path: A, B, and more"),
    clearPath: button("✕", "Remove the path"),
    layerButtons: {
      points: toggle("Points", "Show the test digits' codes"),
      grid: toggle("Grid", "Show what is decoded everywhere"),
    },
    words: element("p", { class: "lm-words", role: "status" }),
    note: element("p", { class: "lm-note" }),
  };
  named.map = element("div", { class: "lm-map" }, [
    ...[named.sheetCanvas, named.pointsCanvas, overlay.svg, ...overlay.titles, named.surface],
    ...[legend.element, named.note],
    element("div", { class: "lm-zoom" }, [named.zoomIn, named.zoomOut, named.zoomHome]),
    // The hand comes last: nothing may lie over it.
    ...[ends.element, named.words, named.handle],
  ]);
  const tools = element("div", { class: "lm-tools" }, [
    ...(planes ? [planes.element] : []),
    element("div", { class: "lm-group", role: "group", "aria-label": "Layers" }, [
      ...[named.layerButtons.points, named.layerButtons.grid],
    ]),
    element("div", { class: "lm-group", role: "group", "aria-label": "Path" }, [
      ...[named.pathButton, named.clearPath],
    ]),
  ]);
  const panel = element("div", { class: "lm-panel" }, [
    element("div", { class: "lm-top" }, [pictureView.element, digit.element]),
    ...[sliders.element, sketch.element],
  ]);
  // The strip stands under the map, and comes after the large picture for whoever goes through
  // the page in order.
  const stage = element("div", { class: "lm-stage" }, [tools, named.map]);
  root.replaceChildren(stage, panel, strip.element);
  return named;
}
