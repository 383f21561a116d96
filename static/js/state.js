// What the page shows: one small object, kept in the address bar.

/** @typedef {{model: string, text: string, start: number, layer: number}} State `start`: first step shown; `layer`: index into the layers of the trace */

// Servers bound the length of an address; a longer text goes behind the #, which stays in the browser.
const LONGEST_QUERY = 4000;

/**
 * Write the state into the address bar.
 * @param {State} state
 */
export function remember(state) {
  const query = new URLSearchParams({ model: state.model, text: state.text });
  const fragment = new URLSearchParams();
  if (query.toString().length > LONGEST_QUERY) {
    fragment.set("text", state.text);
    query.delete("text");
  }
  if (state.start > 0) fragment.set("start", String(state.start));
  if (state.layer > 0) fragment.set("layer", String(state.layer));
  const behind = fragment.toString();
  const address = `?${query}${behind ? `#${behind}` : ""}`;
  if (address !== location.search + location.hash) history.replaceState(null, "", address);
}

/**
 * What the part of the address behind the # adds to the state; the server answered the rest.
 * @returns {Partial<State>}
 */
export function remembered() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  /** @type {Partial<State>} */
  const found = {};
  const text = fragment.get("text");
  if (text !== null) found.text = text;
  for (const name of /** @type {const} */ (["start", "layer"])) {
    const value = Number(fragment.get(name));
    if (Number.isInteger(value) && value > 0) found[name] = value;
  }
  return found;
}
