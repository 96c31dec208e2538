/**
 * The state of a film in the page's address.
 *
 *     ?time=3.25 &follow=17 &z=0.3,-1 &view=0,0,8 &show=points,grid &hide=1,4
 *
 * The time counts in snapshots. The handle follows a filmed test image, or stays at z.
 */
import {
  createReader,
  EXPECTED_LAYERS,
  EXPECTED_VIEW,
  expectedClasses,
  list,
  numbers,
  readClasses,
  readCode,
  readLayers,
  readView,
  unless,
  whole,
  writeClasses,
  writeLayers,
  writeQuery,
  writeView,
} from "../space/link.js";
import { firstFilm, follow, goTo, stay } from "./state.js";

/**
 * @typedef {import("./reel.js").Reel} Reel
 * @typedef {import("./state.js").FilmState} FilmState
 */

/** What a parameter must be, for a sentence. @type {Record<string, (reel: Reel) => string>} */
const EXPECTED = {
  time: ({ count }) => `a number from 0 to ${count - 1}`,
  follow: ({ space }) => `a row from 0 to ${space.count - 1}`,
  z: () => "2 numbers",
  view: () => EXPECTED_VIEW,
  show: () => EXPECTED_LAYERS,
  hide: ({ space }) => expectedClasses(space),
};
/** The names that tell of a film. */
export const FILM_NAMES = Object.keys(EXPECTED);

/**
 * Read a state from an address.
 * @param {string} search of the address
 * @param {Reel} reel
 * @returns {{state: FilmState, problems: string[]}} a first visitor's state, with what the address says
 */
export function readFilm(search, reel) {
  const { problems, read } = createReader(search, FILM_NAMES, (name) => EXPECTED[name](reel));
  const last = reel.count - 1;
  const time = read("time", (text) => numbers(text, 1, ([t]) => t >= 0 && t <= last));
  const followed = read("follow", (text) => whole(text, 0, reel.space.count - 1));
  const z = read("z", (text) => readCode(text, reel.space));
  const view = read("view", readView);
  const layers = read("show", readLayers);
  const hidden = read("hide", (text) => readClasses(text, reel.space));
  const first = firstFilm(reel);
  const shown = {
    ...first,
    ...{ view: view ?? first.view, layers: layers ?? first.layers, hidden: hidden ?? first.hidden },
  };
  const gone = goTo(shown, reel, time?.[0] ?? last);
  if (followed !== null) return { state: follow(gone, reel, followed), problems };
  return { state: z ? stay(gone, [z[0], z[1]]) : gone, problems };
}

/** Write a state into the search of an address, of which all else stays. */
export function writeFilm(
  /** @type {FilmState} */ state,
  /** @type {Reel} */ reel,
  /** @type {string} */ search,
) {
  const { time, followed, z, view } = state;
  return writeQuery(search, {
    time: unless(list([time]), String(reel.count - 1)),
    follow: followed ? String(followed) : null,
    z: followed === null ? list(z) : null,
    view: unless(writeView(view), writeView(reel.view)),
    show: unless(writeLayers(state), "points,grid"),
    hide: unless(writeClasses(state), "none"),
  });
}
