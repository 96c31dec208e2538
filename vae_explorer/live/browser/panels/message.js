/** A line on the map for what has to be said, and a way to try again. */
import { element } from "../dom/element.js";

export class Words {
  constructor() {
    this.element = element("p", { class: "lm-words", role: "status" });
  }

  /**
   * @param {string} words
   * @param {Object} [more]
   * @param {Function} [more.again] what can be tried again
   * @param {string} [more.about] what the words are about, for `settle`
   */
  say(words, { again, about = "" } = {}) {
    this.about = about;
    this.element.replaceChildren(words);
    if (!again) return;
    const button = element("button", { type: "button", text: "Try again", onclick: again });
    this.element.append(" ", button);
  }

  /** Be silent about something that is well again. */
  settle(about) {
    if (this.about === about && this.element.textContent) this.say("");
  }
}
