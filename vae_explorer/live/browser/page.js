/**
 * What the pages of this browser have in common: one element of Streamlit's page, one live page in
 * it. Streamlit calls `mount` anew with every change of data or theme, and its cleanup when the
 * element leaves the page: so a page is opened once for each element and key, and told of the rest.
 */
import { element } from "./dom/element.js";
import { serverSource } from "./dom/source.js";

/**
 * @typedef {Object} Data of a component; what else stands in it is the page's own
 * @property {string} key of what is shown, as it is on disk
 * @property {{live: string, assets: string, script: string}} base where the server's routes and these
 *   files are, and which of them is the page
 *
 * @typedef {{parentElement: HTMLElement, data: Data, source?: import("./dom/source.js").Source, scene?: Scene,
 *   setStateValue?: (name: string, value: unknown) => void}} Component
 *   as Streamlit hands it over; an exported page has no base, its source and its styles are its own
 *
 * @typedef {Object} Scene of a talk: the page shows what a link says, and leaves the address alone
 * @property {string} search of the link
 * @property {number} seconds of the glide into it. Whoever shows the page calls `glide(search, seconds)`
 *   once it is seen: a film that is opened with more than 0 waits at its start until then
 * @property {(page: OpenPage<any>) => void} opened called when it is open
 */

/**
 * @template Kept
 * @typedef {Object} OpenPage
 * @property {() => void} recolour draw anew what takes its colours from the theme
 * @property {(data: any) => void} [renew] take other data of the same key
 * @property {() => Kept} keep what this tab remembers of the page, for when it is opened again
 * @property {(search: string, seconds: number) => Promise<void>} [glide] move to what a link says; settled
 *   when there, or when somebody took over
 * @property {() => void} close
 */

/**
 * @template Kept
 * @typedef {Object} Opening what a page is opened with
 * @property {HTMLElement} root to be filled
 * @property {any} data the component's
 * @property {import("./dom/source.js").Source} source of all that it loads
 * @property {Kept|undefined} kept of the same key
 * @property {{data: any, kept: Kept}|undefined} former page that stood in this element until now
 * @property {Scene|undefined} scene
 * @property {((name: string, value: unknown) => void)|undefined} ask Python; there is none in an exported file
 * @property {AbortSignal} signal ends the page and all its listening
 */

/**
 * @template Kept
 * @typedef {Object} PageKind
 * @property {string[]} css names of its style sheets
 * @property {string} testid of its root
 * @property {(data: any) => string} title of what is opened, for sentences and screen readers
 * @property {(opening: Opening<Kept>) => Promise<OpenPage<Kept>>} open
 */

/**
 * @template Kept
 * @typedef {Object} Place what stands in an element
 * @property {any} data
 * @property {OpenPage<Kept>|null} page once it is open
 * @property {number} calls of `mount` for it
 * @property {() => void} close
 */

/**
 * @template Kept
 * @param {PageKind<Kept>} kind
 * @returns {(component: Component) => () => void} mount: opens a page in a component's element,
 *   and returns its cleanup
 */
export function createMount(kind) {
  /** @type {WeakMap<HTMLElement, Place<Kept>>} */
  const mounted = new WeakMap();
  /** What this tab remembers of each key. @type {Map<string, Kept>} */
  const remembered = new Map();

  /** @returns {() => void} cleanup */
  function mount(/** @type {Component} */ component) {
    const { parentElement, data, scene, setStateValue: ask } = component;
    const { source = serverSource(data.base.live) } = component;
    const before = mounted.get(parentElement);
    if (before?.data.key === data.key) {
      before.data = data;
      before.page?.renew?.(data);
      before.page?.recolour();
      return closer(before);
    }
    const former = before?.page ? { data: before.data, kept: before.page.keep() } : undefined;
    before?.close();

    const root = element("div", {
      ...{ class: "lm-root", "data-testid": kind.testid, role: "group" },
      "aria-label": sentence(kind.title(data)),
    });
    const styles = (data.base ? kind.css : []).map((name) =>
      element("link", { rel: "stylesheet", href: `${data.base.assets}/${name}` }),
    );
    parentElement.replaceChildren(...styles, element("div", { class: "lm-frame" }, [root]));
    const ended = new AbortController();
    const { signal } = ended;
    /** @type {Place<Kept>} */
    const place = {
      data,
      page: null,
      calls: 0,
      close() {
        if (signal.aborted) return;
        if (place.page && !scene) remembered.set(data.key, place.page.keep());
        ended.abort();
        place.page?.close();
        if (mounted.get(parentElement) === place) mounted.delete(parentElement);
      },
    };
    mounted.set(parentElement, place);
    keepHeight(root, signal);
    const open = async () => {
      showMessage(root, `Opening ${kind.title(data)} …`);
      try {
        const kept = scene ? undefined : remembered.get(data.key);
        const opening = { root, data: place.data, source, kept, former, scene, ask, signal };
        const page = await kind.open(opening);
        if (signal.aborted) return page.close();
        place.page = page;
        scene?.opened(page);
      } catch (error) {
        if (signal.aborted) return;
        const message = `${sentence(kind.title(data))} did not open. ${/** @type {Error} */ (error).message}`;
        showMessage(root, message, open);
      }
    };
    open();
    return closer(place);
  }

  /**
   * A cleanup that counts for the newest call alone: of a call that was overtaken while its script
   * was on its way, Streamlit cleans up when the script comes, and the page is the newer call's too.
   */
  function closer(/** @type {Place<Kept>} */ place) {
    const call = ++place.calls;
    return () => {
      if (call === place.calls) place.close();
    };
  }

  return mount;
}

/** A text with a capital. */
function sentence(/** @type {string} */ text) {
  return text[0].toUpperCase() + text.slice(1);
}

/** Say what is done, or what is wrong and can be tried again, in the place of a page. */
function showMessage(
  /** @type {HTMLElement} */ root,
  /** @type {string} */ text,
  /** @type {(() => void)|null} */ again = null,
) {
  const button = again && element("button", { type: "button", text: "Try again", onclick: again });
  root.replaceChildren(
    element("div", { class: "lm-opening", role: again ? "alert" : "status" }, [
      text,
      ...(button ? [button] : []),
    ]),
  );
}

/** Tell the style sheet how much of the window is left below the root's upper edge. */
function keepHeight(/** @type {HTMLElement} */ root, /** @type {AbortSignal} */ signal) {
  const measure = () => {
    const above = root.getBoundingClientRect().top + (root.closest("section")?.scrollTop ?? 0);
    root.style.setProperty("--above", `${Math.max(0, Math.round(above))}px`);
  };
  measure();
  // What Streamlit shows above the root, such as a warning, comes and goes.
  const watch = new ResizeObserver(measure);
  watch.observe(root);
  window.addEventListener("resize", measure, { signal });
  signal.addEventListener("abort", () => watch.disconnect());
}
