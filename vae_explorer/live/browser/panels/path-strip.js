/** The path's pictures in a row, decoded anew while an end is dragged, and a play button. */

import { createPicture, paint } from "../dom/canvas.js";
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { equalChange, equalSteps, pathAt } from "../space/paths.js";

// Pictures along the path from which steps of equal change are measured.
const SAMPLES = 49;
const SECONDS_A_STRETCH = 2.5;
const FIRST =
  "Drag the ring, hover to look, click a digit to take it. " +
  "Press Path and click two digits or more: the way between them is decoded here.";
const NEXT = "Click a digit, or a place between them, for A.";
const SECOND = "A is set. With Path on, click another digit for B.";
// Room for one picture, in pixels.
const FRAME_WIDTH = 46;

export class Strip {
  /**
   * @param {Object} on
   * @param {(z: Float64Array) => void} on.play called for each frame with the code reached
   * @param {() => void} on.stop when playing ends
   * @param {(way: string, spacing: string) => void} on.change when one of them is another
   * @param {(z: number[]) => void} on.choose when a picture is clicked
   */
  constructor(on) {
    this.on = on;
    this.ends = [];
    this.kind = "lerp";
    this.fractions = equalSteps(9);
    this.frame = 0;
    this.row = element("div", { class: "lm-frames" });
    this.hint = element("p", { class: "lm-hint" });
    const onclick = () => this.toggle();
    this.playButton = element("button", { type: "button", class: "lm-play", onclick });
    const changed = () => on.change(this.way.value, this.steps.value);
    this.way = choice("Way", { lerp: "lerp", slerp: "slerp" }, changed);
    this.steps = choice("Steps of equal", { z: "equal z", picture: "equal change" }, changed);
    this.way.title = "lerp: a straight line. slerp: a turn about the origin.";
    this.steps.title = "Steps of equal length in z, or of equal change in the picture.";
    const tools = [this.playButton, this.way, this.steps];
    this.tools = element("div", { class: "lm-strip-tools" }, tools);
    this.element = element("section", { class: "lm-strip", "aria-label": "Path" }, [
      this.tools,
      this.row,
      this.hint,
    ]);
    // What is wrong is said beside the large picture; the row keeps its last ones.
    this.ask = latest((request) => this.decode(request));
    this.label();
  }

  /**
   * Follow the path through the hand's ends.
   * @param {import("../nn/runner.js").Runner|null} runner
   * @param {import("../space/state.js").Hand} hand
   * @param {boolean} picking whether a click adds an end
   */
  show(runner, { path, way, spacing }, picking) {
    const ends = path.map((end) => end.z);
    const drawn = ends.length > 1;
    this.ends = ends;
    this.kind = way;
    this.way.value = way;
    this.steps.value = spacing;
    this.tools.style.display = drawn ? "" : "none";
    this.row.style.display = drawn ? "" : "none";
    this.hint.style.display = drawn ? "none" : "";
    this.hint.textContent = !picking && ends.length < 1 ? FIRST : ends.length ? SECOND : NEXT;
    if (!drawn) this.stop();
    if (drawn && runner) {
      this.fit(runner);
      this.ask({ runner, ends, kind: way, spacing });
    }
  }

  /** As many pictures as there is room for. */
  fit(runner) {
    // As many between any two ends, so that in steps of equal z each end is among them.
    const room = Math.max(7, Math.min(15, Math.floor(this.row.clientWidth / FRAME_WIDTH)));
    const stretches = this.ends.length - 1;
    const count = stretches * Math.max(1, Math.floor((room - 1) / stretches)) + 1;
    while (this.row.children.length > count) this.row.lastChild.remove();
    while (this.row.children.length < count) this.row.append(this.frameOf(runner.outputShape));
    [...this.row.children].forEach((frame, k) => {
      frame.setAttribute("aria-label", `Step ${k + 1} of ${count} on the path; Enter goes there`);
    });
  }

  /** A picture that takes the hand to where it is. */
  frameOf(shape) {
    const picture = createPicture(shape, "");
    const choose = () => picture.dataset.z && this.on.choose(JSON.parse(picture.dataset.z));
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

  close() {
    this.stop();
    this.ask.stop();
  }

  async decode({ runner, ends, kind, spacing }) {
    const frames = [...this.row.children];
    const started = performance.now();
    const codes = (fractions) => {
      const all = fractions.map((t) => pathAt(ends, t, kind));
      const flat = new Float32Array(all.length * ends[0].length);
      all.forEach((z, k) => flat.set(z, k * z.length));
      return flat;
    };
    let fractions = equalSteps(frames.length);
    if (spacing === "picture") {
      const samples = await runner.runAsync(codes(equalSteps(SAMPLES)), SAMPLES, true);
      fractions = equalChange(samples, SAMPLES, frames.length);
    }
    const z = codes(fractions);
    const pixels = await runner.runAsync(z, frames.length, true);
    const [size, dims] = [pixels.length / frames.length, ends[0].length];
    frames.forEach((frame, k) => {
      const one = pixels.subarray(k * size, (k + 1) * size);
      paint(frame, one, z.subarray(k * dims, (k + 1) * dims), started);
    });
    this.fractions = fractions;
  }

  toggle() {
    if (this.frame) this.stop();
    else this.play();
  }

  /** Run along the path, there and back, until stopped. */
  play() {
    const started = performance.now();
    const step = (now) => {
      const seconds = SECONDS_A_STRETCH * (this.ends.length - 1);
      const turn = ((now - started) / 1000 / seconds) % 2;
      const share = Math.max(0, turn < 1 ? turn : 2 - turn);
      this.on.play(pathAt(this.ends, this.fractionAt(share), this.kind));
      this.mark(share);
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
    this.label();
  }

  stop() {
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.mark(null);
    this.label();
    this.on.stop();
  }

  /** Between equal shares of the row, as its pictures are spaced. */
  fractionAt(share) {
    const place = share * (this.fractions.length - 1);
    const k = Math.min(this.fractions.length - 2, Math.floor(place));
    return this.fractions[k] + (place - k) * (this.fractions[k + 1] - this.fractions[k]);
  }

  mark(share) {
    const frames = [...this.row.children];
    const reached = share === null ? -1 : Math.round(share * (frames.length - 1));
    frames.forEach((frame, k) => frame.classList.toggle("lm-reached", k === reached));
  }

  label() {
    this.playButton.textContent = this.frame ? "❚❚ Pause" : "▶ Play";
    this.playButton.setAttribute("aria-label", this.frame ? "Pause" : "Play along the path");
  }
}

function choice(label, options, chosen) {
  const select = element(
    "select",
    { "aria-label": label, onchange: () => chosen(select.value) },
    Object.entries(options).map(([value, text]) => element("option", { value, text })),
  );
  return select;
}
