/**
 * The hand in the page's address, as `vae_explorer/live/hand.py` reads it from a link.
 *
 * It is written here and not by Python, which could only add to the browser's history: a way back
 * that leads through every place the hand has been is none.
 */

/** Each part of the state as text. */
const WRITE = {
  z: numbers,
  digit: String,
  path: (ends) => ends.map((end) => (Array.isArray(end) ? numbers(end) : end)).join(";"),
  plane: String,
  view: numbers,
  show: names,
  way: names,
  hide: names,
};

/** What is as a first visitor finds it need not be said. */
const USUAL = { path: "", show: "points", way: "lerp,z", hide: "none" };

/**
 * @param {Object} state of the hand, or a part of it
 * @param {string} search of an address, with its question mark or without
 * @returns {string} the search with the state in it, and no other state
 */
export function withState(state, search) {
  const query = new URLSearchParams(search);
  // Without a path it goes no way.
  const said = state.path?.length ? state : { ...state, way: null };
  for (const [name, write] of Object.entries(WRITE)) {
    const value = said[name] ?? null;
    const text = value === null ? USUAL[name] : write(value);
    if (text === undefined || text === USUAL[name]) query.delete(name);
    else query.set(name, text);
  }
  // These may stand in an address as they are, and are easier to read.
  return query.toString().replaceAll("%2C", ",").replaceAll("%3B", ";").replaceAll("%3A", ":");
}

/** Put the state into the page's address, in place of what was there. */
export function writeState(state) {
  const url = new URL(location.href);
  url.search = withState(state, url.search);
  if (url.href === location.href) return;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // A browser may refuse many changes in a short time; the next one has it all.
  }
}

function numbers(values) {
  // Four decimals, without zeros at the end.
  return Array.from(values, (value) => Number(value.toFixed(4))).join(",");
}

function names(values) {
  return values.join(",") || "none";
}
