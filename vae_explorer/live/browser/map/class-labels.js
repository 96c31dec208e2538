/** Where a class's label stands on the map: where it is dense and by itself. */

const CELLS = 16;
// Pixels between the middles of labels above each other, and how often they are moved apart.
export const LABEL = 25;
const TURNS = 20;

/** @typedef {{x: number, y: number, width: number}} Box the middle of a label, in pixels */

/**
 * The middle of a class's points in one cell of a coarse grid: the one with the most of them, each
 * cell weighed by the class's share of it. Medians will not do: in a good plane the classes are
 * rays, whose medians crowd around the origin.
 * @param {Float32Array} xy coordinates, (N, 2)
 * @param {Uint8Array} label (N,)
 * @param {number} classes how many there are
 * @param {import("../space/view.js").Box} box what counts
 * @returns {([number, number]|null)[]} for each class a place, or null for one without points
 */
export function placeLabels(xy, label, classes, [left, bottom, right, top]) {
  const count = new Int32Array(classes * CELLS * CELLS);
  const all = new Int32Array(CELLS * CELLS);
  const cellOf = (/** @type {number} */ n) => {
    const column = Math.floor(((xy[2 * n] - left) / (right - left)) * CELLS);
    const row = Math.floor(((xy[2 * n + 1] - bottom) / (top - bottom)) * CELLS);
    const inside = column >= 0 && column < CELLS && row >= 0 && row < CELLS;
    return inside ? row * CELLS + column : -1;
  };
  for (let n = 0; n < label.length; n++) {
    const cell = cellOf(n);
    if (cell < 0) continue;
    count[label[n] * CELLS * CELLS + cell]++;
    all[cell]++;
  }
  const best = Array.from({ length: classes }, (_, kind) => {
    const own = count.subarray(kind * CELLS * CELLS, (kind + 1) * CELLS * CELLS);
    let [found, most] = [-1, 0];
    own.forEach((here, cell) => {
      const weight = here && (here * here) / all[cell];
      if (weight > most) [found, most] = [cell, weight];
    });
    return found;
  });
  const sums = best.map(() => [0, 0, 0]);
  for (let n = 0; n < label.length; n++) {
    if (best[label[n]] < 0 || cellOf(n) !== best[label[n]]) continue;
    const sum = sums[label[n]];
    sum[0] += xy[2 * n];
    sum[1] += xy[2 * n + 1];
    sum[2]++;
  }
  return sums.map(([x, y, n]) => (n ? [x / n, y / n] : null));
}

/**
 * Labels moved until none lies on another. What comes out is continuous in what goes in, and hangs
 * on nothing else: no label jumps while the map is moved.
 * @param {(Box|null)[]} labels
 * @param {Box[]} [fixed] what they give way to
 * @returns {(Box|null)[]}
 */
export function spreadLabels(labels, fixed = []) {
  const moved = labels.map((label) => label && { ...label });
  const shown = moved.filter((label) => label !== null);
  for (let turn = 0; turn < TURNS; turn++) {
    for (let k = 0; k < shown.length; k++) {
      for (const other of fixed) moveApart(shown[k], other, 1, 0);
      for (let n = k + 1; n < shown.length; n++) moveApart(shown[k], shown[n], 0.5, 0.5);
    }
  }
  return moved;
}

/** Move two labels apart on the line through both, each by its share of what is missing. */
function moveApart(
  /** @type {Box} */ one,
  /** @type {Box} */ other,
  /** @type {number} */ share,
  /** @type {number} */ otherShare,
) {
  const [dx, dy] = [one.x - other.x, one.y - other.y || 1e-3];
  // How far they are apart, where 1 is far enough: a rounded box.
  const [across, up] = [(2 * dx) / (one.width + other.width), dy / LABEL];
  if (across * across >= 1 || up * up >= 1) return;
  const apart = Math.sqrt(Math.sqrt(across * across * across * across + up * up * up * up));
  if (apart >= 1) return;
  const missing = 1 / apart - 1;
  one.x += share * missing * dx;
  one.y += share * missing * dy;
  other.x -= otherShare * missing * dx;
  other.y -= otherShare * missing * dy;
}

/**
 * Places on their way to others.
 * @param {([number, number]|null)[]} from
 * @param {([number, number]|null)[]} to
 * @param {number} share of the way
 * @returns {([number, number]|null)[]}
 */
export function towards(from, to, share) {
  return to.map((place, kind) => {
    const before = from[kind];
    if (!place || !before) return place;
    return [before[0] + share * (place[0] - before[0]), before[1] + share * (place[1] - before[1])];
  });
}
