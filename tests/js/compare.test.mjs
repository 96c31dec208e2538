/** What compared models share: codes turned onto each other, test images, paths; and a film's reel. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "./older-node.mjs";
import { readFilm, writeFilm } from "../../vae_explorer/live/browser/film/link.js";
import { Reel } from "../../vae_explorer/live/browser/film/reel.js";
import * as film from "../../vae_explorer/live/browser/film/state.js";
import { writeDrawing } from "../../vae_explorer/live/browser/space/drawing.js";
import { readLink } from "../../vae_explorer/live/browser/space/link.js";
import { fractionAt } from "../../vae_explorer/live/browser/space/paths.js";
import {
  dimensionPlane,
  turned,
  turnedBack,
  turnedPlane,
} from "../../vae_explorer/live/browser/space/plane.js";
import * as shared from "../../vae_explorer/live/browser/space/shared.js";
import {
  readSharedLink,
  writeSharedLink,
} from "../../vae_explorer/live/browser/space/shared-link.js";
import { Space } from "../../vae_explorer/live/browser/space/space.js";
import * as one from "../../vae_explorer/live/browser/space/state.js";

const close = (found, expected, within = 1e-6) => {
  assert.equal(found.length, expected.length);
  Array.from(found).forEach((value, k) => {
    assert.ok(Math.abs(value - expected[k]) <= within, `${Array.from(found)} is not ${expected}`);
  });
};

// A rotation of three dimensions: x to y, y to z, z to x. Row d is where dimension d goes.
const CYCLE = [
  [0, 1, 0],
  [0, 0, 1],
  [1, 0, 0],
];

/** A space of codes given row by row, each of a test image with an index. */
function space(dims, index, codes) {
  const axes = Float32Array.from({ length: dims * dims }, (_, k) => Number(k % (dims + 1) === 0));
  return new Space({
    header: { classes: ["a"], colours: ["#000000"], active: [], image_shape: [1, 2, 2] },
    arrays: {
      mean: Float32Array.from(codes.flat()),
      logvar: new Uint16Array(dims * codes.length), // zeros: variance 1
      label: new Uint8Array(codes.length),
      index: Uint32Array.from(index),
      axes,
      center: new Float32Array(dims),
    },
  });
}

const FLAT = [
  [1, 2],
  [3, 4],
  [-2, 0],
];
const DEEP = [
  [5, 6, 7],
  [8, 9, 10],
  [0, 0, 1],
];
const model = (dataset, rotation = null) => ({ name: "m", dataset, rotation });

function compared(spaces, models = spaces.map(() => model("x")), search = "", asked = {}) {
  const spacesOf = new shared.SharedSpaces(spaces, models);
  const { state } = readLink(search, spaces[0]);
  const first = shared.firstShared(spacesOf, state, { mode: null, aligned: false, ...asked });
  return [first, spacesOf];
}
const flatAndDeep = () => compared([space(2, [4, 9, 5], FLAT), space(3, [9, 4, 7], DEEP)]);
const twins = (rotation = null, search = "", asked = {}) =>
  compared(
    [space(3, [4, 9, 5], DEEP), space(3, [4, 9, 5], DEEP)],
    [model("x"), model("x", rotation)],
    search,
    asked,
  );
const codes = ({ maps }) => maps.map(({ z }) => Array.from(z));

test("a code turned and turned back is itself, and lies where its plane has it", () => {
  const a = Float64Array.of(1, 2, 3);
  // b R = a: b's x goes to a's y, so b's x is a's y.
  const b = turned(a, CYCLE);
  assert.deepEqual([...b], [2, 3, 1]);
  assert.deepEqual([...turnedBack(b, CYCLE)], [...a]);
  const plane = dimensionPlane(3, 0, 2);
  assert.deepEqual(turnedPlane(plane, CYCLE, "m").coordinates(b), plane.coordinates(a));
});

