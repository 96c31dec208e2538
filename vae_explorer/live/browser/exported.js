/**
 * The page of an exported file: its tabs, the choice of a checkpoint, and below them one of the
 * app's pages. `vae_explorer/export.py` writes the file, and what `contents` says of it.
 */
import { element } from "./dom/element.js";
import { pageSource } from "./dom/source.js";
import { withSearch } from "./link.js";

/**
 * @typedef {Object} Exported a checkpoint in the file
 * @property {string} name
 * @property {number|null} comparison which one it is part of
 * @property {any} explore data of the page Explore
 * @property {any} film data of the page Film; null without one
 *
 * @typedef {Object} Contents
 * @property {Exported[]} checkpoints
 * @property {any[]} comparisons data of the page Compare
 * @property {Record<string, string>} originals digests of test images by a checkpoint's key
 * @property {{title: string, scenes: any[]}|null} scenes of a talk, as the page Present takes them
 *
 * @typedef {keyof typeof PAGES} PageName
 */

const PAGES = {
  present: {
    title: "Present",
    script: () => import("./present.js"),
    data: () => talk,
  },
  explore: {
    title: "Explore",
    script: () => import("./explore.js"),
    data: (/** @type {Exported} */ { explore }) => explore,
  },
  compare: {
    title: "Compare",
    script: () => import("./compare.js"),
    data: (/** @type {Exported} */ { comparison }) =>
      comparison === null ? null : contents.comparisons[comparison],
  },
  film: {
    title: "Film",
    script: () => import("./film.js"),
    data: (/** @type {Exported} */ { film }) => film,
  },
};
const NAMES = /** @type {PageName[]} */ (Object.keys(PAGES));

/** @type {Contents} */
const contents = JSON.parse(document.getElementById("contents")?.textContent ?? "");
const talk = contents.scenes && {
  ...contents.scenes,
  ...{ key: "talk", file: "", pages: dataOfPages(), missing: {}, play: !location.search },
};
let source = /** @type {import("./dom/source.js").Source} */ ({});
let page = /** @type {PageName} */ ("explore");
let checkpoint = contents.checkpoints[0];
/** Closes the page that is open. */
let close = () => {};

const tabs = NAMES.map((name) =>
  element("button", {
    ...{ type: "button", text: PAGES[name].title, "data-testid": "tab", "data-page": name },
    onclick: () => choose(name, checkpoint),
  }),
);
const picker = element(
  "select",
  {
    ...{ "aria-label": "Checkpoint", "data-testid": "picker" },
    onchange: () => choose(page, contents.checkpoints[picker.selectedIndex]),
  },
  contents.checkpoints.map(({ name }) => element("option", { text: name })),
);
const message = element("p", { class: "ex-message", role: "status" });
const place = element("main");

/** What the pages of scenes take, by names such as `film mnist-2d`. */
function dataOfPages() {
  const { checkpoints, comparisons } = contents;
  return Object.fromEntries([
    ...checkpoints.map(({ name, explore }) => [`explore ${name}`, explore]),
    ...checkpoints.flatMap(({ name, film }) => (film ? [[`film ${name}`, film]] : [])),
    ...comparisons.map((data) => [
      `compare ${data.checkpoints.map((/** @type {any} */ { name }) => name).join("/")}`,
      data,
    ]),
  ]);
}

/** Read from the address what is open; what cannot be meant is said, and left out. */
function readAddress() {
  const query = new URLSearchParams(location.search);
  const [asked, named] = [query.get("page"), query.get("checkpoint")];
  const names = contents.checkpoints.map(({ name }) => name);
  checkpoint = contents.checkpoints[Math.max(0, names.indexOf(named ?? ""))];
  const offered = NAMES.filter((name) => PAGES[name].data(checkpoint));
  // A talk comes first, unless a link leads elsewhere.
  const first = talk && (!query.size || query.has("scene")) ? "present" : "explore";
  page = offered.find((name) => name === asked) ?? first;
  message.textContent = [
    named !== null && named !== checkpoint.name
      ? `The link’s checkpoint is not in this file: expected one of ${names.join(", ")}.`
      : "",
    asked !== null && asked !== page
      ? `The link’s page is not in this file: expected one of ${offered.join(", ")}.`
      : "",
  ].join(" ");
}

function choose(/** @type {PageName} */ name, /** @type {Exported} */ other) {
  close();
  checkpoint = other;
  page = PAGES[name].data(other) ? name : "explore";
  message.textContent = "";
  // The rest of the address was of the page that was open.
  const address = withSearch(new URLSearchParams({ page, checkpoint: other.name }).toString());
  try {
    history.pushState(null, "", address);
  } catch {
    // A frame that has no address of its own shows its pages all the same.
  }
  open();
}

/** Open what is chosen; what is open already takes on the colours that changed. */
async function open() {
  const [name, data] = [page, PAGES[page].data(checkpoint)];
  for (const [k, tab] of tabs.entries()) {
    tab.hidden = !PAGES[NAMES[k]].data(checkpoint);
    tab.setAttribute("aria-current", NAMES[k] === page ? "page" : "false");
  }
  picker.selectedIndex = contents.checkpoints.indexOf(checkpoint);
  picker.hidden = contents.checkpoints.length < 2 || page === "present";
  const { mount } = await PAGES[name].script();
  // Meanwhile something else may have been chosen.
  if (PAGES[page].data(checkpoint) === data) {
    close = mount({ parentElement: place, data, source });
  }
}

/** Open the file. */
export function openFile(/** @type {(id: string) => Promise<ArrayBuffer>} */ unpack) {
  source = pageSource(unpack, contents.originals);
  document.body.append(
    element("header", { class: "ex-bar" }, [
      element("nav", { "aria-label": "Pages" }, tabs),
      element("span", { class: "ex-name", text: "VAE Explorer" }),
      picker,
    ]),
    ...[message, place],
  );
  readAddress();
  open();
  addEventListener("popstate", () => {
    close();
    readAddress();
    open();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", open);
}
