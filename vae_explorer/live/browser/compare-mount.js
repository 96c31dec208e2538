/** Checkpoints side by side as Streamlit mounts them: fetched, and put under one hand. */

import { ComparisonView } from "./compare.js";
import { fetchBlob, fetchOriginal } from "./dom/blob.js";
import { element } from "./dom/element.js";
import { serverSource } from "./dom/source.js";
import { runnerOf } from "./nn/runner.js";
import { mountOnce, sayInstead, sayMeanwhile } from "./page.js";
import { Space } from "./space/space.js";

/** What was compared in this tab, and how: for when the page is opened again. */
const states = new Map();

/**
 * @param {Object} component as Streamlit hands it over; its data are `show_comparison`'s
 * @returns {() => void} cleanup
 */
export function mount(component) {
  const { data } = component;
  const stage = element("div", {
    class: "lm-root cm-root",
    "data-testid": "comparison",
    role: "group",
    "aria-label": `${data.checkpoints.map(({ name }) => name).join(" and ")} under one hand`,
  });
  return mountOnce(component, {
    key: data.checkpoints.map(({ key }) => key).join(),
    css: "map.css",
    stage,
    open: (place) => open(stage, data, place),
    closing: (place) => place.thing && states.set(place.key, place.thing.snapshot()),
  });
}

async function open(stage, { checkpoints, base }, place) {
  sayMeanwhile(stage, "Opening the checkpoints …");
  const source = serverSource(base.live);
  try {
    const spaces = await Promise.all(
      checkpoints.map(async ({ points }) => new Space(await fetchBlob(source, points))),
    );
    if (place.closed) return;
    place.thing = new ComparisonView(stage, checkpoints, spaces, {
      state: states.get(place.key) ?? {},
      original: (k, row) => fetchOriginal(source, checkpoints[k].key, row),
      runner: (k, part, say) => runnerOf(source, checkpoints[k], part, spaces[k], say),
    });
  } catch (error) {
    const words = `The comparison did not open. ${error.message}`;
    sayInstead(stage, words, () => open(stage, { checkpoints, base }, place));
  }
}
