/**
 * A pad to draw on by mouse, pen or finger. It keeps strokes, not pixels: what is drawn from them
 * on its canvas is only for the eye.
 *
 * Class names for a stylesheet: `pad`, with `is-empty`, `is-drawing` or `is-disabled`; in it
 * `pad-ink` (the canvas: square, as wide as the pad, its `color` the ink's), `pad-hint`, which
 * lies over all of the pad, and `pad-clear`.
 */
import { contextOf, fitCanvas } from "../dom/canvas.js";
import { element } from "../dom/element.js";

/**
 * @typedef {[number, number]} Point x and y from the pad's upper left corner, in sides of the pad
 * @typedef {Point[]} Stroke a pen's path; of one point, a dot
 *
 * @typedef {object} Pad
 * @property {HTMLDivElement} element to be put into the page
 * @property {() => Stroke[]} strokes that are on it now; another array where it shows something else
 * @property {(strokes: Stroke[], picture: HTMLCanvasElement|null) => void} show have it show these
 *   strokes, which can be gone on with, or a picture, in whose place the next stroke comes: its
 *   alpha is the ink
 * @property {(enabled: boolean, message?: string) => void} setEnabled whether one may draw; the
 *   message is shown in the hint's place while one may not
 * @property {() => void} redraw draw the ink anew, as after a change of its colour
 *
 * @typedef {object} PadOptions
 * @property {string} label what the pad is, to a screen reader
 * @property {(strokes: Stroke[]) => void} onDraw while drawing, once a frame at most
 * @property {(strokes: Stroke[]) => void} onEnd when a stroke is finished
 * @property {() => void} onClear when the drawing was rubbed out by button or key
 */

const HINT = "Draw a digit here";

/** Width of the ink in sides of the pad: a pen's in MNIST, with a margin. */
const PEN = 0.09;

/** Points nearer than this to the last one are not kept, in CSS pixels. */
const STEP = 1;

const RUBBERS = new Set(["Escape", "Delete", "Backspace"]);

/**
 * @param {PadOptions} options
 * @returns {Pad}
 */
