/**
 * Maps as a figure for print, an SVG: what is on them, with axes, titles and a legend around them.
 * Its looks stand at each element, for not every program that opens an SVG knows style sheets.
 */
import { contextOf, textWidth } from "../dom/canvas.js";
import { shape } from "../dom/element.js";
import { LABEL, placeLabels } from "../map/class-labels.js";
import { opacityOf, pointSize } from "../map/map.js";
import { marksOf, Overlay } from "../map/overlay.js";
import { letter } from "../space/state.js";
import { Screen } from "../space/view.js";
import { SOFTWARE } from "./note.js";

/**
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {import("../dom/element.js").Attributes} Attributes
 *
 * @typedef {Object} Panel a map of the figure
 * @property {MapState} state
 * @property {import("../map/map.js").Grid} grid
 * @property {string} title above it; "" for none
 *
 * @typedef {{text: string, ground: string, accent: string}} Theme colours
 * @typedef {{sign: SVGElement, text: string}} Entry of a legend
 */

// A map's side, and what stands around it: numbers and title on the left, the same below.
const [SIDE, LEFT, TOP, BELOW, GAP] = [440, 56, 14, 50, 14];
// Of a title above a map, and of a line in a legend.
const [TITLE, LINE] = [22, 18];
export const FONT = "Helvetica, Arial, sans-serif";
// More points are one picture in the figure, else it would be too large to be opened.
const MAX_POINTS = 100_000;
// Points of a class that are one line: so the class that is drawn last does not cover all others.
const LAYER = 1000;
// Pixels a unit, of pictures in the figure.
const SHARP = 4;
const DARK = "#14161c";

/**
 * @param {Panel[]} panels side by side
 * @param {Theme} theme
 * @param {import("./note.js").Note} note
 * @returns {Promise<SVGSVGElement>} with its width and height
 */
export async function figureOf(panels, theme, note) {
  const above = TOP + (panels.some(({ title }) => title) ? TITLE : 0);
  const classes = panels.map(({ state }) => JSON.stringify([...classesOf(state)]));
  const parts = [];
  let [left, first] = [0, 0];
  for (const [k, panel] of panels.entries()) {
    left += LEFT;
    parts.push(place(await mapOf(panel, theme, k), left, above));
    left += SIDE + GAP;
    // One legend serves neighbours that have the same classes.
    if (classes[k] === classes[k + 1]) continue;
    const { legend, width } = legendOf(panels.slice(first, k + 1), theme);
    parts.push(place(legend, left, above));
    left += width + GAP;
    first = k + 1;
  }
  const [width, height] = [Math.ceil(left), above + SIDE + BELOW];
  return shape("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, [
    ...[shape("title", { text: note.title }), metadata(note)],
    shape("rect", { width, height, fill: theme.ground }),
    shape("g", { "font-family": FONT, "font-size": 13, fill: theme.text }, parts),
  ]);
}

function place(
  /** @type {SVGElement[]} */ parts,
  /** @type {number} */ x,
  /** @type {number} */ y,
) {
  return shape("g", { transform: `translate(${x} ${y})` }, parts);
}

/** @returns {Promise<SVGElement[]>} a map, its axes and its title, from its corner */
async function mapOf(
  /** @type {Panel} */ { state, grid, title },
  /** @type {Theme} */ theme,
  /** @type {number} */ number,
) {
  const { projection, layers, view } = state;
  const screen = new Screen(view, SIDE);
  const gridShown = layers.includes("grid") && projection.plane !== null;
  if (gridShown) await grid.whole?.();
  const { lines, signs } = overlayOf(state, screen, theme, labelsOf(state));
  const handle = inside(screen, projection.placeOf(state.z));
  const clip = `map-${number}`;
  const border = { width: SIDE, height: SIDE, fill: "none" };
  return [
    shape("clipPath", { id: clip }, [shape("rect", border)]),
    shape("g", { "clip-path": `url(#${clip})` }, [
      ...(gridShown ? [await picture((context) => grid.paint(context, state, screen, SHARP))] : []),
      ...(layers.includes("points") ? [await points(state, screen, gridShown)] : []),
      ...lines,
    ]),
    ...signs,
    ...(handle ? [handleSign(theme.accent, ...screen.toScreen(...handle))] : []),
    shape("rect", { ...border, stroke: theme.text }),
    ...axes(screen, projection, theme),
    ...(title ? [text(title, SIDE / 2, -9, { "text-anchor": "middle", "font-weight": 700 })] : []),
  ];
}

/**
 * What lies over a map's points, but the handle.
 * @param {MapState} state
 * @param {Screen} screen
 * @param {Theme} theme
 * @param {(Place|null)[]} labels where the classes' names are
 * @returns {{lines: SVGElement[], signs: SVGElement[], titles: SVGElement[]}} lines, which may reach beyond the
 *   map; names and endpoints; and the titles of the axes, on the map
 */
