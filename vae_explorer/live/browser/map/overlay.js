/** Lines over the map: axes, rings of the prior, the posterior's ellipse, the path, class labels. */
import { ink, textWidth } from "../dom/canvas.js";
import { shape } from "../dom/element.js";
import { equalSteps, pathAt } from "../space/paths.js";
import { ellipse } from "../space/plane.js";
import { ticks } from "../space/view.js";
import { LABEL, spreadLabels } from "./class-labels.js";
import { fixedNodes, rowHeight } from "./grid.js";

/**
 * @typedef {import("../space/view.js").Screen} Screen
 * @typedef {import("../space/view.js").Place} Place
 * @typedef {import("../space/projection.js").Projection} Projection
 */

const SIGMAS = [1, 2, 3];
// Points of a closed line, and of a stretch of a path.
const [ROUND, STRETCH] = [96, 64];
// Where a ring's name may stand, as angles from the right: the first that is free.
const ANGLES = [0.25, 0.75, 1.25, 1.75, 0.15, 0.85].map((turn) => turn * Math.PI);
// Room of a class label and of a ring's name, in pixels.
const CLEAR = 26;
// Below so many pixels, class labels are smaller.
const SMALL_MAP = 320;
// Ticks of a quantile scale, in standard deviations.
const QUANTILE_TICKS = [0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2, -2, 3, -3];
// How far ticks are apart at least, in pixels: across and up.
const TICK_ROOM = [30, 16];
// Room of the axes' bands along the map's left and lower borders, in pixels.
const [BAND_LEFT, BAND_BELOW] = [36, 22];

export class Overlay {
  /** @param {{classes: string[], colours: string[]}} header */
  constructor({ classes, colours }) {
    this.bands = [shape("rect", { class: "lm-band" }), shape("rect", { class: "lm-band" })];
    this.axes = shape("g", { class: "lm-axes" });
    this.rings = SIGMAS.map(() => shape("path", { class: "lm-ring" }));
    this.ringNames = SIGMAS.map((sigma) =>
      shape("text", { class: "lm-ring-name", text: `${sigma}σ` }),
    );
    this.ellipses = [2, 1].map((sigma) =>
      shape("path", { class: "lm-ellipse", "data-testid": "posterior", "data-sigma": sigma }),
    );
    // Two lines, dark and light, can be seen on points and pictures alike.
    this.casing = shape("polyline", { class: "lm-path-casing" });
    this.line = shape("polyline", { class: "lm-path", "data-testid": "path" });
    this.row = shape("path", { class: "lm-row" });
    this.labels = classes.map((name, kind) => classLabel(name, colours[kind]));
    this.widths = classes.map((name) =>
      [...name].length === 1 ? LABEL : textWidth(name, "700 16px sans-serif") + 4,
    );
    this.titles = ["x", "y"].map((axis) => shape("text", { class: `lm-title lm-title-${axis}` }));
    this.svg = shape("svg", { class: "lm-overlay", "aria-hidden": "true" }, [
      ...[...this.rings, ...this.ringNames, this.row, this.casing, this.line],
      ...[...this.ellipses, ...this.labels],
      ...[...this.bands, this.axes, ...this.titles],
    ]);
    /** Where class labels are on the screen, for what must not lie under them. @type {Place[]} */
    this.taken = [];
  }

  /** Axes and rings. */
  drawFrame(
    /** @type {Screen} */ screen,
    /** @type {Projection} */ projection,
    /** @type {boolean} */ overGrid,
  ) {
    const { side } = screen;
    set(this.svg, { viewBox: `0 0 ${side} ${side}` });
    set(this.bands[0], { x: 0, y: 0, width: BAND_LEFT, height: side });
    set(this.bands[1], {
      x: BAND_LEFT,
      y: side - BAND_BELOW,
      width: side - BAND_LEFT,
      height: BAND_BELOW,
    });
    for (const band of this.bands) show(band, overGrid);
    this.axes.replaceChildren(...(projection.plane ? axisTicks(screen, projection) : []));
    const [x, y] = projection.titles;
    this.titles[0].textContent = x;
    this.titles[1].textContent = y;
    set(this.titles[0], {
      x: side - 8,
      y: side - (projection.plane ? 24 : 8),
      "text-anchor": "end",
    });
    set(this.titles[1], { x: projection.plane ? 40 : 8, y: 18 });
    SIGMAS.forEach((sigma, k) => {
      show(this.rings[k], projection.plane);
      if (!projection.plane) return;
      const circle = turns().map((angle) => ringPlace(projection, sigma, angle));
      set(this.rings[k], { d: closed(screen, circle) });
    });
  }

