/** A training as a film: codes, lattice, the picture at the handle and the loss move together. */
import { fetchBlob } from "./dom/blob.js";
import { createPicture, paint } from "./dom/canvas.js";
import { element } from "./dom/element.js";
import { animationFiles } from "./files/animation.js";
import { mapFiles } from "./files/map-files.js";
import { filmAnimation } from "./film/animation.js";
import { FilmGrid } from "./film/film-grid.js";
import { FILM_NAMES, readFilm, writeFilm } from "./film/link.js";
import { Reel } from "./film/reel.js";
import { Scrubber } from "./film/scrubber.js";
import * as film from "./film/state.js";
import { createGlide } from "./glide.js";
import { createAddress, openedLink } from "./link.js";
import { LatentMap } from "./map/map.js";
import { createMount } from "./page.js";
import { ExportMenu } from "./panels/export-menu.js";
import { HistoryButtons } from "./panels/history-buttons.js";
import { Legend } from "./panels/legend.js";
import { button, group, lastOf, press, ZoomButtons } from "./panels/toolbar.js";
import { pan, showOnly, step, toggleClass, toggleLayer, zoom } from "./space/state.js";
import { signed } from "./space/view.js";
import { createStore } from "./store.js";
import { createUndo } from "./undo.js";

/**
 * @typedef {import("./film/state.js").FilmState} FilmState
 * @typedef {import("./space/state.js").Layer} Layer
 */

/** @type {[Layer, string][]} */
const LAYERS = [
  ["points", "Points"],
  ["grid", "Grid"],
];
const FOLLOWS = "The handle follows this image. Drag it to keep it in one place.";
const STAYS = "The handle stays put while the codes move. Click a point to follow its image.";
const BLENDED = "The picture blends the lattice's four nearest images.";

export const mount = createMount({
  css: ["map.css", "film.css"],
  testid: "film",
  title: ({ name }) => `The film of ${name}`,
  async open(opening) {
    const { data, source } = opening;
    return new Film(opening, await Reel.of(await fetchBlob(source, data.key)));
  },
});

class Film {
  /**
   * @param {import("./page.js").Opening<string>} opening
   * @param {Reel} reel
   */
  constructor(opening, reel) {
    const { root, kept, scene, signal } = opening;
    this.reel = reel;
    const link = openedLink(opening, FILM_NAMES);
    const { state, problems } = readFilm(link ?? kept ?? "", reel);
    const first = scene?.seconds ? film.goTo(state, reel, 0) : state;
    this.store = createStore(first, (state) => this.draw(state));
    const write = (/** @type {string} */ search) => writeFilm(this.store.state, reel, search);
    this.address = createAddress(opening, FILM_NAMES, write);
    this.undo = createUndo(
      {
        ...{ stepOf: film.stepOf, isSame: film.isSameStep, now: () => this.store.state },
        restore: (step) => this.act((state) => film.restore(state, step, reel)),
      },
      { root, signal },
    );
    this.steps = new HistoryButtons({
      undo: () => this.undo.undo(),
      redo: () => this.undo.redo(),
      link: () => this.address.link(),
      collects: Boolean(opening.data.base),
    });
    this.exportMenu = this.createExports(opening);
    /** The last frame of Play: when it was, and seconds and frames since Play was pressed. */
    this.played = { at: 0, seconds: 0, frames: 0 };
    this.frame = 0;
    this.motion = createGlide(opening);

    const zoomTo = (/** @type {number} */ factor) =>
      this.act((state) => zoom(state, factor, [state.view.x, state.view.y]));
    const fitAll = () => this.act((state) => ({ ...state, view: reel.view }));
    const zoomButtons = new ZoomButtons({ zoom: zoomTo, fitAll });
    this.map = new LatentMap(reel.space, this.mapActions(), {
      ...{ signal, createGrid: (canvas) => new FilmGrid(canvas, reel) },
      controls: [zoomButtons.element],
    });
    this.scrubber = new Scrubber(reel, {
      toggle: () => this.toggle(),
      scrub: (time) => this.act((state) => ({ ...film.goTo(state, reel, time), playing: false })),
    });
    this.layers = LAYERS.map(([layer, text]) =>
      button(text, `Show the ${text.toLowerCase()}`, () =>
        this.act((state) => toggleLayer(state, layer)),
      ),
    );
    this.legend = new Legend(reel.space.header, {
      toggle: (kind) => this.act((state) => toggleClass(state, kind)),
      only: (kind) => this.act((state) => showOnly(state, kind)),
    });
    this.picture = createPicture(reel.space.shape, "The picture at the handle");
    this.picture.dataset.testid = "film-picture";
    this.caption = element("p", { class: "fm-caption" });
    this.hint = element("p", { class: "lm-hint" });
    this.message = element("p", {
      ...{ role: "status", class: "lm-small", "data-testid": "message" },
    });
    if (link !== null) this.say(problems);
    root.classList.add("fm-root");
    root.replaceChildren(
      element("div", { class: "fm-stage" }, [this.map.element]),
      element("div", { class: "fm-side" }, [
        this.scrubber.element,
        element("figure", { class: "fm-scene" }, [
          this.picture,
          element("figcaption", {}, [
            ...[this.caption, this.hint],
            element("p", { class: "lm-hint", text: BLENDED }),
          ]),
        ]),
        element("div", { class: "fm-shown" }, [
          group("lm-group", "Layers", this.layers),
          lastOf([this.steps.element, this.exportMenu.element]),
          this.legend.element,
        ]),
        this.message,
      ]),
    );
    /** @type {FilmState|null} */
    this.drawn = null;
    this.store.redraw();
    this.address.publish();
  }

