// The keyboard: one table of keys, in layers. The first layer that is open and has a key acts; the sheet lists them all.

import { byId, make } from "../kit/dom.js";

/** @typedef {{keys: string[], says: string, act: () => unknown}} Binding `keys`: as in `KeyboardEvent.key`; `says`: what the sheet says of it */
/** @typedef {{title: string, isOpen: () => boolean, bindings: Binding[]}} Layer */

/** What is written on a key, where that is not its name. @type {Record<string, string>} */
const CAPS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space", Escape: "Esc", PageUp: "Page ↑", PageDown: "Page ↓" };
const LETTERS = "letter-keys"; // in the browser's storage: "off" if letters do nothing

export class Keyboard {
  /** @param {Layer[]} layers the first of them is asked first */
  constructor(layers) {
    this.layers = layers;
    this.help = /** @type {HTMLDialogElement} */ (byId("help"));
    this.letters = /** @type {HTMLInputElement} */ (byId("letter-keys"));
    this.letters.checked = stored(LETTERS) !== "off";
    this.letters.addEventListener("change", () => store(LETTERS, this.letters.checked ? "on" : "off"));
    byId("show-help").addEventListener("click", () => this.help.showModal());
    byId("keys").replaceChildren(...layers.flatMap(described));
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    if (!(target instanceof Element) || target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (document.querySelector("dialog:modal")) return; // it may have lost the focus, as when its button was disabled
    if (key === " " && target.closest("button, a, summary")) return;
    if (/^\p{L}$/u.test(key) && !this.letters.checked) return;
    const name = key.length === 1 ? key.toLowerCase() : key;
    const binding = this.layers.filter(({ isOpen }) => isOpen()).flatMap(({ bindings }) => bindings).find(({ keys }) => keys.includes(name));
    if (!binding) return;
    event.preventDefault();
    binding.act();
  }
}

/** @param {Layer} layer */
function described({ title, bindings }) {
  const rows = bindings.map(({ keys, says }) => {
    const caps = keys.flatMap((key) => [" ", make("kbd", {}, CAPS[key] ?? key.toUpperCase())]);
    return make("div", {}, make("dt", {}, ...caps.slice(1)), make("dd", {}, says));
  });
  return [make("div", { class: "keys-of" }, make("dt", {}, title)), ...rows];
}

/** @param {string} name */
function stored(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // storage is blocked
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
function store(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is blocked: the choice holds until the page is left.
  }
}