test("models of other dimensions show one test image, whatever row they have it in", () => {
  const [first, spaces] = flatAndDeep();
  assert.equal(first.mode, "image");
  assert.deepEqual(codes(first), [FLAT[0], DEEP[1]]);
  assert.equal(first.selection.selections[1].row, 1);
  // The second model's row 0 is the first one's row 1.
  const tapped = shared.tap(first, spaces, 1, [0, 0], 0);
  assert.deepEqual(codes(tapped), [FLAT[1], DEEP[0]]);
  // What lies nearest to a place of the first map, (-2, 0), is not known to the second.
  const dragged = shared.drag(tapped, spaces, 0, [-2.1, 0.1]);
  assert.deepEqual(codes(dragged), [FLAT[2], DEEP[0]]);
  assert.equal(dragged.selection.codes[1], null);
  assert.equal(shared.drag(dragged, spaces, 0, [-2, 0.2]), dragged);
});

test("who does not know an image has no code until it has encoded it", () => {
  const [first, spaces] = compared(
    [space(2, [4, 9, 5], FLAT), space(3, [9, 4, 7], DEEP)],
    [model("x"), model("y")],
  );
  assert.equal(first.selection.codes[1], null);
  const posterior = Float32Array.of(1, 2, 3, 0, Math.log(4), 0);
  const known = spaces.encoded(first.selection, 1, posterior);
  const next = shared.replace(first, first.selection, known);
  assert.deepEqual(codes(next), [FLAT[0], [1, 2, 3]]);
  close(next.maps[1].selection.variance, [1, 4, 1]);
  assert.equal(spaces.encoded(first.selection, 1, Float32Array.of(NaN, 2, 3, 0, 0, 0)), null);
});

test("an original that comes late moves nothing, and none that nobody waits for", () => {
  const [first, spaces] = flatAndDeep();
  const pixels = new Float32Array(4);
  const known = { ...first.selection, pixels };
  const next = shared.replace(first, first.selection, known);
  assert.equal(next.maps, first.maps);
  assert.equal(next.selection.pixels, pixels);
  const moved = shared.tap(first, spaces, 0, [0, 0], 1);
  assert.equal(shared.replace(moved, first.selection, known), moved);
});

test("one z is dragged in any of the maps, and turned where the spaces are", () => {
  const [first, spaces] = twins(CYCLE);
  assert.equal(first.mode, "z");
  const moved = shared.drag(first, spaces, 1, [0.5, -1]);
  const [a, b] = codes(moved);
  assert.deepEqual(a, b);
  // In the plane of two principal axes, which are the first two here.
  close(b, [0.5, -1, 7]);
  const aligned = shared.align(moved, spaces, true);
  close(codes(aligned)[1], [...turned(codes(aligned)[0], CYCLE)]);
  for (const k of [0, 1]) {
    const [x, y] = codes(shared.drag(aligned, spaces, k, [2, 3]));
    close(y, [...turned(x, CYCLE)]);
    const places = [x, y].map((z, n) => aligned.maps[n].projection.placeOf(z));
    close(places[0], [2, 3]);
    close(places[1], [2, 3]);
  }
  const again = shared.align(aligned, spaces, false);
  assert.deepEqual(codes(again)[0], codes(again)[1]);
});

test("aligned maps show the same part of the plane, others their own", () => {
  const [first, spaces] = twins(CYCLE);
  const pan = (state) =>
    shared.shareView(
      shared.at(state, 1, (m) => one.pan(m, 1, 0)),
      spaces,
      1,
    );
  const apart = pan(first);
  assert.notEqual(apart.maps[0].view, apart.maps[1].view);
  const together = pan(shared.align(first, spaces, true));
  assert.equal(together.maps[0].view, together.maps[1].view);
});