export function overlayOf(state, screen, theme, labels) {
  const { projection, layers, hidden, path } = state;
  const { space } = projection;
  const overGrid = layers.includes("grid") && projection.plane !== null;
  const overlay = new Overlay(space.header);
  overlay.drawFrame(screen, projection, overGrid);
  const seen = labels.map((at) => inside(screen, at));
  const taken = path.map(({ z }) => projection.placeOf(z));
  overlay.drawLabels(screen, seen, hidden, taken);
  for (const label of overlay.labels) frame(label, theme);
  overlay.drawRingNames(screen, projection);
  overlay.drawPosterior(screen, projection, state.selection);
  overlay.drawPath(screen, state);
  overlay.drawRow(screen, state);
  const looks = looksOf(theme, overGrid);
  const looked = (/** @type {SVGElement[]} */ parts) =>
    parts.flatMap((part) => looking(part, looks));
  const { rings, row, casing, line, ellipses } = overlay;
  const ends = path.flatMap(({ z }, k) => {
    const at = inside(screen, projection.placeOf(z));
    return at ? [lettered(letter(k), ...screen.toScreen(...at))] : [];
  });
  return {
    lines: looked([...rings, row, casing, line, ...ellipses]),
    signs: [...looked([...overlay.ringNames, ...overlay.labels]), ...ends],
    titles: looked(overlay.titles),
  };
}

/** @typedef {import("../space/view.js").Place} Place */

/** Where the classes' names are, if their points are shown. @returns {(Place|null)[]} */
export function labelsOf(/** @type {MapState} */ { projection, layers }) {
  const { header, label } = projection.space;
  return layers.includes("points")
    ? placeLabels(projection.xy, label, header.classes.length, projection.extent)
    : [];
}

/** A place, if it is in view. @returns {Place|null} */
function inside(/** @type {Screen} */ { box: [l, b, r, t] }, /** @type {Place|null} */ at) {
  return at && at[0] >= l && at[0] <= r && at[1] >= b && at[1] <= t ? at : null;
}

/** A class's label is a disc with a letter, or a name in a frame. */
function labelWidth(/** @type {string} */ name) {
  return [...name].length === 1 ? LABEL : textWidth(name, `700 12px ${FONT}`) + 14;
}

/** Frame a label that is a name, in its class's colour. */
function frame(/** @type {SVGElement} */ label, /** @type {Theme} */ { ground }) {
  const [name] = label.children;
  if (label.children.length > 1) return;
  const width = labelWidth(name.textContent ?? "") - 4;
  const stroke = name.getAttribute("fill") ?? "";
  const box = { x: -width / 2, y: -10, width, height: 20, rx: 5 };
  name.before(shape("rect", { ...box, fill: ground, "fill-opacity": 0.9, stroke }));
}

/** The codes in view: a line a class, for some thousand of them, whose round ends are the points. */
async function points(
  /** @type {MapState} */ { projection, hidden, view },
  /** @type {Screen} */ screen,
  /** @type {boolean} */ overGrid,
) {
  const { xy, space } = projection;
  const { colours } = space.header;
  /** Each class's points, in layers. @type {string[][]} */
  const layers = [];
  let count = 0;
  for (let n = 0; n < space.count; n++) {
    const kind = space.label[n];
    if (hidden.has(kind) || !inside(screen, [xy[2 * n], xy[2 * n + 1]])) continue;
    const layer = Math.floor(count++ / LAYER);
    layers[layer] ??= colours.map(() => "");
    const [x, y] = screen.toScreen(xy[2 * n], xy[2 * n + 1]);
    // Some programs draw no line that has no length.
    layers[layer][kind] += `M${x.toFixed(2)} ${y.toFixed(2)}h.01`;
  }
  const size = pointSize(/** @type {MapState} */ ({ projection, view }), screen);
  const opacity = opacityOf(space, overGrid);
  if (count > MAX_POINTS) {
    return picture((context) => {
      context.scale(SHARP, SHARP);
      Object.assign(context, { lineCap: "round", lineWidth: size, globalAlpha: opacity });
      for (const layer of layers) {
        layer.forEach((d, kind) => {
          context.strokeStyle = colours[kind];
          context.stroke(new Path2D(d));
        });
      }
    });
  }
  const style = { fill: "none", "stroke-linecap": "round", "stroke-opacity": opacity };
  return shape(
    "g",
    { id: "points", "stroke-width": size.toFixed(2), ...style },
    layers.flatMap((layer) =>
      layer.flatMap((d, kind) => (d ? [shape("path", { d, stroke: colours[kind] })] : [])),
    ),
  );
}

