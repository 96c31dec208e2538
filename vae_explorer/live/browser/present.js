/** Present: the scenes of a talk as a list, and the stage on which they are played. */
import { save } from "./dom/save.js";
import { addStep, replaceAddress, withSearch } from "./link.js";
import { createMount } from "./page.js";
import { SceneList } from "./panels/scene-list.js";
import { loadCollected, onCollected, saveCollected } from "./present/collected.js";
import { Player } from "./present/player.js";
import { Stage } from "./present/stage.js";
import { NO_HISTORY, remember, undo } from "./space/history.js";
import { writeQuery } from "./space/link.js";
import {
  editScene,
  MAX_SCENES,
  moveScene,
  readNumber,
  readSceneLink,
  withoutScene,
  writeScenes,
} from "./space/scenes.js";
import { asksForTour } from "./tour.js";

/**
 * @typedef {import("./space/scenes.js").SceneSet} SceneSet
 * @typedef {import("./space/scenes.js").Shown} Shown
 * @typedef {import("./panels/scene-list.js").Which} Which
 *
 * @typedef {Object} PresentData
 * @property {string} title of the given set
 * @property {string} file that was opened with it; "" for the talk that comes with the app
 * @property {import("./space/scenes.js").Scene[]} scenes
 * @property {Record<string, any>} pages what a page gets, by what a scene needs, such as `film mnist-2d`
 * @property {Record<string, string>} missing why a page cannot be had
 * @property {boolean} play whether to begin at once
 * @property {unknown} base there is none in an exported file
 *
 * @typedef {{hasPlayed: boolean, chosen: Which|null}} Kept
 */

export const mount = createMount({
  // Those of all pages that a scene may show, too.
  css: ["map.css", "compare.css", "film.css", "present.css"],
  testid: "present",
  title: () => "the talk",
  open: async (/** @type {import("./page.js").Opening<Kept>} */ opening) => new Present(opening),
});

class Present {
  /** @param {import("./page.js").Opening<Kept>} opening */
  constructor({ root, data, source, kept, ask, signal }) {
    this.root = root;
    /** @type {PresentData} */
    this.data = data;
    this.source = source;
    this.ask = ask;
    this.collects = Boolean(data.base);
    this.collected = this.load();
    /** What somebody has chosen to see. */
    this.chosen = kept?.chosen ?? null;
    this.which = this.chosen ?? this.first();
    this.hasPlayed = kept?.hasPlayed ?? false;
    /** Steps of the collected set. @type {import("./space/history.js").History<SceneSet>} */
    this.history = NO_HISTORY;
    /** What was changed last: typing on is one step. */
    this.changed = "";
    this.message = this.collected.problem;
    /** @type {{stage: Stage, player: Player}|null} */
    this.talk = null;
    /** Whether the talk is a step of the browser's history. */
    this.isStep = false;
    /** What Python was asked for. @type {Set<string>} */
    this.asked = new Set();
    this.list = new SceneList({
      play: (k) => this.enter(k),
      choose: (which) => this.choose(which),
      copy: () => this.copy(),
      save: () => this.save(),
      undo: () => this.undo(),
      title: (title) => this.change({ ...this.set, title }, "title", false),
      edit: (k, change) => {
        const what = `${Object.keys(change)} ${k}`;
        this.change(editScene(this.set, k, change), what, false);
      },
      move: (k, by) => this.change(moveScene(this.set, k, by)),
      remove: (k) => {
        this.change(withoutScene(this.set, k));
        this.say(`Scene ${k + 1} is deleted. Undo brings it back.`);
      },
    });
    root.classList.add("pr-root");
    root.replaceChildren(this.list.element);
    onCollected(() => {
      this.collected = this.load();
      this.draw();
    }, signal);
    addEventListener("popstate", () => this.follow(), { signal });
    this.draw();
    this.begin();
  }

  load() {
    return this.collects ? loadCollected() : { set: { title: "", scenes: [] }, problem: "" };
  }

  /** Scenes of one's own come before the app's, but not before a file. @returns {Which} */
  first() {
    const { scenes, file } = this.data;
    const hasYours = this.collected.set.scenes.length > 0;
    return this.collects && (!scenes.length || (hasYours && !file)) ? "yours" : "given";
  }

  get set() {
    return this.which === "yours" ? this.collected.set : this.data;
  }

  /** Play at once, where the address or the app says so. */
  begin() {
    const query = new URLSearchParams(location.search);
    const asked = query.get("scene");
    const isYours = this.collects && query.get("set") === "yours";
    if (isYours || asked !== null) this.turnTo(isYours ? "yours" : "given");
    const { scenes } = this.set;
    if (scenes.length === 0) return;
    if (asked !== null) {
      const k = readNumber(asked, scenes.length);
      if (k !== null) return this.play(k);
      if (/^\d{1,9}$/.test(asked))
        return this.say(`There is no scene ${asked}; the talk has ${scenes.length}.`);
      const found = asked.length > 20 ? `${asked.slice(0, 20)}…` : asked;
      return this.say(
        `The link’s scene: found “${found}”, expected a number from 1 to ${scenes.length}.`,
      );
    }
    if (this.hasPlayed) return;
    if (asksForTour(location.search))
      this.play(
        Math.max(
          0,
          this.shown().findIndex((one) => one?.page === "explore"),
        ),
      );
    else if (this.data.play) this.play(0);
  }

  // The list.

  choose(/** @type {Which} */ which) {
    this.chosen = which;
    this.turnTo(which);
  }

  turnTo(/** @type {Which} */ which) {
    this.which = which;
    this.message = which === "yours" ? this.collected.problem : "";
    this.draw();
  }