test("every model goes its own path between the same ends, and who lacks an end goes none", () => {
  const [first, spaces] = flatAndDeep();
  const adding = shared.everywhere(first, (map) => one.chooseTool(map, "interpolate"));
  const a = shared.tap(adding, spaces, 0, [0, 0], 0);
  const both = shared.tap(a, spaces, 0, [0, 0], 1);
  assert.equal(both.path.length, 2);
  // The handles stand where the last click was.
  assert.deepEqual([a, both].map(shared.shareOf), [0, 1]);
  const half = shared.goAlong(both, 0.5);
  close(codes(half)[0], [2, 3]);
  close(codes(half)[1], [6.5, 7.5, 8.5]);
  assert.deepEqual([half.along, shared.shareOf(half)], [0.5, 0.5]);
  // Where steps are of equal change, each model is at its own fraction.
  const own = shared.goAlong(both, 0.5, (share, k) => (k ? fractionAt([0, 0.2, 1], share) : share));
  close(codes(own)[1], [8 - 0.6, 9 - 0.6, 10 - 0.6]);
  const lacking = shared.tap(both, spaces, 0, [0, 0], 2);
  assert.deepEqual(
    lacking.maps.map(({ path }) => path.length),
    [3, 0],
  );
  const fewer = shared.removeEnd(lacking, 2);
  assert.deepEqual(
    fewer.maps.map(({ path }) => path.length),
    [2, 2],
  );
});

test("an endpoint that is dragged in one map is another in all", () => {
  const [first, spaces] = twins();
  const adding = shared.everywhere(first, (map) => one.chooseTool(map, "interpolate"));
  const path = [0, 1].reduce((state, row) => shared.tap(state, spaces, 0, [0, 0], row), adding);
  const moved = shared.moveEnd(path, spaces, 1, 0, [-1, 1]);
  // What lies off the plane of its code stays.
  for (const map of moved.maps) close(map.path[0].z, [-1, 1, 7]);
  for (const map of moved.maps) close(map.path[1].z, DEEP[1]);
});

test("looking at a place moves no handle", () => {
  const [first, spaces] = twins();
  const looked = shared.preview(first, spaces, 0, [1, 1]);
  assert.deepEqual(codes(looked), codes(first));
  for (const map of looked.maps) close(map.preview.z, [1, 1, 7]);
  const over = shared.preview(looked, spaces, 0, null);
  assert.deepEqual(
    over.maps.map(({ preview }) => preview),
    [null, null],
  );
});

test("a link opens a comparison with its z, mode, alignment and path", () => {
  const [first] = twins(CYCLE, "z=1,0,2&path=0;1,1,1&scale=quantile", { aligned: true });
  assert.equal(first.aligned, true);
  close(codes(first)[0], [1, 0, 2]);
  close(codes(first)[1], [...turned([1, 0, 2], CYCLE)]);
  close(first.maps[1].path[1].z, [...turned([1, 1, 1], CYCLE)]);
  assert.ok(first.maps.every(({ projection }) => projection.scale === "quantile"));
  const [image] = twins(null, "image=2", { mode: "image" });
  assert.equal(image.selection.image.row, 2);
  // Spaces that cannot be turned onto each other are not.
  assert.equal(twins(null, "", { aligned: true })[0].aligned, false);
});

test("a first model without codes is shown where another one has an image", () => {
  const [first] = compared([space(3, [], []), space(3, [4, 9, 5], DEEP)]);
  assert.deepEqual(codes(first), [DEEP[0], DEEP[0]]);
});

