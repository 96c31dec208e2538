/** A film as an animation: from the first snapshot to the last, where it rests for a while. */
import { themeOf } from "../files/map-files.js";
import { noteOf } from "../files/note.js";
import { signed } from "../space/view.js";
import { FilmGrid } from "./film-grid.js";
import { goTo, SECONDS } from "./state.js";

/** @typedef {import("./reel.js").Reel} Reel */

const REST = 2;

/**
 * @param {Reel} shown
 * @param {import("./state.js").FilmState} state whose view, layers and handle it has
 * @param {string} name of the checkpoint
 * @param {HTMLElement} root
 * @returns {Promise<import("../files/animation.js").Animation>}
 */
export async function filmAnimation(shown, state, name, root) {
  const reel = shown.copy();
  const last = reel.count - 1;
  const [first, end] = [reel.epoch[0], reel.epoch[last]];
  const of = state.followed === null ? "" : reel.space.title(state.followed);
  let now = state;
  return {
    models: [{ space: reel.space, createGrid: (canvas) => new FilmGrid(canvas, reel) }],
    seconds: SECONDS + REST,
    async at(seconds) {
      const time = Math.min(last, (seconds / SECONDS) * last);
      // At rest it is one state.
      if (now === state || now.time !== time) now = goTo(state, reel, time);
      const epoch = reel.value(reel.epoch, time);
      const loss = reel.value(reel.negElbo, time);
      const caption = [
        name,
        `epoch ${epoch.toFixed(1)} of ${end.toFixed(0)}`,
        `−ELBO ${loss.toFixed(1)} nats`,
        `${reel.space.count.toLocaleString("en")} test images`,
        ...(of ? [of] : []),
        `at (${Array.from(now.z, signed).join(", ")})`,
        "decoded lattice, blended",
      ];
      const pixels = reel.pictureAt(now.z, time).slice();
      return [{ state: now, pixels, caption }];
    },
    theme: themeOf(root),
    note: noteOf("film", [{ name, codes: [reel.codeAt(now.z)] }], { epochs: [first, end] }),
  };
}
