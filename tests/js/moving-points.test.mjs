/** Points that are moved with the view: where they are seen, and when they are drawn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "./older-node.mjs";
import { MovingPoints } from "../../vae_explorer/live/browser/map/moving-points.js";
import { Screen, View } from "../../vae_explorer/live/browser/space/view.js";

const [SIDE, HOW] = [613, { anew: false, margin: true }];

/** Points that note on which screens they were drawn; `rest` lets frames pass. */
function moving() {
  const frames = new Map();
  let last = 0;
  globalThis.requestAnimationFrame = (run) => frames.set(++last, run) && last;
  globalThis.cancelAnimationFrame = (id) => frames.delete(id);
  const drawn = [];
  const canvas = { style: { transform: "" } };
  const points = new MovingPoints({ canvas, draw: (screen) => drawn.push(screen) });
  const rest = () => {
    for (let frame = 0; frame < 10; frame++) {
      const now = [...frames.values()];
      frames.clear();
      for (const run of now) run();
    }
  };
  return { points, drawn, canvas, rest };
}

/** Where a place of the plane is seen, in pixels from the map's top left corner. */
function seen(drawn, { style }, place) {
  const [left, top, scale] = style.transform.match(/-?\d[\d.e-]*/g).map(Number);
  assert.equal(Number.parseFloat(style.width), drawn.side);
  const [x, y] = drawn.toScreen(...place);
  return [left + scale * x, top + scale * y];
}

test("points are seen where they are through a gesture, and few of its frames draw them", () => {
  const { points, drawn, canvas, rest } = moving();
  let view = new View(0.3, -1, 8);
  for (let step = 0; step < 200; step++) {
    const screen = new Screen(view, SIDE);
    points.show(screen, new Float32Array(4), 3, HOW);
    const [latest] = drawn.slice(-1);
    for (const place of [[view.x, view.y], screen.toPlane(0, 0), screen.toPlane(SIDE, 9)]) {
      const [expected, found] = [screen.toScreen(...place), seen(latest, canvas, place)];
      assert.ok(Math.hypot(found[0] - expected[0], found[1] - expected[1]) < 1e-6);
    }
    // What is in view is on the canvas, and nowhere as large as would be seen.
    assert.ok(screen.box.every((end, k) => (k < 2 ? end >= latest.box[k] : end <= latest.box[k])));
    assert.ok(Math.abs(Math.log(screen.scale / latest.scale)) < 0.3);
    view = view.pan(0.05, -0.02).zoom(1 + 0.02 * Math.sin(step / 20));
  }
  assert.ok(drawn.length < 20, `${drawn.length} of 200 frames`);
  points.show(new Screen(view, SIDE), new Float32Array(4), 3, HOW);
  rest();
  assert.deepEqual([drawn.at(-1).view.x, drawn.at(-1).view.y], [view.x, view.y]);
  assert.ok(Math.abs(drawn.at(-1).scale / new Screen(view, SIDE).scale - 1) < 1e-9);
  const many = drawn.length;
  rest();
  assert.equal(drawn.length, many);
});

test("what rests has no margin; what moves has one of whole pixels, where there is room", () => {
  for (const [side, ratio] of [
    [613, 1],
    [613, 2],
    [700, 1.5],
    [1400, 2],
  ]) {
    globalThis.devicePixelRatio = ratio;
    const { points, drawn } = moving();
    points.show(new Screen(new View(0, 0, 8), side), new Float32Array(4), 3, HOW);
    points.show(new Screen(new View(1, 0, 8), side), new Float32Array(4), 3, HOW);
    assert.equal(drawn[0].side, side);
    const pixels = (drawn[1].side - side) * ratio;
    assert.ok(Math.abs(pixels / 2 - Math.round(pixels / 2)) < 1e-6, `${pixels} pixels`);
    assert.ok(side * ratio > 2400 ? pixels === 0 : drawn[1].side * ratio < 2401);
  }
  delete globalThis.devicePixelRatio;
});