/** What is drawn on a canvas as large as the map, sharp enough for print. */
async function picture(/** @type {(context: OffscreenCanvasRenderingContext2D) => void} */ draw) {
  const canvas = new OffscreenCanvas(SIDE * SHARP, SIDE * SHARP);
  const context = contextOf(canvas);
  context.imageSmoothingEnabled = false;
  draw(context);
  const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  const href = `data:image/png;base64,${btoa(letters)}`;
  return shape("image", { href, width: SIDE, height: SIDE });
}

/** Ticks, their numbers and the titles; a stored view has no unit, and no ticks. */
function axes(
  /** @type {Screen} */ screen,
  /** @type {import("../space/projection.js").Projection} */ projection,
  /** @type {Theme} */ theme,
) {
  const scale = projection.scale === "quantile" ? ", by quantile" : "";
  const unit = projection.plane ? `(prior standard deviations${scale})` : "(no unit)";
  const middle = SIDE / 2;
  const marks = (/** @type {0|1} */ axis) =>
    projection.plane ? marksOf(screen, projection, axis) : [];
  const line = (/** @type {Record<string, number>} */ ends) =>
    shape("line", { ...ends, stroke: theme.text });
  return [
    ...marks(0).flatMap(({ value, text: number }) => {
      const [x] = screen.toScreen(value, 0);
      const ends = { x1: x, y1: SIDE, x2: x, y2: SIDE + 5 };
      return [line(ends), text(number, x, SIDE + 19, { "text-anchor": "middle" })];
    }),
    ...marks(1).flatMap(({ value, text: number }) => {
      const [, y] = screen.toScreen(0, value);
      const ends = { x1: -5, y1: y, x2: 0, y2: y };
      return [line(ends), text(number, -9, y + 4.5, { "text-anchor": "end" })];
    }),
    text(`${projection.titles[0]} ${unit}`, middle, SIDE + 40, { "text-anchor": "middle" }),
    text(`${projection.titles[1]} ${unit}`, 0, 0, {
      ...{ "text-anchor": "middle", transform: `translate(-42 ${middle}) rotate(-90)` },
    }),
  ];
}

function text(
  /** @type {string} */ words,
  /** @type {number} */ x,
  /** @type {number} */ y,
  /** @type {Attributes} */ more = {},
) {
  return shape("text", { x, y, text: words, ...more });
}

// The legend.

/** Classes on show, each with its colour. */
function classesOf(/** @type {MapState} */ { projection, layers, hidden }) {
  const { classes, colours } = projection.space.header;
  const all = classes.map((name, kind) => /** @type {const} */ ([name, colours[kind]]));
  return layers.includes("points") ? all.filter((_, kind) => !hidden.has(kind)) : [];
}

/** What the colours and lines of some maps mean, from a corner; and how wide it is. */
function legendOf(/** @type {Panel[]} */ panels, /** @type {Theme} */ theme) {
  const [{ state }] = panels;
  const some = (/** @type {(state: MapState) => unknown} */ holds) =>
    panels.some((panel) => holds(panel.state));
  const stroke = { fill: "none", stroke: theme.accent, "stroke-width": 1.5 };
  const bar = { x1: -8, y1: 0, x2: 8, y2: 0 };
  /** @type {(Entry|false)[]} */
  const entries = [
    ...classesOf(state).map(([name, fill]) => ({
      ...{ sign: shape("circle", { r: 5, fill }), text: name },
    })),
    { sign: handleSign(theme.accent), text: "z" },
    some(({ selection, projection: { plane } }) => selection && plane) && {
      sign: shape("ellipse", { rx: 8, ry: 5, ...stroke, ...TINT(theme.accent) }),
      text: "q(z|x), 1 and 2 σ",
    },
    some(({ projection: { plane } }) => plane) && {
      sign: shape("line", { ...bar, stroke: theme.text, ...RING }),
      text: "prior, 1 to 3 σ",
    },
    some(({ path, projection: { plane } }) => plane && path.length > 1) && {
      sign: shape("line", { ...bar, stroke: theme.text, "stroke-width": 3 }),
      text: "path",
    },
    some(({ tool, projection: { plane } }) => plane && tool === "manifold") && {
      sign: shape("line", { ...bar, ...stroke, "stroke-width": 2.5, "stroke-dasharray": "7 2" }),
      text: "row of pictures",
    },
  ];
  const shown = entries.filter((entry) => entry !== false);
  const lines = Math.floor(SIDE / LINE);
  /** @type {SVGElement[]} */
  const legend = [];
  let left = 0;
  for (let from = 0; from < shown.length; from += lines) {
    const column = shown.slice(from, from + lines);
    column.forEach(({ sign, text: words }, k) => {
      const y = (k + 0.5) * LINE;
      legend.push(place([sign], left + 10, y), text(words, left + 26, y + 4.5));
    });
    left += 26 + GAP + Math.max(...column.map((entry) => textWidth(entry.text, `13px ${FONT}`)));
  }
  return { legend, width: left - GAP };
}

