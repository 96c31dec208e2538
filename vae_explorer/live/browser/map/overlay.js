/** Lines over the map: axes, rings of the prior, the posterior's ellipse, the path, class names. */

import { ink } from "../dom/canvas.js";
import { element, shape } from "../dom/element.js";
import { ellipse } from "../space/plane.js";
import { ticks } from "../space/view.js";

const SIGMAS = [1, 2, 3];

export class Overlay {
  /** @param {{classes: string[], colours: string[]}} header */
  constructor({ classes, colours }) {
    this.axes = shape("g", { class: "lm-axes" });
    this.rings = SIGMAS.map(() => shape("circle", { class: "lm-ring" }));
    this.ringNames = SIGMAS.map((sigma) =>
      shape("text", { class: "lm-ring-name", text: `${sigma}σ` }),
    );
    this.ellipses = [2, 1].map(() => shape("ellipse", { class: "lm-ellipse" }));
    this.line = shape("polyline", { class: "lm-path" });
    this.names = classes.map((name, kind) => className(name, colours[kind]));
    this.svg = shape("svg", { class: "lm-overlay", "aria-hidden": "true" }, [
      ...[this.axes, ...this.rings, ...this.ringNames, this.line, ...this.ellipses],
      ...this.names,
    ]);
    this.titles = ["x", "y"].map((axis) => element("span", { class: `lm-title lm-title-${axis}` }));
  }

  /**
   * @param {import("../space/view.js").View} view
   * @param {[number, number]|null} origin of the prior on the plane; null where there is no plane
   * @param {([number, number]|null)[]} places of the classes' names
   * @param {Set<number>} hidden classes
   */
  draw(view, origin, places, hidden) {
    this.svg.setAttribute("viewBox", `0 0 ${view.side} ${view.side}`);
    this.axes.replaceChildren(...(origin ? axisTicks(view) : []));
    SIGMAS.forEach((sigma, k) => {
      for (const part of [this.rings[k], this.ringNames[k]]) show(part, origin);
      if (!origin) return;
      const [x, y] = view.toScreen(...origin);
      set(this.rings[k], { cx: x, cy: y, r: sigma * view.scale });
      const [aside, up] = [Math.SQRT1_2 * sigma * view.scale, Math.SQRT1_2 * sigma * view.scale];
      set(this.ringNames[k], { x: x + aside + 3, y: y - up - 3 });
    });
    this.names.forEach((name, kind) => {
      const place = places[kind];
      show(name, place && !hidden.has(kind));
      if (!place) return;
      const [x, y] = view.toScreen(...place);
      name.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    });
  }

  /**
   * The ellipses at one and two standard deviations of a posterior, at their true scale.
   * @param {import("../space/view.js").View} view
   * @param {{at: [number, number], covariance: object}|null} posterior
   */
  drawPosterior(view, posterior) {
    this.ellipses.forEach((part, k) => {
      show(part, posterior);
      if (!posterior) return;
      const { major, minor, angle } = ellipse(posterior.covariance);
      const [x, y] = view.toScreen(...posterior.at);
      const sigma = 2 - k;
      // Filled, one that is larger than the map would tint all that is on it.
      part.classList.toggle("lm-wide", sigma * major * view.scale > view.side / 2);
      set(part, {
        rx: sigma * major * view.scale,
        ry: sigma * minor * view.scale,
        transform: `translate(${x} ${y}) rotate(${(-angle * 180) / Math.PI})`,
      });
    });
  }

  /** @param {import("../space/view.js").View} view @param {[number, number][]} places along the path */
  drawPath(view, places) {
    const points = places.map((place) =>
      view
        .toScreen(...place)
        .map((v) => v.toFixed(1))
        .join(),
    );
    this.line.setAttribute("points", points.join(" "));
  }
}

function axisTicks(view) {
  const half = view.span / 2;
  const across = ticks(view.x - half, view.x + half).map(({ value, text }) => {
    const [x] = view.toScreen(value, 0);
    return tick(x, view.side - 6, text, "middle", [x, view.side, x, view.side - 4]);
  });
  const up = ticks(view.y - half, view.y + half).map(({ value, text }) => {
    const [, y] = view.toScreen(0, value);
    return tick(6, y + 4, text, "start", [0, y, 4, y]);
  });
  // In the corner the two would lie over each other.
  const clear = ({ at: [x, y] }) => x > 34 && x < view.side - 14 && y > 14 && y < view.side - 3;
  const away = ({ at: [x, y] }) => x > 34 || (y > 14 && y < view.side - 24);
  return [...across.filter(clear), ...up.filter(away)].map(({ node }) => node);
}

function tick(x, y, text, anchor, [x1, y1, x2, y2]) {
  const node = shape("g", {}, [
    shape("line", { x1, y1, x2, y2 }),
    shape("text", { x, y, "text-anchor": anchor, text }),
  ]);
  return { node, at: [x, y] };
}

function className(name, colour) {
  // A disc holds a digit; a longer name stands by itself.
  const disc = [...name].length === 1;
  const text = shape("text", {
    class: disc ? "lm-name" : "lm-name lm-name-long",
    fill: disc ? ink(colour) : colour,
    text: name,
  });
  return shape("g", {}, disc ? [shape("circle", { r: 11, fill: colour }), text] : [text]);
}

function show(part, whether) {
  part.style.display = whether ? "" : "none";
}

function set(part, attributes) {
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
}
