/** The scenes of a talk as a list: to be played, written, put in order and saved. */
import { element } from "../dom/element.js";
import { captionParts } from "../present/stage.js";
import {
  MAX_CAPTION,
  MAX_SECONDS,
  MAX_TITLE,
  oneLine,
  readSceneLink,
  readSeconds,
} from "../space/scenes.js";
import { button, group, press } from "./toolbar.js";

/**
 * @typedef {import("../space/scenes.js").Scene} Scene
 * @typedef {import("../space/scenes.js").SceneSet} SceneSet
 * @typedef {"given"|"yours"} Which
 *
 * @typedef {Object} Listed
 * @property {SceneSet} set
 * @property {Which} which
 * @property {string} given title of the given set
 * @property {boolean} hasBoth whether one may choose
 * @property {boolean} collects whether scenes can be kept here
 * @property {boolean} canUndo
 * @property {string} message
 * @property {number} yours how many were collected
 * @property {string[]} problems why a scene cannot be shown; "" for one that can
 *
 * @typedef {Object} ListActions
 * @property {(k: number) => void} play from the k-th scene on
 * @property {(which: Which) => void} choose
 * @property {() => void} copy the given set, to be edited
 * @property {() => void} save
 * @property {() => void} undo
 * @property {(title: string) => void} title
 * @property {(k: number, change: Partial<Scene>) => void} edit
 * @property {(k: number, by: -1|1) => void} move
 * @property {(k: number) => void} remove
 */

/** @type {[Which, string, string][]} */
const SETS = [
  ["given", "", "The scenes that came with the app, or in a file"],
  ["yours", "Yours", "The scenes that were collected in this browser"],
];
const KEYS =
  "Next: → Space PageDown. Previous: ← PageUp. Home, End, or a number and Enter: any scene. F: full screen. Esc: back to here.";
const TOUCHES = "The arrows ‹ and › under a scene lead to the others, and × back to here.";
const NONE =
  "No scenes yet. On Explore, Compare or Film, press Add scene: what is on the screen becomes the next one here.";

export class SceneList {
  /** @param {ListActions} on */
  constructor(on) {
    this.on = on;
    this.heading = element("h2", { class: "pr-title" });
    this.title = element("input", {
      ...{
        type: "text",
        class: "pr-title",
        "aria-label": "Title",
        placeholder: "Title of the talk",
      },
      ...{ maxlength: MAX_TITLE, oninput: () => on.title(oneLine(this.title.value)) },
    });
    this.play = button("▶ Play", "Play from the first scene", () => on.play(0));
    this.play.classList.add("pr-play");
    this.sets = SETS.map(([which, text, help]) => button(text, help, () => on.choose(which)));
    this.choice = group("lm-group", "Which scenes", this.sets);
    this.copy = button("Edit a copy", "Make these scenes yours, to change them", on.copy);
    this.undo = button("Undo", "Take the last change back", on.undo);
    this.save = button("Save as JSON", "Save these scenes as a file", on.save);
    this.message = element("p", { role: "status", "data-testid": "message" });
    this.rows = element("ol", { class: "pr-rows", "data-testid": "scenes" });
    this.element = element("section", { class: "pr-list", "aria-label": "Scenes" }, [
      element("header", { class: "pr-head" }, [
        ...[this.play, this.heading, this.title, this.choice, this.copy, this.undo, this.save],
      ]),
      element("p", {
        class: "lm-hint",
        text: matchMedia("(pointer: coarse)").matches ? TOUCHES : KEYS,
      }),
      ...[this.message, this.rows],
    ]);
  }

  draw(/** @type {Listed} */ listed) {
    const { set, which, given, hasBoth, collects, canUndo, message, yours, problems } = listed;
    const isYours = which === "yours";
    const none = isYours && set.scenes.length === 0 ? NONE : "";
    this.heading.hidden = isYours;
    this.title.hidden = !isYours;
    this.heading.textContent = set.title || "A talk";
    if (this.title.value !== set.title) this.title.value = set.title;
    this.choice.hidden = !hasBoth;
    this.sets.forEach((one, k) => press(one, SETS[k][0] === which));
    this.sets[0].textContent = given;
    this.sets[1].textContent = `Yours · ${yours}`;
    this.play.disabled = this.save.disabled = set.scenes.length === 0;
    this.copy.hidden = isYours || !collects;
    this.undo.hidden = !isYours;
    this.undo.disabled = !canUndo;
    this.message.textContent = [message, none].filter(Boolean).join(" ");
    this.rows.replaceChildren(
      ...set.scenes.map((scene, k) => this.row(scene, k, isYours, set.scenes.length)),
    );
    this.drawProblems(problems);
  }

  /** Say before the talk what will not be seen in it; the fields stay as they are. */
  drawProblems(/** @type {string[]} */ problems) {
    this.rows.querySelectorAll(".pr-problem").forEach((said, k) => {
      said.textContent = problems[k];
    });
  }

