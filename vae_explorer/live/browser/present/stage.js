/**
 * The whole window for a talk: a scene, its caption, where one is, and the keys that clickers send.
 * It lies over all that Streamlit shows, in the browser's top layer, and keeps the theme's colours.
 */
import { element } from "../dom/element.js";
import { iconButton } from "../panels/history-buttons.js";
import { readCaption, readNumber } from "../space/scenes.js";
import { TYPING } from "../undo.js";

/** How many scenes a key goes on. @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, " ": 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
// Streamlit would run the page again, or empty its caches.
const STREAMLIT = ["r", "c"];
const ICONS = {
  previous: "M9 2 4 7l5 5",
  next: "M5 2l5 5-5 5",
  full: "M2 5V2h3M9 2h3v3M12 9v3H9M5 12H2V9",
  leave: "M3 3l8 8M11 3l-8 8",
};
// Where a caption has more letters, all are smaller.
const [LONG, LONGER] = [160, 320];
// How long the pointer is seen, and what is said or typed stays, in milliseconds.
const [IDLE, SAID] = [2500, 4000];

export class Stage {
  /**
   * @param {string} title of the talk
   * @param {readonly string[]} captions
   * @param {Object} on
   * @param {(k: number) => void} on.go to the k-th scene
   * @param {() => void} on.leave
   */
  constructor(title, captions, on) {
    this.on = on;
    this.count = captions.length;
    this.k = 0;
    this.typed = "";
    this.timers = { said: 0, idle: 0 };
    this.ended = new AbortController();
    const { signal } = this.ended;
    this.place = element("div", { class: "pr-place" });
    this.captions = captions.map((caption) =>
      element("p", { class: "pr-caption" }, captionParts(caption)),
    );
    const longest = Math.max(...captions.map(({ length }) => length));
    const size = longest > LONGER ? "pr-longer" : longest > LONG ? "pr-long" : "";
    this.number = element("output", { class: "pr-number", "data-testid": "scene-number" });
    this.said = element("p", { class: "pr-said", role: "status", "data-testid": "stage-said" });
    const full = iconButton(ICONS.full, "Full screen", "Full screen (F)", () => this.toggleFull());
    full.hidden = !document.fullscreenEnabled;
    this.stage = element("div", { class: "pr-stage", "data-testid": "stage", tabindex: -1 }, [
      this.place,
      element("footer", { class: "pr-foot" }, [
        element("div", { class: `pr-captions ${size}`, "aria-live": "polite" }, this.captions),
        element("div", { class: "pr-bar" }, [
          this.said,
          element("div", { class: "pr-buttons", role: "group", "aria-label": "Scenes" }, [
            iconButton(ICONS.previous, "Previous scene", "Previous scene (←)", () => this.step(-1)),
            this.number,
            iconButton(ICONS.next, "Next scene", "Next scene (→)", () => this.step(1)),
            full,
            iconButton(ICONS.leave, "Leave", "Leave (Esc)", on.leave),
          ]),
        ]),
      ]),
    ]);
    this.dialog = element("dialog", { class: "pr-dialog", "aria-label": title || "Talk" }, [
      this.stage,
    ]);
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      on.leave();
    });
    // Before whatever has the focus, and before Streamlit.
    const options = { capture: true, signal };
    window.addEventListener("keydown", (event) => this.key(event), options);
    // Some browsers press a button when Space is let go.
    window.addEventListener(
      "keyup",
      (event) => isOurs(event, " ") && event.preventDefault(),
      options,
    );
    window.addEventListener("pointermove", () => this.wake(), options);
  }

  open() {
    this.dialog.showModal();
    this.stage.focus();
    this.wake();
  }

  draw(/** @type {number} */ k) {
    this.k = k;
    this.stage.dataset.scene = String(k + 1);
    this.captions.forEach((caption, other) => {
      caption.classList.toggle("pr-on", other === k);
      caption.setAttribute("aria-hidden", String(other !== k));
    });
    this.type("");
  }

  step(/** @type {number} */ by) {
    const k = Math.max(0, Math.min(this.count - 1, this.k + by));
    this.type("");
    if (k !== this.k) this.on.go(k);
  }

  key(/** @type {KeyboardEvent} */ event) {
    const act = isOurs(event) && this.action(event.key, event.shiftKey);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat) act();
  }

  /** What a key does here; nothing for one that is the scene's. @returns {(() => void)|null} */
  action(/** @type {string} */ key, /** @type {boolean} */ shift) {
    // With Shift, arrows are the handle's.
    if (STEPS[key] && !(shift && key.startsWith("Arrow"))) return () => this.step(STEPS[key]);
    if (/^\d$/.test(key)) return () => this.type((this.typed + key).slice(-4));
    if (STREAMLIT.includes(key.toLowerCase())) return () => {};
    if (key.toLowerCase() === "f") return () => this.toggleFull();
    if (key === "Home") return () => this.step(-this.count);
    if (key === "End") return () => this.step(this.count);
    if (key === "Enter" && this.typed) return () => this.jump();
    if (key === "Escape") return () => (this.typed ? this.type("") : this.on.leave());
    return null;
  }

  type(/** @type {string} */ typed) {
    this.typed = typed;
    this.number.textContent = typed ? `→ ${typed}` : `${this.k + 1} / ${this.count}`;
    this.say("");
    if (typed) this.timers.said = setTimeout(() => this.type(""), SAID);
  }

  jump() {
    const { typed } = this;
    const k = readNumber(typed, this.count);
    this.type("");
    if (k === null) this.say(`There is no scene ${typed}.`);
    else if (k !== this.k) this.on.go(k);
  }

  say(/** @type {string} */ text) {
    clearTimeout(this.timers.said);
    this.said.textContent = text;
    if (text) this.timers.said = setTimeout(() => this.say(""), SAID);
  }

  async toggleFull() {
    try {
      // A dialog itself cannot fill the screen.
      await (document.fullscreenElement
        ? document.exitFullscreen()
        : this.stage.requestFullscreen());
    } catch {
      this.say("This browser shows no full screen here.");
    }
  }

  /** Show the pointer for a while. */
  wake() {
    clearTimeout(this.timers.idle);
    this.stage.classList.remove("pr-idle");
    this.timers.idle = setTimeout(() => this.stage.classList.add("pr-idle"), IDLE);
  }

  close() {
    this.ended.abort();
    clearTimeout(this.timers.said);
    clearTimeout(this.timers.idle);
    if (document.fullscreenElement === this.stage) document.exitFullscreen().catch(() => {});
    this.dialog.close();
    this.dialog.remove();
  }
}

/** Whether a key is neither a text's nor the browser's. */
function isOurs(/** @type {KeyboardEvent} */ event, key = event.key) {
  const { target, ctrlKey, metaKey, altKey } = event;
  const isText = target instanceof Element && target.closest(TYPING);
  return event.key === key && !isText && !ctrlKey && !metaKey && !altKey;
}

/** A caption's Markdown as elements. */
export function captionParts(/** @type {string} */ caption) {
  return readCaption(caption).map(({ tag, text }) => element(tag, { text }));
}
