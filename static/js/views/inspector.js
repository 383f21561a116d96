// One unit at one step: what it tracks, its circuit, its arithmetic, and sliders that change it.

import { equations } from "../cells/equations.js";
import { unitValues } from "../cells/unit_values.js";
import { CircuitDrawing } from "../charts/circuit_drawing.js";
import { shortened, visible } from "../data/visible_text.js";
import { make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { GateSliders } from "./gate_sliders.js";

/** @typedef {import("../data/api_types.d.ts").NamedUnit} NamedUnit */
/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */

const DOT = "●";

/** What the signs of the circuits mean; each model shows those that are in its own. */
const KEY = [
  ["σ", "a layer with weights of its own; its values lie between 0 and 1"],
  ["tanh", "in a box, a layer with values between −1 and 1; rounded, only the function"],
  ["relu", "a layer whose values are not negative"],
  ["W", "a layer without a function: W·x + b, of the input only"],
  ["U", "the same of the hidden state: U·h + b′"],
  ["⊙", "Hadamard product: each unit times its own gate"],
  ["+", "sum, unit by unit"],
  [DOT, "a wire branches, or, where it goes on thick, two vectors are joined end to end: each layer sees all units"],
];

export class Inspector {
  /** @param {import("./gate_sliders.js").EditHandlers} handlers */
  constructor(handlers) {
    this.sliders = new GateSliders(handlers);
    this.element = make("div", { class: "inspector" });
    this.title = make("h3", {});
    this.names = make("div", { class: "names" });
    this.drawing = make("div", {});
    this.arithmetic = make("div", { class: "arithmetic", "aria-live": "polite" });
    this.key = make("dl", { class: "key" });
    this.sheet = make("div", { class: "sheet" }, this.title, this.arithmetic); // a phone keeps it in sight
    /** @type {CircuitDrawing | null} */
    this.circuit = null;
    this.model = "";
  }

  /**
   * @param {import("../data/decoded_trace.js").DecodedTrace} trace
   * @param {DecodedLayer} layer
   * @param {import("./trace_views.js").Place} place
   */
  show(trace, layer, { t, unit, pinned }) {
    const { model, tokens } = trace;
    const word = tokens[t].text;
    const values = unitValues(model, layer, t, unit);
    if (this.circuit === null || this.model !== model.id) this.#build(model);
    this.circuit?.show(values, shortened(word, 12));
    this.sliders.show(trace, layer, { t, unit });
    this.title.replaceChildren(`unit ${unit} at `, make("bdi", {}, visible(word)));
    this.element.classList.toggle("pinned", pinned);
    if (pinned) this.title.append(" ", make("em", {}, "pinned"));
    this.names.replaceChildren(...namesOf(model, layer, unit).map((named) => make("p", { class: "named" }, describe(named))));
    this.arithmetic.replaceChildren(...equations(model, values));
  }

  /** Show nothing. */
  clear() {
    this.circuit = null;
    this.element.classList.remove("pinned");
    this.element.replaceChildren();
  }

  /** @param {import("../data/api_types.d.ts").Model} model */
  #build(model) {
    this.model = model.id;
    this.circuit = new CircuitDrawing(model);
    this.drawing.replaceChildren(this.circuit.element);
    const { signs } = this.circuit;
    const key = KEY.filter(([sign]) => sign === DOT || signs.has(sign));
    this.key.replaceChildren(...key.map(([sign, what]) => make("div", {}, make("dt", {}, sign), make("dd", {}, what))));
    this.element.replaceChildren(this.sheet, this.sliders.element, this.drawing, this.names, this.key);
  }
}

/**
 * What a unit of a layer tracks.
 * @param {import("../data/api_types.d.ts").Model} model
 * @param {DecodedLayer} layer
 * @param {number} unit
 */
export function namesOf(model, layer, unit) {
  return model.units.filter((named) => named.layer === layer.layer && named.direction === layer.direction && named.unit === unit);
}

/** @param {NamedUnit} named */
export function describe(named) {
  const { activation, feature, measure, score, sign } = named;
  return `${activation} tracks “${feature}”${sign < 0 ? ", falling as it rises" : ""} (${measure} ${decimal(score, 2)}${closeTo(named)})`;
}

/**
 * How many units come close to the one with the name; empty if they were not counted.
 * @param {NamedUnit} named
 */
function closeTo({ close, close_from: from, measure }) {
  if (!close || from == null) return "";
  const bar = `${measure === "r" ? "|r|" : "AUC"} ≥ ${decimal(from, 2)}`;
  return close === 1 ? `; no other unit has ${bar}` : `; one of ${close} units with ${bar}`;
}
