/** A line on the map for what has to be said, and a way to try again. */
import { element } from "../dom/element.js";

/**
 * @typedef {Object} Note what is said
 * @property {string} text
 * @property {"hint"|"tour"|"decoder"} about a hint goes with the next action, the tour's with a
 *   touch, what is wrong with the decoder when it works
 * @property {boolean} [again] whether it can be tried again
 */

export class Message {
  /** @param {() => void} again */
  constructor(again) {
    this.text = element("span", { role: "status", "data-testid": "message" });
    this.again = element("button", { type: "button", text: "Try again", onclick: again });
    this.element = element("div", { class: "lm-message" }, [this.text, this.again]);
  }

  draw(/** @type {{message: Note|null}} */ { message }) {
    const text = message?.text ?? "";
    if (this.text.textContent !== text) this.text.textContent = text;
    this.element.hidden = !text;
    this.again.hidden = !message?.again;
  }
}
