/** The row of the lattice at a height, decoded; and the controls of the lattice. */
import { element } from "../dom/element.js";
import { latest } from "../dom/latest.js";
import { fixedNodes, rowHeight } from "../map/grid.js";
import { MAX_RANGE, MAX_SIZE, MIN_RANGE, MIN_SIZE } from "../space/state.js";
import { Strip } from "./strip.js";
import { group, menu, RangeControl } from "./toolbar.js";

/**
 * @typedef {import("../nn/runner.js").Runner} Runner
 * @typedef {import("../space/state.js").MapState} MapState
 * @typedef {import("../space/state.js").Lattice} Lattice
 * @typedef {import("./strip.js").Frames} Frames
 */

/** The codes of the row, (S, D), and what they depend on; null on a view without an inverse. */
function rowOf(/** @type {MapState} */ state) {
  const { projection, lattice, z } = state;
  if (!projection.plane) return null;
  const y = rowHeight(state);
  const codes = new Float32Array(lattice.size * z.length);
  fixedNodes(state, 0).forEach((x, k) => {
    codes.set(/** @type {Float64Array} */ (projection.codeAt([x, y], z)), k * z.length);
  });
  return codes;
}

export class RowStrip {
  /**
   * @param {number[]} shape (H, W, C)
   * @param {Object} on
   * @param {(z: number[], k: number) => void} on.choose a picture is clicked
   * @param {(row: Frames|null) => void} on.decoded
   */
  constructor(shape, on) {
    this.on = on;
    this.strip = new Strip(shape, "Row of the lattice", "row-strip", on.choose);
    this.element = this.strip.element;
    /** What was asked for last. @type {Partial<MapState>} */
    this.asked = {};
    /** @type {Float32Array|null} */
    this.codes = null;
    this.ask = latest(
      async (/** @type {{decoder: Runner, codes: Float32Array, count: number}} */ request) => {
        const { decoder, codes, count } = request;
        const started = performance.now();
        const pixels = await decoder.runAsync(codes, count, true);
        const fractions = Array.from({ length: count }, (_, k) => k / (count - 1));
        if (codes === this.codes) on.decoded({ count, codes, pixels, fractions, started });
      },
    );
  }

  /** @param {MapState & {row: Frames|null}} state */
  draw(state) {
    const { decoder, projection, lattice, z, row } = state;
    const { asked } = this;
    if (
      asked.decoder !== decoder ||
      asked.projection !== projection ||
      asked.lattice !== lattice ||
      asked.z !== z
    ) {
      this.asked = { decoder, projection, lattice, z };
      const codes = rowOf(state);
      // In the plane the handle moves without moving the row.
      if (!codes || !this.codes || asked.decoder !== decoder || !near(codes, this.codes)) {
        this.codes = codes;
        if (!codes && row) this.on.decoded(null);
        if (codes && decoder) this.ask({ decoder, codes, count: lattice.size });
      }
    }
    this.strip.draw(row);
  }

  close() {
    this.ask.stop();
  }
}

/** Whether codes are the same, but for z's single precision. */
function near(/** @type {Float32Array} */ a, /** @type {Float32Array} */ b) {
  return a.length === b.length && a.every((value, k) => Math.abs(value - b[k]) < 1e-4);
}

