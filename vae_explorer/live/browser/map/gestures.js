/** Pointers on the map: drag to pan, wheel and pinch to zoom, tap to select, hover to look. */

// Pixels a pointer may stray and still tap.
const STRAY = 3;

/** @typedef {[number, number]} Pixels from the top left corner of the map */

/**
 * @typedef {Object} Gestures
 * @property {(left: number, top: number) => void} hover
 * @property {() => void} leave
 * @property {(left: number, top: number) => void} tap
 * @property {(left: number, top: number) => void} pan by pixels
 * @property {(factor: number, left: number, top: number) => void} zoom how much more to show
 */

/**
 * @param {HTMLElement} surface that hears the pointers
 * @param {HTMLElement} map that hears the wheel, over the handle too; places are told from its corner
 * @param {Gestures} on
 * @param {{signal: AbortSignal, wheelNeedsKey: boolean}} options
 */
export function listen(surface, map, on, { signal, wheelNeedsKey }) {
  /** Pointers that are down, by number: where they are. @type {Map<number, Pixels>} */
  const down = new Map();
  let strayed = false;

  const place = (/** @type {MouseEvent} */ event) => placeIn(map, event);
  const options = { signal };

  surface.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      capture(surface, event);
      strayed = down.size > 0 && strayed;
      down.set(event.pointerId, place(event));
      if (down.size > 1) strayed = true;
    },
    options,
  );

  surface.addEventListener(
    "pointermove",
    (event) => {
      const now = place(event);
      const before = down.get(event.pointerId);
      if (!before) {
        if (event.pointerType !== "touch") on.hover(...now);
        return;
      }
      if (!strayed && Math.hypot(now[0] - before[0], now[1] - before[1]) < STRAY) return;
      strayed = true;
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      if (other) pinch(before, now, other);
      // One finger scrolls the page: a swipe that pans the data away would trap the reader.
      else if (event.pointerType !== "touch") on.pan(now[0] - before[0], now[1] - before[1]);
      down.set(event.pointerId, now);
    },
    options,
  );

  function pinch(
    /** @type {Pixels} */ before,
    /** @type {Pixels} */ now,
    /** @type {Pixels} */ other,
  ) {
    const [was, is] = [before, now].map(([x, y]) => Math.hypot(x - other[0], y - other[1]));
    if (is < 1 || was < 1) return;
    on.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    on.zoom(was / is, (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  }

  const up = (/** @type {PointerEvent} */ event) => {
    const at = down.get(event.pointerId);
    if (!at) return;
    down.delete(event.pointerId);
    if (!strayed && event.type === "pointerup") on.tap(...at);
  };
  surface.addEventListener("pointerup", up, options);
  surface.addEventListener("pointercancel", up, options);
  // After an up there is nothing left to do; without one, this is the end.
  surface.addEventListener("lostpointercapture", up, options);
  surface.addEventListener(
    "pointerleave",
    (event) => {
      if (!down.has(event.pointerId)) on.leave();
    },
    options,
  );

  // Two fingers are the map's; the browser would scroll or enlarge the page with them.
  surface.addEventListener(
    "touchstart",
    (event) => {
      if (event.touches.length > 1 && event.cancelable) event.preventDefault();
    },
    { signal, passive: false },
  );

  map.addEventListener(
    "wheel",
    (event) => {
      if (wheelNeedsKey && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      // A notch of a wheel is 100 pixels, or 3 lines.
      const pixels = event.deltaY * (event.deltaMode === 1 ? 33 : 1);
      on.zoom(Math.exp(Math.max(-200, Math.min(200, pixels)) / 500), ...place(event));
    },
    { signal, passive: false },
  );
}

/**
 * Make an element follow the pointer that takes it.
 * @param {HTMLElement} element
 * @param {HTMLElement} map places are told from its top left corner, in pixels
 * @param {Object} on
 * @param {() => void} [on.start]
 * @param {(left: number, top: number) => void} on.move
 * @param {() => void} [on.end]
 * @param {(left: number, top: number) => void} [on.tap] in place of `end`, where it did not move
 * @param {AbortSignal} signal
 */
export function makeDraggable(element, map, on, signal) {
  /** @type {{id: number, from: Pixels, left: number, top: number, moved: boolean}|null} */
  let held = null;
  element.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || held) return;
      event.stopPropagation();
      capture(element, event);
      const box = element.getBoundingClientRect();
      // It is held where it was taken, and does not jump to the pointer.
      held = {
        id: event.pointerId,
        from: placeIn(map, event),
        left: event.clientX - (box.left + box.width / 2),
        top: event.clientY - (box.top + box.height / 2),
        moved: false,
      };
      on.start?.();
    },
    { signal },
  );
  element.addEventListener(
    "pointermove",
    (event) => {
      if (held?.id !== event.pointerId) return;
      const [left, top] = placeIn(map, event);
      held.moved ||= Math.hypot(left - held.from[0], top - held.from[1]) >= STRAY;
      if (held.moved) on.move(left - held.left, top - held.top);
    },
    { signal },
  );
  const up = (/** @type {PointerEvent} */ event) => {
    if (held?.id !== event.pointerId) return;
    const { moved } = held;
    held = null;
    if (!moved && on.tap && event.type === "pointerup") on.tap(...placeIn(map, event));
    else on.end?.();
  };
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", up, { signal });
  element.addEventListener("lostpointercapture", up, { signal });
}

/** @returns {Pixels} */
function placeIn(/** @type {HTMLElement} */ map, /** @type {MouseEvent} */ event) {
  const box = map.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function capture(/** @type {HTMLElement} */ element, /** @type {PointerEvent} */ event) {
  try {
    element.setPointerCapture(event.pointerId);
  } catch {
    // A pointer that is already gone cannot be captured, and need not be.
  }
}