export function createPad({ label, onDraw, onEnd, onClear }) {
  const canvas = element("canvas", {
    ...{ class: "pad-ink", "data-testid": "draw-pad", tabindex: 0 },
    ...{ role: "img", "aria-label": label },
    // A size of its own, or its bitmap's would be its layout's, and grow with each painting. And
    // left to themselves a finger scrolls the page, and a stroke selects the text beside the pad.
    style: "display:block; width:100%; aspect-ratio:1; touch-action:none; user-select:none",
  });
  const hint = element("div", {
    class: "pad-hint",
    style: "position:absolute; inset:0; pointer-events:none",
  });
  const button = element("button", {
    ...{ type: "button", class: "pad-clear" },
    ...{ text: "Clear", "aria-label": "Clear the drawing" },
  });
  const pad = element("div", { class: "pad", style: "position:relative" }, [canvas, hint, button]);

  let drawn = /** @type {Stroke[]} */ ([]);
  let picture = /** @type {HTMLCanvasElement | null} */ (null); // in place of strokes
  let pointer = /** @type {number | null} */ (null); // that draws
  let enabled = true;
  let message = "";
  /** The animation frame asked for, or 0; whether it also has a drawing to tell of. */
  let frame = 0;
  let news = false;

  function paintSoon() {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      paint(canvas, drawn, picture);
      if (!news) return;
      news = false;
      onDraw(drawn);
    });
  }

  const isEmpty = () => drawn.length === 0 && !picture;

  function showState() {
    const empty = isEmpty();
    pad.classList.toggle("is-empty", empty);
    pad.classList.toggle("is-drawing", pointer !== null);
    pad.classList.toggle("is-disabled", !enabled);
    canvas.dataset.enabled = String(enabled);
    hint.textContent = enabled ? HINT : message;
    hint.style.visibility = empty || !enabled ? "visible" : "hidden";
    button.disabled = empty;
  }

  /** @param {PointerEvent} event */
  function begin(event) {
    // A second finger has isPrimary false, and a pen may come while a finger draws.
    if (!enabled || pointer !== null || !event.isPrimary || event.button !== 0) return;
    pointer = event.pointerId;
    try {
      canvas.setPointerCapture(pointer);
    } catch {
      // A pointer that is already gone cannot be captured, and need not be.
    }
    if (picture) replace([], null);
    drawn.push([]);
    extend([event]);
    showState();
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (event.pointerId !== pointer) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    extend(coalesced.length > 0 ? coalesced : [event]);
  }

  /** @param {PointerEvent[]} events */
  function extend(events) {
    const stroke = drawn[drawn.length - 1];
    const before = stroke.length;
    const step = STEP / canvas.clientWidth;
    for (const event of events) {
      const point = positionOn(canvas, event);
      const last = stroke.at(-1);
      if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= step) stroke.push(point);
    }
    if (stroke.length === before) return;
    news = true;
    paintSoon();
  }

  /** @param {PointerEvent} event */
  function end(event) {
    if (event.pointerId === pointer) endStroke();
  }

  function endStroke() {
    if (pointer === null) return;
    const last = pointer;
    pointer = null;
    if (canvas.hasPointerCapture(last)) canvas.releasePointerCapture(last);
    news = false;
    showState();
    onEnd(drawn);
  }

  function replace(/** @type {Stroke[]} */ strokes, /** @type {HTMLCanvasElement|null} */ instead) {
    drawn = strokes;
    picture = instead;
    news = false;
    showState();
    paintSoon();
  }

  function rubOut() {
    pointer = null;
    replace([], null);
    onClear();
  }

  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("lostpointercapture", end);
  canvas.addEventListener("keydown", (event) => {
    // On an empty pad the keys keep the meaning that they have for the page.
    if (!RUBBERS.has(event.key) || isEmpty()) return;
    event.preventDefault();
    event.stopPropagation();
    rubOut();
  });
  button.addEventListener("click", () => {
    rubOut();
    // The button is disabled now, and the focus would be lost with it.
    canvas.focus({ preventScroll: true });
  });
  // In the same frame: a canvas that changes its size is empty until it is painted.
  new ResizeObserver(() => paint(canvas, drawn, picture)).observe(canvas);
  showState();

  return {
    element: pad,
    strokes: () => drawn,
    show(strokes, instead) {
      pointer = null;
      replace(copy(strokes), instead);
    },
    setEnabled(flag, words = "") {
      enabled = flag;
      message = words;
      if (!enabled) endStroke();
      showState();
    },
    redraw: paintSoon,
  };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PointerEvent} event
 * @returns {Point} where the pointer is; beside the pad, too, so that a stroke that runs over the
 *   edge keeps its shape
 */
function positionOn(canvas, event) {
  // Unlike offsetX, this holds for coalesced events.
  const box = canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

/** Strokes as they are now. @returns {Stroke[]} */
export function copy(/** @type {Stroke[]} */ strokes) {
  return strokes.map((stroke) => [...stroke]);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Stroke[]} strokes
 * @param {HTMLCanvasElement|null} picture
 */
function paint(canvas, strokes, picture) {
  const pixels = canvas.clientWidth * fitCanvas(canvas, canvas.clientWidth);
  const context = contextOf(canvas);
  context.setTransform(pixels, 0, 0, pixels, 0, 0);
  context.clearRect(0, 0, 1, 1);
  const { color } = getComputedStyle(canvas);
  if (picture) {
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, 0, 0, 1, 1);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    context.globalCompositeOperation = "source-over";
  }
  context.strokeStyle = color;
  context.lineWidth = PEN;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const stroke of strokes) draw(context, stroke);
}

/**
 * Draw a stroke as a smooth curve: through the middles between its points, bent by the points.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 */
function draw(context, stroke) {
  context.beginPath();
  context.moveTo(...stroke[0]);
  for (let i = 1; i < stroke.length - 1; i++) {
    const [x, y] = stroke[i];
    const [nextX, nextY] = stroke[i + 1];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  // Of a dot this is a line without length, which round caps make a disc.
  context.lineTo(...stroke[stroke.length - 1]);
  context.stroke();
}
