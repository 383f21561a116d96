// A slider for each gate and candidate, which holds it at another value at one step.

import { cellOf } from "../data/boot.js";
import { placeOf } from "../data/edits.js";
import { shortened, visible } from "../data/visible_text.js";
import { nounOf } from "../data/written.js";
import { button, make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { verdictOf } from "./verdict.js";

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */
/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {import("../data/edits.js").EditPlace} EditPlace */
/** @typedef {{letter: string, name: string, range: [number, number], input: HTMLInputElement, ghost: HTMLElement, value: HTMLElement, release: HTMLButtonElement}} Row */
/** @typedef {{heldAt: (place: EditPlace) => number | null, onHold: (place: EditPlace, value: number | null) => void}} EditHandlers `heldAt`: by the list as it is now; `onHold`: null to let go */

const STEP = 0.01;
const LONGEST = 14; // characters of a word in the heading

export class GateSliders {
  /** @param {EditHandlers} handlers */
  constructor({ heldAt, onHold }) {
    this.heldAt = heldAt;
    this.onHold = onHold;
    this.heading = make("span", {});
    this.scope = /** @type {HTMLSelectElement} */ (make("select", { autocomplete: "off", "aria-label": "Units that are held" }));
    this.scope.append(new Option("", "all"), new Option("", "one"));
    this.rows = make("div", {});
    this.effect = make("p", { class: "effect", "aria-live": "polite" });
    this.element = make("div", { class: "sliders", role: "group", "aria-label": "Hold a gate at another value" }, make("p", {}, this.heading, this.scope), this.rows, this.effect);
    /** @type {Row[]} */
    this.sliders = [];
    this.model = "";
    /** What is in sight. @type {{trace: DecodedTrace, layer: DecodedLayer, t: number, unit: number} | null} */
    this.shown = null;
    this.scope.addEventListener("change", () => this.shown && this.#draw(this.shown));
  }

  /**
   * Show the gates at a step of a layer. There are none of a text that takes no edits.
   * @param {DecodedTrace} trace
   * @param {DecodedLayer} layer
   * @param {{t: number, unit: number}} place
   */
  show(trace, layer, { t, unit }) {
    this.shown = { trace, layer, t, unit };
    this.element.hidden = trace.editing === null;
    if (this.element.hidden) return;
    if (this.model !== trace.model.id) this.#build(trace.model);
    this.#draw(this.shown);
  }

  /** @param {import("../data/api_types.d.ts").Model} model */
  #build(model) {
    this.model = model.id;
    this.sliders = model.activations.flatMap(({ letter, name, kind, minimum, maximum }) =>
      kind === "state" || minimum === null || maximum === null ? [] : [this.#slider(letter, name, [minimum, maximum])],
    );
    this.scope.hidden = this.sliders.length === 0;
    this.rows.replaceChildren(
      ...this.sliders.map(({ letter, name, input, ghost, value, release }) =>
        make("div", { class: "slider", "data-letter": letter }, make("span", {}, `${name} `, make("var", {}, letter)), make("span", { class: "track" }, ghost, input), value, release),
      ),
    );
  }

  /**
   * @param {string} letter
   * @param {string} name
   * @param {[number, number]} range
   * @returns {Row}
   */
  #slider(letter, name, range) {
    const [min, max] = range;
    const input = /** @type {HTMLInputElement} */ (make("input", { type: "range", min, max, step: STEP, autocomplete: "off" }));
    input.addEventListener("input", () => this.#hold(letter, Number(input.value)));
    const release = button("link", "×", () => {
      this.#hold(letter, null);
      input.focus(); // the button goes
    });
    return { letter, name, range, input, ghost: make("i", { class: "ghost" }), value: make("span", { class: "value" }), release };
  }

  /**
   * @param {string} letter
   * @param {number | null} value null to let go
   */
  #hold(letter, value) {
    if (!this.shown) return;
    this.onHold(this.#placeOf(letter, this.shown), value);
    this.#draw(this.shown);
  }

  /**
   * @param {string} letter
   * @param {{trace: DecodedTrace, layer: DecodedLayer, t: number, unit: number}} shown
   */
  #placeOf(letter, { trace, layer, t, unit }) {
    return placeOf(trace, layer, letter, t, this.#unit(unit));
  }

  /** @param {number} unit @returns {number | null} null for all */
  #unit(unit) {
    return this.scope.value === "one" ? unit : null;
  }

  /** @param {{trace: DecodedTrace, layer: DecodedLayer, t: number, unit: number}} shown */
  #draw(shown) {
    const { trace, layer, t, unit } = shown;
    const word = visible(trace.tokens[t].text);
    const only = this.#unit(unit);
    const units = only === null ? `all ${layer.units.toLocaleString("en")} units` : `unit ${unit} only`;
    if (this.sliders.length === 0) return this.heading.replaceChildren(`Nothing to hold: ${cellOf(trace.model).noun} has no gates.`);
    this.heading.replaceChildren("hold at ", make("bdi", {}, shortened(trace.tokens[t].text, LONGEST)), ", in ");
    [this.scope.options[0].text, this.scope.options[1].text] = [`all ${layer.units.toLocaleString("en")} units`, `unit ${unit} only`];
    this.#showEffect(trace);
    const original = trace.original?.layer ?? layer;
    for (const { letter, name, range, input, ghost, value, release } of this.sliders) {
      const held = this.heldAt(this.#placeOf(letter, shown));
      const was = meanOf(original, letter, t, only);
      const now = held ?? meanOf(layer, letter, t, only);
      const [before, after] = [decimal(was, 2), decimal(now, 2)];
      const isMoved = held !== null || before !== after;
      input.value = String(now);
      input.ariaLabel = `${name} ${letter} at ${word}, ${units}`;
      input.setAttribute("aria-valuetext", `${held !== null ? "held at " : only === null ? "mean " : ""}${after}${isMoved ? `, ${before} without edits` : ""}`);
      ghost.hidden = !isMoved;
      ghost.style.setProperty("--share", String((was - range[0]) / (range[1] - range[0])));
      const isMean = held === null && only === null;
      value.replaceChildren(...(isMoved ? [make("span", { class: "ghost" }, before), " → "] : isMean ? [make("span", { class: "ghost" }, "mean ")] : []), after);
      release.hidden = held === null;
      release.ariaLabel = `Let go of the ${name} at ${word}`;
    }
  }

  /**
   * What the edits make of the verdict after the last word in sight.
   * @param {DecodedTrace} trace
   */
  #showEffect(trace) {
    if (trace.original === null || trace.isHeadless) return this.effect.replaceChildren();
    const { model, tokens, stop } = trace;
    const line = make("span", {}, `after ${nounOf(model)} ${stop}: `, ...verdictOf(trace, tokens.length - 1));
    if (line.textContent !== this.effect.textContent) this.effect.replaceChildren(line); // what is made anew is announced
  }
}

/**
 * An activation of one unit at one step, or its mean over all.
 * @param {DecodedLayer} layer
 * @param {string} letter
 * @param {number} t
 * @param {number | null} unit null for all
 */
function meanOf(layer, letter, t, unit) {
  return unit === null ? layer.summary(letter, "mean")[t] : layer.at(letter, t, unit);
}
