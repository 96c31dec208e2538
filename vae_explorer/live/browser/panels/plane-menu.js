/** The choice of what the map shows of more than two dimensions. */
import { element } from "../dom/element.js";
import { STORED_VIEWS } from "../space/space.js";
import { fill, menu } from "./toolbar.js";

const KINDS = {
  pca: "Principal axes",
  dims: "Two dimensions",
  through: "Through A, B, C",
  ...STORED_VIEWS,
};

export class PlaneMenu {
  /**
   * @param {import("../space/space.js").Space} space
   * @param {(name: string) => void} choose called with a plane's name, or `through` alone
   */
  constructor(space, choose) {
    this.space = space;
    this.choose = choose;
    this.name = "";
    const kinds = Object.entries(KINDS).filter(
      ([kind]) => !STORED_VIEWS[kind] || space.stored[kind],
    );
    this.kind = menu("Plane", kinds, () => this.chosen(null));
    this.axes = [0, 1].map((k) => menu(["Across", "Up"][k], [], () => this.chosen(k)));
    this.element = element("div", { class: "lm-group" }, [this.kind, ...this.axes]);
  }

  draw(/** @type {{projection: {name: string}}} */ { projection: { name } }) {
    if (name === this.name) return;
    this.name = name;
    const [kind, rest = ""] = name.split(":");
    this.kind.value = kind === "digits" ? "through" : kind;
    const hasAxes = kind === "pca" || kind === "dims";
    this.axes.forEach((select, k) => {
      select.hidden = !hasAxes;
      if (!hasAxes) return;
      fill(select, this.options(kind));
      select.value = rest.split(",")[k];
    });
  }

  /** @returns {[string, string][]} */
  options(/** @type {string} */ kind) {
    const { dims, header } = this.space;
    if (kind === "pca") return Array.from({ length: dims }, (_, k) => [`${k}`, `PC ${k + 1}`]);
    return header.order.map((dim) => [`${dim}`, `z${dim}${header.active[dim] ? "" : " (idle)"}`]);
  }

  /** @param {number|null} changed which axis was chosen; null for the kind of plane */
  chosen(changed) {
    const kind = this.kind.value;
    // What was chosen may not be had: the next draw shows what is.
    this.name = "";
    if (STORED_VIEWS[kind] || kind === "through") return this.choose(kind);
    const options = this.options(kind).map(([value]) => value);
    const axes = changed === null ? options.slice(0, 2) : this.axes.map((select) => select.value);
    if (axes[0] === axes[1]) {
      // The axis that was not touched gives way.
      axes[changed === 0 ? 1 : 0] = options.find((value) => value !== axes[0]) ?? "";
    }
    return this.choose(`${kind}:${axes}`);
  }
}
