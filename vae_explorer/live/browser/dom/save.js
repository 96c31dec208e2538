/** Files that the visitor keeps. */
import { element } from "./element.js";

/** Have the browser save a file; of its name, letters, numbers and a few signs are kept. */
export function save(/** @type {Blob} */ blob, /** @type {string} */ name) {
  const href = URL.createObjectURL(blob);
  const download = name.replaceAll(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_").replace(/^\.+/, "");
  element("a", { href, download }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
