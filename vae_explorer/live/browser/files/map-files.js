/** The files of a page with maps, as the menu Export offers them: one of all its models together. */
import { toColours } from "../dom/canvas.js";
import { save } from "../dom/save.js";
import { figureOf } from "./figure.js";
import { noteOf, short } from "./note.js";
import { createSheet, drawSvg, pngFile, svgFile } from "./png.js";
import { csvFile, jsonFile, numbersOf } from "./table.js";

/**
 * @typedef {import("../panels/export-menu.js").ExportGroup} ExportGroup
 * @typedef {import("../panels/strip.js").Frames} Frames
 * @typedef {import("./note.js").Note} Note
 *
 * @typedef {Object} Shown a model on the page
 * @property {string} name of its checkpoint
 * @property {string} title above its map; "" for none
 * @property {import("../space/state.js").MapState} state
 * @property {ArrayLike<number>} z at its handle, (D,)
 * @property {import("../map/map.js").Grid} grid
 * @property {HTMLCanvasElement} picture at its handle
 * @property {Frames|null} frames of its path
 * @property {Frames|null} row of its lattice
 */

// Pixels a side of a picture at a scale of 1, about.
const USUAL = 500;
// Between pictures, in decoded pixels: mid-grey.
const [GAP, GREY] = [1, "#808080"];
// Why something cannot be saved.
const NO_PICTURE = "There is no picture: the decoder has not arrived.";
const NO_PLANE = "This view has no inverse, and so no lattice: choose a plane.";
const NO_GRID = "The lattice is not on the map: choose Manifold.";
const NO_STRIP = "There is no strip: choose Manifold for a row, or Interpolate for a path.";
export const NO_PATH = "There is no path: choose Interpolate, and click where it is to go.";

/**
 * @param {() => Shown[]} models on the page now
 * @param {HTMLElement} root whose colours a figure has
 * @param {() => Record<string, unknown>} [more] what all of it depends on, for metadata
 * @returns {Record<"map"|"picture"|"lattice"|"strip"|"data", ExportGroup>}
 */
export function mapFiles(models, root, more = () => ({})) {
  const fileName = (/** @type {string} */ ending) =>
    [...models().map(({ name }) => name), ending].join("-");
  const note = (
    /** @type {string} */ kind,
    /** @type {Record<string, unknown>} */ own = {},
    /** @type {(model: Shown) => ArrayLike<number>[]} */ codes = ({ z }) => [z],
  ) => {
    const said = models().map((model) => ({ name: model.name, codes: codes(model) }));
    return noteOf(kind, said, { ...more(), ...own });
  };
  const savePng = async (
    /** @type {OffscreenCanvas} */ canvas,
    /** @type {Note} */ said,
    /** @type {string} */ ending,
    /** @type {number} */ scale,
  ) => save(await pngFile(canvas, said, scale), fileName(`${ending}.png`));
  const view = () => ({ view: models()[0].state.projection.name });
  const figure = async () => {
    const said = note("map", view());
    return { said, svg: await figureOf(models(), themeOf(root), said) };
  };
  const isPath = () => models()[0].state.tool === "interpolate";
  const strips = () => models().flatMap(({ frames, row }) => (isPath() ? frames : row) ?? []);
  const numbers = () =>
    models().map(({ name, z, state, frames }) => numbersOf(name, z, state, frames));

  return {
    map: {
      title: "Map",
      files: [
        {
          ...{ text: "PNG", help: "The map, with axes and a legend", why: () => "" },
          save: async (scale) => {
            const { said, svg } = await figure();
            return savePng(await drawSvg(svg, scale), said, "map", scale);
          },
        },
        {
          ...{ text: "SVG", help: "The map, with axes and a legend, for print", why: () => "" },
          save: async () => save(svgFile((await figure()).svg), fileName("map.svg")),
        },
      ],
    },
    picture: {
      title: "Picture",
      files: [
        {
          ...{ text: "PNG", help: "The picture at the handle, pixel by pixel" },
          why: () => (models().every(({ picture }) => isPainted(picture)) ? "" : NO_PICTURE),
          save: (scale) => {
            const said = note("picture", {}, ({ picture: { dataset }, z }) => [
              dataset.z ? JSON.parse(dataset.z) : z,
            ]);
            const pictures = models().map(({ picture }) => picture);
            return savePng(sheetOf(pictures, scale), said, "picture", scale);
          },
        },
      ],
    },
    lattice: {
      title: "Lattice",
      files: [
        {
          ...{ text: "PNG", help: "The lattice’s pictures, pixel by pixel" },
          why: () => {
            const { projection, layers } = models()[0].state;
            if (!projection.plane) return NO_PLANE;
            return layers.includes("grid") ? "" : NO_GRID;
          },
          save: async (scale) => {
            const said = note("manifold", { ...view(), ...latticeOf(models()[0]) });
            const grids = models().map(async ({ grid, state }) => {
              await grid.whole?.();
              return grid.picture(state);
            });
            return savePng(sheetOf(await Promise.all(grids), scale), said, "lattice", scale);
          },
        },
      ],
    },
    strip: {
      title: "Steps or row",
      files: [
        {
          ...{ text: "PNG", help: "The path’s or the row’s pictures, pixel by pixel" },
          why: () => (strips().length ? "" : NO_STRIP),
          save: (scale) => {
            const [{ state }] = models();
            const [{ count: steps }] = strips();
            const way = isPath() ? { path: state.pathSettings.interpolation, steps } : { steps };
            const said = note(isPath() ? "interpolation" : "row", way, (model) => {
              if (isPath()) return model.state.path.map(({ z }) => z);
              const codes = model.row?.codes ?? new Float32Array();
              return [codes.subarray(0, model.z.length), codes.subarray(-model.z.length)];
            });
            const pictures = strips().map((frames) =>
              stripOf(frames, state.projection.space.shape),
            );
            return savePng(sheetOf(pictures, scale, true), said, "strip", scale);
          },
        },
      ],
    },
    data: {
      title: "Data",
      files: [
        {
          ...{ text: "JSON", help: "z, what is selected, and the path", why: () => "" },
          save: () => save(jsonFile(numbers()), fileName("codes.json")),
        },
        {
          ...{
            text: "CSV",
            help: "z, what is selected, and the path: a row a code",
            why: () => "",
          },
          save: () => save(csvFile(numbers()), fileName("codes.csv")),
        },
      ],
    },
  };
}

