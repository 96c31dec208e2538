/** Strokes to pictures: what must not change them, where the ink lies, what is no ink. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { frameOf, prepareDigit } from "../../vae_explorer/live/browser/panels/prepare-digit.js";

const TURN = 2 * Math.PI;

/** An arc of an ellipse as a stroke, sampled densely. */
function arc(x, y, width, height, from = 0, to = 1, points = 60) {
  return Array.from({ length: points + 1 }, (_, i) => {
    const angle = TURN * (from + ((to - from) * i) / points);
    return [x + (width / 2) * Math.sin(angle), y - (height / 2) * Math.cos(angle)];
  });
}

/** A stroke through points: x, y, x, y, ... */
function line(...numbers) {
  return Array.from({ length: numbers.length / 2 }, (_, k) => numbers.slice(2 * k, 2 * k + 2));
}

const DRAWINGS = {
  zero: [arc(100, 120, 90, 150)],
  one: [line(140, 30, 140, 230)],
  slash: [line(170, 30, 120, 225)],
  four: [line(90, 40, 70, 140, 190, 140), line(160, 60, 150, 250)],
  seven: [line(60, 40, 180, 45, 110, 220)],
  nine: [arc(130, 80, 70, 80), line(165, 80, 160, 150, 140, 240)],
  wide: [line(20, 140, 260, 150)],
};

const moved = (strokes, dx, dy, scale = 1) =>
  strokes.map((stroke) => stroke.map(([x, y]) => [scale * x + dx, scale * y + dy]));

const difference = (a, b) => a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i])), 0);

const total = (picture) => picture.reduce((sum, ink) => sum + ink, 0);

/** Centre of mass as [x, y], pixel i at i + 0.5. */
function centreOfMass(picture, size) {
  let [x, y] = [0, 0];
  picture.forEach((ink, i) => {
    x += ink * ((i % size) + 0.5);
    y += ink * (Math.floor(i / size) + 0.5);
  });
  return [x / total(picture), y / total(picture)];
}

/** How many columns and rows have ink. */
function inked(picture, size) {
  const [columns, rows] = [new Set(), new Set()];
  picture.forEach((ink, i) => {
    if (ink === 0) return;
    columns.add(i % size);
    rows.add(Math.floor(i / size));
  });
  return [columns.size, rows.size];
}

for (const [name, strokes] of Object.entries(DRAWINGS)) {
  test(`${name}: the same picture wherever it is drawn`, () => {
    const picture = prepareDigit(strokes);
    for (const [dx, dy] of line(0.3, 0.7, -61.37, 12.9, 1000 / 3, -400.01, 0, 1e5 + 0.1)) {
      assert.ok(difference(picture, prepareDigit(moved(strokes, dx, dy))) < 1e-5);
    }
  });

  test(`${name}: the same picture however large it is drawn`, () => {
    const picture = prepareDigit(strokes, 28, { reference: 280 });
    for (const scale of [0.2, 0.5, 1.37, 3]) {
      const other = prepareDigit(moved(strokes, 5, 7, scale), 28, { reference: 280 });
      assert.ok(difference(picture, other) < 1e-5);
    }
  });

  test(`${name}: its centre of mass where MNIST's is, values in [0, 1]`, () => {
    const picture = prepareDigit(strokes);
    assert.equal(picture.length, 28 * 28);
    assert.ok(picture instanceof Float32Array);
    assert.ok(picture.every((ink) => ink >= 0 && ink <= 1));
    for (const at of centreOfMass(picture, 28)) assert.ok(Math.abs(at - 14.5) < 0.05);
  });

  test(`${name}: its ink fills a box of 20 pixels along its longer side`, () => {
    const spans = inked(prepareDigit(strokes), 28);
    // A box of 20 that does not begin at a pixel's edge touches 21.
    assert.ok(Math.max(...spans) >= 20 && Math.max(...spans) <= 21, String(spans));
  });

  test(`${name}: the order and the direction of strokes do not matter`, () => {
    const backwards = strokes.map((stroke) => [...stroke].reverse()).reverse();
    assert.ok(difference(prepareDigit(strokes), prepareDigit(backwards)) < 1e-5);
  });

  test(`${name}: how densely a stroke was sampled does not matter`, () => {
    const halved = strokes.map((stroke) =>
      stroke.flatMap(([x, y], i) => {
        const [a, b] = stroke[i - 1] ?? [x, y];
        return line((a + x) / 2, (b + y) / 2, x, y);
      }),
    );
    assert.ok(difference(prepareDigit(strokes), prepareDigit(halved)) < 1e-5);
  });
}

