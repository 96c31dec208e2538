/**
 * A pad to draw on by mouse, pen or finger. It keeps strokes, not pixels: what is drawn from them
 * on its canvas is only for the eye.
 *
 * Class names for a stylesheet: `pad`, with `is-empty`, `is-drawing` or `is-disabled`; in it
 * `pad-ink` (the canvas: square, as wide as the pad, its `color` the ink's), `pad-hint`, which
 * lies over all of the pad, and `pad-clear`.
 */

/** @typedef {[number, number]} Point x and y in CSS pixels from the pad's upper left corner */
/** @typedef {Point[]} Stroke a pen's path; of one point, a dot */

/**
 * @typedef {object} Pad
 * @property {HTMLDivElement} element to be put into the page
 * @property {() => Stroke[]} strokes what is drawn, as a copy, in the pad's present CSS pixels
 * @property {() => void} clear rub everything out, without a call of `onClear`
 * @property {(enabled: boolean, words?: string) => void} setEnabled whether one may draw; words
 *   are shown in the hint's place while one may not
 * @property {() => number} reference the pad's shorter side in CSS pixels
 * @property {() => void} redraw draw the ink anew, as after a change of its colour
 */

/**
 * @typedef {object} PadOptions
 * @property {string} label what the pad is, to a screen reader
 * @property {(strokes: Stroke[]) => void} [onDraw] while drawing, once a frame at most
 * @property {(strokes: Stroke[]) => void} [onEnd] when a stroke is finished
 * @property {() => void} [onClear] when the drawing was rubbed out by button or key
 */

const HINT = "Draw a digit here";

/** Width of the ink as a share of the pad's shorter side: a pen's in MNIST, with a margin. */
const PEN = 0.09;

/** Points nearer than this to the last one are not kept, in CSS pixels. */
const STEP = 1;

const RUBBERS = new Set(["Escape", "Delete", "Backspace"]);

/**
 * @param {PadOptions} options
 * @returns {Pad}
 */