/** Cells, size, range and spacing of the lattice, and what its plane goes through. */
export class LatticeControls {
  /**
   * @param {import("../space/space.js").Space} space
   * @param {Object} on
   * @param {(lattice: Partial<Lattice>) => void} on.lattice
   * @param {(scale: import("../space/projection.js").Scale) => void} on.scale
   * @param {(z: ArrayLike<number>) => void} on.through the plane is to go through a code
   */
  constructor(space, on) {
    this.space = space;
    this.on = on;
    this.cells = menu(
      "Pictures",
      [
        ["view", "fill the view"],
        ["fixed", "fixed lattice"],
      ],
      (cells) => on.lattice({ cells: /** @type {Lattice["cells"]} */ (cells) }),
    );
    this.scale = menu(
      "Spacing",
      [
        ["linear", "linear"],
        ["quantile", "by quantile"],
      ],
      (scale) => on.scale(/** @type {import("../space/projection.js").Scale} */ (scale)),
    );
    this.scale.title =
      "linear: equal steps of z. By quantile: each picture stands for the same share of the prior.";
    this.size = new RangeControl("Size", { min: MIN_SIZE, max: MAX_SIZE, step: 1 }, (size) =>
      on.lattice({ size, cells: "fixed" }),
    );
    this.range = new RangeControl(
      "Range",
      { min: MIN_RANGE, max: MAX_RANGE, step: 0.5 },
      (range) => on.lattice({ range, cells: "fixed" }),
      (range) => `±${range}`,
    );
    this.height = new RangeControl(
      "Row at",
      { min: -MAX_RANGE, max: MAX_RANGE, step: 0.1 },
      (height) => on.lattice({ height }),
      (height) => `${height.toFixed(1).replace("-", "−")} σ`,
    );
    /** Codes that the plane may go through, by name. @type {Map<string, Float64Array>|null} */
    this.places = null;
    this.through = menu("Plane through", [], (name) => {
      const z = name === "selection" ? this.selected : this.placesOf().get(name);
      if (z) on.through(z);
    });
    /** The mean of the selection. @type {Float64Array|null} */
    this.selected = null;
    /** @type {Partial<MapState>} */
    this.drawn = {};
    this.element = group("lm-controls", "Lattice", [
      element("div", {}, [this.cells, this.scale, ...(space.dims > 2 ? [this.through] : [])]),
      element("div", {}, [this.size.element, this.range.element, this.height.element]),
    ]);
  }

  draw(/** @type {MapState} */ state) {
    const { drawn } = this;
    const { lattice, projection, z, selection } = state;
    if (drawn.lattice !== lattice || drawn.projection !== projection) {
      const { plane, scale } = projection;
      this.cells.value = lattice.cells;
      this.scale.value = scale;
      this.size.draw(lattice.size, !plane);
      // Quantiles reach from 0 to 1.
      this.range.draw(lattice.range, !plane || scale === "quantile");
      this.height.draw(Number(lattice.height), !plane);
      for (const control of [this.cells, this.scale, this.through]) control.disabled = !plane;
    }
    if (this.space.dims > 2 && projection.plane) {
      this.drawThrough(state, drawn.z !== z || drawn.selection !== selection);
    }
    this.drawn = { lattice, projection, z, selection };
  }

  /** Say what the plane through the handle goes through beside it. */
  drawThrough(/** @type {MapState} */ { projection, z, selection }, /** @type {boolean} */ moved) {
    if (!moved && this.drawn.projection === projection) return;
    const places = this.placesOf();
    this.selected = selection?.mean ?? null;
    if (!this.through.options.length) {
      const add = (/** @type {string} */ value, /** @type {string} */ text) =>
        this.through.append(element("option", { value, text }));
      add("handle", "through the handle");
      add("selection", "through the selected image");
      for (const name of places.keys()) add(name, `through ${name}`);
    }
    const { plane } = projection;
    if (!plane) return;
    const residual = plane.residual(z);
    const on = (/** @type {ArrayLike<number>} */ code) =>
      plane.residual(code).every((value, d) => Math.abs(value - residual[d]) < 1e-4);
    const named = [...places].find(([, code]) => on(code))?.[0];
    this.through.options[1].disabled = !this.selected;
    const other = this.selected && on(this.selected) ? "selection" : "handle";
    this.through.value = named ?? other;
  }

  placesOf() {
    if (this.places) return this.places;
    this.places = new Map([["the prior’s mean", new Float64Array(this.space.dims)]]);
    const all = this.space.meanCode(null);
    if (all) this.places.set("the mean of all codes", all);
    this.space.header.classes.forEach((name, kind) => {
      const mean = this.space.meanCode(kind);
      if (mean) this.places?.set(`the mean of class ${name}`, mean);
    });
    return this.places;
  }
}
