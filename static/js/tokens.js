// The strip of tokens, each in the colour of the verdict after it.

import { numbers } from "./api.js";
import { verdictColors } from "./colors.js";
import { visible } from "./text.js";

/** @typedef {import("./api.js").Trace} Trace */

export class TokenStrip {
  /**
   * @param {HTMLElement} place
   * @param {HTMLElement} summary
   * @param {{onHover: (t: number | null) => void, onClick: (token: import("./api.js").Token) => void}} handlers
   */
  constructor(place, summary, { onHover, onClick }) {
    this.place = place;
    this.summary = summary;
    this.onHover = onHover;
    this.onClick = onClick;
    place.addEventListener("keydown", (event) => this.#step(event));
  }

  /**
   * @param {import("./api.js").Model} model
   * @param {Trace} trace
   */
  show(model, trace) {
    const said = numbers(trace.outputs.values);
    const columns = trace.outputs.names.length;
    this.place.replaceChildren(
      ...trace.tokens.map((token, t) => this.#item(token, t, columns === 1 ? said[t] : null)),
    );
    const last = said[(trace.tokens.length - 1) * columns];
    this.summary.textContent = columns === 1 ? verdict(last, model, trace) : "";
  }

  /** Say that there is nothing to show. */
  clear() {
    this.place.replaceChildren();
    this.summary.textContent = "Type a word, and its gates appear.";
  }

  /**
   * Left and right walk through the words; one Tab passes them all.
   * @param {KeyboardEvent} event
   */
  #step(event) {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const words = /** @type {HTMLElement[]} */ ([...this.place.querySelectorAll(".token")]);
    const next = way && words[words.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + way];
    if (!next) return;
    event.preventDefault();
    for (const word of words) word.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  /** @param {number | null} t the step whose token is lit */
  mark(t) {
    this.place.querySelector(".lit")?.classList.remove("lit");
    if (t !== null) this.place.children[t]?.classList.add("lit");
  }

  /**
   * @param {import("./api.js").Token} token
   * @param {number} t
   * @param {number | null} probability
   */
  #item(token, t, probability) {
    const item = document.createElement("li");
    const word = document.createElement("button");
    word.type = "button";
    word.className = token.known ? "token" : "token unknown";
    word.tabIndex = t === 0 ? 0 : -1;
    const text = document.createElement("bdi");
    text.textContent = visible(token.text);
    word.append(text);
    word.title = token.known ? token.text : `“${token.text}” is not in the model's vocabulary: it sees “unknown”.`;
    if (probability !== null) {
      const colors = verdictColors(probability);
      Object.assign(text.style, { backgroundColor: colors.background, color: colors.text });
      const figure = document.createElement("span");
      figure.textContent = probability.toFixed(2);
      word.append(figure);
    }
    word.addEventListener("pointerenter", () => this.onHover(t));
    word.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || this.onHover(null));
    word.addEventListener("focus", () => this.onHover(t));
    word.addEventListener("blur", () => this.onHover(null));
    // A tap only lights the word: finding it in the text would raise the keyboard over the picture.
    word.addEventListener("click", (event) => /** @type {PointerEvent} */ (event).pointerType === "touch" || this.onClick(token));
    item.append(word);
    return item;
  }
}

/**
 * The verdict in a phrase.
 * @param {number} probability
 * @param {import("./api.js").Model} model
 * @param {Trace} trace
 */
function verdict(probability, model, trace) {
  const name = trace.outputs.names[0];
  const side = probability >= 0.5 ? name : model.opposite || `not ${name}`;
  const upTo = trace.stop < trace.steps ? ` after word ${trace.stop} of ${trace.steps}` : "";
  return `${side} · P(${name}) = ${probability.toFixed(2)}${upTo}`;
}