  /** The names of the classes, moved apart; and away from `ends` of a path. */
  drawLabels(
    /** @type {Screen} */ screen,
    /** @type {(Place|null)[]} */ places,
    /** @type {ReadonlySet<number>} */ hidden,
    /** @type {Place[]} */ ends = [],
  ) {
    this.taken = [];
    // On a small map they would cover what they name.
    const size = Math.min(1, Math.max(0.6, screen.side / SMALL_MAP));
    /** In units of a label. */
    const boxAt = (/** @type {Place} */ place, /** @type {number} */ width) => {
      const [x, y] = screen.toScreen(...place);
      return { x: x / size, y: y / size, width };
    };
    const wanted = this.labels.map((_, kind) => {
      const place = places[kind];
      return place && !hidden.has(kind) ? boxAt(place, this.widths[kind]) : null;
    });
    const taken = ends.map((place) => boxAt(place, LABEL));
    spreadLabels(wanted, taken).forEach((box, kind) => {
      const label = this.labels[kind];
      show(label, box);
      if (!box) return;
      const [x, y] = [size * box.x, size * box.y];
      this.taken.push([x, y]);
      const place = `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
      set(label, { transform: `${place} scale(${size.toFixed(2)})` });
    });
  }

  /** The names of the rings, where no class label and no border is in the way. */
  drawRingNames(/** @type {Screen} */ screen, /** @type {Projection} */ projection) {
    SIGMAS.forEach((sigma, k) => {
      const places = projection.plane
        ? ANGLES.map((angle) => screen.toScreen(...ringPlace(projection, sigma, angle)))
        : [];
      const free = places.find(([x, y]) => this.isFree(x, y, screen.side));
      show(this.ringNames[k], free);
      if (free) set(this.ringNames[k], { x: free[0] + 3, y: free[1] - 3 });
    });
  }

  isFree(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ side) {
    const inside = x > BAND_LEFT + 8 && y > CLEAR && x < side - 90 && y < side - BAND_BELOW - 22;
    return inside && this.taken.every(([left, top]) => Math.hypot(left - x, top - y) > CLEAR);
  }

  /**
   * The ellipses at one and two standard deviations of a posterior, at their true scale.
   * @param {Screen} screen
   * @param {Projection} projection
   * @param {import("../space/state.js").Selection|null} selection
   */
  drawPosterior(screen, projection, selection) {
    const { plane } = projection;
    this.ellipses.forEach((part, k) => {
      show(part, plane && selection);
      if (!plane || !selection) return;
      const sigma = 2 - k;
      const { major, minor, angle } = ellipse(plane.covariance(selection.variance));
      const [x, y] = plane.coordinates(selection.mean);
      const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
      const outline = turns().map((turn) => {
        const [along, aside] = [sigma * major * Math.cos(turn), sigma * minor * Math.sin(turn)];
        return projection.warp([
          x + along * cosine - aside * sine,
          y + along * sine + aside * cosine,
        ]);
      });
      // Filled, one that is larger than the map would tint all that is on it.
      part.classList.toggle("lm-wide", sigma * major * screen.scale > screen.side / 2);
      set(part, { d: closed(screen, outline) });
    });
  }

  /** The path between its endpoints; on a stored view there is none to draw. */
  drawPath(
    /** @type {Screen} */ screen,
    /** @type {import("../space/state.js").MapState} */ { projection, path, pathSettings },
  ) {
    const codes = path.map((end) => end.z);
    const drawn = projection.plane && codes.length > 1;
    const fractions = drawn ? equalSteps(STRETCH * (codes.length - 1) + 1) : [];
    const points = fractions.map((t) => {
      const z = pathAt(codes, t, pathSettings.interpolation);
      return pixels(screen.toScreen(...projection.placeOf(z)));
    });
    for (const line of [this.casing, this.line]) set(line, { points: points.join(" ") });
  }

  /** Where the row lies that the dock shows, with Manifold. */
  drawRow(/** @type {Screen} */ screen, /** @type {import("../space/state.js").MapState} */ state) {
    const shown = state.tool === "manifold" && state.projection.plane;
    show(this.row, shown);
    if (!shown) return;
    const y = rowHeight(state);
    const nodes = fixedNodes(state, 0);
    const ends = [nodes[0], nodes[nodes.length - 1]].map((x) => screen.toScreen(x, y));
    set(this.row, { d: `M${ends.map(pixels).join("L")}` });
  }
}

/** Angles all the way round. */
function turns() {
  return Array.from({ length: ROUND }, (_, k) => (2 * Math.PI * k) / ROUND);
}

function ringPlace(
  /** @type {Projection} */ projection,
  /** @type {number} */ sigma,
  /** @type {number} */ angle,
) {
  const [x, y] = projection.origin;
  return projection.warp([x + sigma * Math.cos(angle), y + sigma * Math.sin(angle)]);
}

function closed(/** @type {Screen} */ screen, /** @type {Place[]} */ places) {
  return `M${places.map((place) => pixels(screen.toScreen(...place))).join("L")}Z`;
}

function pixels(/** @type {Place} */ [left, top]) {
  return `${left.toFixed(1)},${top.toFixed(1)}`;
}

/**
 * Where an axis, 0 or 1, is marked, in the map's units, and with which number.
 * @returns {{value: number, text: string}[]}
 */
export function marksOf(
  /** @type {Screen} */ screen,
  /** @type {Projection} */ projection,
  /** @type {0|1} */ axis,
) {
  const { box } = screen;
  if (projection.scale === "linear") return ticks(box[axis], box[axis + 2]);
  const shown = QUANTILE_TICKS.map((sigma) => {
    const value = projection.origin[axis] + sigma;
    const place = projection.warp([value, value])[axis];
    return { value: place, text: String(Number(value.toFixed(1))).replace("-", "−") };
  }).filter(({ value }) => value > box[axis] && value < box[axis + 2]);
  // They crowd where the prior has little: those nearer to its mean come first.
  const room = TICK_ROOM[axis] / screen.scale;
  return shown.filter(({ value }, k) =>
    shown.slice(0, k).every((other) => Math.abs(other.value - value) > room),
  );
}

function axisTicks(/** @type {Screen} */ screen, /** @type {Projection} */ projection) {
  const { side } = screen;
  // Not in the corner, where the two would lie over each other, nor at the far ends.
  const across = marksOf(screen, projection, 0).flatMap(({ value, text }) => {
    const [x] = screen.toScreen(value, 0);
    if (x < BAND_LEFT + 6 || x > side - 14) return [];
    return [tick(x, side - 6, text, "middle", [x, side, x, side - 4])];
  });
  const up = marksOf(screen, projection, 1).flatMap(({ value, text }) => {
    const [, y] = screen.toScreen(0, value);
    if (y < 12 || y > side - BAND_BELOW - 4) return [];
    return [tick(6, y + 4, text, "start", [0, y, 4, y])];
  });
  return [...across, ...up];
}

function tick(
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {string} */ text,
  /** @type {string} */ anchor,
  /** @type {number[]} */ [x1, y1, x2, y2],
) {
  return shape("g", {}, [
    shape("line", { x1, y1, x2, y2 }),
    shape("text", { x, y, "text-anchor": anchor, text }),
  ]);
}

function classLabel(/** @type {string} */ name, /** @type {string} */ colour) {
  // A disc holds one letter; a longer name stands by itself.
  const disc = [...name].length === 1;
  const text = shape("text", {
    class: disc ? "lm-name" : "lm-name lm-name-long",
    fill: disc ? ink(colour) : colour,
    text: name,
  });
  const parts = disc ? [shape("circle", { r: 11, fill: colour }), text] : [text];
  return shape("g", { "data-testid": "class-label" }, parts);
}

function show(/** @type {SVGElement} */ part, /** @type {unknown} */ whether) {
  part.style.display = whether ? "" : "none";
}

function set(
  /** @type {SVGElement} */ part,
  /** @type {Record<string, string|number>} */ attributes,
) {
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, String(value));
}
