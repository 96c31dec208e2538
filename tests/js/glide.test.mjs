/** What lies between two states of a map, of a comparison and of a film; and where a tour goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "./older-node.mjs";
import { Reel } from "../../vae_explorer/live/browser/film/reel.js";
import * as film from "../../vae_explorer/live/browser/film/state.js";
import {
  between,
  ease,
  sharedBetween,
  viewBetween,
} from "../../vae_explorer/live/browser/space/glide.js";
import { readLink, writeLink } from "../../vae_explorer/live/browser/space/link.js";
import { SharedSpaces } from "../../vae_explorer/live/browser/space/shared.js";
import {
  readSharedLink,
  writeSharedLink,
} from "../../vae_explorer/live/browser/space/shared-link.js";
import { Space } from "../../vae_explorer/live/browser/space/space.js";
import { Screen, View } from "../../vae_explorer/live/browser/space/view.js";
import { asksForTour, tourOf } from "../../vae_explorer/live/browser/tour.js";

const SHARES = Array.from({ length: 21 }, (_, k) => k / 20);
const near = (found, expected, within = 1e-6) => {
  assert.equal(found.length, expected.length);
  Array.from(found).forEach((value, k) => {
    assert.ok(Math.abs(value - expected[k]) <= within, `${Array.from(found)} is not ${expected}`);
  });
};
const rises = (values) => values.every((value, k) => k === 0 || value > values[k - 1]);
const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Six codes of three dimensions: four of class a, two of class b, none of class c. */
function space() {
  return new Space({
    header: {
      classes: ["a", "b", "c"],
      colours: ["#000000", "#ffffff", "#ff0000"],
      active: [true, true, true],
      image_shape: [1, 2, 2],
    },
    arrays: {
      // The means of a and b: (1, 0, 0) and (0, 3, 0); row 4 is nearer to that of a than any of a.
      mean: Float32Array.from([4, 0, 0, -2, 0, 0, 1, 2, 0, 1, -2, 0, 1, 0, 0, -1, 6, 0]),
      logvar: new Uint16Array(18),
      label: Uint8Array.from([0, 0, 0, 0, 1, 1]),
      index: Uint32Array.from([0, 1, 2, 3, 4, 5]),
      axes: Float32Array.from(IDENTITY),
      center: new Float32Array(3),
    },
  });
}

test("a glide eases in and out, and rests at both ends", () => {
  near(
    SHARES.map(ease),
    SHARES.map((t) => 3 * t ** 2 - 2 * t ** 3),
  );
  assert.ok(rises(SHARES.map(ease)));
  assert.deepEqual([ease(0), ease(1)], [0, 1]);
});

test("a view grows by equal factors, about the place that stays where it is on the screen", () => {
  const [a, b] = [new View(0, 1, 8), new View(3, -1, 0.5)];
  const views = SHARES.map((t) => viewBetween(a, b, t));
  near(
    views.map(({ span }) => span),
    SHARES.map((t) => 8 * (0.5 / 8) ** t),
  );
  assert.ok(rises(views.map(({ x }) => x)) && rises(views.map(({ y }) => -y)));
  near([views[0].x, views[0].y, views[0].span], [0, 1, 8]);
  assert.equal(views.at(-1), b);
  // The place P with (P - a) / 8 = (P - b) / 0.5.
  const fixed = [3.2, -17 / 15];
  const there = new Screen(a, 100).toScreen(...fixed);
  for (const view of views) near(new Screen(view, 100).toScreen(...fixed), there, 1e-6);
  // What does not move need not be drawn anew.
  const same = new View(a.x, a.y, a.span);
  assert.equal(viewBetween(a, same, 0.3), same);
  const moved = SHARES.map((t) => viewBetween(a, new View(4, 1, 8), t));
  near(
    moved.map(({ x }) => x),
    SHARES.map((t) => 4 * t),
  );
});

