/** The scenes that were collected in this browser, which keeps them over reloads and for all tabs. */
import {
  MAX_SCENES,
  NO_SCENES,
  readScenes,
  sceneOf,
  withScene,
  writeScenes,
} from "../space/scenes.js";

/** @typedef {import("../space/scenes.js").SceneSet} SceneSet */

const NAME = "vae-explorer: scenes";

/** @returns {{set: SceneSet, problem: string}} a damaged set is left as it is, and said */
export function loadCollected() {
  let text = null;
  try {
    text = localStorage.getItem(NAME);
  } catch {
    return { set: NO_SCENES, problem: "This browser keeps nothing for this page." };
  }
  const set = text === null ? NO_SCENES : readScenes(text);
  if (set) return { set, problem: "" };
  const problem =
    "The scenes collected in this browser cannot be read. They are left as they are until a scene is added.";
  return { set: NO_SCENES, problem };
}

/** @returns {string} why it was not kept; "" if it was */
export function saveCollected(/** @type {SceneSet} */ set) {
  try {
    localStorage.setItem(NAME, writeScenes(set));
    return "";
  } catch {
    return "This browser has no room left for scenes, or keeps none: save them as JSON.";
  }
}

/**
 * Add a scene of what an address shows.
 * @returns {{count: number, problem: string}} how many there are now
 */
export function collectScene(/** @type {string} */ address) {
  const scene = sceneOf(address);
  const { set } = loadCollected();
  if (!scene)
    return { count: 0, problem: "The link names no checkpoint, or is too long for a scene." };
  if (set.scenes.length === MAX_SCENES)
    return { count: 0, problem: `There are ${MAX_SCENES} scenes, and no room for more.` };
  const next = withScene(set, scene);
  return { count: next.scenes.length, problem: saveCollected(next) };
}

/** Be told when another tab has changed them. */
export function onCollected(/** @type {() => void} */ changed, /** @type {AbortSignal} */ signal) {
  window.addEventListener("storage", ({ key }) => key === NAME && changed(), { signal });
}
