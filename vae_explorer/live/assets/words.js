/** A line on the map for what has to be said, and a way to try again. */
import { element } from "./element.js";

export class Words {
  constructor() {
    this.element = element("p", { class: "lm-words", role: "status" });
  }

  /** @param {string} words none to be silent @param {Function} [again] what can be tried again */
  say(words, again) {
    this.element.replaceChildren(words);
    if (!again) return;
    const button = element("button", { type: "button", text: "Try again", onclick: again });
    this.element.append(" ", button);
  }
}