  say(/** @type {string} */ message) {
    this.message = message;
    this.draw();
  }

  /** Change the collected scenes; a list whose field is typed into stays as it is. */
  change(/** @type {SceneSet} */ set, what = "", redraws = true) {
    if (!what || what !== this.changed) this.history = remember(this.history, this.collected.set);
    this.changed = what;
    this.collected = { set, problem: saveCollected(set) };
    if (redraws || this.collected.problem) this.say(this.collected.problem);
    else this.list.undo.disabled = false;
  }

  undo() {
    const step = undo(this.history, this.collected.set);
    if (!step) return;
    this.history = step.history;
    this.changed = "";
    this.collected = { set: step.step, problem: saveCollected(step.step) };
    this.say(this.collected.problem);
  }

  /** Put the given scenes behind those that were collected. */
  copy() {
    const { set } = this.collected;
    const scenes = [...set.scenes, ...this.data.scenes];
    if (scenes.length > MAX_SCENES) {
      return this.say(
        `Yours are ${set.scenes.length} scenes; with these they would be more than ${MAX_SCENES}.`,
      );
    }
    this.chosen = this.which = "yours";
    this.change({ title: set.title || this.data.title, scenes });
  }

  save() {
    const name = this.set.title.replaceAll(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    const file = new Blob([writeScenes(this.set)], { type: "application/json" });
    save(file, `${name || "scenes"}.json`);
  }

  draw() {
    const { collects, which, set, message } = this;
    const hasYours = collects && (this.collected.set.scenes.length > 0 || which === "yours");
    const hasBoth = hasYours && this.data.scenes.length > 0;
    const canUndo = this.history.past.length > 0;
    const yours = this.collected.set.scenes.length;
    const problems = this.problems();
    const given = this.data.title || "The given talk";
    this.list.draw({ set, which, given, hasBoth, collects, canUndo, message, yours, problems });
    this.askForPages();
  }

  /** What each scene asks for; the tour is the first map's. */
  shown() {
    const shown = this.set.scenes.map(({ link }) => readSceneLink(link));
    const first = shown.find((one) => one?.page === "explore");
    if (first && asksForTour(location.search))
      first.search = writeQuery(first.search, { tour: "1" });
    return shown;
  }

  /** Why scenes cannot be shown, as far as it is known. */
  problems() {
    return this.shown().map((shown) => this.find(shown).problem ?? "");
  }

  /** Have Python send the pages that only collected scenes need: all of them, for it answers the last wish. */
  askForPages() {
    const needs = [...new Set(this.shown().flatMap((one) => (one ? [one.needs] : [])))];
    const { pages, missing } = this.data;
    const isNew = (/** @type {string} */ one) =>
      !Object.hasOwn(pages, one) && !Object.hasOwn(missing, one) && !this.asked.has(one);
    if (!this.ask || !needs.some(isNew)) return;
    this.asked = new Set(needs);
    // Streamlit loses what is said while it mounts.
    setTimeout(() => this.ask?.("wanted", needs));
  }

  // The talk.

  /** Play, so that the browser's Back leads here again. */
  enter(/** @type {number} */ k) {
    this.isStep = addStep();
    this.play(k);
  }

  /** Be where the browser's Back or Forward leads. */
  follow() {
    this.isStep = false;
    if (!new URLSearchParams(location.search).has("scene")) this.closeTalk();
    else if (!this.talk) this.begin();
  }

  play(/** @type {number} */ k) {
    if (this.talk) return;
    const { title, scenes } = this.set;
    const shown = this.shown();
    const at = (/** @type {number} */ n) => ({ shown: shown[n], seconds: scenes[n].seconds });
    const show = (/** @type {number} */ n) => {
      stage.draw(n);
      this.writeAddress(n);
      player.show(at(n), n + 1 < scenes.length ? at(n + 1) : undefined);
    };
    const captions = scenes.map(({ caption }) => caption);
    const stage = new Stage(title, captions, { go: show, leave: () => this.leave() });
    const player = new Player(stage.stage, stage.place, {
      find: (one) => this.find(one),
      source: this.source,
    });
    this.talk = { stage, player };
    this.hasPlayed = true;
    this.root.append(stage.dialog);
    stage.open();
    show(k);
  }

  /** @returns {{data?: any, problem?: string}} neither while the data are on their way */
  find(/** @type {Shown|null} */ shown) {
    if (!shown) return { problem: "The link names no page and checkpoint that can be shown." };
    const { pages, missing } = this.data;
    const { needs } = shown;
    if (Object.hasOwn(pages, needs)) return { data: pages[needs] };
    if (Object.hasOwn(missing, needs)) return { problem: missing[needs] };
    return this.ask ? {} : { problem: `What this scene shows is not in this file: ${needs}.` };
  }

  leave() {
    this.closeTalk();
    if (this.isStep) history.back();
    else this.writeAddress(null);
  }

  /** Where the talk stands, from 0; null when it is over. */
  writeAddress(/** @type {number|null} */ k) {
    const set = k !== null && this.which === "yours" ? "yours" : null;
    const scene = k === null ? null : String(k + 1);
    replaceAddress(withSearch(writeQuery(location.search, { scene, set })));
  }

  renew(/** @type {PresentData} */ data) {
    this.data = data;
    this.list.drawProblems(this.problems());
    this.talk?.player.fill();
  }

  recolour() {
    this.talk?.player.recolour();
  }

  /** @returns {Kept} */
  keep() {
    return { hasPlayed: this.hasPlayed, chosen: this.chosen };
  }

  closeTalk() {
    this.talk?.player.close();
    this.talk?.stage.close();
    this.talk = null;
  }

  close() {
    this.closeTalk();
  }
}
