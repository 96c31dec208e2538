import assert from "node:assert/strict";
import { test } from "node:test";
import "./older-node.mjs";

import { unpack } from "../../vae_explorer/live/browser/dom/blob.js";
import { latest } from "../../vae_explorer/live/browser/dom/latest.js";
import { placeLabels, spreadLabels } from "../../vae_explorer/live/browser/map/class-labels.js";
import { fixedNodes, latticeOf } from "../../vae_explorer/live/browser/map/grid.js";
import { readDrawing, writeDrawing } from "../../vae_explorer/live/browser/space/drawing.js";
import { NO_HISTORY, redo, remember, undo } from "../../vae_explorer/live/browser/space/history.js";
import { readLink, writeLink } from "../../vae_explorer/live/browser/space/link.js";
import {
  equalChange,
  equalSteps,
  pathAt,
  spherical,
} from "../../vae_explorer/live/browser/space/paths.js";
import { dimensionPlane, planeThrough } from "../../vae_explorer/live/browser/space/plane.js";
import { normalCdf, normalQuantile } from "../../vae_explorer/live/browser/space/projection.js";
import { Space } from "../../vae_explorer/live/browser/space/space.js";
import * as to from "../../vae_explorer/live/browser/space/state.js";
import { extentOf, Screen, ticks, View } from "../../vae_explorer/live/browser/space/view.js";

const close = (found, expected, within = 1e-9) => {
  assert.equal(found.length, expected.length);
  Array.from(found).forEach((value, k) => {
    assert.ok(Math.abs(value - expected[k]) <= within, `${Array.from(found)} is not ${expected}`);
  });
};
const dot = (a, b) => a.reduce((sum, value, d) => sum + value * b[d], 0);

/** Five codes of three dimensions in two classes, with a stored view. */
function space() {
  return new Space({
    header: {
      classes: ["a", "b"],
      colours: ["#000000", "#ffffff"],
      active: [true, true, true],
      image_shape: [1, 2, 2],
    },
    arrays: {
      mean: Float32Array.from([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 1, 1]),
      logvar: new Uint16Array(15), // zeros: variance 1
      label: Uint8Array.from([0, 0, 1, 1, 1]),
      index: Uint32Array.from([0, 1, 2, 3, 4]),
      axes: Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]),
      center: new Float32Array(3),
      umap: Float32Array.from([0, 0, 10, 0, 0, 10, 10, 10, 20, 0]),
    },
  });
}
const opened = (search) => readLink(search, space()).state;

test("a view goes to the screen and back, up being up", () => {
  const screen = new Screen(new View(1, -2, 4), 400);
  close(screen.toScreen(1, -2), [200, 200]);
  close(screen.toScreen(2, -1), [300, 100]);
  close(screen.toPlane(...screen.toScreen(0.3, 0.7)), [0.3, 0.7]);
});

test("zooming keeps what is under the pointer", () => {
  const before = new Screen(new View(0, 0, 8), 500);
  const place = before.toPlane(120, 340);
  const after = new Screen(before.view.zoom(0.5, place), 500);
  close(after.toPlane(120, 340), place);
  assert.equal(after.view.span, 4);
  close(new Screen(after.view.pan(0.5, -1), 500).toPlane(120, 340), [place[0] + 0.5, place[1] - 1]);
});

test("a view of everything leaves out a stray, and room at its borders", () => {
  const xy = new Float32Array(4000).map((_, k) => ((k * 7919) % 1000) / 500 - 1);
  xy[0] = 1e6;
  const box = extentOf(xy);
  assert.ok(
    box.every((side) => Math.abs(side) > 0.9 && Math.abs(side) < 1.1),
    String(box),
  );
  const screen = new Screen(View.of(box), 100);
  const [left, top] = screen.toScreen(box[0], box[3]);
  const [right, bottom] = screen.toScreen(box[2], box[1]);
  assert.ok(left >= 5 && top >= 5 && 100 - right >= 10 && 100 - bottom >= 5);
});

test("ticks are round and inside", () => {
  const found = ticks(-3.3, 4.1).map(({ text }) => text);
  assert.deepEqual(found, ["−2", "0", "2", "4"]);
  assert.deepEqual(ticks(0, 0.05).map(({ text }) => text)[1], "0.01");
});

