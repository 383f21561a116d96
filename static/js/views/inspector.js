// One unit at one step: what it tracks, and sliders that change it. Its numbers are those of the cell on the first screen.

import { visible } from "../data/visible_text.js";
import { make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { GateSliders } from "./gate_sliders.js";

/** @typedef {import("../data/api_types.d.ts").NamedUnit} NamedUnit */
/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */

export class Inspector {
  /** @param {import("./gate_sliders.js").EditHandlers} handlers */
  constructor(handlers) {
    this.sliders = new GateSliders(handlers);
    this.element = make("div", { class: "inspector" });
    this.title = make("h3", {});
    this.names = make("div", { class: "names" });
  }

  /**
   * @param {import("../data/decoded_trace.js").DecodedTrace} trace
   * @param {DecodedLayer} layer
   * @param {import("./trace_views.js").Place} place
   */
  show(trace, layer, { t, unit, pinned, standsOut }) {
    if (!this.element.hasChildNodes()) this.element.replaceChildren(this.title, this.names, this.sliders.element);
    this.sliders.show(trace, layer, { t, unit });
    this.title.replaceChildren(`unit ${unit} at `, make("bdi", {}, visible(trace.tokens[t].text)));
    this.element.classList.toggle("pinned", pinned);
    if (pinned) this.title.append(" ", make("em", {}, "pinned"));
    const whyThis = standsOut && !layer.isWhole ? [`Of the ${layer.rows.length} units in sight, it changes the most.`] : [];
    const says = [...whyThis, ...namesOf(trace.model, layer, unit).map(describe)];
    this.names.replaceChildren(...says.map((each) => make("p", { class: "named" }, each)));
  }

  /** Show nothing. */
  clear() {
    this.element.classList.remove("pinned");
    this.element.replaceChildren();
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
