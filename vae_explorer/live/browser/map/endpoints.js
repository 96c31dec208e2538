/** The endpoints of the path on the map: lettered, and draggable. */
import { element } from "../dom/element.js";
import { makeDraggable } from "./gestures.js";

/**
 * @typedef {Object} EndpointActions
 * @property {(k: number, left: number, top: number) => void} move an endpoint is dragged, in pixels
 * @property {() => void} drop it is let go
 * @property {(k: number) => void} remove
 * @property {(k: number) => string} name
 */

/** Where arrow keys go on the screen, to the right and down. @type {Record<string, [number, number]>} */
const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Endpoints {
  /**
   * @param {EndpointActions} on
   * @param {AbortSignal} signal ends all listening
   */
  constructor(on, signal) {
    this.on = on;
    this.signal = signal;
    this.element = element("div", { class: "lm-ends" });
    /** @type {[number, number][]} */
    this.places = [];
  }

  /** @param {[number, number][]} places pixels from the map's top left corner */
  draw(places) {
    this.places = places;
    while (this.element.children.length > places.length) this.element.lastChild?.remove();
    while (this.element.children.length < places.length) this.add(this.element.children.length);
    places.forEach(([left, top], k) => {
      const handle = /** @type {HTMLElement} */ (this.element.children[k]);
      handle.style.transform = `translate(${left}px, ${top}px)`;
    });
  }

  add(/** @type {number} */ k) {
    const { on, signal } = this;
    const name = on.name(k);
    const handle = element("button", {
      ...{ type: "button", class: "lm-end", text: name, "data-testid": "path-end" },
      "aria-label": `Endpoint ${name} of the path: arrow keys move it, Delete removes it`,
      title: `Endpoint ${name}: drag it; Delete or a double click removes it`,
      ondblclick: () => this.remove(k),
    });
    this.element.append(handle);
    const move = (/** @type {number} */ left, /** @type {number} */ top) => on.move(k, left, top);
    makeDraggable(handle, this.element, { move, end: on.drop }, signal);
    handle.addEventListener("keydown", (event) => {
      if (event.key === "Delete" || event.key === "Backspace") return this.remove(k);
      const way = WAYS[event.key];
      if (!way) return;
      event.preventDefault();
      const [left, top] = this.places[k];
      const pixels = event.shiftKey ? 1 : 10;
      move(left + way[0] * pixels, top + way[1] * pixels);
      on.drop();
    });
  }

  remove(/** @type {number} */ k) {
    this.on.remove(k);
    const next = this.element.children[Math.max(0, k - 1)];
    if (next instanceof HTMLElement) next.focus();
  }
}
