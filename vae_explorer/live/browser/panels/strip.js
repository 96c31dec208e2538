/** Decoded pictures in a row; each takes the handle to where it was decoded from. */
import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";

/**
 * @typedef {Object} Frames decoded codes
 * @property {number} count S
 * @property {Float32Array} codes (S, D)
 * @property {Float32Array} pixels (S, H, W, C)
 * @property {number[]} fractions of the way, (S,)
 * @property {number} started `performance.now()` before they were decoded
 */

export class Strip {
  /**
   * @param {number[]} shape (H, W, C)
   * @param {string} what its pictures are, as in “Step 3 of 11 on the path”
   * @param {string} testid
   * @param {(z: number[], k: number) => void} choose a picture is clicked
   */
  constructor(shape, what, testid, choose) {
    this.shape = shape;
    this.what = what;
    this.choose = choose;
    /** @type {HTMLCanvasElement[]} */
    this.pictures = [];
    /** @type {Frames|null} */
    this.frames = null;
    /** @type {number|null} */
    this.reached = null;
    this.element = element("div", {
      ...{ class: "lm-strip", "data-testid": testid, role: "group", "aria-label": what },
    });
  }

  /**
   * @param {Frames|null} frames
   * @param {number|null} [reached] number of the picture that Play has reached
   */
  draw(frames, reached = null) {
    if (frames !== this.frames) {
      this.frames = frames;
      this.paint(frames);
    }
    if (reached === this.reached) return;
    this.reached = reached;
    this.pictures.forEach((picture, k) => {
      picture.classList.toggle("lm-reached", k === reached);
    });
  }

  paint(/** @type {Frames|null} */ frames) {
    const count = frames?.count ?? 0;
    if (this.pictures.length !== count) this.resize(count);
    if (!frames) return;
    const dims = frames.codes.length / count;
    const size = frames.pixels.length / count;
    this.pictures.forEach((picture, k) => {
      const z = frames.codes.subarray(k * dims, (k + 1) * dims);
      paint(picture, frames.pixels.subarray(k * size, (k + 1) * size), z, frames.started);
    });
  }

  resize(/** @type {number} */ count) {
    while (this.pictures.length > count) this.pictures.pop()?.remove();
    while (this.pictures.length < count) {
      const picture = this.pictureAt(this.pictures.length);
      this.pictures.push(picture);
      this.element.append(picture);
    }
    this.pictures.forEach((picture, k) => {
      const name = `${this.what}: picture ${k + 1} of ${count}; Enter goes there`;
      picture.setAttribute("aria-label", name);
    });
  }

  pictureAt(/** @type {number} */ k) {
    const picture = createPicture(this.shape, "");
    const choose = () => picture.dataset.z && this.choose(JSON.parse(picture.dataset.z), k);
    picture.tabIndex = 0;
    picture.setAttribute("role", "button");
    picture.addEventListener("click", choose);
    picture.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    });
    return picture;
  }
}
