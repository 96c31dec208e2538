/** Scenes of a talk: what is collected, changed, kept and read again, and what a caption says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "./older-node.mjs";
import * as scenes from "../../vae_explorer/live/browser/space/scenes.js";

const scene = (link, caption = "", seconds = 2) => ({ link, caption, seconds });
const SET = {
  title: "A talk",
  scenes: ["a", "b", "c"].map((name) => scene(`explore?checkpoint=${name}`, `**${name}**`)),
};
const names = (set) =>
  set.scenes.map(({ link }) => scenes.readSceneLink(link).checkpoints).join("");

test("a link names its page and checkpoints, wherever it was copied", () => {
  for (const [link, needs, about] of [
    ["explore?checkpoint=a&z=0,1", "explore a", "code"],
    ["https://host:8501/base/?checkpoint=a&image=3#part", "explore a", "image"],
    ["?checkpoint=a&path=3;4&image=3", "explore a", "path"],
    ["/film?checkpoint=a", "film a", "code"],
    ["http://host/compare?compare=a%2Fb&drawing=AA&tool=interpolate", "compare a/b", "drawing"],
    ["explore?checkpoint=a&tool=manifold&image=3", "explore a", "code"],
  ]) {
    const read = scenes.readSceneLink(link);
    assert.deepEqual([read.needs, read.about], [needs, about]);
  }
  for (const link of ["", "explore", "model?checkpoint=a", "compare?checkpoint=a", "film?z=1", "?"])
    assert.equal(scenes.readSceneLink(link), null);
  const address = "http://host/film?checkpoint=a&time=3";
  assert.deepEqual(scenes.sceneOf(address), scene("film?checkpoint=a&time=3"));
  assert.equal(scenes.sceneOf(`${address}&drawing=${"A".repeat(scenes.MAX_LINK)}`), null);
});

test("scenes are added, changed, moved and taken out, and the set before stays", () => {
  const before = structuredClone(SET);
  assert.equal(names(scenes.withScene(SET, scene("film?checkpoint=d"))), "abcd");
  assert.equal(names(scenes.withoutScene(SET, 1)), "ac");
  assert.equal(names(scenes.moveScene(SET, 2, -1)), "acb");
  assert.equal(names(scenes.moveScene(SET, 0, 1)), "bac");
  assert.equal(names(scenes.moveScene(SET, 0, -1)), "abc");
  assert.equal(names(scenes.moveScene(SET, 2, 1)), "abc");
  assert.equal(scenes.editScene(SET, 1, { caption: "new" }).scenes[1].caption, "new");
  assert.deepEqual(SET, before);
});

test("what was written is read again, and what is damaged is none", () => {
  const text = scenes.writeScenes(SET);
  assert.deepEqual(scenes.readScenes(text), SET);
  const set = JSON.parse(text);
  const damaged = [
    ...["", "{", "null", "3", "[]", "{}", text.slice(0, -9)],
    ...[{ format: "x" }, { version: 2 }, { title: 3 }, { title: "x".repeat(201) }, { scenes: 3 }]
      .concat([{ scenes: null }, { scenes: [null] }, { scenes: [{}] }, { scenes: [3] }])
      .concat([{ scenes: Array(201).fill(SET.scenes[0]) }, { scenes: [scene("a", "", -1)] }])
      .concat([{ scenes: [scene("a", "", "2")] }, { scenes: [scene("a", "x".repeat(501))] }])
      .concat([{ scenes: [scene(3)] }, { scenes: { length: 1, every: 1 } }])
      .map((change) => JSON.stringify({ ...set, ...change })),
  ];
  for (const one of damaged) assert.equal(scenes.readScenes(one), null, one);
});

test("a caption is a line, and its stars and ticks come in pairs", () => {
  const parts = (caption) => scenes.readCaption(caption).map(({ tag, text }) => `${tag}:${text}`);
  assert.deepEqual(parts("**A code** is *z*, as in `z = 0`."), [
    ...["b:A code", "span: is ", "i:z", "span:, as in ", "code:z = 0", "span:."],
  ]);
  for (const plain of ["2 * 3", "2 * 3 * 4", "a ** b", "`", "**", "<b>x</b>", "[a](b)", "# x"])
    assert.deepEqual(parts(plain), [`span:${plain}`]);
  assert.deepEqual(parts(""), []);
  assert.equal(scenes.oneLine("a\nb\r\n\tc\u202e\ud800"), "a b   c  ");
  assert.equal(scenes.oneLine("👩\u200d🏫"), "👩\u200d🏫");
});

test("numbers that are typed are taken or left", () => {
  assert.deepEqual(
    ["1", "8", "0", "9", "", "-1", "1.5", "1e1", "99999"].map((text) => scenes.readNumber(text, 8)),
    [0, 7, null, null, null, null, null, null, null],
  );
  assert.deepEqual(
    ["0", "2.5", "60", "61", "-1", "", " ", "x", "Infinity"].map(scenes.readSeconds),
    [0, 2.5, 60, 60, 0, null, null, null, 60],
  );
});
