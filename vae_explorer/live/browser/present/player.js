/**
 * What stands on the stage: the page of the present scene, and hidden behind it the next one's,
 * which is opened as soon as the present one rests. Never more than two.
 */
import { SceneFrame } from "./frame.js";

/**
 * @typedef {import("../space/scenes.js").Shown} Shown
 * @typedef {{shown: Shown|null, seconds: number}} Scene
 */

// How long the scene before stays while the next is opened, and how long it fades, in milliseconds.
const [PATIENCE, FADE] = [1500, 300];

export class Player {
  /**
   * @param {HTMLElement} stage that says how the glide goes
   * @param {HTMLElement} place for the pages
   * @param {import("./frame.js").Pages} pages
   */
  constructor(stage, place, pages) {
    this.stage = stage;
    this.place = place;
    this.pages = pages;
    /** @type {SceneFrame|null} */
    this.now = null;
    /** @type {SceneFrame|null} */
    this.next = null;
    /** The one that is faded over. @type {SceneFrame|null} */
    this.last = null;
    this.faded = Promise.resolve();
    // Whoever has asked since makes what was asked before void.
    this.turn = 0;
  }

  /**
   * Go to a scene, from wherever the audience has left the last one.
   * @param {Scene} scene
   * @param {Scene|undefined} following to be opened when this one rests
   */
  async show(scene, following) {
    const turn = ++this.turn;
    const isOver = () => turn !== this.turn;
    const { dataset } = this.stage;
    dataset.gliding = "";
    const frame = this.frameOf(scene);
    if (frame !== this.now) {
      if (this.now) await Promise.race([frame.opened, rest(PATIENCE)]);
      if (isOver()) return;
      this.reveal(frame);
      // One that does not open rests as it is.
      if (!frame.page) delete dataset.gliding;
    }
    const page = await frame.opened;
    if (isOver()) return;
    dataset.gliding = "";
    frame.turnTo(scene.shown);
    const fps = await framesDuring(() => page.glide?.(scene.shown?.search ?? "", scene.seconds));
    if (isOver()) return;
    delete dataset.gliding;
    // There is no glide to where the page is already.
    if (scene.seconds && fps) dataset.fps = fps.toFixed(1);
    await this.faded;
    if (!isOver() && following) this.frameOf(following);
  }

  /** The frame for a scene: one that is there, or a new one behind it. */
  frameOf(/** @type {Scene} */ { shown, seconds }) {
    const there = [this.now, this.next].find(
      (frame) => frame?.shown && frame.shown.needs === shown?.needs,
    );
    if (there) return there;
    this.last?.close();
    this.next?.close();
    this.next = new SceneFrame(shown, seconds, this.pages);
    this.place.append(this.next.element);
    return this.next;
  }

  reveal(/** @type {SceneFrame} */ frame) {
    this.last?.close();
    const last = this.now;
    this.last = last;
    this.now = frame;
    this.next = null;
    frame.reveal();
    this.faded = rest(FADE).then(() => last?.close());
  }

  /** More data have come. */
  fill() {
    this.now?.fill();
    this.next?.fill();
  }

  recolour() {
    this.now?.page?.recolour();
    this.next?.page?.recolour();
  }

  close() {
    this.turn++;
    for (const frame of [this.last, this.now, this.next]) frame?.close();
  }
}

/** @returns {Promise<void>} */
function rest(/** @type {number} */ milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** @returns {Promise<number>} how many frames are drawn a second while something goes on */
async function framesDuring(/** @type {() => Promise<void>|undefined} */ act) {
  const started = performance.now();
  let count = 0;
  let frame = requestAnimationFrame(function next() {
    count++;
    frame = requestAnimationFrame(next);
  });
  await act();
  cancelAnimationFrame(frame);
  return (1000 * count) / (performance.now() - started);
}