test("the plane of two dimensions has z's own coordinates and keeps the rest", () => {
  const plane = dimensionPlane(4, 2, 0);
  const z = Float64Array.from([1, 2, 3, 4]);
  close(plane.coordinates(z), [3, 1]);
  close(plane.at(plane.residual(z), 5, 6), [6, 2, 5, 4]);
});

test("the plane through three codes holds all three, the second straight to the right", () => {
  const codes = [
    [1, 0, 2],
    [0, 1, 0],
    [3, 3, 1],
  ].map((code) => Float64Array.from(code));
  const plane = planeThrough(codes);
  close([dot(plane.axes[0], plane.axes[0]), dot(plane.axes[1], plane.axes[1])], [1, 1]);
  close([dot(plane.axes[0], plane.axes[1])], [0]);
  close(plane.coordinates(codes[0]), [0, 0]);
  close([plane.coordinates(codes[1])[1]], [0]);
  for (const code of codes) {
    close(plane.at(plane.residual(codes[0]), ...plane.coordinates(code)), code);
  }
  assert.equal(planeThrough([codes[0], codes[0], codes[1]]), null);
  const middle = codes[0].map((value, d) => (value + codes[1][d]) / 2);
  assert.equal(planeThrough([codes[0], codes[1], middle]), null);
});

test("the normal distribution and its inverse are those of the tables", () => {
  // Abramowitz and Stegun (1964), table 26.1.
  close(
    [-2, -1, 0, 0.5, 1.96].map(normalCdf),
    [0.0227501, 0.1586553, 0.5, 0.6914625, 0.9750021],
    2e-7,
  );
  for (const p of [0.001, 0.025, 0.3, 0.5, 0.975]) close([normalCdf(normalQuantile(p))], [p], 1e-9);
  assert.ok(Number.isFinite(normalQuantile(0)) && Number.isFinite(normalQuantile(1)));
});

test("a spherical path is defined for zero, parallel and opposite ends", () => {
  const zero = [
    [0, 0],
    [1, 1],
  ];
  const parallel = [
    [1, 1],
    [2, 2],
  ];
  const opposite = [
    [1, 0],
    [-1, 0],
  ];
  for (const [a, b] of [
    zero,
    parallel,
    opposite,
    [
      [2, 0],
      [-1, 0],
    ],
  ]) {
    assert.ok(spherical(a, b, 0.5).every(Number.isFinite));
  }
  close([Math.hypot(...spherical([1, 0], [-1, 0], 0.5))], [1]);
});

test("a path through several endpoints passes through each of them exactly", () => {
  const ends = [
    [0.1, 0.2],
    [1 / 3, 0],
    [0.7, -0.3],
  ].map((end) => Float64Array.from(end));
  for (const way of ["straight", "spherical"]) {
    [0, 0.5, 1].forEach((t, k) => {
      assert.deepEqual(pathAt(ends, t, way), ends[k]);
    });
  }
});

test("steps of equal change lie where the picture changes", () => {
  // Nothing changes before the middle, then everything at an even rate.
  const pictures = Float32Array.from([0, 0, 0, 1, 2]);
  close(equalChange(pictures, 5, 3), [0, 0.75, 1]);
  assert.deepEqual(equalChange(new Float32Array(5), 5, 3), equalSteps(3));
});

test("a class's label stands in the midst of its points, away from others'", () => {
  // Class 0: many at (1, 1) on its own, more at (8, 8) among class 1.
  const places = [...Array(20).fill([1, 1]), ...Array(25).fill([8, 8]), ...Array(75).fill([8, 8])];
  const label = Uint8Array.from(places, (_, n) => (n < 45 ? 0 : 1));
  const found = placeLabels(Float32Array.from(places.flat()), label, 3, [0, 0, 10, 10]);
  close(found[0], [1, 1], 1e-5);
  close(found[1], [8, 8], 1e-5);
  assert.equal(found[2], null);
});