// Looks.

const RING = { "stroke-width": 1.5, "stroke-dasharray": "2 4", "stroke-opacity": 0.6 };
const TINT = (/** @type {string} */ fill) => ({ fill, "fill-opacity": 0.16 });

function handleSign(/** @type {string} */ accent, x = 0, y = 0) {
  return shape("g", { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})` }, [
    shape("circle", { r: 7, ...TINT(accent), stroke: "white", "stroke-width": 5 }),
    shape("circle", { r: 7, fill: "none", stroke: accent, "stroke-width": 2.5 }),
  ]);
}

function lettered(/** @type {string} */ name, /** @type {number} */ x, /** @type {number} */ y) {
  return place(
    [
      shape("circle", { r: 9, fill: DARK, stroke: "white", "stroke-width": 1.5 }),
      text(name, 0, 4.2, { ...NAME, fill: "white" }),
    ],
    ...[x, y],
  );
}

const NAME = { "text-anchor": "middle", "font-size": 12, "font-weight": 700 };

/**
 * What the style sheet says of the map's lines, by class.
 * @returns {Record<string, Attributes>}
 */
function looksOf(
  /** @type {Theme} */ { text: ink, ground, accent },
  /** @type {boolean} */ overGrid,
) {
  const line = { fill: "none", "stroke-linejoin": "round" };
  const halo = { "stroke-width": overGrid ? 6 : 3, stroke: ground, "stroke-linejoin": "round" };
  const ellipse = { stroke: accent, "stroke-width": 1.5 };
  return {
    "lm-ring": overGrid
      ? { ...line, ...RING, stroke: "white", "stroke-opacity": 0.9 }
      : { ...line, ...RING, stroke: ink },
    "lm-ring-name": { ...halo, "font-size": 12, "font-weight": 600, fill: ink },
    "lm-title lm-title-x": { ...halo, "font-weight": 700, fill: ink },
    "lm-title lm-title-y": { ...halo, "font-weight": 700, fill: ink },
    "lm-ellipse": { ...ellipse, ...TINT(accent) },
    "lm-ellipse lm-wide": { ...ellipse, fill: "none" },
    "lm-path": { ...line, stroke: DARK, "stroke-width": 3 },
    "lm-path-casing": { ...line, stroke: "white", "stroke-width": 6 },
    "lm-row": { ...line, stroke: accent, "stroke-width": 2.5, "stroke-dasharray": "7 5" },
    "lm-name": { ...NAME, dy: 4.5 },
    "lm-name lm-name-long": { ...NAME, dy: 4.5, fill: ink },
    circle: { stroke: "white", "stroke-width": 1.5 },
  };
}

/** A part of the map with its looks; none where it is not on show. @returns {SVGElement[]} */
function looking(/** @type {SVGElement} */ part, /** @type {Record<string, Attributes>} */ looks) {
  if (part.style.display === "none") return [];
  part.removeAttribute("style");
  for (const one of [part, ...part.querySelectorAll("*")]) {
    const own = looks[one.getAttribute("class") ?? one.tagName] ?? {};
    for (const name of ["class", "data-testid"]) one.removeAttribute(name);
    for (const [name, value] of Object.entries(own)) one.setAttribute(name, String(value));
    if (one.tagName !== "text" || !own.stroke) continue;
    // A text's halo lies under it, for some programs always draw strokes on top.
    const halo = /** @type {Element} */ (one.cloneNode(true));
    one.removeAttribute("stroke");
    if (one !== part) one.before(halo);
    else return [/** @type {SVGElement} */ (halo), part];
  }
  return [part];
}

// Metadata, as Dublin Core in RDF.

const RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const CC = "http://creativecommons.org/ns#";
const DC = "http://purl.org/dc/elements/1.1/";

function metadata(/** @type {import("./note.js").Note} */ { title, description }) {
  const node = (
    /** @type {string} */ space,
    /** @type {string} */ name,
    /** @type {(Node|string)[]} */ ...children
  ) => {
    const made = document.createElementNS(space, name);
    made.append(...children);
    return made;
  };
  const agent = node(CC, "cc:Agent", node(DC, "dc:title", SOFTWARE));
  const work = node(
    ...[CC, "cc:Work"],
    node(DC, "dc:title", title),
    node(DC, "dc:description", description),
    node(DC, "dc:format", "image/svg+xml"),
    node(DC, "dc:creator", agent),
  );
  return shape("metadata", {}, [node(RDF, "rdf:RDF", work)]);
}
