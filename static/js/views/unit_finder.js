// The bar that asks for a phrase and lists the units that are on throughout it.

import { elsewhere, unitsOnIn } from "../data/unit_search.js";
import { visible } from "../data/visible_text.js";
import { button, byId, make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";

const MOST_PLACES = 5; // other places that are listed

/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {import("../data/unit_search.js").Phrase} Phrase */

/** The bar that asks for a phrase and lists the units. */
export class UnitFinder {
  /** @param {{wholeOf: (trace: import("../data/decoded_trace.js").DecodedTrace, letter: string) => DecodedLayer | Promise<DecodedLayer>, onMatches: (units: number[]) => void, onPick: (entry: {t: number, unit: number}) => void, onChange: (phrase: Phrase | null) => void}} handlers */
  constructor({ wholeOf, onMatches, onPick, onChange }) {
    this.wholeOf = wholeOf;
    this.onMatches = onMatches;
    this.onPick = onPick;
    this.onChange = onChange;
    this.element = byId("find");
    this.from = /** @type {HTMLSelectElement} */ (byId("find-from"));
    this.to = /** @type {HTMLSelectElement} */ (byId("find-to"));
    this.by = /** @type {HTMLSelectElement} */ (byId("find-by"));
    this.above = /** @type {HTMLInputElement} */ (byId("find-above"));
    this.title = "";
    /** @type {Phrase | null} */
    this.phrase = null;
    /** @type {import("../data/decoded_trace.js").DecodedTrace | null} */
    this.trace = null;
    this.element.addEventListener("input", () => this.#read());
    byId("find-close").addEventListener("click", () => this.set(null));
  }

  /**
   * Set what is searched, and for which phrase.
   * @param {import("../data/decoded_trace.js").DecodedTrace} trace
   * @param {Phrase | null} phrase
   * @param {string} title of the lane, where there are several
   */
  show(trace, phrase, title) {
    this.title = title;
    this.trace = trace;
    const last = trace.tokens.length - 1;
    const fits = phrase && phrase.from <= last && trace.model.activations.some(({ letter }) => letter === phrase.by);
    this.phrase = phrase && fits ? { ...phrase, to: Math.min(phrase.to, last) } : null;
    this.#draw();
  }

  /**
   * Search for a phrase by the activation and threshold of the last one, or else by half of the greatest value.
   * @param {{from: number, to: number} | null} span null to stop searching
   */
  set(span) {
    if (!this.trace) return;
    const by = this.phrase?.by ?? this.trace.layer.carrier;
    this.phrase = span && { ...span, by, above: this.phrase?.above ?? this.#half(span, by) };
    this.#draw();
    this.onChange(this.phrase);
  }

  /** Take over what the controls say. */
  #read() {
    const [from, to] = [Number(this.from.value), Number(this.to.value)].sort((a, b) => a - b);
    const by = this.by.value;
    const above = by === this.phrase?.by ? Number(this.above.value) : this.#half({ from, to }, by);
    this.phrase = { from, to, by, above };
    this.#draw();
    this.onChange(this.phrase);
  }

  /**
   * Half of the greatest value within a phrase.
   * @param {{from: number, to: number}} span
   * @param {string} by
   */
  #half({ from, to }, by) {
    const { layer } = /** @type {import("../data/decoded_trace.js").DecodedTrace} */ (this.trace);
    return Math.round(50 * Math.max(...layer.summary(by, "greatest").subarray(from, to + 1))) / 100;
  }

  /**
   * @param {{from: number, to: number}} run
   * @param {number} unit
   */
  #link({ from, to }, unit) {
    const { tokens, model } = /** @type {import("../data/decoded_trace.js").DecodedTrace} */ (this.trace);
    const words = tokens.slice(from, to + 1).map((token) => visible(token.text));
    return button("link", words.join(model.tokenizer === "character" ? "" : " "), () => this.onPick({ t: to, unit }));
  }

  #draw() {
    this.element.hidden = this.phrase === null;
    if (!this.phrase || !this.trace) return this.onMatches([]);
    const { from, to, by, above } = this.phrase;
    const { layer } = this.trace;
    const words = this.trace.tokens.map((token, t) => ({ name: visible(token.text), value: String(t) }));
    fill(this.from, words, String(from));
    fill(this.to, words, String(to));
    fill(this.by, this.trace.model.activations.map(({ letter, name }) => ({ name: `${name} ${letter}`, value: letter })), by);
    const greatestValue = Math.max(0.01, ...layer.summary(by, "greatest"));
    Object.assign(this.above, { max: String(Math.max(Math.ceil(greatestValue * 100) / 100, above)), value: String(above) });
    byId("find-value").textContent = decimal(above, 2);
    const whole = this.wholeOf(this.trace, by);
    if (!(whole instanceof Promise)) return this.#list(whole, this.phrase);
    const { phrase } = this;
    byId("find-count").textContent = `searching ${layer.units} units …`;
    whole.then(
      (found) => this.phrase === phrase && this.#list(found, phrase),
      () => this.phrase === phrase && (byId("find-count").textContent = "The server does not answer."),
    );
  }

  /**
   * List the units that are on throughout a phrase, and where else they are.
   * @param {DecodedLayer} layer with all of its units
   * @param {Phrase} phrase
   */
  #list(layer, phrase) {
    const { to, above } = phrase;
    const matches = unitsOnIn(layer, phrase);
    const of = this.title && ` of ${this.title}`;
    byId("find-count").textContent = `${matches.length} of ${layer.units.toLocaleString("en")} units${of}${matches.length ? ":" : ""}`;
    byId("find-units").replaceChildren(
      ...matches.map(({ unit, sign }) => {
        const link = button("link", `${sign < 0 ? "−" : ""}${unit}`, () => this.onPick({ t: to, unit }));
        link.title = sign < 0 ? `below −${decimal(above, 2)} throughout` : `above ${decimal(above, 2)} throughout`;
        return link;
      }),
    );
    const others = elsewhere(layer, phrase, matches).slice(0, MOST_PLACES);
    byId("find-elsewhere").replaceChildren(
      ...others.flatMap((run, at) => [at ? ", " : "together also at ", this.#link(run, matches[0].unit)]),
    );
    this.onMatches(matches.map(({ unit }) => unit));
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {{name: string, value: string}[]} options
 * @param {string} chosen
 */
function fill(select, options, chosen) {
  select.replaceChildren(...options.map(({ name, value }) => make("option", { value }, name)));
  select.value = chosen;
}