test("labels are moved apart, and none jumps", () => {
  const box = (x, y) => ({ x, y, width: 25 });
  const near = [box(0, 0), box(4, -3), null, box(-2, 5), box(100, 0), box(0, 0)];
  const found = spreadLabels(near);
  const seen = found.filter(Boolean);
  seen.forEach((one, k) => {
    for (const other of seen.slice(k + 1))
      assert(Math.hypot(one.x - other.x, one.y - other.y) > 20);
  });
  assert.deepEqual([found[2], found[4]], [null, near[4]]);
  // Panned or zoomed a little, they move a little.
  for (let zoom = 1; zoom < 4; zoom += 0.01) {
    const [before, after] = [zoom, zoom + 0.01].map((by) =>
      spreadLabels(near.map((at) => at && box(by * at.x + 7, by * at.y))),
    );
    before.forEach((at, k) => {
      if (at) assert(Math.hypot(at.x - after[k].x, at.y - after[k].y) < 3, `${k} at ${zoom}`);
    });
  }
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

test("a first visitor finds the first test image, in the principal plane", () => {
  const state = opened("");
  assert.equal(state.projection.name, "pca:0,1");
  assert.equal(state.selection.row, 0);
  close(state.selection.variance, [1, 1, 1]);
  close(state.z, [0, 0, 0]);
});

test("a state comes back from its address as it was", () => {
  const link =
    "z=0.5,-1,0.25&image=4&path=1;0,1,2&plane=dims:2,0&scale=quantile&view=0,1,3&tool=manifold" +
    "&show=grid&lattice=12,2.5&height=-1&way=spherical,picture&steps=7&speed=2&hide=1";
  const written = writeLink(opened(link), "checkpoint=mine&digit=3");
  assert.equal(written, `checkpoint=mine&${link}`);
  assert.equal(
    writeLink(opened(""), ""),
    `z=0,0,0&image=0&${writeLink(opened(""), "").split("&").at(-1)}`,
  );
});

test("links of the first version still open", () => {
  const state = opened("digit=4&path=1;2;3&plane=digits:1,2,3&way=slerp,picture&show=points,grid");
  assert.equal(state.selection.row, 4);
  assert.equal(state.pathSettings.interpolation, "spherical");
  assert.deepEqual(state.layers, ["points", "grid"]);
  close(state.projection.plane.coordinates(state.path[0].z), [0, 0]);
});

test("what an address cannot mean is left out, each with a sentence that names it", () => {
  const bad = {
    ...{ z: "nan,1", image: "5", path: "9", plane: "pca:0,7", scale: "log", view: "0,0,-1" },
    ...{ tool: "hammer", show: "lines", lattice: "4,3", height: "99", way: "lerp", steps: "2" },
    ...{ speed: "0", hide: "2" },
  };
  const { state, problems } = readLink(new URLSearchParams(bad).toString(), space());
  assert.deepEqual(problems.map((text) => text.split(":")[0]).sort(), Object.keys(bad).sort());
  for (const [name, value] of Object.entries(bad)) {
    assert.ok(problems.some((text) => text.startsWith(`${name}: found “${value}”, expected `)));
  }
  assert.deepEqual(state, { ...opened(""), projection: state.projection });
  const [long] = readLink(`z=${"9".repeat(500)}`, space()).problems;
  assert.ok(long.length < 120);
});

test("no coordinate that is no number moves the handle", () => {
  const state = opened("z=1,2,3");
  assert.equal(to.moveTo(state, [Number.NaN, 0, 0]), state);
  assert.equal(to.moveTo(state, [0, 0]), state);
  const pixels = new Float32Array(4);
  assert.equal(
    to.selectDrawing(state, Float32Array.from([0, Number.NaN, 0, 0, 0, 0]), pixels),
    null,
  );
});

test("moving on the plane keeps what lies off it", () => {
  const state = opened("z=1,2,3&plane=dims:0,1&view=0,0,10");
  close(to.moveToPlace(state, [-1, 0.5]).z, [-1, 0.5, 3]);
  close(to.step(state, [0, 1]).z, [1, 2.2, 3], 1e-6);
  close(to.step(state, [0, 1], true).z, [1, 2.02, 3], 1e-6);
  close(to.slide(state, 2, -4).z, [1, 2, -4]);
});

test("an action leaves the state that it was given as it was", () => {
  const state = opened("z=1,2,3&path=1;2");
  const before = structuredClone({ z: state.z, path: state.path, hidden: state.hidden });
  to.moveEndpoint(to.toggleClass(to.slide(state, 0, 9), 1), 0, [5, 5]);
  assert.deepEqual({ z: state.z, path: state.path, hidden: state.hidden }, before);
});

test("on a stored view the handle goes from test image to test image, and selects it", () => {
  const state = opened("image=0&plane=umap");
  assert.deepEqual(state.projection.titles, ["UMAP 1", "UMAP 2"]);
  assert.equal(to.moveToPlace(state, [9, 1]).selection.row, 1);
  assert.equal(to.moveToPlace(to.toggleClass(state, 0), [9, 1]).selection.row, 3);
  assert.equal(to.step(state, [1, 0]).selection.row, 1);
  assert.equal(to.addEndpoint(state, [19, 1], null).path[0].row, 4);
  close(state.projection.placeOf([0.9, 1.1, 1]), [20, 0]);
  assert.equal(readLink("plane=tsne", space()).problems.length, 1); // none came with these codes
});

test("with Interpolate on, a click adds an endpoint, and otherwise it selects", () => {
  const state = opened("z=0,0,1&plane=dims:0,1");
  assert.equal(to.tap(state, [1, 0], 1).selection.row, 1);
  close(to.tap(state, [1, 2], null).z, [1, 2, 1]);
  const adding = to.chooseTool(state, "interpolate");
  const ends = to.tap(to.tap(adding, [1, 0], 1), [3, 4], null).path;
  assert.deepEqual(
    ends.map(({ row }) => row),
    [1, null],
  );
  close(ends[1].z, [3, 4, 1]);
});

test("there is a plane through the first three endpoints, test images or not", () => {
  const state = opened("path=1;0.5,2,0;3");
  const name = to.planeThroughPath(state);
  const { plane } = state.projection.space.project(name);
  for (const { z } of state.path) {
    const place = plane.coordinates(z);
    close(plane.at(plane.residual(state.path[0].z), ...place), z, 1e-6);
  }
  assert.equal(to.planeThroughPath(opened("path=1;2")), null);
  assert.equal(state.projection.space.project("through:1;1;2"), null); // on one line
});

test("a sample of the posterior has its mean and its variance", () => {
  const state = opened("image=4");
  let seed = 1;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return seed / 2147483647;
  };
  const draws = Array.from({ length: 20000 }, () => to.sampleAgain(state, random).z[0]);
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / draws.length;
  // Five standard errors.
  close([mean, variance], [1, 1], 5 * Math.sqrt(2 / draws.length));
  close(to.backToMean(to.sampleAgain(state, random)).z, [1, 1, 1]);
});

test("a fixed lattice is linear from −range to range, or at the middles of equal shares", () => {
  const state = opened("plane=dims:0,1&lattice=5,2");
  close(fixedNodes(state, 0), [-2, -1, 0, 1, 2]);
  const quantile = opened("plane=dims:0,1&scale=quantile&lattice=10,3");
  const nodes = fixedNodes(quantile, 0);
  close(
    nodes,
    Array.from({ length: 10 }, (_, k) => (k + 0.5) / 10),
  );
  // scipy.stats.norm.ppf of 0.05 and 0.55.
  const [x, y] = quantile.projection.unwarp([nodes[0], nodes[5]]);
  close([x, y], [-1.6448536, 0.1256613], 2e-6);
});

test("cells that fill the view are as many in any part of it, and end where the prior does", () => {
  const state = opened("plane=dims:0,1&view=0.3,0.1,8");
  const { columns, rows, step } = latticeOf(state, new Screen(state.view, 600));
  assert.ok(columns >= 14 && columns <= 30 && rows >= 14 && rows <= 30, `${columns} x ${rows}`);
  assert.ok(Math.abs(columns * step - 8) <= 2 * step);
  const quantile = opened("plane=dims:0,1&scale=quantile&view=0.5,0.5,3");
  const all = latticeOf(quantile, new Screen(quantile.view, 600));
  const first = all.origin[0] + all.left * all.step;
  assert.ok(first > 0 && first + (all.columns - 1) * all.step < 1);
});

test("everything is in sight after fit all, the path too", () => {
  const state = to.fitAll(opened("z=9,0,0&path=0,30,0;1&plane=dims:0,1"));
  const screen = new Screen(state.view, 100);
  for (const z of [state.z, ...state.path.map((end) => end.z)]) {
    const place = screen.toScreen(...state.projection.placeOf(z));
    assert.ok(
      place.every((pixel) => pixel >= 0 && pixel <= 100),
      String(place),
    );
  }
});

test("a drawing comes back from its link in 16 greys, and a strange one is left out", () => {
  const pixels = Float32Array.from({ length: 784 }, (_, k) =>
    k % 28 > 9 && k % 3 ? (k % 7) / 6 : 0,
  );
  const text = writeDrawing(pixels);
  close(readDrawing(text, [28, 28, 1]), pixels, 1 / 30 + 1e-6);
  // Nothing may be lost by sending it on.
  assert.equal(writeDrawing(readDrawing(text, [28, 28, 1])), text);
  for (const other of [text.slice(0, -4), `${text}AA`, `${text}A`, "%", "", "AAAA"]) {
    assert.equal(readDrawing(other, [28, 28, 1]), null, other);
  }
  assert.equal(readDrawing(text, [28, 28, 3]), null);
  // Noise that an address could not carry is not written.
  assert.equal(writeDrawing(new Float32Array(128 * 128).fill(0.5)), null);
});

test("a drawing in a link waits for its code, and leaves the handle where the link has it", () => {
  const text = writeDrawing(Float32Array.of(0, 1, 0.4, 0));
  const state = opened(`z=1,2,3&drawing=${text}`);
  assert.equal(state.selection, null);
  assert.match(writeLink(state, ""), new RegExp(`drawing=${text}`));
  const posterior = Float32Array.of(4, 5, 6, 0, 0, 0);
  const there = to.selectLinked(state, posterior);
  close(there.selection.mean, [4, 5, 6]);
  close(there.z, [1, 2, 3]);
  assert.equal(writeLink(there, ""), writeLink(state, ""));
  close(to.selectLinked(opened(`drawing=${text}`), posterior).z, [4, 5, 6]);
  // Who has selected something by then keeps it.
  assert.equal(to.selectLinked(to.select(state, 4), posterior).selection.row, 4);
  assert.equal(to.selectLinked(state, Float32Array.of(Number.NaN, 0, 0, 0, 0, 0)), null);
});

test("a name that is misspelt is named with the one that was meant; a stranger's is left alone", () => {
  const { problems } = readLink("plan=umap&imag=3&hidee=1&utm_source=mail&embed=true", space());
  assert.deepEqual(
    problems.map((text) => text.match(/^(\w+): .*expected (\w+);/).slice(1)),
    [
      ["plan", "plane"],
      ["imag", "image"],
      ["hidee", "hide"],
    ],
  );
});

test("undo brings back what was, redo what was taken back, and something new ends that", () => {
  let state = opened("z=1,2,3&plane=dims:0,1&view=0,0,8");
  let history = NO_HISTORY;
  const seen = [state];
  const go = (action) => {
    history = remember(history, to.stepOf(state));
    state = action(state);
    seen.push(state);
  };
  const turn = (way) => {
    const turned = way(history, to.stepOf(state));
    history = turned.history;
    state = to.restore(state, turned.step);
  };
  const same = (k) => assert.ok(to.isSameStep(to.stepOf(state), to.stepOf(seen[k])), `step ${k}`);
  go((now) => to.select(now, 4));
  go((now) => to.toggleClass(now, 1));
  go((now) => to.project(now, now.projection.space.project("umap")));
  const view = state.view;
  turn(undo);
  same(2);
  assert.equal(state.view.span, 8); // that of the other plane
  turn(undo);
  turn(undo);
  same(0);
  assert.equal(undo(history, to.stepOf(state)), null);
  for (const k of [1, 2, 3]) {
    turn(redo);
    same(k);
  }
  assert.deepEqual(state.view, view);
  assert.equal(redo(history, to.stepOf(state)), null);
  turn(undo);
  go((now) => to.slide(now, 0, 9));
  assert.equal(redo(history, to.stepOf(state)), null);
});

test("looking around is no step, and the handle that is brought back is in sight", () => {
  const state = opened("z=1,1,0&plane=dims:0,1&view=0,0,8");
  const before = to.stepOf(state);
  const away = to.pan(to.zoom(state, 0.2, [0, 0]), 50, 0);
  assert.ok(to.isSameStep(before, to.stepOf(away)));
  assert.deepEqual(to.restore(away, before).view, away.view);
  const moved = to.moveTo(away, [50, 0, 0]);
  const { view, z } = to.restore(moved, before);
  close(z, [1, 1, 0]);
  assert.ok(Math.abs(view.x - 1) <= view.span / 2 && view.span === away.view.span);
});

test("a history has an end", () => {
  let history = NO_HISTORY;
  for (let k = 0; k < 1000; k++) history = remember(history, k);
  let [now, steps] = [1000, 0];
  for (let turned = undo(history, now); turned; turned = undo(history, now)) {
    assert.equal(turned.step, now - 1);
    [history, now, steps] = [turned.history, turned.step, steps + 1];
  }
  assert.ok(steps >= 50 && steps < 1000);
});