test("z goes straight or spherical, and at the end the state is the link's", () => {
  const one = space();
  const read = (search) => readLink(search, one).state;
  const from = read("z=3,0,0&view=0,0,8&path=0;1");
  const ends = "z=0,3,0&view=1,2,2&image=2&tool=manifold&hide=1&path=0;1";
  for (const [way, at] of [
    ["straight", (t) => [3 - 3 * t, 3 * t, 0]],
    ["spherical", (t) => [3 * Math.cos((t * Math.PI) / 2), 3 * Math.sin((t * Math.PI) / 2), 0]],
  ]) {
    const to = read(`${ends}&way=${way},z`);
    for (const t of SHARES.slice(0, -1)) {
      const now = between(from, to, t);
      near(now.z, at(t));
      assert.deepEqual([now.tool, now.layers, [...now.hidden]], ["manifold", to.layers, [1]]);
      assert.equal(now.selection, from.selection);
      // What stays the same is the very same, so that nothing is made anew for it.
      assert.equal(now.path, from.path);
      assert.equal(now.projection, from.projection);
    }
    const there = between(from, to, 1);
    assert.equal(writeLink({ ...from, ...there }, ""), writeLink(to, ""));
    assert.deepEqual([...there.z], [0, 3, 0]);
  }
  // On another plane, places are other places.
  const aside = read("z=0,3,0&plane=dims:1,2&view=5,5,1");
  assert.equal(between(from, aside, 0.1).view, aside.view);
  // A decoder that comes on the way stays.
  assert.ok(!("decoder" in between(from, aside, 0.5)));
});

test("in a comparison every handle goes to its own code", () => {
  const model = (name) => ({ name, dataset: "x", rotation: null });
  const models = new SharedSpaces([space(), space()], [model("a"), model("b")]);
  const read = (search) => readSharedLink(search, models).state;
  const [from, to] = [read("z=3,0,0"), read("z=0,3,0")];
  for (const t of SHARES) {
    const { maps, selection } = sharedBetween(from, to, models, t);
    for (const map of maps) near(map.z, [3 - 3 * t, 3 * t, 0]);
    near(selection.codes[1], maps[1].z);
  }
  const image = read("mode=image&image=5");
  const half = sharedBetween(read("mode=image&image=0"), image, models, 0.5);
  for (const map of half.maps) near(map.z, [1.5, 3, 0]);
  const there = sharedBetween(from, image, models, 1);
  const maps = from.maps.map((map, k) => ({ ...map, ...there.maps[k] }));
  assert.equal(writeSharedLink({ ...there, maps }, models, ""), writeSharedLink(image, models, ""));
});

test("a film's time goes on, and its handle follows, or goes where it is to stay", () => {
  const header = { classes: ["a"], colours: ["#000000"], image_shape: [1, 1, 1] };
  const arrays = {
    // Two images in three snapshots; as a half, 0x4000 is 2.
    xy: Uint16Array.from([0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1], (k) => k * 0x4000),
    ...{ label: new Uint8Array(2), index: Uint32Array.of(3, 4), epoch: Float32Array.of(0, 1, 2) },
    ...{ neg_elbo: Float32Array.of(3, 2, 1), box: Float32Array.of(0, 0, 4) },
    ...{ center: new Float32Array(2), axes: Float32Array.of(1, 0, 0, 1) },
  };
  const sheet = { width: 2, height: 2, close() {} };
  const reel = new Reel({ header: { ...header, across: 2, titles: ["x", "y"] }, arrays }, [
    ...[sheet, sheet, sheet],
  ]);
  const last = film.firstFilm(reel);
  const start = film.goTo(last, reel, 0);
  const shown = SHARES.map((t) => film.filmBetween(start, last, reel, t));
  near(
    shown.map(({ time }) => time),
    SHARES.map((t) => 2 * t),
  );
  shown.forEach(({ z, time }) => near(z, reel.placeOf(0, time)));
  const stays = film.stay(last, [0.5, -0.5]);
  near(film.filmBetween(start, stays, reel, 0.5).z, [
    (start.z[0] + 0.5) / 2,
    (start.z[1] - 0.5) / 2,
  ]);
  assert.deepEqual([...film.filmBetween(start, stays, reel, 1).z], [0.5, -0.5]);
});

test("a tour goes through the classes that have images, to the one nearest to each mean", () => {
  assert.deepEqual(tourOf(space()).slice(1), [4]);
  assert.ok([2, 3].includes(tourOf(space())[0]));
  assert.ok(asksForTour("?checkpoint=a&tour=1") && !asksForTour("?tool=scatter&tour=0"));
});