  createExports(/** @type {import("./page.js").Opening<string>} */ { root, data, signal }) {
    const { reel } = this;
    const epoch = () => Number(reel.value(reel.epoch, this.store.state.time).toFixed(2));
    const shown = () => {
      const { state } = this.store;
      const model = { name: data.name, title: `epoch ${epoch()}`, state, z: reel.codeAt(state.z) };
      const picture = { grid: this.map.grid, picture: this.picture };
      return [{ ...model, ...picture, frames: null, row: null }];
    };
    const files = mapFiles(shown, root, () => ({ epoch: epoch() }));
    const fileName = (/** @type {string} */ ending) => `${data.name}-film.${ending}`;
    const make = () => filmAnimation(reel, this.store.state, data.name, root);
    const film = {
      title: "Film",
      files: animationFiles("The whole training", () => "", make, fileName),
    };
    const groups = [files.map, files.picture, files.lattice, film, files.data];
    return new ExportMenu(() => groups, signal);
  }

  /** @returns {import("./map/map.js").MapActions} */
  mapActions() {
    const { reel } = this;
    return {
      drag: (place) => this.act((state) => film.stay(state, place)),
      tap: (place, row) =>
        this.act((state) =>
          row === null ? film.stay(state, place) : film.follow(state, reel, row),
        ),
      step: (direction, fine) =>
        this.act((state) => step({ ...state, followed: null }, direction, fine)),
      pan: (dx, dy) => this.act((state) => pan(state, dx, dy)),
      zoom: (factor, place) => this.act((state) => zoom(state, factor, place)),
    };
  }

  act(/** @type {(state: FilmState) => FilmState} */ action) {
    this.motion.stop();
    const before = this.store.state;
    this.store.set(action(before));
    this.undo.note(before);
    this.address.publish();
  }

  toggle() {
    const { playing } = this.store.state;
    if (!playing) this.undo.remember(this.store.state);
    this.act((state) => film.toggle(state, this.reel));
    cancelAnimationFrame(this.frame);
    this.played = { at: 0, seconds: 0, frames: 0 };
    if (this.store.state.playing) this.frame = requestAnimationFrame((now) => this.play(now));
  }

  /** One frame of Play. */
  play(/** @type {number} */ now) {
    const { played, store } = this;
    if (!store.state.playing) return;
    if (played.at) {
      const seconds = (now - played.at) / 1000;
      played.seconds += seconds;
      played.frames++;
      this.map.element.dataset.fps = (played.frames / played.seconds).toFixed(1);
      this.store.set(film.advance(store.state, this.reel, seconds));
      if (!store.state.playing) this.address.publish();
    }
    played.at = now;
    this.frame = requestAnimationFrame((next) => this.play(next));
  }

  /** Move to what a link says. @returns {Promise<void>} */
  async glide(/** @type {string} */ search, /** @type {number} */ seconds) {
    const { state: to, problems } = readFilm(search, this.reel);
    const from = { ...this.store.state, playing: false };
    const isThere = writeFilm(from, this.reel, "") === writeFilm(to, this.reel, "");
    if (!isThere) this.undo.remember(from);
    this.say(problems);
    await this.motion.start(isThere ? 0 : seconds, (share) =>
      this.store.set(film.filmBetween(from, to, this.reel, share)),
    );
    this.address.publish();
  }

  say(/** @type {string[]} */ problems) {
    this.message.textContent = problems.length ? `The link’s ${problems.join(" ")}` : "";
  }

  draw(/** @type {FilmState} */ state) {
    const { drawn, reel } = this;
    this.drawn = state;
    this.map.draw(state);
    this.scrubber.draw(state);
    this.steps.draw(this.undo);
    this.exportMenu.draw();
    this.legend.draw(state);
    this.layers.forEach((one, k) => press(one, state.layers.includes(LAYERS[k][0])));
    if (state.z === drawn?.z && state.time === drawn.time) return;
    const { z, time, followed } = state;
    paint(this.picture, reel.pictureAt(z, time), null, 0);
    this.picture.dataset.place = JSON.stringify(Array.from(z, (value) => Number(value.toFixed(4))));
    const place = Array.from(z, signed).join(", ");
    this.caption.textContent =
      followed === null ? `At (${place})` : `${reel.space.title(followed)}, now at (${place})`;
    this.hint.textContent = followed === null ? STAYS : FOLLOWS;
  }

  recolour() {
    this.map.redraw();
  }

  keep() {
    return writeFilm(this.store.state, this.reel, "");
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.store.close();
    this.map.close();
    this.reel.close();
  }
}
