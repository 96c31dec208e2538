/**
 * The page's address: whether it is a link that somebody opened, and how it follows a page's state.
 */
import { partOf } from "./space/link.js";

/** @typedef {Pick<import("./page.js").Opening<any>, "data"|"scene"|"signal">} Opened */

/** What the address said last of each key: one that says the same says nothing new. @type {Map<string, string>} */
const said = new Map();

// How long nothing has to change before the address is written, in milliseconds.
const PAUSE = 300;

/**
 * The search of the address, if it is a link: if this tab has not written it itself, for this
 * checkpoint or for the one that was shown before.
 * @param {Opened} page
 * @param {readonly string[]} names that the page reads
 * @returns {string|null}
 */
export function openedLink({ data: { key }, scene }, names) {
  if (scene) return scene.search;
  const asked = partOf(location.search, names);
  const isNew = asked !== "" && ![...said.values()].includes(asked);
  said.set(key, asked);
  return isNew ? location.search : null;
}

/**
 * @typedef {Object} Address
 * @property {() => void} publish to be called after each change: the address follows a moment later
 * @property {() => string} link the whole address, with the state of now
 */

/**
 * @param {Opened} page a scene's leaves the address alone
 * @param {readonly string[]} names that the page reads
 * @param {(search: string) => string} write the state into the search of an address
 * @returns {Address}
 */
export function createAddress({ data: { key }, scene, signal }, names, write) {
  const page = location.pathname;
  let pause = 0;
  signal.addEventListener("abort", () => clearTimeout(pause));
  const link = () => {
    const search = write(location.search);
    said.set(key, partOf(search, names));
    return withSearch(search);
  };
  return {
    link,
    publish() {
      if (scene) return;
      clearTimeout(pause);
      // Another page's address is on show before this one is closed.
      pause = setTimeout(() => page === location.pathname && replaceAddress(link()), PAUSE);
    },
  };
}

/** The page's address with another search. */
export function withSearch(/** @type {string} */ search) {
  const url = new URL(location.href);
  url.search = search;
  return url.href;
}

/** @returns {boolean} whether the browser's history has a new step, with the same address */
export function addStep() {
  try {
    history.pushState(history.state, "", location.href);
    return true;
  } catch {
    // A frame may have no address of its own.
    return false;
  }
}

/** Put an address in the place of the one that is shown, without a step in the browser's history. */
export function replaceAddress(/** @type {string} */ address) {
  if (address === location.href) return;
  try {
    history.replaceState(history.state, "", address);
  } catch {
    // A browser may refuse many changes in a short time; the next one has it all.
  }
}
