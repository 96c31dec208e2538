/**
 * One element of the page, one thing on it. Streamlit calls `mount` anew with every change of data
 * or theme, and its cleanup only when the element leaves the page: so a thing is made once for
 * each element and key, and told of the rest.
 */
import { element } from "./dom/element.js";

/** What stands in each element. @type {WeakMap<HTMLElement, Place>} */
const mounted = new WeakMap();

/**
 * @typedef {Object} Thing
 * @property {() => void} recolour draw anew what takes its colours from the theme
 * @property {() => void} close
 *
 * @typedef {Object} Place
 * @property {string} key of what stands here
 * @property {Thing|null} thing once it is open
 * @property {boolean} closed
 * @property {() => void} close
 */

/**
 * @param {Object} component as Streamlit hands it over, with `data.base`
 * @param {Object} how
 * @param {string} how.key of what is to stand here
 * @param {string} how.css name of the style sheet
 * @param {HTMLElement} how.stage to be filled
 * @param {(place: Place) => void} how.open begins to fill it, and gives the place its thing
 * @param {(place: Place) => void} [how.replaced] told of another thing that stood here, before it goes
 * @param {(place: Place) => void} [how.closing] told before the thing closes
 * @returns {() => void} cleanup
 */
export function mountOnce({ parentElement, data }, { key, css, stage, open, replaced, closing }) {
  const before = mounted.get(parentElement);
  if (before?.key === key) {
    before.thing?.recolour();
    return closer(before);
  }
  if (before) {
    replaced?.(before);
    before.close();
  }
  const frame = element("div", { class: "lm-frame" }, [stage]);
  const styles = element("link", { rel: "stylesheet", href: `${data.base.assets}/${css}` });
  parentElement.replaceChildren(styles, frame);
  const place = { key, thing: null, closed: false, calls: 0 };
  place.close = () => {
    place.closed = true;
    closing?.(place);
    place.thing?.close();
    if (mounted.get(parentElement) === place) mounted.delete(parentElement);
  };
  mounted.set(parentElement, place);
  open(place);
  return closer(place);
}

/**
 * A cleanup that counts for the newest call alone: of a call that was overtaken while its script
 * was on its way, Streamlit cleans up when the script comes, and the thing is the newer call's too.
 */
function closer(place) {
  const call = ++place.calls;
  return () => {
    if (call === place.calls) place.close();
  };
}

/** Say what is wrong in the place of a thing, and offer a new try. */
export function sayInstead(stage, words, onclick) {
  const again = element("button", { type: "button", text: "Try again", onclick });
  stage.replaceChildren(element("div", { class: "lm-message", role: "alert" }, [words, again]));
}

/** Say what is being done in the place of a thing. */
export function sayMeanwhile(stage, text) {
  stage.replaceChildren(element("p", { class: "lm-message", role: "status", text }));
}