export function createPad({ label, onDraw = () => {}, onEnd = () => {}, onClear = () => {} }) {
  const { element, canvas, hint, button } = build(label);

  /** Strokes in CSS pixels of a pad of `home` size, so that resizing to and fro loses nothing. */
  let drawn = [];
  let home = { width: 0, height: 0 };
  /** Id of the pointer that draws, or null. */
  let pointer = null;
  let enabled = true;
  let message = "";
  /** Id of the animation frame asked for, or 0; whether it also has a drawing to tell of. */
  let frame = 0;
  let news = false;

  const current = () => mapped(drawn, fromTo(home, sizeOf(canvas)));

  function paintSoon() {
    if (frame) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      paint(canvas, current());
      if (!news) return;
      news = false;
      onDraw(current());
    });
  }

  function showState() {
    const empty = drawn.length === 0;
    element.classList.toggle("is-empty", empty);
    element.classList.toggle("is-drawing", pointer !== null);
    element.classList.toggle("is-disabled", !enabled);
    hint.textContent = enabled ? HINT : message;
    hint.style.visibility = empty || !enabled ? "visible" : "hidden";
    button.disabled = empty;
  }

  function begin(event) {
    // A second finger has isPrimary false, and a pen may come while a finger draws.
    if (!enabled || pointer !== null || !event.isPrimary || event.button !== 0) return;
    if (drawn.length === 0) home = sizeOf(canvas);
    pointer = event.pointerId;
    try {
      canvas.setPointerCapture(pointer);
    } catch {
      // A pointer that is already gone cannot be captured, and need not be.
    }
    drawn.push([]);
    extend([event]);
    showState();
  }

  function move(event) {
    if (event.pointerId !== pointer) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    extend(coalesced.length > 0 ? coalesced : [event]);
  }

  function extend(events) {
    const toHome = inverse(fromTo(home, sizeOf(canvas)));
    const points = events.map((event) => positionOn(canvas, event));
    const added = append(drawn.at(-1), mapped([points], toHome)[0]);
    if (!added) return;
    news = true;
    paintSoon();
  }

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
    onEnd(current());
  }

  function clear() {
    pointer = null;
    drawn = [];
    news = false;
    showState();
    paintSoon();
  }

  function rubOut() {
    clear();
    onClear();
  }

  canvas.addEventListener("pointerdown", begin);
  canvas.addEventListener("pointermove", move);
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(type, end);
  }
  canvas.addEventListener("keydown", (event) => {
    // On an empty pad the keys keep the meaning that they have for the page.
    if (!RUBBERS.has(event.key) || drawn.length === 0) return;
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
  new ResizeObserver(() => paint(canvas, current())).observe(canvas);
  showState();

  return {
    element,
    strokes: current,
    clear,
    setEnabled(flag, words = "") {
      enabled = flag;
      message = words;
      if (!enabled) endStroke();
      showState();
    },
    reference() {
      const { width, height } = sizeOf(canvas);
      return Math.min(width, height);
    },
    redraw: paintSoon,
  };
}

/**
 * @param {string} label
 * @returns {{element: HTMLDivElement, canvas: HTMLCanvasElement, hint: HTMLDivElement,
 *   button: HTMLButtonElement}}
 */
function build(label) {
  const element = document.createElement("div");
  element.className = "pad";
  element.style.position = "relative";

  const canvas = document.createElement("canvas");
  canvas.className = "pad-ink";
  canvas.dataset.testid = "draw-pad";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  // A size of its own, or its bitmap's would be its layout's, and grow with each painting.
  canvas.style.display = "block";
  canvas.style.width = "100%";
  canvas.style.aspectRatio = "1";
  // Without these a finger scrolls the page, and a stroke selects the text beside the pad.
  canvas.style.touchAction = "none";
  canvas.style.userSelect = "none";
  canvas.style.webkitUserSelect = "none";

  const hint = document.createElement("div");
  hint.className = "pad-hint";
  hint.style.position = "absolute";
  hint.style.inset = "0";
  hint.style.pointerEvents = "none";

  const button = document.createElement("button");
  button.type = "button";
  button.className = "pad-clear";
  button.textContent = "Clear";
  button.setAttribute("aria-label", "Clear the drawing");

  element.append(canvas, hint, button);
  return { element, canvas, hint, button };
}

/**
 * @typedef {object} Size in CSS pixels
 * @property {number} width
 * @property {number} height
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Size}
 */
function sizeOf(canvas) {
  return { width: canvas.clientWidth, height: canvas.clientHeight };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PointerEvent} event
 * @returns {Point} where the pointer is; beside the pad, too, so that a stroke that runs over the
 *   edge keeps its shape
 */
function positionOn(canvas, event) {
  const box = canvas.getBoundingClientRect();
  // Unlike offsetX, this holds for coalesced events; the ratio undoes a CSS transform.
  const x = (event.clientX - box.left) * (canvas.offsetWidth / box.width) - canvas.clientLeft;
  const y = (event.clientY - box.top) * (canvas.offsetHeight / box.height) - canvas.clientTop;
  return [x, y];
}

/**
 * @typedef {object} Fit
 * @property {number} scale
 * @property {number} x shift in CSS pixels, after scaling
 * @property {number} y
 */

/**
 * Fit a pad into another, keeping shapes and the middle.
 *
 * @param {Size} from
 * @param {Size} to
 * @returns {Fit}
 */
function fromTo(from, to) {
  const scale = Math.min(to.width / from.width, to.height / from.height);
  // A pad that is not laid out has no size.
  if (!(scale > 0 && scale < Infinity)) return { scale: 1, x: 0, y: 0 };
  const x = (to.width - scale * from.width) / 2;
  return { scale, x, y: (to.height - scale * from.height) / 2 };
}

/**
 * @param {Fit} fit
 * @returns {Fit} not `fromTo` the other way round, which fits pads of another shape otherwise
 */
function inverse({ scale, x, y }) {
  return { scale: 1 / scale, x: -x / scale, y: -y / scale };
}

/**
 * @param {Stroke[]} strokes
 * @param {Fit} fit
 * @returns {Stroke[]}
 */
function mapped(strokes, { scale, x, y }) {
  const move = (point) => [scale * point[0] + x, scale * point[1] + y];
  return strokes.map((stroke) => stroke.map(move));
}

/**
 * @param {Stroke} stroke changed: points are added that are away from the one before
 * @param {Point[]} points
 * @returns {boolean} whether any were
 */
function append(stroke, points) {
  const before = stroke.length;
  for (const point of points) {
    const last = stroke.at(-1);
    if (!last || Math.hypot(point[0] - last[0], point[1] - last[1]) >= STEP) stroke.push(point);
  }
  return stroke.length > before;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Stroke[]} strokes in CSS pixels
 */
function paint(canvas, strokes) {
  const { width, height } = sizeOf(canvas);
  const ratio = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Setting a canvas's size, even to what it is, costs a new bitmap.
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;

  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.strokeStyle = getComputedStyle(canvas).color;
  context.lineWidth = PEN * Math.min(width, height);
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const stroke of strokes) ink(context, stroke);
}

/**
 * Draw a stroke as a smooth curve: through the middles between its points, bent by the points.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} stroke
 */
function ink(context, stroke) {
  const [[startX, startY]] = stroke;
  const [endX, endY] = stroke.at(-1);
  context.beginPath();
  context.moveTo(startX, startY);
  for (let i = 1; i < stroke.length - 1; i++) {
    const [x, y] = stroke[i];
    const [nextX, nextY] = stroke[i + 1];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  // Of a dot this is a line without length, which round caps make a disc.
  context.lineTo(endX, endY);
  context.stroke();
}
