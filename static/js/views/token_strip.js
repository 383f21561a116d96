// The strip of tokens, each in the colour of its probability.

import { diverging, sequential, tint } from "../charts/colors.js";
import { tokenProbabilities } from "../data/decoded_trace.js";
import { visible } from "../data/visible_text.js";
import { readsNumbers } from "../data/written.js";
import { make, treeOf } from "../kit/dom.js";
import { changed } from "./verdict.js";

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */

export class TokenStrip {
  /**
   * @param {HTMLElement} element
   * @param {{onHover: (t: number | null) => void, onPick: (t: number) => void, onFind: (token: import("../data/api_types.d.ts").TokenInfo) => void, onBrush: (span: {from: number, to: number}) => void}} handlers
   */
  constructor(element, { onHover, onPick, onFind, onBrush }) {
    this.element = element;
    this.onHover = onHover;
    this.onPick = onPick;
    this.onFind = onFind;
    this.onBrush = onBrush;
    /** Where a phrase begins: the word that was last pressed or picked. @type {number | null} */
    this.anchor = null;
    /** Whether its words have just been drawn. */
    this.isNew = false;
    element.addEventListener("keydown", (event) => this.#walk(event));
  }

  /**
   * @param {DecodedTrace} trace
   * @param {import("../charts/columns.js").Edges | null} edges of the columns over which the words stand; null: one after the other
   */
  show(trace, edges) {
    const widths = edges?.slice(1).map((edge, at) => edge - edges[at]);
    this.element.classList.toggle("columned", widths !== undefined);
    this.element.style.gridTemplateColumns = widths?.map((width) => `minmax(0, ${(100 * width).toFixed(3)}fr)`).join(" ") ?? "";
    const shares = tokenProbabilities(trace);
    const originals = trace.original ? tokenProbabilities(trace.original, trace) : shares;
    const scale = trace.names.length === 1 ? diverging() : sequential();
    this.element.classList.toggle("steps", readsNumbers(trace.model));
    this.element.classList.toggle("characters", trace.model.tokenizer === "character");
    this.isNew = true;
    this.element.replaceChildren(...trace.tokens.map((token, t) => this.#item(token, t, shares[t], originals[t], scale)));
    this.#endBelowRow();
  }

  /** Where there are more rows of words than are shown, end below a whole one. */
  #endBelowRow() {
    const { element } = this;
    element.style.maxHeight = "";
    if (element.scrollHeight <= element.clientHeight) return;
    const { top, bottom } = element.getBoundingClientRect();
    const ends = Array.from(element.children, (each) => each.getBoundingClientRect().bottom).filter((end) => end <= bottom);
    if (ends.length > 0) element.style.maxHeight = `${Math.max(...ends) - top}px`;
  }

  /** Show nothing. */
  clear() {
    this.element.replaceChildren();
  }

  /** @param {number | null} t the step whose token is lit */
  mark(t) {
    this.element.querySelector(".lit")?.classList.remove("lit");
    const word = t === null ? undefined : this.element.children[t];
    word?.classList.add("lit");
    if (this.isNew && word) this.#reveal(word);
    this.isNew = false;
  }

  /** @param {Element} word scrolled into sight, where there are more words than rows for them */
  #reveal(word) {
    const [strip, { top, bottom }] = [this.element.getBoundingClientRect(), word.getBoundingClientRect()];
    if (bottom > strip.bottom) this.element.scrollTop += Math.round((top + bottom - strip.top - strip.bottom) / 2);
  }

  /**
   * Walk through the words with left and right; one Tab passes them all.
   * @param {KeyboardEvent} event
   */
  #walk(event) {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const words = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(".token")]);
    const here = words.indexOf(/** @type {HTMLElement} */ (treeOf(this.element).activeElement));
    const next = direction && words[here + direction];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    this.anchor ??= here;
    for (const word of words) word.tabIndex = -1;
    next.tabIndex = 0;
    const t = words.indexOf(next);
    if (!event.shiftKey) this.anchor = t;
    next.focus();
    if (event.shiftKey) this.#brush(t);
  }

  /** @param {number} t where a phrase ends */
  #brush(t) {
    const anchor = this.anchor ?? t;
    this.onBrush({ from: Math.min(anchor, t), to: Math.max(anchor, t) });
  }

  /**
   * @param {import("../data/api_types.d.ts").TokenInfo} token
   * @param {number} t
   * @param {number | null} share
   * @param {number | null} original the same without edits
   * @param {import("../charts/colors.js").Scale} scale
   */
  #item(token, t, share, original, scale) {
    const shown = visible(token.text);
    const text = make("bdi", shown.startsWith("◌") ? { class: "accent" } : {}, shown);
    const word = make("button", { type: "button", class: "token", tabindex: t === 0 ? 0 : -1 }, text);
    if (!token.known) {
      word.classList.add("unknown");
      word.title = `“${shown}” is not in the model's vocabulary: it reads “${token.read_as ?? "unknown"}”.`;
    }
    if (share !== null) {
      const colors = tint(scale, share);
      Object.assign(text.style, { backgroundColor: colors.background, color: colors.text });
      word.append(make("span", {}, ...changed(share, original)));
    }
    if (token.read_as) word.append(make("span", { class: "read-as" }, "read as ", make("em", {}, token.read_as)));
    word.addEventListener("pointerdown", ({ shiftKey }) => {
      if (!shiftKey) this.anchor = t;
    });
    word.addEventListener("pointerenter", ({ pointerType, buttons }) => {
      if (pointerType === "touch") return;
      this.onHover(t);
      if (buttons === 1 && this.anchor !== null) this.#brush(t);
    });
    word.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || this.onHover(null));
    word.addEventListener("focus", () => word.matches(":focus-visible") && this.onHover(t));
    word.addEventListener("blur", () => this.onHover(null));
    word.addEventListener("click", ({ shiftKey }) => (shiftKey ? this.#brush(t) : this.onPick(t)));
    word.addEventListener("dblclick", () => this.onFind(token));
    return make("li", token.text === "\n" ? { class: "break" } : {}, word);
  }
}
