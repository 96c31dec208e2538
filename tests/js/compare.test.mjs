/** What several checkpoints are held by: codes turned onto each other, digits, ways between them. */
import assert from "node:assert/strict";
import test from "node:test";
import { Reel } from "../../vae_explorer/live/browser/film/reel.js";
import {
  dimensionPlane,
  turned,
  turnedBack,
  turnedPlane,
} from "../../vae_explorer/live/browser/space/plane.js";
import { between, Subjects } from "../../vae_explorer/live/browser/space/shared.js";

// A rotation of three dimensions: x to y, y to z, z to x. Row d is where dimension d goes.
const CYCLE = [
  [0, 1, 0],
  [0, 0, 1],
  [1, 0, 0],
];

test("a code turned and turned back is itself, and lies where its plane has it", () => {
  const a = Float64Array.of(1, 2, 3);
  // b R = a: b's x goes to a's y, so b's x is a's y.
  const b = turned(a, CYCLE);
  assert.deepEqual([...b], [2, 3, 1]);
  assert.deepEqual([...turnedBack(b, CYCLE)], [...a]);
  const plane = dimensionPlane(3, 0, 2);
  assert.deepEqual(turnedPlane(plane, CYCLE).coordinates(b), plane.coordinates(a));
});

/** A space as `Space` has it, of codes given row by row. */
function space(dims, index, codes) {
  return {
    dims,
    index,
    code: (row) => Float64Array.from(codes[row]),
    variance: (row) => Float64Array.from(codes[row], () => 0.5),
    title: (row) => `row ${row}`,
  };
}

const A = space(
  2,
  [4, 9],
  [
    [1, 2],
    [3, 4],
  ],
);
const B = space(
  3,
  [9, 4],
  [
    [5, 6, 7],
    [8, 9, 10],
  ],
);
const FACTS = [{ dataset: "x" }, { dataset: "x" }];

test("one digit is taken by all that know it, whatever row they have it in", () => {
  const subjects = new Subjects([A, B], FACTS);
  assert.equal(subjects.oneSpace, false);
  const { codes, taken, title } = subjects.ofRow(0, 1);
  assert.deepEqual(
    codes.map((code) => [...code]),
    [
      [3, 4],
      [5, 6, 7],
    ],
  );
  assert.equal(taken[1].row, 0);
  assert.equal(title, "row 1");
});

test("those of another data set do not know it until they have encoded it", () => {
  const subjects = new Subjects([A, B], [{ dataset: "x" }, { dataset: "y" }]);
  const subject = subjects.ofRow(0, 0);
  assert.equal(subject.codes[1], null);
  const code = Float32Array.of(1, 2, 3, 0, Math.log(4), 0);
  assert.equal(subjects.encode(subject, 1, code), true);
  assert.deepEqual([...subject.codes[1]], [1, 2, 3]);
  assert.ok(Math.abs(subject.taken[1].variance[1] - 4) < 1e-6);
  assert.equal(subjects.encode(subject, 1, Float32Array.of(NaN, 2, 3, 0, 0, 0)), false);
});

test("one z goes through the rotations in use, from whichever it was moved in", () => {
  const C = space(3, [0], [[0, 0, 0]]);
  const subjects = new Subjects([C, C], [{ dataset: "x" }, { dataset: "x" }]);
  assert.deepEqual(
    subjects.ofCode(1, [1, 2, 3]).codes.map((code) => [...code]),
    [
      [1, 2, 3],
      [1, 2, 3],
    ],
  );
  subjects.rotations[1] = CYCLE;
  for (const k of [0, 1]) {
    const { codes } = subjects.ofCode(k, [1, 2, 3]);
    assert.deepEqual([...codes[k]], [1, 2, 3]);
    assert.deepEqual([...turnedBack(codes[1], CYCLE)], [...codes[0]]);
  }
});

test("between two subjects each goes its own way, and who lacks an end goes none", () => {
  const from = { codes: [Float64Array.of(0, 0), Float64Array.of(1, 1, 1)] };
  const to = { codes: [Float64Array.of(2, 4), null] };
  const { codes } = between(from, to, 0.25);
  assert.deepEqual([...codes[0]], [0.5, 1]);
  assert.equal(codes[1], null);
});

/** A reel of three snapshots of one digit, whose sheets are 2 x 2 pictures of one pixel. */
function reel() {
  const half = { 0: 0x0000, 1: 0x3c00, 2: 0x4000 };
  const arrays = {
    xy: Uint16Array.from([0, 0, 1, 2, 2, 2].map((value) => half[value])),
    label: Uint8Array.of(3),
    epoch: Float32Array.of(0, 1, 10),
    box: Float32Array.of(0, 0, 4),
  };
  const header = { across: 2, image_shape: [1, 1, 1] };
  const made = new Reel({ header, arrays }, [{}, {}, {}]);
  const sheet = (values) => ({
    width: 2,
    data: Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255])),
  });
  const sheets = [
    [0, 0, 0, 0],
    [255, 0, 0, 51],
    [0, 0, 0, 0],
  ];
  made.pixels = new Map(sheets.map((values, k) => [k, sheet(values)]));
  return made;
}

test("a film's codes and values are those of a snapshot, and between two of them", () => {
  const film = reel();
  assert.deepEqual([...film.xyAt(1, new Float32Array(2))], [1, 2]);
  assert.deepEqual(film.placeOf(0, 0.5), [0.5, 1]);
  assert.equal(film.value(film.epoch, 1.5), 5.5);
  assert.equal(film.value(film.epoch, 2), 10);
});

test("a film's picture is the lattice's at its cells, and between them by nearness", () => {
  const film = reel();
  // Cells have their middles at -1 and 1; the upper left one is white, the lower right one 0.2.
  const near = (place, time, expected) =>
    assert.ok(Math.abs(film.pictureAt(place, time)[0] - expected) < 1e-6, `${place}, ${time}`);
  near([-1, 1], 1, 1);
  near([1, -1], 1, 0.2);
  near([0, 1], 1, 0.5);
  near([0, 0], 1, 0.3);
  near([-1, 1], 0.25, 0.25);
  near([-1, 1], 2, 0);
  // Outside of the lattice its edge goes on.
  near([-9, 9], 1, 1);
});