  row(
    /** @type {Scene} */ scene,
    /** @type {number} */ k,
    /** @type {boolean} */ isYours,
    /** @type {number} */ count,
  ) {
    const { on } = this;
    const name = `scene ${k + 1}`;
    const show = button("Show", `Play from ${name} on`, () => on.play(k));
    show.setAttribute("aria-label", `Show ${name}`);
    const order = isYours
      ? [
          rowButton("↑", `Move ${name} up`, k === 0, () => this.move(k, -1)),
          rowButton("↓", `Move ${name} down`, k === count - 1, () => this.move(k, 1)),
          rowButton("×", `Delete ${name}`, false, () => on.remove(k)),
        ]
      : [];
    return element("li", { class: "pr-row", "data-testid": "listed-scene" }, [
      element("span", { class: "pr-count", text: String(k + 1) }),
      isYours
        ? captionField(scene, name, (caption) => on.edit(k, { caption }))
        : element("p", { class: "pr-said-there" }, captionParts(scene.caption)),
      element("div", { class: "pr-where" }, [
        element("p", { class: "lm-small", text: placeOf(scene) }),
        element("p", { class: "pr-problem" }),
      ]),
      isYours
        ? this.secondsField(scene, k)
        : element("p", { class: "pr-seconds lm-small", text: `glide ${scene.seconds} s` }),
      group("pr-row-buttons", `Scene ${k + 1}`, [show, ...order]),
    ]);
  }

  secondsField(/** @type {Scene} */ { seconds }, /** @type {number} */ k) {
    const field = element("input", {
      ...{ type: "number", min: 0, max: MAX_SECONDS, step: "any", value: seconds },
      "aria-label": `Seconds of the glide into scene ${k + 1}`,
      oninput: () => {
        const read = readSeconds(field.value);
        field.setAttribute("aria-invalid", String(read === null));
        if (read !== null) this.on.edit(k, { seconds: read });
      },
      onchange: () => {
        const read = readSeconds(field.value);
        if (read === null || read === Number(field.value)) return;
        this.message.textContent = `A glide takes 0 to ${MAX_SECONDS} seconds: ${field.value} became ${read}.`;
        field.value = String(read);
      },
    });
    return element("label", { class: "pr-seconds", title: "How long the glide into it takes" }, [
      ...["glide ", field, " s"],
    ]);
  }

  /** Move a scene; the focus goes with its button, so that Enter moves it on. */
  move(/** @type {number} */ k, /** @type {-1|1} */ by) {
    this.on.move(k, by);
    const [, up, down] = this.rows.children[k + by].querySelectorAll("button");
    const [asked, other] = by < 0 ? [up, down] : [down, up];
    (asked.disabled ? other : asked).focus();
  }
}

function captionField(
  /** @type {Scene} */ { caption },
  /** @type {string} */ name,
  /** @type {(caption: string) => void} */ edit,
) {
  const field = element("textarea", {
    ...{ class: "pr-field", rows: 2, maxlength: MAX_CAPTION, "aria-label": `Caption of ${name}` },
    placeholder: "Caption: **bold**, *italic*, `code`",
    oninput: () => {
      const line = oneLine(field.value);
      const { selectionStart } = field;
      if (line !== field.value) {
        field.value = line;
        field.setSelectionRange(selectionStart, selectionStart);
      }
      edit(line);
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter") event.preventDefault();
    },
  });
  field.value = caption;
  return field;
}

/** What a scene shows, in words. */
function placeOf(/** @type {Scene} */ { link }) {
  const shown = readSceneLink(link);
  if (!shown) return "";
  const page = `${shown.page[0].toUpperCase()}${shown.page.slice(1)}`;
  const parts = [page, shown.checkpoints.replaceAll("/", ", "), ...detailsOf(shown)];
  return parts.filter(Boolean).join(" · ");
}

/** What tells scenes of one page apart. */
function detailsOf(/** @type {import("../space/scenes.js").Shown} */ { page, search, about }) {
  const query = new URLSearchParams(search);
  const [image, z, time] = ["image", "z", "time"].map((name) => query.get(name)?.slice(0, 200));
  if (page === "film") return [time ? `epoch ${time}` : ""];
  const details = {
    drawing: "a drawing",
    path: "a path",
    image: image ? `image ${image.split(":").at(-1)}` : "",
    code: z ? `z = ${codeOf(z)}` : "",
  };
  return [query.get("tool") === "manifold" ? "Manifold" : "", details[about]];
}

/** The first numbers of a code, in the way they are read. */
function codeOf(/** @type {string} */ text) {
  const numbers = text.split(",").map((number) => number.replace("-", "−"));
  return [...numbers.slice(0, 2), numbers.length > 2 ? "…" : ""].filter(Boolean).join(", ");
}

function rowButton(
  /** @type {string} */ sign,
  /** @type {string} */ label,
  /** @type {boolean} */ disabled,
  /** @type {() => void} */ onclick,
) {
  const made = button(sign, label, onclick);
  made.setAttribute("aria-label", label);
  made.disabled = disabled;
  return made;
}
