/**
 * Scenes of a talk: links with captions. Pure functions on a set of them, as the file has it that
 * `vae_explorer/scenes.py` describes and checks.
 */

/**
 * @typedef {Object} Scene
 * @property {string} link a page and its query, such as `film?checkpoint=mnist-2d`
 * @property {string} caption a line of Markdown
 * @property {number} seconds of the glide into it
 *
 * @typedef {{title: string, scenes: readonly Scene[]}} SceneSet
 *
 * @typedef {{tag: "b"|"i"|"code"|"span", text: string}} CaptionPart
 *
 * @typedef {"explore"|"compare"|"film"} PageName
 * @typedef {"drawing"|"path"|"image"|"code"} About
 *
 * @typedef {Object} Shown what a scene's link asks for
 * @property {PageName} page
 * @property {string} checkpoints by name, as a comparison's link has them
 * @property {string} needs the page with its checkpoints, such as `compare mnist-2d/mnist-20d`
 * @property {string} search of the link
 * @property {About} about what is shown beside the map and the picture
 */

/** @type {readonly PageName[]} */
const PAGES = ["explore", "compare", "film"];
const FORMAT = { format: "vae-explorer-scenes", version: 1 };
export const MAX_SCENES = 200;
export const [MAX_TITLE, MAX_CAPTION, MAX_LINK] = [200, 500, 20_000];
export const [MAX_SECONDS, DEFAULT_SECONDS] = [60, 2];

/** @type {SceneSet} */
export const NO_SCENES = { title: "", scenes: [] };

/** What a link asks for; null for one that names no page or no checkpoint. @returns {Shown|null} */
export function readSceneLink(/** @type {string} */ link) {
  const [path, search = ""] = link.split("#")[0].split("?");
  const page = PAGES.find((name) => name === (path.split("/").at(-1) || "explore"));
  const query = new URLSearchParams(search);
  const checkpoints = query.get(page === "compare" ? "compare" : "checkpoint");
  if (!page || !checkpoints) return null;
  return { page, checkpoints, needs: `${page} ${checkpoints}`, search, about: aboutOf(query) };
}

/** @returns {About} */
function aboutOf(/** @type {URLSearchParams} */ query) {
  const tool = query.get("tool") ?? (query.get("path")?.includes(";") ? "interpolate" : "scatter");
  if (query.has("drawing")) return "drawing";
  if (tool === "interpolate") return "path";
  return tool === "scatter" && query.has("image") ? "image" : "code";
}

/** A scene of what an address shows; null where it names no checkpoint. @returns {Scene|null} */
export function sceneOf(/** @type {string} */ address) {
  const shown = readSceneLink(address);
  if (!shown || shown.search.length > MAX_LINK - 10) return null;
  return { link: `${shown.page}?${shown.search}`, caption: "", seconds: DEFAULT_SECONDS };
}

/**
 * Read a set that this browser has kept.
 * @returns {SceneSet|null} null for what no set can be
 */
export function readScenes(/** @type {string} */ text) {
  try {
    const { format, version, title = "", scenes } = JSON.parse(text);
    const sound =
      format === FORMAT.format && version === FORMAT.version && isText(title, MAX_TITLE);
    return sound && scenes.length <= MAX_SCENES && scenes.every(isScene) ? { title, scenes } : null;
  } catch {
    return null;
  }
}

/** A set as the text of a file. */
export function writeScenes(/** @type {SceneSet} */ { title, scenes }) {
  return `${JSON.stringify({ ...FORMAT, title, scenes }, null, 2)}\n`;
}

/** @returns {SceneSet} */
export function withScene(/** @type {SceneSet} */ set, /** @type {Scene} */ scene) {
  return { ...set, scenes: [...set.scenes, scene] };
}

/** @returns {SceneSet} */
export function withoutScene(/** @type {SceneSet} */ set, /** @type {number} */ k) {
  return { ...set, scenes: set.scenes.filter((_, other) => other !== k) };
}

/** Change some of what the k-th scene says. @returns {SceneSet} */
export function editScene(
  /** @type {SceneSet} */ set,
  /** @type {number} */ k,
  /** @type {Partial<Scene>} */ change,
) {
  return { ...set, scenes: set.scenes.with(k, { ...set.scenes[k], ...change }) };
}

/** Move the k-th scene up (−1) or down (1), if there is a place. @returns {SceneSet} */
export function moveScene(
  /** @type {SceneSet} */ set,
  /** @type {number} */ k,
  /** @type {number} */ by,
) {
  const { scenes } = set;
  if (!scenes[k + by]) return set;
  return { ...set, scenes: scenes.with(k, scenes[k + by]).with(k + by, scenes[k]) };
}

/** What is typed, as one line of letters that can be seen. */
export function oneLine(/** @type {string} */ text) {
  // Emoji and Persian words need the two joiners.
  return text.replaceAll(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu, " ");
}

/** The time that is typed, or the nearest that a glide may take; null for what is none. */
export function readSeconds(/** @type {string} */ text) {
  const seconds = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isNaN(seconds) ? null : Math.max(0, Math.min(MAX_SECONDS, seconds));
}

/** The place of the scene that an address asks for, from 0; null for one that is not there. */
export function readNumber(/** @type {string} */ text, /** @type {number} */ count) {
  const number = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= count ? number - 1 : null;
}

/**
 * The parts of a caption: **bold**, *italic* and `code`; all else is as it stands.
 * @param {string} caption
 * @returns {CaptionPart[]}
 */
export function readCaption(caption) {
  // As in Markdown, a star that stands by itself is a star.
  const parts = caption.split(/(\*\*(?! ).+?(?<! )\*\*|\*(?! )[^*]+(?<! )\*|`[^`]+`)/);
  return parts.flatMap((part, k) => partsOf(part, k % 2 === 0));
}

/** @returns {CaptionPart[]} */
function partsOf(/** @type {string} */ part, /** @type {boolean} */ isPlain) {
  if (!part) return [];
  if (isPlain) return [{ tag: "span", text: part }];
  if (part.startsWith("**")) return [{ tag: "b", text: part.slice(2, -2) }];
  return [{ tag: part[0] === "*" ? "i" : "code", text: part.slice(1, -1) }];
}

function isText(/** @type {unknown} */ value, /** @type {number} */ longest) {
  return typeof value === "string" && value.length <= longest;
}

function isScene(/** @type {any} */ { link, caption, seconds }) {
  return (
    isText(link, MAX_LINK) &&
    isText(caption, MAX_CAPTION) &&
    typeof seconds === "number" &&
    seconds >= 0 &&
    seconds <= MAX_SECONDS
  );
}
