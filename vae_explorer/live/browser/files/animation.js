/**
 * Animations as files: frame by frame the map with its handle, the decoded picture and a caption, of one
 * model or of some side by side. They are drawn beside the page, in slices: the page lives on.
 */
import { contextOf, toColours } from "../dom/canvas.js";
import { save } from "../dom/save.js";
import { FONT } from "./figure.js";
import { GifEncoder, MAX_COLOURS } from "./gif.js";
import { nextTask } from "./job.js";
import { Histogram } from "./palette.js";
import { StillMap } from "./still-map.js";
import { noVideo, WebmEncoder } from "./webm.js";

/**
 * @typedef {import("./job.js").Job} Job
 *
 * @typedef {Object} Cell what a frame shows of one model
 * @property {import("../space/state.js").MapState} state
 * @property {Float32Array} pixels of the picture at the handle, (H, W, C) from 0 to 1
 * @property {string[]} caption lines, the first of which stands out
 *
 * @typedef {Object} Animation
 * @property {{space: import("../space/space.js").Space,
 *   createGrid?: import("../map/map.js").MapOptions["createGrid"]}[]} models
 * @property {number} seconds that it takes
 * @property {(seconds: number) => Promise<Cell[]>} at what is shown at a time, a cell for each model
 * @property {import("./figure.js").Theme} theme
 * @property {import("./note.js").Note} note
 *
 * @typedef {"gif"|"webm"} Format
 */

/** Pixels a unit of the layout, frames a second, and frames at most: longer ones have fewer a second. */
const FORMATS = {
  gif: { ratio: 1, usual: 12.5, most: 150 },
  webm: { ratio: 2, usual: 25, most: 1500 },
};
// Frames by which a GIF's colours are chosen.
const SAMPLES = 8;
const [WIDTH, PAD] = [640, 10];
/** Some models, two a line: picture and caption stand below the map. */
const BESIDE = { width: WIDTH / 2, height: 420, map: 300, picture: 90, line: 20, font: 15 };

/**
 * The files of an animation, for the menu.
 * @param {string} help what it shows
 * @param {() => string} why it cannot be made now; "" if it can
 * @param {() => Promise<Animation>} make
 * @param {(ending: string) => string} fileName
 * @returns {import("../panels/export-menu.js").ExportFile[]}
 */
export function animationFiles(help, why, make, fileName) {
  const file = (
    /** @type {string} */ text,
    /** @type {Format} */ format,
    /** @type {() => string} */ cannot,
  ) => ({
    ...{ text, help: `${help}: map, picture and caption`, why: () => why() || cannot() },
    slow: true,
    save: async (/** @type {number} */ _, /** @type {Job} */ job) =>
      save(await animate(await make(), format, job), fileName(format)),
  });
  return [file("GIF", "gif", () => ""), file("WebM", "webm", noVideo)];
}

/** @returns {Promise<Blob>} the file */
async function animate(
  /** @type {Animation} */ animation,
  /** @type {Format} */ format,
  /** @type {Job} */ { signal, progress },
) {
  const { ratio, usual, most } = FORMATS[format];
  const { seconds, note } = animation;
  const count = Math.max(2, Math.min(most, Math.round(seconds * usual)));
  const lines = Math.max(...(await animation.at(0)).map(({ caption }) => caption.length));
  const stage = new Stage(animation, ratio, lines);
  const { canvas } = stage;
  const show = async (/** @type {number} */ k) => {
    await stage.draw(await animation.at((k * seconds) / count));
    await nextTask();
    signal.throwIfAborted();
  };
  /** @type {WebmEncoder|null} */
  let video = null;
  try {
    if (format === "webm") {
      video = new WebmEncoder(canvas.width, canvas.height, count / seconds, note);
      for (let k = 0; k < count; k++) {
        await show(k);
        await video.add(canvas);
        progress((k + 1) / count);
      }
      return await video.finish();
    }
    const seen = new Histogram();
    for (let k = 0; k < SAMPLES; k++) {
      await show(Math.round((k * (count - 1)) / (SAMPLES - 1)));
      seen.add(stage.pixels());
    }
    stage.restart();
    const palette = seen.palette(MAX_COLOURS);
    const gif = new GifEncoder(canvas.width, canvas.height, palette, note.description);
    for (let k = 0; k < count; k++) {
      await show(k);
      gif.add(stage.pixels(), seconds / count);
      progress((k + 1) / count);
    }
    return gif.finish();
  } finally {
    video?.close();
    stage.close();
  }
}

