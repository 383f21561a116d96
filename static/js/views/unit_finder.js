// Find units: which are on throughout a phrase, and off just before and behind it (after LSTMVis, Strobelt et al. 2018).

import { button, byId, make } from "../kit/dom.js";
import { figure, visible } from "../kit/text.js";

const SHOWN = 5; // other places, at most

/** @typedef {import("../data/decoded_trace.js").LayerReading} LayerReading */
/** @typedef {{from: number, to: number, by: string, above: number}} Phrase steps in sight, the last one included; activation; threshold */
/** @typedef {{unit: number, sign: number}} Found `sign`: −1 where it is on below the negative threshold */

/**
 * The units that are on throughout a phrase and off just before and behind it, where there is such a step.
 * @param {LayerReading} layer
 * @param {Phrase} phrase
 * @returns {Found[]}
 */
export function unitsOnIn(layer, { from, to, by, above }) {
  const found = [];
  for (let unit = 0; unit < layer.units; unit += 1) {
    for (const sign of [1, -1]) {
      /** @param {number} t */
      const on = (t) => sign * layer.at(by, t, unit) >= above;
      let throughout = (from === 0 || !on(from - 1)) && (to === layer.steps - 1 || !on(to + 1));
      for (let t = from; t <= to && throughout; t += 1) throughout = on(t);
      if (throughout) found.push({ unit, sign });
    }
  }
  return found;
}

/**
 * Where else all of these units are on together: the longest runs of steps, first and last.
 * @param {LayerReading} layer
 * @param {Phrase} phrase
 * @param {Found[]} found
 * @returns {{from: number, to: number}[]}
 */
export function elsewhere(layer, { from, to, by, above }, found) {
  const runs = [];
  let begin = -1;
  for (let t = 0; t <= layer.steps && found.length > 0; t += 1) {
    const on = t < layer.steps && found.every(({ unit, sign }) => sign * layer.at(by, t, unit) >= above);
    if (on && begin < 0) begin = t;
    if (!on && begin >= 0) {
      if (t <= from || begin > to) runs.push({ from: begin, to: t - 1 });
      begin = -1;
    }
  }
  return runs;
}

/** The bar that asks for a phrase and lists the units. */
export class Finder {
  /** @param {{onFound: (units: number[]) => void, onPick: (cell: {t: number, unit: number}) => void, onChange: (phrase: Phrase | null) => void}} handlers */
  constructor({ onFound, onPick, onChange }) {
    this.onFound = onFound;
    this.onPick = onPick;
    this.onChange = onChange;
    this.place = byId("find");
    this.from = /** @type {HTMLSelectElement} */ (byId("find-from"));
    this.to = /** @type {HTMLSelectElement} */ (byId("find-to"));
    this.by = /** @type {HTMLSelectElement} */ (byId("find-by"));
    this.above = /** @type {HTMLInputElement} */ (byId("find-above"));
    this.title = "";
    /** @type {Phrase | null} */
    this.phrase = null;
    /** @type {import("../data/decoded_trace.js").Reading | null} */
    this.reading = null;
    /** @type {LayerReading | null} */
    this.layer = null;
    this.place.addEventListener("input", () => this.#read());
    byId("find-close").addEventListener("click", () => this.set(null));
  }

  /**
   * What is searched from now on, and for what.
   * @param {import("../data/decoded_trace.js").Reading} reading
   * @param {LayerReading} layer
   * @param {Phrase | null} phrase
   * @param {string} title of the lane, where there are several
   */
  show(reading, layer, phrase, title) {
    this.title = title;
    this.reading = reading;
    this.layer = layer;
    const last = reading.tokens.length - 1;
    const fits = phrase && phrase.from <= last && reading.model.activations.some(({ letter }) => letter === phrase.by);
    this.phrase = phrase && fits ? { ...phrase, to: Math.min(phrase.to, last) } : null;
    this.#draw();
  }

  /**
   * Search for a phrase, with the threshold and the activation of the one before, or else half of the greatest value.
   * @param {{from: number, to: number} | null} span null to stop searching
   */
  set(span) {
    if (!this.layer) return;
    const by = this.phrase?.by ?? this.layer.carrier;
    this.phrase = span && { ...span, by, above: this.phrase?.above ?? this.#half(span, by) };
    this.#draw();
    this.onChange(this.phrase);
  }

  /** Take over what the bar says. */
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
    const layer = /** @type {LayerReading} */ (this.layer);
    const values = layer.values(by).subarray(from * layer.units, (to + 1) * layer.units);
    return Math.round(50 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)) / 100;
  }

  /**
   * @param {{from: number, to: number}} run
   * @param {number} unit
   */
  #link({ from, to }, unit) {
    const { tokens, model } = /** @type {import("../data/decoded_trace.js").Reading} */ (this.reading);
    const words = tokens.slice(from, to + 1).map((token) => visible(token.text));
    return button("link", words.join(model.tokenizer === "character" ? "" : " "), () => this.onPick({ t: to, unit }));
  }

  #draw() {
    this.place.hidden = this.phrase === null;
    if (!this.phrase || !this.reading || !this.layer) return this.onFound([]);
    const { from, to, by, above } = this.phrase;
    const words = this.reading.tokens.map((token, t) => ({ name: visible(token.text), value: String(t) }));
    fill(this.from, words, String(from));
    fill(this.to, words, String(to));
    fill(this.by, this.reading.model.activations.map(({ letter, name }) => ({ name: `${name} ${letter}`, value: letter })), by);
    const most = this.layer.values(by).reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 0.01);
    Object.assign(this.above, { max: String(Math.max(Math.ceil(most * 100) / 100, above)), value: String(above) });
    byId("find-value").textContent = figure(above, 2);
    const found = unitsOnIn(this.layer, this.phrase);
    const of = this.title && ` of ${this.title}`;
    byId("find-count").textContent = `${found.length} of ${this.layer.units} units${of}${found.length ? ":" : ""}`;
    byId("find-units").replaceChildren(
      ...found.map(({ unit, sign }) => {
        const link = button("link", `${sign < 0 ? "−" : ""}${unit}`, () => this.onPick({ t: to, unit }));
        link.title = sign < 0 ? `below −${figure(above, 2)} throughout` : `above ${figure(above, 2)} throughout`;
        return link;
      }),
    );
    const others = elsewhere(this.layer, this.phrase, found).slice(0, SHOWN);
    byId("find-elsewhere").replaceChildren(
      ...others.flatMap((run, at) => [at ? ", " : "together also at ", this.#link(run, found[0].unit)]),
    );
    this.onFound(found.map(({ unit }) => unit));
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
