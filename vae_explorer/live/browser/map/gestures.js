/** Pointers on the map: drag to pan, wheel and pinch to zoom, tap to choose, hover to look. */

// Pixels a pointer may stray and still tap.
const STRAY = 3;

/**
 * @param {HTMLElement} element the map's surface
 * @param {Object} on
 * @param {(left: number, top: number) => void} on.hover
 * @param {() => void} on.leave
 * @param {(left: number, top: number) => void} on.tap
 * @param {(left: number, top: number) => void} on.pan by pixels
 * @param {(factor: number, left: number, top: number) => void} on.zoom how much more to show
 * @param {() => void} on.end of a pan or a zoom
 * @param {AbortSignal} signal ends it all
 */
export function listen(element, on, signal) {
  /** Pointers that are down, by number: where they are. */
  const down = new Map();
  let strayed = false;
  let pause = 0;

  const place = (event) => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const options = { signal };

  element.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      capture(element, event);
      strayed = down.size > 0 && strayed;
      down.set(event.pointerId, place(event));
      if (down.size > 1) strayed = true;
    },
    options,
  );

  element.addEventListener(
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
      if (down.size === 1) {
        on.pan(now[0] - before[0], now[1] - before[1]);
      } else {
        const [other] = [...down].find(([id]) => id !== event.pointerId).slice(1);
        pinch(before, now, other);
      }
      down.set(event.pointerId, now);
    },
    options,
  );

  function pinch(before, now, other) {
    const [was, is] = [before, now].map(([x, y]) => Math.hypot(x - other[0], y - other[1]));
    if (is < 1 || was < 1) return;
    const middle = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
    on.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    on.zoom(was / is, ...middle);
  }

  const up = (event) => {
    const at = down.get(event.pointerId);
    if (!at) return;
    down.delete(event.pointerId);
    if (strayed && !down.size) on.end();
    else if (!strayed && event.type === "pointerup") on.tap(...at);
  };
  element.addEventListener("pointerup", up, options);
  element.addEventListener("pointercancel", up, options);
  // After an up there is nothing left to do; without one, this is the end.
  element.addEventListener("lostpointercapture", up, options);
  element.addEventListener(
    "pointerleave",
    (event) => {
      if (!down.has(event.pointerId)) on.leave();
    },
    options,
  );

  element.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      // A notch of a wheel is 100 pixels, or 3 lines.
      const pixels = event.deltaY * (event.deltaMode === 1 ? 33 : 1);
      on.zoom(Math.exp(Math.max(-200, Math.min(200, pixels)) / 500), ...place(event));
      clearTimeout(pause);
      pause = setTimeout(on.end, 300);
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
 * @param {() => void} on.end
 * @param {(left: number, top: number) => void} [on.tap] in place of `end`, where it did not move
 * @param {AbortSignal} signal
 */
export function makeDraggable(element, map, on, signal) {
  let held = null;
  const place = (event) => {
    const box = map.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
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
        from: place(event),
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
      const [left, top] = place(event);
      held.moved ||= Math.hypot(left - held.from[0], top - held.from[1]) >= STRAY;
      if (held.moved) on.move(left - held.left, top - held.top);
    },
    { signal },
  );
  const up = (event) => {
    if (held?.id !== event.pointerId) return;
    const { moved } = held;
    held = null;
    if (!moved && on.tap && event.type === "pointerup") on.tap(...place(event));
    else on.end();
  };
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", up, { signal });
  element.addEventListener("lostpointercapture", up, { signal });
}

function capture(element, event) {
  try {
    element.setPointerCapture(event.pointerId);
  } catch {
    // A pointer that is already gone cannot be captured, and need not be.
  }
}
