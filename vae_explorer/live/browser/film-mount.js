/** The film of a training as Streamlit mounts it. */
import { fetchBlob } from "./dom/blob.js";
import { element } from "./dom/element.js";
import { serverSource } from "./dom/source.js";
import { Reel } from "./film/reel.js";
import { FilmView } from "./film.js";
import { mountOnce, sayInstead, sayMeanwhile } from "./page.js";

/**
 * @param {Object} component as Streamlit hands it over; its data are `show_film`'s
 * @returns {() => void} cleanup
 */
export function mount(component) {
  const { data } = component;
  const stage = element("div", {
    class: "lm-root fm-root",
    "data-testid": "film",
    role: "group",
    "aria-label": `Film of the training of ${data.name}`,
  });
  return mountOnce(component, {
    key: data.film,
    css: "map.css",
    stage,
    open: (place) => open(stage, data, place),
  });
}

async function open(stage, data, place) {
  sayMeanwhile(stage, "Opening the film …");
  try {
    const reel = await Reel.of(await fetchBlob(serverSource(data.base.live), data.film));
    if (!place.closed) place.thing = new FilmView(stage, reel);
  } catch (error) {
    const words = `The film of ${data.name} did not open. ${error.message}`;
    sayInstead(stage, words, () => open(stage, data, place));
  }
}
