/**
 * The state of a page, and the only way to change it: `set` merges a patch and asks for one frame,
 * in which every part draws from the state.
 */

/**
 * @template State
 * @typedef {Object} Store
 * @property {Readonly<State>} state
 * @property {(patch: Partial<State>) => void} set
 * @property {() => void} redraw ask for a frame without a change, as after a new size or theme
 * @property {() => void} close draw no more
 */

/**
 * @template {object} State
 * @param {State} state at first
 * @param {(state: State) => void} draw called once a frame, if anything was set
 * @returns {Store<State>}
 */
export function createStore(state, draw) {
  let frame = 0;
  let closed = false;
  /** @type {Store<State>} */
  const store = {
    state,
    set(patch) {
      store.state = { ...store.state, ...patch };
      store.redraw();
    },
    redraw() {
      if (closed) return;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        draw(store.state);
      });
    },
    close() {
      closed = true;
      cancelAnimationFrame(frame);
    },
  };
  return store;
}