test("no strokes, empty strokes and strokes of nothing finite are an empty picture", () => {
  const nothing = [line(NaN, 1)];
  for (const strokes of [[], [[]], [[], []], nothing, [line(Infinity, 0, 3, NaN)], [[[]]]]) {
    assert.deepEqual(prepareDigit(strokes), new Float32Array(28 * 28));
  }
});

test("points that are not finite are left out", () => {
  const strokes = [line(NaN, 0, 60, 40, Infinity, 40, 180, 45, 110, 220, 5, NaN), []];
  assert.deepEqual(prepareDigit(strokes), prepareDigit(DRAWINGS.seven));
});

test("the strokes are left as they were", () => {
  const strokes = structuredClone(DRAWINGS.four);
  prepareDigit(strokes);
  assert.deepEqual(strokes, DRAWINGS.four);
});

test("typed arrays are strokes too", () => {
  const strokes = DRAWINGS.four.map((stroke) => stroke.map((point) => Float64Array.from(point)));
  assert.deepEqual(prepareDigit(strokes), prepareDigit(DRAWINGS.four));
});

for (const options of [{}, { reference: 280 }]) {
  test(`a dot is a disc of the pen's width, ${JSON.stringify(options)}`, () => {
    const dot = prepareDigit([[[37.3, 81.9]]], 28, options);
    const area = Math.PI * (frameOf(28).pen / 2) ** 2;
    assert.ok(Math.abs(total(dot) - area) < 0.05 * area, String(total(dot)));
    for (const at of centreOfMass(dot, 28)) assert.ok(Math.abs(at - 14.5) < 0.05);
    const held = [line(37.3, 81.9, 37.3, 81.9, 37.3, 81.9)];
    assert.deepEqual(prepareDigit(held, 28, options), dot);
  });
}

test("a blot is not blown up where the pad's size is known", () => {
  const blot = [arc(100, 100, 4, 6)];
  const spans = inked(prepareDigit(blot, 28, { reference: 280 }), 28);
  assert.ok(Math.max(...spans) <= 9, String(spans));
  assert.equal(Math.max(...inked(prepareDigit(blot), 28)) >= 20, true);
});

test("a drawing that grows past a blot grows without a jump", () => {
  const one = (length) => prepareDigit([line(0, 0, 0, length)], 28, { reference: 280 });
  assert.ok(difference(one(27.999), one(28.001)) < 1e-3);
});

test("a vertical line is 20 rows high and as wide as the pen", () => {
  const picture = prepareDigit(DRAWINGS.one);
  const [columns, rows] = inked(picture, 28);
  assert.ok(rows === 20 || rows === 21, String(rows));
  assert.ok(columns <= 5, String(columns));
  const row = Array.from(picture.subarray(14 * 28, 15 * 28));
  assert.ok(Math.abs(total(row) - frameOf(28).pen) < 0.05, String(total(row)));
  // Its middle is a pixel's middle, so left and right of it are alike.
  for (const step of [1, 2]) assert.ok(Math.abs(row[14 - step] - row[14 + step]) < 1e-6);
});

test("strokes that cross are no darker than one", () => {
  const plus = prepareDigit([line(0, 50, 100, 50), line(50, 0, 50, 100)]);
  assert.ok(Math.abs(plus[14 * 28 + 14] - 1) < 1e-6);
  assert.deepEqual(
    prepareDigit([...DRAWINGS.seven, ...DRAWINGS.seven]),
    prepareDigit(DRAWINGS.seven),
  );
});

test("ink is never pushed off the picture for the sake of its centre of mass", () => {
  const scribble = Array.from({ length: 200 }, (_, i) => [i % 2 ? 0 : 450, i / 2]);
  const lopsided = [scribble, line(225, 100, 225, 600)];
  const picture = prepareDigit(lopsided);
  assert.equal(inked(picture, 28)[1], 20);
});

test("an 8x8 picture is filled from edge to edge", () => {
  for (const [name, strokes] of Object.entries(DRAWINGS)) {
    const picture = prepareDigit(strokes, 8);
    assert.equal(picture.length, 64);
    assert.equal(Math.max(...inked(picture, 8)), 8, name);
    assert.ok(Math.max(...picture) > 0.5, name);
    const elsewhere = prepareDigit(moved(strokes, -7.77, 3.21, 1.5), 8);
    assert.ok(difference(picture, elsewhere) < 1e-5, name);
  }
});

test("other sizes keep MNIST's proportions", () => {
  const { box, centre, pen } = frameOf(56);
  assert.deepEqual([box, centre], [40, 29]);
  assert.ok(Math.abs(pen - 2 * frameOf(28).pen) < 1e-9);
  const picture = prepareDigit(DRAWINGS.seven, 56);
  for (const at of centreOfMass(picture, 56)) assert.ok(Math.abs(at - 29) < 0.1);
});
