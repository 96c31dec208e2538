/** The path, decoded step by step, anew while an endpoint is dragged; and the controls of it. */
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { codesAt, equalChange, equalSteps } from "../space/paths.js";
import { MAX_STEPS, MIN_STEPS } from "../space/state.js";
import { Strip } from "./strip.js";
import { button, group, menu, RangeControl } from "./toolbar.js";

/**
 * @typedef {import("../nn/runner.js").Runner} Runner
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {import("../space/state.js").PathSettings} PathSettings
 * @typedef {import("../space/state.js").Endpoint} Endpoint
 * @typedef {import("./strip.js").Frames} Frames
 */

// Pictures along the path from which steps of equal change are measured.
const SAMPLES = 49;
/** @type {[string, string][]} */
const SPEEDS = [
  ["0.25", "¼ ×"],
  ["0.5", "½ ×"],
  ["1", "1 ×"],
  ["2", "2 ×"],
  ["4", "4 ×"],
];

/**
 * Decode the steps of a path.
 * @param {Runner} decoder
 * @param {Endpoint[]} path two or more
 * @param {PathSettings} settings
 * @returns {Promise<Frames>}
 */
export async function decodePath(decoder, path, { interpolation, spacing, steps }) {
  const started = performance.now();
  const ends = path.map(({ z }) => z);
  let fractions = equalSteps(steps);
  if (spacing === "picture") {
    const samples = codesAt(ends, equalSteps(SAMPLES), interpolation);
    const pictures = await decoder.runAsync(samples, SAMPLES, true);
    fractions = equalChange(pictures, SAMPLES, steps);
  }
  const codes = codesAt(ends, fractions, interpolation);
  const pixels = await decoder.runAsync(codes, steps, true);
  return { count: steps, codes, pixels, fractions, started };
}

export class PathStrip {
  /**
   * @param {number[]} shape (H, W, C)
   * @param {Object} on
   * @param {(z: number[], k: number) => void} on.choose a step is clicked
   * @param {(frames: Frames|null) => void} on.decoded
   */
  constructor(shape, on) {
    this.on = on;
    this.strip = new Strip(shape, "Steps of the path", "path-strip", on.choose);
    this.element = this.strip.element;
    /** What was asked for last. @type {{decoder?: Runner|null, path?: Endpoint[], steps?: string}} */
    this.asked = {};
    // What is wrong is said beside the large picture; the strip keeps its last pictures.
    this.ask = latest(
      async (
        /** @type {{decoder: Runner, path: Endpoint[], pathSettings: PathSettings}} */ request,
      ) => {
        const { decoder, path, pathSettings } = request;
        const frames = await decodePath(decoder, path, pathSettings);
        // In the meantime the path may have been removed.
        if (this.asked.path && this.asked.path.length > 1) on.decoded(frames);
      },
    );
  }

  /** @param {MapState & {frames: Frames|null, reached: number|null}} state */
  draw({ decoder, path, pathSettings, frames, reached }) {
    const { interpolation, spacing, steps: count } = pathSettings;
    const steps = [interpolation, spacing, count].join();
    const { asked } = this;
    if (asked.decoder !== decoder || asked.path !== path || asked.steps !== steps) {
      this.asked = { decoder, path, steps };
      if (path.length < 2) {
        if (frames) this.on.decoded(null);
      } else if (decoder) this.ask({ decoder, path, pathSettings });
    }
    this.strip.draw(frames, reached);
  }

  close() {
    this.ask.stop();
  }
}

/** Play, how the path goes, in how many steps, how fast. */
export class PathControls {
  /**
   * @param {Object} on
   * @param {() => void} on.play start or stop
   * @param {(settings: Partial<PathSettings>) => void} on.settings
   */
  constructor(on) {
    this.play = button("▶ Play", "Go along the path, there and back", on.play);
    this.interpolation = menu(
      "Interpolation",
      [
        ["straight", "straight"],
        ["spherical", "spherical"],
      ],
      (value) =>
        on.settings({ interpolation: /** @type {PathSettings["interpolation"]} */ (value) }),
    );
    this.interpolation.title = "straight: a line. spherical: a turn about the origin.";
    this.spacing = menu(
      "Steps of equal",
      [
        ["z", "equal z"],
        ["picture", "equal change"],
      ],
      (value) => on.settings({ spacing: /** @type {PathSettings["spacing"]} */ (value) }),
    );
    this.spacing.title = "Steps of equal length in z, or of equal change in the picture.";
    this.speed = menu("Speed of Play", SPEEDS, (value) => on.settings({ speed: Number(value) }));
    const range = { min: MIN_STEPS, max: MAX_STEPS, step: 1 };
    this.steps = new RangeControl("Steps", range, (steps) => on.settings({ steps }));
    this.element = group("lm-controls", "Path", [
      element("div", {}, [this.play, this.speed, this.interpolation, this.spacing]),
      element("div", {}, [this.steps.element]),
    ]);
  }

  /** @param {MapState & {playing: boolean, frames: Frames|null}} state */
  draw({ path, pathSettings, playing, frames }) {
    const { interpolation, spacing, steps, speed } = pathSettings;
    this.interpolation.value = interpolation;
    this.spacing.value = spacing;
    this.speed.value = SPEEDS.reduce(
      (best, [value]) =>
        Math.abs(Number(value) - speed) < Math.abs(Number(best) - speed) ? value : best,
      "1",
    );
    this.steps.draw(steps);
    this.play.disabled = path.length < 2 || !frames;
    const text = playing ? "❚❚ Pause" : "▶ Play";
    if (this.play.textContent !== text) this.play.textContent = text;
  }
}