/** One model: picture and caption stand right of the map, and are as high. */
function alone(/** @type {number} */ lines) {
  const line = 24;
  const map = Math.round((WIDTH - 2 * PAD + lines * line) / 2);
  const picture = WIDTH - 3 * PAD - map;
  return { width: WIDTH, height: map + 2 * PAD, map, picture, line, font: 17 };
}

/** Where the frames are drawn. */
class Stage {
  /**
   * @param {Animation} animation
   * @param {number} ratio pixels a unit of the layout
   * @param {number} lines of the caption
   */
  constructor({ models, theme }, ratio, lines) {
    this.theme = theme;
    this.layout = models.length === 1 ? alone(lines) : BESIDE;
    const { width, height, map: side } = this.layout;
    const rows = Math.ceil((models.length * width) / WIDTH);
    this.canvas = document.createElement("canvas");
    Object.assign(this.canvas, { width: WIDTH * ratio, height: rows * height * ratio });
    // Its pixels are read, each time.
    this.context = /** @type {CanvasRenderingContext2D} */ (
      this.canvas.getContext("2d", { willReadFrequently: true })
    );
    this.context.scale(ratio, ratio);
    this.maps = models.map(
      ({ space, createGrid }) => new StillMap(space, { side, ratio, theme, createGrid }),
    );
  }

  async draw(/** @type {Cell[]} */ cells) {
    // What is decoded on the way is there before the frame is begun.
    for (const [k, { state }] of cells.entries()) {
      await this.maps[k].draw(state);
      await nextTask();
    }
    const { context, canvas, theme, layout } = this;
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, canvas.width, canvas.height);
    cells.forEach((cell, k) => {
      const across = k * layout.width;
      this.drawCell(cell, k, across % WIDTH, Math.floor(across / WIDTH) * layout.height);
    });
  }

  drawCell(
    /** @type {Cell} */ { pixels, caption },
    /** @type {number} */ k,
    /** @type {number} */ left,
    /** @type {number} */ top,
  ) {
    const { context, theme, layout, maps } = this;
    const { map, picture, line, font } = layout;
    const { space } = maps[k];
    maps[k].paint(context, left + PAD, top + PAD);
    context.globalAlpha = 0.3;
    Object.assign(context, { strokeStyle: theme.text, lineWidth: 1 });
    context.strokeRect(left + PAD + 0.5, top + PAD + 0.5, map - 1, map - 1);
    context.globalAlpha = 1;
    const beside = layout === BESIDE;
    const [x, y] = !beside ? [left + 2 * PAD + map, top + PAD] : [left + PAD, top + 2 * PAD + map];
    const [height, width, channels] = space.shape;
    const image = new ImageData(width, height);
    toColours(pixels, channels, image);
    const small = new OffscreenCanvas(width, height);
    contextOf(small).putImageData(image, 0, 0);
    const scale = picture / Math.max(width, height);
    const [wide, high] = [width * scale, height * scale];
    context.imageSmoothingEnabled = false;
    context.drawImage(small, x, y, wide, high);
    const [textLeft, textTop] = !beside ? [x, y + high + line] : [x + wide + PAD, y + font];
    const room = left + layout.width - PAD - textLeft;
    context.fillStyle = theme.text;
    caption.forEach((words, number) => {
      context.font = `${number ? 400 : 700} ${font}px ${FONT}`;
      context.fillText(words, textLeft, textTop + number * line, room);
    });
  }

  /** @returns {Uint8ClampedArray} (H, W, 4) */
  pixels() {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height).data;
  }

  restart() {
    for (const map of this.maps) map.restart();
  }

  close() {
    for (const map of this.maps) map.close();
  }
}
