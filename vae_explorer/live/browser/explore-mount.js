/** The live map as Streamlit mounts it: fetched, and opened where the hand was. */
import { fetchBlob, fetchOriginal } from "./dom/blob.js";
import { element } from "./dom/element.js";
import { serverSource } from "./dom/source.js";
import { Explorer } from "./explore.js";
import { browserRunner, runnerOf } from "./nn/runner.js";
import { mountOnce, sayInstead, sayMeanwhile } from "./page.js";
import { writeState } from "./space/link.js";
import { Space } from "./space/space.js";

/** Where the hand was on each checkpoint of this tab, for when its page is opened again. */
const hands = new Map();

/**
 * @param {Object} component as Streamlit hands it over; its data are `show_latent_map`'s
 * @returns {() => void} cleanup
 */
export function mount(component) {
  const { data, setStateValue } = component;
  const stage = element("div", {
    class: "lm-root",
    "data-testid": "latent-map",
    role: "group",
    "aria-label": `Latent map of ${data.name}`,
  });
  const post = (hand) => {
    writeState(hand);
    setStateValue("hand", hand);
  };
  return mountOnce(component, {
    key: data.key,
    css: "map.css",
    stage,
    open: (place) => open(stage, data, place, post),
    replaced: (before) => {
      // The checkpoint was trained anew under the page: the hand stays where it is.
      const hand = before.thing?.snapshot();
      if (hand) hands.set(data.key, { z: hand.z, show: hand.show });
    },
    closing: (place) => place.thing && hands.set(place.key, place.thing.snapshot()),
  });
}

/** Fetch everything and open the map; where something is missing, say so and offer a new try. */
async function open(stage, data, place, post) {
  sayMeanwhile(stage, "Opening the map …");
  const source = serverSource(data.base.live);
  try {
    // Both are on their way at once; what is wrong with the decoder is said where it is needed.
    if (data.decoder) browserRunner(source, data.decoder).catch(() => {});
    const space = new Space(await fetchBlob(source, data.points));
    if (place.closed) return;
    const state = hands.get(data.key) ?? data.hand;
    writeState(state);
    place.thing = new Explorer(stage, space, {
      post,
      state,
      original: (row) => fetchOriginal(source, data.key, row),
      runner: (part, say) => runnerOf(source, data, part, space, say),
    });
  } catch (error) {
    const words = `The map of ${data.name} did not open. ${error.message}`;
    sayInstead(stage, words, () => open(stage, data, place, post));
  }
}
