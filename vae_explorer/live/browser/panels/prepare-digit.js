/**
 * Pen strokes into a picture prepared as MNIST's were (LeCun et al., 1998): fitted into a box of
 * 20x20 keeping its shape, then moved until its centre of mass is at the picture's centre.
 *
 * Everything is done on the strokes' vectors, never on the pad's bitmap, so that neither the
 * place, nor the size, nor the density of the screen's pixels changes the picture.
 *
 * Coordinates within a picture are continuous, in its pixels: pixel i covers [i, i + 1].
 */

/** @typedef {ArrayLike<number>} Point `[x, y]`, y downwards, in any one unit */
/** @typedef {ArrayLike<Point>} Stroke a pen's path; of one point, a dot */

/**
 * @typedef {object} Frame how pictures of one size are prepared, all in picture pixels
 * @property {number} box side of the square that the ink is fitted into
 * @property {number} centre where the centre of mass goes, along x and along y
 * @property {number} pen width of a stroke, between its half-grey edges
 * @property {number} softness width of the ramp from ink to paper, before pixels average it
 */

/** Below this size a picture has no room for a margin: the box is the whole picture. */
const SMALLEST_WITH_MARGIN = 16;

/**
 * Pen width as a share of the box: 2.8 of 20 pixels. Straight ones of MNIST's test split (820)
 * are 2.87 pixels wide between half-grey edges, median 2.78, standard deviation 0.81.
 */
const PEN = 2.8 / 20;

/** Where there is no margin, 1.4 of 8 pixels: it gives the mean ink of scikit-learn's digits. */
const PEN_WITHOUT_MARGIN = 1.4 / 8;

/**
 * Width of the ramp between ink and paper, as a share of the box: 0.4 of 20 pixels. MNIST's edges
 * fall by one grey range a pixel, as a hard edge averaged over pixels does, with short tails.
 * With this pen 252 drawn digits have 1.01 times the ink of MNIST's classes, 19.6 % of their
 * pixels inked (MNIST 19.3 %), of these 48 % nearly black (47 %) and 13 % nearly white (9 %).
 */
const SOFTNESS = 0.4 / 20;

/** Samples along a picture's side at least, and a pixel's at least. */
const LATTICE = 112;
const SAMPLES = 4;

/** A drawing smaller than this share of the reference is a blot, and is not enlarged further. */
const BLOT = 0.1;

/**
 * Say how pictures of a size are prepared.
 *
 * In MNIST's test split the ink spans 20 pixels in 9,997 of 10,000 pictures, and the centre of
 * mass has a mean index of (14.008, 13.993), spread evenly over [13.5, 14.5] (standard deviation
 * 0.29) because whole pixels were shifted: index 14 was aimed at, which is 14.5 here.
 * scikit-learn's digits fill all 8 rows, about index (3.57, 3.48): the picture's middle.
 *
 * @param {number} size side of the picture
 * @returns {Frame}
 */
export function frameOf(size) {
  const margin = size >= SMALLEST_WITH_MARGIN;
  const box = margin ? (size * 20) / 28 : size;
  const centre = margin ? (size * 14.5) / 28 : size / 2;
  const pen = (margin ? PEN : PEN_WITHOUT_MARGIN) * box;
  return { box, centre, pen, softness: SOFTNESS * box };
}

/**
 * Draw strokes as a picture that a model trained on MNIST takes for one of its own.
 *
 * The picture does not depend on where the strokes are, nor on how large they are as long as
 * they are larger than a tenth of `reference`.
 *
 * @param {ArrayLike<Stroke>} strokes points that are not finite are left out
 * @param {number} [size] side of the picture in pixels
 * @param {object} [options]
 * @param {number} [options.reference] the pad's side, in the strokes' unit: keeps a blot small
 * @returns {Float32Array} size * size values in [0, 1], row by row, ink 1; all 0 without strokes
 */
export function prepareDigit(strokes, size = 28, options = {}) {
  const frame = frameOf(size);
  const lines = finitePoints(strokes);
  if (lines.length === 0) return new Float32Array(size * size);

  const box = boundsOf(lines);
  const scale = fittingScale(box, frame, options.reference ?? 0);
  const middle = { x: size / 2, y: size / 2 };
  const first = rasterise(placed(lines, box, scale, middle), size, frame);
  const mass = centreOfMass(first, size);

  const room = size / 2 - inkMargin(frame);
  const at = {
    x: middle.x + within(frame.centre - mass.x, room - (scale * box.width) / 2),
    y: middle.y + within(frame.centre - mass.y, room - (scale * box.height) / 2),
  };
  return rasterise(placed(lines, box, scale, at), size, frame);
}

/**
 * @param {ArrayLike<Stroke>} strokes
 * @returns {Float64Array[]} x, y, x, y, ... of each stroke that has a finite point
 */
function finitePoints(strokes) {
  return Array.from(strokes, (stroke) => {
    const points = Array.from(stroke).filter(
      (point) => Number.isFinite(point[0]) && Number.isFinite(point[1]),
    );
    return Float64Array.from(points.flatMap((point) => [point[0], point[1]]));
  }).filter((line) => line.length > 0);
}

/**
 * @typedef {object} Bounds of the pen's centre line, in the strokes' unit
 * @property {number} x middle
 * @property {number} y middle
 * @property {number} width
 * @property {number} height
 */

/**
 * @param {Float64Array[]} lines
 * @returns {Bounds}
 */
