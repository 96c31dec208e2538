/** One of the models that are compared: its map, its picture, its path and its row. */
import { element } from "../dom/element.js";
import { LatentMap } from "../map/map.js";
import { PathStrip } from "./path-strip.js";
import { Picture } from "./picture.js";
import { RowStrip } from "./row-strip.js";

/**
 * @typedef {import("../compare.js").CompareState} CompareState
 * @typedef {import("./strip.js").Frames} Frames
 *
 * @typedef {Object} ModelActions
 * @property {import("../map/map.js").MapActions} map
 * @property {(share: number) => void} goAlong a step of the path is clicked
 * @property {(z: number[]) => void} moveTo a picture of the row is clicked
 * @property {(frames: Frames|null) => void} frames of the path are decoded
 * @property {(row: Frames|null) => void} row of the lattice is decoded
 * @property {(message: string) => void} failed
 */

const DISPARITY =
  "|a − bR|² / (|a|² + |b|²) of the codes a of the first model and b of this one, for the test " +
  "images both know: 0 where R turns one space exactly onto the other.";

export class ModelPanel {
  /**
   * @param {number} k which of the models it is
   * @param {{name: string, caption: string, disparity: number|null}} model
   * @param {import("../space/space.js").Space} space
   * @param {ModelActions} on
   * @param {AbortSignal} signal
   */
  constructor(k, model, space, on, signal) {
    this.k = k;
    this.model = model;
    this.map = new LatentMap(space, on.map, {
      ...{ signal, wheelNeedsKey: true },
      handleLabel: `The handle in ${model.name}`,
    });
    this.picture = new Picture(space.shape, on, `Decoded by ${model.name}: the mean of p(x|z)`);
    const goAlong = (/** @type {number} */ step) => on.goAlong(step / (this.steps - 1));
    this.path = new PathStrip(space.shape, {
      choose: (_, step) => goAlong(step),
      decoded: on.frames,
    });
    this.row = new RowStrip(space.shape, { choose: on.moveTo, decoded: on.row });
    this.disparity = element("span", {
      ...{ class: "cm-disparity", "data-testid": "disparity", title: DISPARITY },
    });
    this.note = element("p", { class: "cm-note", role: "status" });
    this.steps = 2;
    this.element = element(
      "section",
      { class: "cm-panel", "data-testid": "panel", "aria-label": model.name },
      [
        element("header", {}, [
          element("h3", { text: model.name }),
          element("span", { class: "cm-caption", text: model.caption }),
          this.disparity,
        ]),
        element("div", { class: "cm-model" }, [this.map.element, this.picture.element]),
        ...[this.note, this.path.element, this.row.element],
      ],
    );
  }

  draw(/** @type {CompareState} */ state) {
    const { k } = this;
    const map = state.maps[k];
    const { tool, pathSettings, path } = map;
    this.steps = pathSettings.steps;
    this.map.draw(map);
    this.picture.draw(map);
    const [frames, row] = [state.frames[k], state.rows[k]];
    const reached =
      state.along === null || !frames ? null : Math.round(state.along * (frames.count - 1));
    this.path.element.hidden = tool !== "interpolate" || path.length < 2;
    this.row.element.hidden = tool !== "manifold";
    this.path.draw({ ...map, frames, reached });
    // What nobody sees need not be decoded.
    if (tool === "manifold") this.row.draw({ ...map, row });
    const apart = state.aligned && k > 0 ? this.model.disparity : null;
    this.disparity.textContent = apart === null ? "" : `disparity ${apart.toFixed(3)}`;
    if (this.note.textContent !== state.notes[k]) this.note.textContent = state.notes[k];
  }

  close() {
    this.map.close();
    this.picture.close();
    this.path.close();
    this.row.close();
  }
}