/** Whether there is a picture of a code, or of a film's place, on a canvas. */
function isPainted(/** @type {HTMLCanvasElement} */ { dataset: { z, place } }) {
  return Boolean(z ?? place);
}

/** What the lattice depends on, as `render.py` calls it; or the part of the plane that it fills. */
function latticeOf(/** @type {Shown} */ { state: { lattice, projection, view } }) {
  const { size, range } = lattice;
  const spacing = projection.scale;
  if (lattice.cells === "view")
    return { spacing, center: short([view.x, view.y]), span: view.span };
  return spacing === "linear" ? { size, spacing, range } : { size, spacing };
}

/** A figure's colours are those of the page, light or dark. */
export function themeOf(/** @type {HTMLElement} */ root) {
  const style = getComputedStyle(root);
  const colour = (/** @type {string} */ name) =>
    style.getPropertyValue(`--st-${name}-color`).trim();
  return { text: colour("text"), ground: colour("background"), accent: colour("primary") };
}

/** Steps beside each other. */
function stripOf(
  /** @type {Frames} */ { count, pixels },
  /** @type {number[]} */ [height, width, channels],
) {
  const { canvas, context } = createSheet(count * (width + GAP) - GAP, height);
  context.fillStyle = GREY;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const size = height * width * channels;
  const image = new ImageData(width, height);
  for (let k = 0; k < count; k++) {
    toColours(pixels.subarray(k * size, (k + 1) * size), channels, image);
    context.putImageData(image, k * (width + GAP), 0);
  }
  return canvas;
}

/** Pictures beside or below each other, each pixel enlarged to a square. */
function sheetOf(
  /** @type {(HTMLCanvasElement|OffscreenCanvas)[]} */ pictures,
  /** @type {number} */ scale,
  down = false,
) {
  const sides = (/** @type {"width"|"height"} */ side, /** @type {boolean} */ along) => {
    const all = pictures.map((picture) => picture[side]);
    return along ? all.reduce((sum, one) => sum + one + GAP, -GAP) : Math.max(...all);
  };
  const [width, height] = [sides("width", !down), sides("height", down)];
  const square = scale * Math.max(1, Math.floor(USUAL / Math.max(width, height)));
  const { canvas, context } = createSheet(width * square, height * square);
  context.fillStyle = GREY;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.scale(square, square);
  let at = 0;
  for (const picture of pictures) {
    context.drawImage(picture, down ? 0 : at, down ? at : 0);
    at += (down ? picture.height : picture.width) + GAP;
  }
  return canvas;
}