function boundsOf(lines) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines) {
    for (let i = 0; i < line.length; i += 2) {
      left = Math.min(left, line[i]);
      right = Math.max(right, line[i]);
      top = Math.min(top, line[i + 1]);
      bottom = Math.max(bottom, line[i + 1]);
    }
  }
  const [width, height] = [right - left, bottom - top];
  return { x: left + width / 2, y: top + height / 2, width, height };
}

/**
 * @param {Frame} frame
 * @returns {number} how far ink reaches beyond the pen's centre line, in picture pixels
 */
function inkMargin(frame) {
  return (frame.pen + frame.softness) / 2;
}

/**
 * @param {Bounds} box
 * @param {Frame} frame
 * @param {number} reference side of the pad in the strokes' unit, or 0
 * @returns {number} picture pixels per unit of the strokes
 */
function fittingScale(box, frame, reference) {
  const extent = Math.max(box.width, box.height, BLOT * reference);
  return extent > 0 ? (frame.box - 2 * inkMargin(frame)) / extent : 0;
}

/**
 * @param {Float64Array[]} lines in the strokes' unit
 * @param {Bounds} box
 * @param {number} scale
 * @param {{x: number, y: number}} at where the box's middle goes, in picture pixels
 * @returns {Float64Array[]} lines in picture pixels
 */
function placed(lines, box, scale, at) {
  return lines.map((line) =>
    line.map((value, i) =>
      i % 2 === 0 ? at.x + scale * (value - box.x) : at.y + scale * (value - box.y),
    ),
  );
}

/**
 * @param {number} value
 * @param {number} limit below 0 counts as 0
 * @returns {number} the nearest number to value in [-limit, limit]
 */
function within(value, limit) {
  const most = Math.max(limit, 0);
  return Math.min(Math.max(value, -most), most);
}

/**
 * @param {Float64Array[]} lines in picture pixels
 * @param {number} size
 * @param {Frame} frame
 * @returns {Float32Array} size * size grey values
 */
function rasterise(lines, size, frame) {
  const perPixel = Math.max(SAMPLES, Math.ceil(LATTICE / size));
  const side = size * perPixel;
  const squared = new Float32Array(side * side).fill(Infinity);
  const reach = inkMargin(frame);
  const full = ((frame.pen - frame.softness) / 2) ** 2;
  for (const line of lines) {
    // A dot is a segment without length.
    const last = Math.max(line.length - 2, 2);
    for (let i = 0; i < last; i += 2) {
      const j = Math.min(i + 2, line.length - 2);
      const [ax, ay, bx, by] = [line[i], line[i + 1], line[j], line[j + 1]];
      nearSegment(squared, side, perPixel, reach, full, ax, ay, bx, by);
    }
  }
  return averaged(squared, side, perPixel, frame);
}

/**
 * Lower the samples' squared distances to those from a segment, for samples within its reach.
 *
 * @param {Float32Array} squared side * side squared distances, in picture pixels; changed
 * @param {number} side samples along the picture's side
 * @param {number} perPixel samples along a pixel's side
 * @param {number} reach picture pixels
 * @param {number} full squared distance within which a sample is all ink: no nearer line matters
 * @param {number} ax
 * @param {number} ay
 * @param {number} bx
 * @param {number} by
 */
function nearSegment(squared, side, perPixel, reach, full, ax, ay, bx, by) {
  const dx = bx - ax;
  const dy = by - ay;
  const length2 = dx * dx + dy * dy;
  const perLength2 = length2 > 0 ? 1 / length2 : 0;
  const first = (/** @type {number} */ value) =>
    Math.max(Math.floor((value - reach) * perPixel), 0);
  const last = (/** @type {number} */ value) =>
    Math.min(Math.ceil((value + reach) * perPixel), side);
  const [left, right] = [first(Math.min(ax, bx)), last(Math.max(ax, bx))];
  const [top, bottom] = [first(Math.min(ay, by)), last(Math.max(ay, by))];
  const step = 1 / perPixel;
  for (let row = top; row < bottom; row++) {
    const y = (row + 0.5) * step - ay;
    for (let column = left; column < right; column++) {
      const at = row * side + column;
      if (squared[at] <= full) continue;
      const x = (column + 0.5) * step - ax;
      const t = Math.min(Math.max((x * dx + y * dy) * perLength2, 0), 1);
      const ex = x - t * dx;
      const ey = y - t * dy;
      const distance2 = ex * ex + ey * ey;
      if (distance2 < squared[at]) squared[at] = distance2;
    }
  }
}

/**
 * Turn distances into ink, and average it over each pixel.
 *
 * @param {Float32Array} squared side * side squared distances
 * @param {number} side
 * @param {number} perPixel
 * @param {Frame} frame
 * @returns {Float32Array} grey values in [0, 1]
 */
function averaged(squared, side, perPixel, frame) {
  const size = side / perPixel;
  const sums = new Float64Array(size * size);
  const radius = frame.pen / 2;
  const reach2 = inkMargin(frame) ** 2;
  for (let row = 0; row < side; row++) {
    const start = Math.floor(row / perPixel) * size;
    for (let column = 0; column < side; column++) {
      const distance2 = squared[row * side + column];
      if (distance2 >= reach2) continue;
      const ink = (radius - Math.sqrt(distance2)) / frame.softness + 0.5;
      sums[start + Math.floor(column / perPixel)] += Math.min(ink, 1);
    }
  }
  return Float32Array.from(sums, (sum) => sum / (perPixel * perPixel));
}

/**
 * @param {Float32Array} picture
 * @param {number} size
 * @returns {{x: number, y: number}} in picture pixels
 */
function centreOfMass(picture, size) {
  let [mass, x, y] = [0, 0, 0];
  picture.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % size) + 0.5);
    y += ink * (Math.floor(i / size) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}
