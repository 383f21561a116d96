// The strip of tokens, each in the colour of what the head said of it.

import { diverging, sequential, tint } from "../charts/colors.js";
import { make } from "../kit/dom.js";
import { figure, visible } from "../kit/text.js";
import { leading } from "./verdict.js";

/** @typedef {import("../data/decoded_trace.js").Reading} Reading */

export class TokenStrip {
  /**
   * @param {HTMLElement} place
   * @param {{onHover: (t: number | null) => void, onPick: (t: number) => void, onFind: (token: import("../data/api_types.d.ts").TokenInfo) => void, onBrush: (span: {from: number, to: number}) => void}} handlers
   */
  constructor(place, { onHover, onPick, onFind, onBrush }) {
    this.place = place;
    this.onHover = onHover;
    this.onPick = onPick;
    this.onFind = onFind;
    this.onBrush = onBrush;
    /** Where a phrase begins: the word that was last pressed or picked. @type {number | null} */
    this.anchor = null;
    place.addEventListener("keydown", (event) => this.#step(event));
  }

  /** @param {Reading} reading */
  show(reading) {
    const shares = sharesOf(reading);
    const scale = reading.names.length === 1 ? diverging() : sequential();
    this.place.classList.toggle("characters", reading.model.tokenizer === "character");
    this.place.replaceChildren(...reading.tokens.map((token, t) => this.#item(token, t, shares[t], scale)));
  }

  /** Show nothing. */
  clear() {
    this.place.replaceChildren();
  }

  /** @param {number | null} t the step whose token is lit */
  mark(t) {
    this.place.querySelector(".lit")?.classList.remove("lit");
    if (t !== null) this.place.children[t]?.classList.add("lit");
  }

  /**
   * Left and right walk through the words; one Tab passes them all.
   * @param {KeyboardEvent} event
   */
  #step(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const words = /** @type {HTMLElement[]} */ ([...this.place.querySelectorAll(".token")]);
    const here = words.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = way && words[here + way];
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
   * @param {import("../charts/colors.js").Scale} scale
   */
  #item(token, t, share, scale) {
    const seen = visible(token.text);
    const text = make("bdi", seen.startsWith("◌") ? { class: "accent" } : {}, seen);
    const word = make("button", { type: "button", class: "token", tabindex: t === 0 ? 0 : -1 }, text);
    if (!token.known) {
      word.classList.add("unknown");
      word.title = `“${seen}” is not in the model's vocabulary: it sees “unknown”.`;
    }
    if (share !== null) {
      const colors = tint(scale, share);
      Object.assign(text.style, { backgroundColor: colors.background, color: colors.text });
      word.append(make("span", {}, figure(share, 2)));
    }
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

/**
 * The probability that colours each token: that of the only output after it; of the token itself before it, where the
 * outputs are about the next one; or of the output that is the most probable in the end.
 * @param {Reading} reading
 * @returns {(number | null)[]}
 */
function sharesOf(reading) {
  if (reading.model.predicts_next) return reading.tokens.map((_, t) => reading.expected(t));
  const output = leading(reading.said(reading.tokens.length - 1));
  return reading.tokens.map((_, t) => reading.said(t)[output]);
}
