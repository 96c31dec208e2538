/** The choice of what the map shows of more than two dimensions. */
import { element } from "../dom/element.js";
import { FLAT } from "../space/space.js";

const KINDS = {
  pca: "Principal axes",
  dims: "Two dimensions",
  digits: "Through A, B, C",
  ...FLAT,
};

export class PlaneMenu {
  /**
   * @param {import("../space/space.js").Space} space
   * @param {(name: string) => void} choose called with a plane's name, or `digits` alone
   */
  constructor(space, choose) {
    this.space = space;
    this.choose = choose;
    const kinds = Object.keys(KINDS).filter((kind) => !FLAT[kind] || space[kind]);
    this.kind = this.menu(
      "View",
      kinds.map((kind) => [kind, KINDS[kind]]),
      () => this.chosen(),
    );
    this.first = this.menu("Across", [], () => this.chosen(this.first));
    this.second = this.menu("Up", [], () => this.chosen(this.second));
    this.element = element("div", { class: "lm-planes" }, [this.kind, this.first, this.second]);
  }

  menu(label, options, onchange) {
    return fill(element("select", { "aria-label": label, title: label, onchange }), options);
  }

  /** Show what is chosen. @param {string} name of a plane */
  show(name) {
    const [kind, rest = ""] = name.split(":");
    this.kind.value = kind;
    const axes = kind === "pca" || kind === "dims";
    [this.first, this.second].forEach((select, k) => {
      select.style.display = axes ? "" : "none";
      if (!axes) return;
      fill(select, this.axes(kind));
      select.value = rest.split(",")[k];
    });
  }

  axes(kind) {
    const { dims, header } = this.space;
    if (kind === "pca") {
      return Array.from({ length: dims }, (_, k) => [k, `PC ${k + 1}`]);
    }
    return header.order.map((dim) => [dim, `z${dim}${header.active[dim] ? "" : " (idle)"}`]);
  }

  chosen(changed = null) {
    const kind = this.kind.value;
    if (FLAT[kind] || kind === "digits") return this.choose(kind);
    const options = this.axes(kind).map(([value]) => String(value));
    const stay = [this.first, this.second].map((select) => select.value);
    const known = changed ? stay : options.slice(0, 2);
    if (known[0] === known[1]) {
      // The axis that was not touched gives way.
      const other = options.find((value) => value !== known[0]);
      known[changed === this.first ? 1 : 0] = other;
    }
    return this.choose(`${kind}:${known}`);
  }
}

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => element("option", { value, text })));
  return select;
}