/** A reel of three snapshots of one image, whose sheets are 2 x 2 pictures of one pixel. */
function reel() {
  const half = { 0: 0x0000, 1: 0x3c00, 2: 0x4000 };
  const arrays = {
    xy: Uint16Array.from([0, 0, 1, 2, 2, 2].map((value) => half[value])),
    label: Uint8Array.of(0),
    index: Uint32Array.of(7),
    epoch: Float32Array.of(0, 1, 10),
    neg_elbo: Float32Array.of(9, 5, 4),
    box: Float32Array.of(0, 0, 4),
    center: new Float32Array(2),
    axes: Float32Array.of(1, 0, 0, 1),
  };
  const header = {
    ...{ across: 2, image_shape: [1, 1, 1], titles: ["z0", "z1"] },
    ...{ classes: ["a"], colours: ["#000000"] },
  };
  let open = 3;
  const sheet = () => ({ close: () => open-- });
  const made = new Reel({ header, arrays }, [sheet(), sheet(), sheet()]);
  const pixels = (values) => ({
    width: 2,
    data: Uint8ClampedArray.from(values.flatMap((value) => [value, value, value, 255])),
  });
  const sheets = [
    [0, 0, 0, 0],
    [255, 0, 0, 51],
    [0, 0, 0, 0],
  ];
  made.pixels = new Map(sheets.map((values, k) => [k, pixels(values)]));
  return { made, isOpen: () => open > 0 };
}

test("a film's codes and values are those of a snapshot, and between two of them", () => {
  const { made } = reel();
  assert.deepEqual([...made.projectionAt(1).xy], [1, 2]);
  assert.notEqual(made.projectionAt(1), made.projectionAt(1));
  assert.equal(made.projectionAt(0.5).plane, made.projection.plane);
  assert.deepEqual(made.placeOf(0, 0.5), [0.5, 1]);
  assert.equal(made.value(made.epoch, 1.5), 5.5);
  assert.equal(made.value(made.epoch, 2), 10);
  assert.equal(made.timeOf(5.5), 1.5);
  assert.equal(made.timeOf(0), 0);
});

test("a film's picture is the lattice's at its cells, and between them by nearness", () => {
  const { made } = reel();
  // Cells have their middles at -1 and 1; the upper left one is white, the lower right one 0.2.
  const near = (place, time, expected) => close(made.pictureAt(place, time), [expected]);
  near([-1, 1], 1, 1);
  near([1, -1], 1, 0.2);
  near([0, 1], 1, 0.5);
  near([0, 0], 1, 0.3);
  near([-1, 1], 0.25, 0.25);
  near([-1, 1], 2, 0);
  // Outside of the lattice its edge goes on.
  near([-9, 9], 1, 1);
});

test("a film's handle follows its image, or stays where it was put", () => {
  const { made } = reel();
  const last = film.firstFilm(made);
  close(last.z, [2, 2]);
  close(film.goTo(last, made, 0.5).z, [0.5, 1]);
  const put = film.stay(last, [-1, 1]);
  close(film.goTo(put, made, 0.5).z, [-1, 1]);
  close(film.follow(film.goTo(put, made, 0.5), made, 0).z, [0.5, 1]);
});

test("a film plays to its end, and from there anew", () => {
  const { made } = reel();
  let state = film.toggle(film.firstFilm(made), made);
  assert.deepEqual([state.time, state.playing], [0, true]);
  state = film.advance(state, made, 1);
  assert.ok(state.playing && state.time > 0 && state.time < 2);
  state = film.advance(state, made, 60);
  assert.deepEqual([state.time, state.playing], [2, false]);
});

test("a reel that is closed gives back its sheets", () => {
  const { made, isOpen } = reel();
  made.close();
  assert.equal(isOpen(), false);
  assert.equal(made.pixels.size, 0);
});

