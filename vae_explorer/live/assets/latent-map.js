/**
 * The live map as Streamlit mounts it. Streamlit calls `mount` anew with every change of data or
 * theme, and its cleanup only when the element leaves the page: so a map is made once for each
 * element and checkpoint, and told of the rest.
 */
import { fetchBlob } from "./blob.js";
import { element } from "./element.js";
import { Explorer } from "./explorer.js";
import { writeState } from "./query.js";
import { browserRunner, serverRunner } from "./runner.js";
import { Space } from "./space.js";

/** What stands in each element: a checkpoint's key, its map once it is open, how often called. */
const mounted = new WeakMap();

/** Where the hand was on each checkpoint of this tab, for when its page is opened again. */
const hands = new Map();

/**
 * @param {Object} component as Streamlit hands it over; its data are `show_latent_map`'s
 * @returns {() => void} cleanup
 */
export function mount(component) {
  const { parentElement, data, setStateValue } = component;
  const before = mounted.get(parentElement);
  if (before?.key === data.key) {
    before.explorer?.recolour();
    return closer(before);
  }
  if (before) {
    // The checkpoint was trained anew under the page: the hand stays where it is.
    const hand = before.explorer?.snapshot();
    if (hand) hands.set(data.key, { z: hand.z, show: hand.show });
    before.close();
  }
  const stage = element("div", {
    class: "lm-root",
    "data-testid": "latent-map",
    role: "group",
    "aria-label": `Latent map of ${data.name}`,
  });
  const frame = element("div", { class: "lm-frame" }, [stage]);
  parentElement.replaceChildren(styles(data.base.assets), frame);
  const place = { key: data.key, explorer: null, closed: false, calls: 0 };
  place.close = () => {
    place.closed = true;
    if (place.explorer) hands.set(place.key, place.explorer.snapshot());
    place.explorer?.close();
    if (mounted.get(parentElement) === place) mounted.delete(parentElement);
  };
  mounted.set(parentElement, place);
  open(stage, data, place, (hand) => {
    writeState(hand);
    setStateValue("hand", hand);
  });
  return closer(place);
}

/**
 * A cleanup that counts for the newest call alone: of a call that was overtaken while its script
 * was on its way, Streamlit cleans up when the script comes, and that map is the newer call's too.
 */
function closer(place) {
  const call = ++place.calls;
  return () => {
    if (call === place.calls) place.close();
  };
}

/** Fetch everything and open the map; where something is missing, say so and offer a new try. */
async function open(stage, data, place, post) {
  const words = { class: "lm-message", role: "status", text: "Opening the map …" };
  stage.replaceChildren(element("p", words));
  const url = (name) => `${data.base.live}/blob/${data[name]}`;
  try {
    // Both are on their way at once; what is wrong with the decoder is said where it is needed.
    if (data.decoder) browserRunner(url("decoder")).catch(() => {});
    const space = new Space(await fetchBlob(url("points")));
    if (place.closed) return;
    const state = hands.get(data.key) ?? data.hand;
    writeState(state);
    const options = {
      post,
      state,
      originalUrl: (row) => `${data.base.live}/original/${data.key}/${row}`,
      runner: (part, say) =>
        data[part] ? browserRunner(url(part)) : onServer(data, space, part, say),
    };
    place.explorer = new Explorer(stage, space, options);
  } catch (error) {
    const again = element("button", {
      ...{ type: "button", text: "Try again" },
      onclick: () => open(stage, data, place, post),
    });
    const words = `The map of ${data.name} did not open. ${error.message}`;
    stage.replaceChildren(element("div", { class: "lm-message", role: "alert" }, [words, again]));
  }
}

function onServer(data, space, part, say) {
  const [channels, height, width] = space.header.image_shape;
  const [inputs, shape] =
    part === "decoder"
      ? [space.dims, [height, width, channels]]
      : [height * width * channels, [2 * space.dims]];
  const path = `${data.base.live}/run/${data.key}/${part}`;
  return Promise.resolve(serverRunner(path, inputs, shape, say));
}

function styles(assets) {
  return element("link", { rel: "stylesheet", href: `${assets}/latent-map.css` });
}
