/** The ends of the path on the map: lettered, and draggable. */
import { element } from "../dom/element.js";
import { makeDraggable } from "./gestures.js";

/** Where arrow keys go on the screen, to the right and down. */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Ends {
  /**
   * @param {Object} on
   * @param {(k: number, left: number, top: number) => void} on.move an end is dragged, in pixels
   * @param {() => void} on.end it is let go
   * @param {() => void} on.pause after a key
   * @param {(k: number) => void} on.remove
   * @param {AbortSignal} on.signal
   */
  constructor(on) {
    this.on = on;
    this.element = element("div", { class: "lm-ends" });
  }

  /** @param {[number, number][]} places pixels from the map's top left corner */
  show(places) {
    while (this.element.children.length > places.length) this.element.lastChild.remove();
    while (this.element.children.length < places.length) this.add(this.element.children.length);
    places.forEach(([left, top], k) => {
      this.element.children[k].style.transform = `translate(${left}px, ${top}px)`;
    });
  }

  add(k) {
    const letter = String.fromCharCode(65 + k);
    const handle = element("button", {
      ...{ type: "button", class: "lm-end", text: letter, "data-testid": "path-end" },
      "aria-label": `End ${letter} of the path: arrow keys move it, Delete removes it`,
      title: `End ${letter}: drag it; Delete or a double click removes it`,
      ondblclick: () => this.remove(k),
    });
    this.element.append(handle);
    const move = (left, top) => this.on.move(k, left, top);
    makeDraggable(handle, this.element, { move, end: this.on.end }, this.on.signal);
    handle.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") return this.remove(k);
      const way = WAYS[event.key];
      if (!way) return undefined;
      event.preventDefault();
      const { e: left, f: top } = new DOMMatrix(handle.style.transform);
      const pixels = event.shiftKey ? 1 : 10;
      move(left + way[0] * pixels, top + way[1] * pixels);
      return this.on.pause();
    });
  }

  remove(k) {
    this.on.remove(k);
    this.element.children[Math.max(0, k - 1)]?.focus();
  }
}
