/** Where a class's label stands on the map: where it is dense and by itself. */

const CELLS = 16;

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