test("a comparison comes back from its address as it was, and Explore reads the first map's part", () => {
  const spaces = [space(2, [4, 9, 5], FLAT), space(3, [9, 4, 7], DEEP)];
  const mixed = new shared.SharedSpaces(spaces, [model("x"), model("other")]);
  const same = new shared.SharedSpaces([spaces[0], spaces[0]], [model("x"), model("x")]);
  const drawing = writeDrawing(Float32Array.of(0, 1, 0.4, 0));
  for (const [models, link] of [
    [same, "z=1,2&view=0,0,8"],
    [same, "z=1,2&path=0,0;1,1;3,4&view=0,0,8"],
    [same, "z=-2,0&image=2&path=0;1&view=0,0,8&mode=image&views=1,2,3"],
    [same, `z=1,2&drawing=${drawing}&view=0,0,8&mode=image&views=1,2,3`],
    [mixed, "z=1,2&image=1:2&view=0,0,8&views=1,2,3"],
    [mixed, "z=1,2&image=0&view=0,0,8&tool=interpolate&path=1:2;0&views=1,2,3"],
    [mixed, "z=1,2&image=0&view=0,0,8&hide=0&views=1,2,3&hides=none"],
  ]) {
    const { state, problems } = readSharedLink(link, models);
    assert.deepEqual(problems, [], link);
    const [written, asked] = [writeSharedLink(state, models, ""), link].map((text) =>
      [...new URLSearchParams(text)].sort(),
    );
    assert.deepEqual(written, asked);
  }
  const gone = readSharedLink("z=1,2&path=0,0;1,1&along=0.25", same).state;
  close(codes(gone)[1], [0.25, 0.25]);
  assert.match(writeSharedLink(gone, same, ""), /along=0.25/);
});

test("what a comparison's or a film's address cannot mean is left out, and named once", () => {
  const { spaces, models } = flatAndDeep()[1];
  const mixed = new shared.SharedSpaces(spaces, models);
  const bad = {
    ...{ mode: "z", aligned: "no", along: "2", views: "0,0,1;0,0,1", hides: "7" },
    ...{ image: "3:1", path: "0;1:9", z: "1", tool: "hammer", modes: "z" },
  };
  const named = ({ problems }) => problems.map((text) => text.split(":")[0]).sort();
  const found = readSharedLink(new URLSearchParams(bad).toString(), mixed);
  assert.deepEqual(named(found), Object.keys(bad).sort());
  const { maps, ...rest } = readSharedLink("", mixed).state;
  assert.deepEqual(codes(found.state), codes({ maps }));
  assert.deepEqual([found.state.mode, found.state.path], [rest.mode, rest.path]);
  const wrong = { time: "3", follow: "1", z: "1", view: "a", show: "x", hide: "9", tim: "1" };
  assert.deepEqual(
    named(readFilm(new URLSearchParams(wrong).toString(), reel().made)),
    Object.keys(wrong).sort(),
  );
});

test("a film comes back from its address as it was", () => {
  const { made } = reel();
  for (const link of ["", "time=0.5", "z=0.25,-1", "time=1&z=3,1&view=1,2,3&show=none&hide=0"]) {
    assert.equal(
      writeFilm(readFilm(link, made).state, made, "checkpoint=a"),
      `checkpoint=a&${link}`.replace(/&$/, ""),
    );
  }
  close(readFilm("time=0.5", made).state.z, [0.5, 1]);
  close(readFilm("time=0.5&follow=0&z=9,9", made).state.z, [0.5, 1]);
});

test("undo takes back what was done on all maps of a comparison, and a film's handle", () => {
  const [first, spacesOf] = twins(CYCLE);
  const moved = shared.tap(shared.align(first, spacesOf, true), spacesOf, 1, [2, 3], null);
  const back = shared.restore(moved, shared.stepOf(first));
  assert.ok(shared.areSameSteps(shared.stepOf(back), shared.stepOf(first)));
  assert.ok(!shared.areSameSteps(shared.stepOf(moved), shared.stepOf(first)));
  assert.deepEqual(codes(back), codes(first));
  assert.equal(back.aligned, false);
  const { made } = reel();
  const start = film.firstFilm(made);
  const put = film.stay(film.goTo(start, made, 0.5), [-1, 1]);
  const again = film.restore(put, film.stepOf(start), made);
  assert.equal(again.followed, 0);
  close(again.z, [2, 2]);
});
