/** Who tells whom: the parts of the live map, each given what it is to do when it is used. */

import { layout } from "./layout.js";
import { Ends } from "./map/endpoints.js";
import { listen, makeDraggable } from "./map/gestures.js";
import { MapView } from "./map/map.js";
import { Overlay } from "./map/overlay.js";
import { Sketch } from "./panels/drawing.js";
import { Legend } from "./panels/legend.js";
import { Words } from "./panels/message.js";
import { Strip } from "./panels/path-strip.js";
import { PictureView } from "./panels/picture.js";
import { PlaneMenu } from "./panels/plane-menu.js";
import { DigitPanel } from "./panels/selection.js";
import { Sliders } from "./panels/sliders.js";
import { Tools } from "./panels/toolbar.js";

/**
 * Make the parts and put them in their places, under their names in the explorer.
 * @param {import("./explore.js").Explorer} explorer
 * @param {HTMLElement} root to be filled
 */
export function assemble(explorer, root) {
  const { hand } = explorer;
  const { space } = hand;
  const { header } = space;
  const [channels, height, width] = header.image_shape;
  const shape = [height, width, channels];
  explorer.pictureView = new PictureView(shape, {
    wrong: (words) => explorer.words.say(words, { about: "decoder" }),
    well: () => explorer.words.settle("decoder"),
  });
  explorer.digit = new DigitPanel(shape, {
    resample: () => explorer.act(() => hand.taken && hand.resample()),
    mean: () => explorer.act(() => hand.taken && hand.moveTo(hand.taken.mean)),
  });
  const slide = (dim, value) => explorer.slide(dim, value);
  explorer.sliders = new Sliders(
    header,
    slide,
    () => explorer.post(),
    () => explorer.postSoon(),
  );
  explorer.sketch = new Sketch(shape, {
    encode: (pixels, ended) => explorer.encode(pixels, ended),
    clear: () => explorer.forgetDrawing(),
  });
  explorer.strip = new Strip({
    play: (z) => explorer.moveTo(z),
    stop: () => explorer.post(),
    change: (way, spacing) => {
      Object.assign(hand, { way, spacing });
      explorer.mark("path");
      explorer.post();
    },
    choose: (z) => explorer.act(() => hand.moveTo(z)),
  });
  explorer.tools = new Tools({
    layers: () => {
      explorer.layersChanged();
      explorer.postSoon();
    },
    picking: () => {
      explorer.map.classList.toggle("lm-picking", explorer.tools.picking);
      explorer.mark("path");
    },
    clear: () => explorer.act(() => (hand.path = [])),
    zoom: (factor) => explorer.showView(() => hand.view.zoom(factor)),
    home: () => explorer.showView(() => (hand.view = hand.whole())),
  });
  explorer.words = new Words();
  const overlay = new Overlay(header);
  explorer.legend = new Legend(header, hand.hidden, () => {
    explorer.mark("points", "names");
    explorer.postSoon();
  });
  const choose = (name) => explorer.choosePlane(name);
  explorer.planes = space.dims > 2 ? new PlaneMenu(space, choose) : null;
  const ends = new Ends({
    move: (k, left, top) => {
      hand.moveEnd(k, ...explorer.within(left, top));
      explorer.look(hand.path[k].z, `at ${String.fromCharCode(65 + k)}`);
      explorer.mark("path");
    },
    end: () => {
      explorer.look(null);
      explorer.post();
    },
    pause: () => {
      explorer.look(null);
      explorer.postSoon();
    },
    remove: (k) => {
      hand.path.splice(k, 1);
      explorer.look(null);
      explorer.showPath();
      explorer.post();
    },
    signal: explorer.ended.signal,
  });
  Object.assign(explorer, layout(root, { ...explorer, overlay, ends }));
  const mark = (...what) => explorer.mark(...what);
  explorer.mapView = new MapView(hand, { ...explorer, overlay, ends }, mark);
  if (explorer.mapView.points.kind === "canvas") {
    explorer.words.say("This browser has no WebGL: the points are drawn more slowly, as squares.");
  }
}

/**
 * Have pointers and keys on the map move the hand.
 * @param {import("./explore.js").Explorer} explorer
 */
export function connect(explorer) {
  const { signal } = explorer.ended;
  const on = {
    hover: (left, top) => explorer.look(explorer.hand.codeAt(left, top), "under the pointer"),
    leave: () => explorer.look(null),
    tap: (left, top) => explorer.tap(left, top),
    pan: (left, top) => {
      explorer.hand.view.pan(left, top);
      explorer.mark("view");
    },
    zoom: (factor, left, top) => {
      explorer.hand.view.zoom(factor, left, top);
      explorer.mark("view");
    },
    end: () => explorer.post(),
  };
  listen(explorer.surface, on, signal);
  const drag = {
    start: () => {
      explorer.deeds++;
      explorer.handle.classList.add("lm-known");
      explorer.strip.stop();
      explorer.look(null);
    },
    move: (left, top) => explorer.moveTo(explorer.hand.codeAt(...explorer.within(left, top))),
    end: () => explorer.post(),
    // What lies under the ring can be clicked through it.
    tap: (left, top) => explorer.tap(left, top),
  };
  makeDraggable(explorer.handle, explorer.map, drag, signal);
  explorer.handle.addEventListener("keydown", (event) => explorer.key(event), { signal });
}
