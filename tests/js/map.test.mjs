import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack } from "../../vae_explorer/live/browser/dom/blob.js";
import { latest } from "../../vae_explorer/live/browser/dom/latest.js";
import { namePlaces } from "../../vae_explorer/live/browser/map/class-labels.js";
import {
  equalChange,
  equalSteps,
  pathAt,
  slerp,
} from "../../vae_explorer/live/browser/space/paths.js";
import { digitsPlane, dimensionPlane } from "../../vae_explorer/live/browser/space/plane.js";
import { Space } from "../../vae_explorer/live/browser/space/space.js";
import { Hand } from "../../vae_explorer/live/browser/space/state.js";
import { ticks, View } from "../../vae_explorer/live/browser/space/view.js";

const close = (found, expected, within = 1e-9) => {
  assert.equal(found.length, expected.length);
  Array.from(found).forEach((value, k) =>
    assert.ok(Math.abs(value - expected[k]) <= within, `${Array.from(found)} is not ${expected}`),
  );
};
const dot = (a, b) => a.reduce((sum, value, d) => sum + value * b[d], 0);

/** Five codes of three dimensions in two classes, with a map that has no inverse. */
function space() {
  const mean = Float32Array.from([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1]);
  return new Space({
    header: { classes: ["a", "b"], colours: ["#000000", "#ffffff"], active: [true, true, true] },
    arrays: {
      mean,
      logvar: new Uint16Array(15), // zeros: variance 1
      label: Uint8Array.from([0, 0, 1, 1, 1]),
      index: Uint32Array.from([0, 1, 2, 3, 4]),
      axes: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]),
      center: new Float32Array(3),
      umap: Float32Array.from([0, 0, 10, 0, 0, 10, 10, 10, 20, 0]),
    },
  });
}

test("a view goes to the screen and back, up being up", () => {
  const view = new View(1, -2, 4);
  view.side = 400;
  close(view.toScreen(1, -2), [200, 200]);
  close(view.toScreen(2, -1), [300, 100]);
  close(view.toPlane(...view.toScreen(0.3, 0.7)), [0.3, 0.7]);
});

test("zooming keeps what is under the pointer", () => {
  const view = new View(0, 0, 8);
  view.side = 500;
  const before = view.toPlane(120, 340);
  view.zoom(0.5, 120, 340);
  close(view.toPlane(120, 340), before);
  assert.equal(view.span, 4);
  view.pan(10, -20);
  close(view.toPlane(130, 320), before);
});

test("a view around points leaves out a stray and keeps the rest", () => {
  const xy = new Float32Array(4000).map((_, k) => ((k * 7919) % 1000) / 500 - 1);
  xy[0] = 1e6;
  const view = View.around(xy);
  assert.ok(view.span > 1.9 && view.span < 2.5, String(view.span));
});

test("ticks are round and inside", () => {
  const found = ticks(-3.3, 4.1);
  assert.deepEqual(
    found.map(({ text }) => text),
    ["−2", "0", "2", "4"],
  );
  assert.deepEqual(ticks(0, 0.05).map(({ text }) => text)[1], "0.01");
});

test("the plane of two dimensions has z's own coordinates and keeps the rest", () => {
  const plane = dimensionPlane(4, 2, 0);
  const z = Float64Array.from([1, 2, 3, 4]);
  close(plane.coordinates(z), [3, 1]);
  close(plane.at(plane.residual(z), 5, 6), [6, 2, 5, 4]);
});

test("the plane through three digits holds all three, the second straight to the right", () => {
  const digits = [
    [1, 0, 2],
    [0, 1, 0],
    [3, 3, 1],
  ].map((code) => Float64Array.from(code));
  const plane = digitsPlane([7, 8, 9], digits);
  close([dot(plane.axes[0], plane.axes[0]), dot(plane.axes[1], plane.axes[1])], [1, 1]);
  close([dot(plane.axes[0], plane.axes[1])], [0]);
  close(plane.coordinates(digits[0]), [0, 0]);
  close([plane.coordinates(digits[1])[1]], [0]);
  for (const digit of digits) {
    close(plane.at(plane.residual(digits[0]), ...plane.coordinates(digit)), digit);
  }
  assert.equal(digitsPlane([1, 2, 3], [digits[0], digits[0], digits[1]]), null);
  const middle = digits[0].map((value, d) => (value + digits[1][d]) / 2);
  assert.equal(digitsPlane([1, 2, 3], [digits[0], digits[1], middle]), null);
});

test("slerp is defined for zero, parallel and opposite ends", () => {
  for (const [a, b] of [
    [
      [0, 0],
      [1, 1],
    ],
    [
      [1, 1],
      [2, 2],
    ],
    [
      [1, 0],
      [-1, 0],
    ],
    [
      [2, 0],
      [-1, 0],
    ],
  ]) {
    const half = slerp(Float64Array.from(a), Float64Array.from(b), 0.5);
    assert.ok(half.every(Number.isFinite));
  }
  close([Math.hypot(...slerp([1, 0], [-1, 0], 0.5))], [1]);
});

test("a path through several ends passes through each of them exactly", () => {
  const ends = [
    [0.1, 0.2],
    [1 / 3, 0],
    [0.7, -0.3],
  ].map((end) => Float64Array.from(end));
  for (const kind of ["lerp", "slerp"]) {
    [0, 0.5, 1].forEach((t, k) => assert.deepEqual(pathAt(ends, t, kind), ends[k]));
  }
});

test("steps of equal change lie where the picture changes", () => {
  // Nothing changes before the middle, then everything at an even rate.
  const pictures = Float32Array.from([0, 0, 0, 1, 2]);
  close(equalChange(pictures, 5, 3), [0, 0.75, 1]);
  assert.deepEqual(equalChange(new Float32Array(5), 5, 3), equalSteps(3));
});

test("a class's name stands in the midst of its points, away from others'", () => {
  // Class 0: many at (1, 1) on its own, more at (9, 9) among class 1.
  const places = [...Array(20).fill([1, 1]), ...Array(25).fill([9, 9]), ...Array(75).fill([9, 9])];
  const label = Uint8Array.from(places, (_, n) => (n < 45 ? 0 : 1));
  const found = namePlaces(Float32Array.from(places.flat()), label, 3, [0, 0, 10, 10]);
  close(found[0], [1, 1], 1e-5);
  close(found[1], [9, 9], 1e-5);
  assert.equal(found[2], null);
});

test("only the newest request is done after the one that runs", async () => {
  const done = [];
  const release = [];
  const ask = latest(async (request) => {
    await new Promise((resolve) => release.push(resolve));
    done.push(request);
  });
  [1, 2, 3, 4].forEach(ask);
  while (release.length) {
    release.shift()();
    await new Promise((resolve) => setTimeout(resolve));
  }
  assert.deepEqual(done, [1, 4]);
});

test("what is not a blob, or cut short, is said", () => {
  assert.throws(() => unpack(new ArrayBuffer(2)), /not a checkpoint's data/);
  const header = { arrays: { a: { dtype: "uint8", shape: [9], offset: 0 } } };
  const text = new TextEncoder().encode(`VAEB....${JSON.stringify(header)}`);
  new DataView(text.buffer).setUint32(4, text.length - 8, true);
  assert.throws(() => unpack(text.buffer), /cut short/);
  new DataView(text.buffer).setUint32(4, 9999, true);
  assert.throws(() => unpack(text.buffer), /cut short/);
});

test("the hand starts on the first digit, in the principal plane", () => {
  const hand = new Hand(space());
  hand.restore({});
  assert.equal(hand.planeName, "pca:0,1");
  assert.equal(hand.taken.row, 0);
  close(hand.taken.variance, [1, 1, 1]);
});

test("the hand comes back as it was let go", () => {
  const hand = new Hand(space());
  const state = {
    ...{ z: [0.5, -1, 0.25], digit: 4, path: [1, [0, 1, 2]], plane: "dims:2,0", view: [0, 1, 3] },
    ...{ way: ["slerp", "picture"], hide: [1] },
  };
  hand.restore(state);
  assert.deepEqual(hand.snapshot(), state);
});

test("no coordinate that is no number moves the hand", () => {
  const hand = new Hand(space());
  hand.restore({ z: [1, 2, 3] });
  assert.equal(hand.moveTo([NaN, 0, 0]), false);
  assert.equal(hand.takeDrawing(Float32Array.from([0, NaN, 0, 0, 0, 0])), false);
  close(hand.z, [1, 2, 3]);
  assert.equal(hand.taken, null);
});

test("moving on the plane keeps what lies off it", () => {
  const hand = new Hand(space());
  hand.restore({ z: [1, 2, 3], plane: "dims:0,1" });
  hand.view.side = 100;
  const z = hand.codeAt(...hand.view.toScreen(-1, 0.5));
  close(z, [-1, 0.5, 3]);
  close(hand.codeBeside(0, 1, 0.25), [1, 2.25, 3]);
});

test("on a map without an inverse the hand takes digits' codes", () => {
  const hand = new Hand(space());
  assert.equal(hand.choosePlane("tsne"), false); // none came with these codes
  hand.restore({ digit: 0, plane: "umap" });
  assert.deepEqual(hand.titles, ["UMAP 1", "UMAP 2"]);
  hand.view.side = 100;
  close(hand.codeAt(...hand.view.toScreen(9, 1)), [1, 0, 0]);
  hand.hidden.add(0);
  close(hand.codeAt(...hand.view.toScreen(9, 1)), [0, 0, 3]);
  hand.hidden.clear();
  close(hand.placeOf([0.9, 1.1, 1]), [20, 0]);
  close(hand.codeBeside(1, 0), [1, 0, 0]);
});

test("there is a plane through three different digits of the path", () => {
  const hand = new Hand(space());
  hand.restore({ path: [1, 2, 1, [0, 0, 0]] });
  assert.equal(hand.threeDigits, null);
  hand.path.push(hand.endAt(3));
  assert.deepEqual(hand.threeDigits, [1, 2, 3]);
  assert.equal(hand.choosePlane("digits:1,2,3"), true);
  assert.equal(hand.choosePlane("digits:1,1,3"), false);
  assert.equal(hand.planeName, "digits:1,2,3");
});

test("resampling draws from the posterior", () => {
  const hand = new Hand(space());
  hand.restore({});
  hand.taken.mean = Float64Array.from([5, -1, 0]);
  hand.taken.variance = Float64Array.from([4, 0.25, 1]);
  // A linear congruential generator (Numerical Recipes), so that each run draws the same.
  let seed = 1;
  const random = () => {
    seed = (1664525 * seed + 1013904223) % 2 ** 32;
    return seed / 2 ** 32;
  };
  const drawn = Array.from({ length: 20000 }, () => {
    hand.resample(random);
    return hand.z;
  });
  for (let d = 0; d < 3; d++) {
    const values = drawn.map((z) => z[d]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const { mean: m, variance: v } = hand.taken;
    // Four standard errors.
    assert.ok(Math.abs(mean - m[d]) < 4 * Math.sqrt(v[d] / values.length));
    assert.ok(Math.abs(variance / v[d] - 1) < 4 * Math.sqrt(2 / values.length));
  }
});
