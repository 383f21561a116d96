// The controls above the picture: pages of a long text, layers, the order of the units, and which of many are in sight.

import { turnedLayer } from "../data/decoded_trace.js";
import { nameOfLayer } from "../data/layers.js";
import { ORDERS } from "../data/unit_order.js";
import { nounOf } from "../data/written.js";
import { byId } from "../kit/dom.js";

/** @typedef {import("../state.js").State} State */

export class PictureControls {
  /** @param {{onTurn: (pages: number) => void, onTurnRows: (windows: number) => void, onChange: (change: Partial<State>) => void}} handlers */
  constructor({ onTurn, onTurnRows, onChange }) {
    this.earlier = /** @type {HTMLButtonElement} */ (byId("earlier"));
    this.later = /** @type {HTMLButtonElement} */ (byId("later"));
    this.before = /** @type {HTMLButtonElement} */ (byId("rows-before"));
    this.after = /** @type {HTMLButtonElement} */ (byId("rows-after"));
    this.layer = /** @type {HTMLSelectElement} */ (byId("layer"));
    this.order = /** @type {HTMLSelectElement} */ (byId("order"));
    this.order.replaceChildren(...Object.entries(ORDERS).map(([order, name]) => new Option(name, order)));
    this.earlier.addEventListener("click", () => onTurn(-1));
    this.later.addEventListener("click", () => onTurn(1));
    this.before.addEventListener("click", () => onTurnRows(-1));
    this.after.addEventListener("click", () => onTurnRows(1));
    this.layer.addEventListener("change", () => onChange({ layer: Number(this.layer.value) }));
    this.order.addEventListener("change", () => onChange({ order: /** @type {State["order"]} */ (this.order.value) }));
  }

  /**
   * @param {(import("../data/decoded_trace.js").DecodedTrace | null)[]} traces of the lanes
   * @param {State} state
   */
  show(traces, { layer, order }) {
    const [trace] = traces;
    const all = trace?.layers ?? [];
    this.#showRows(turnedLayer(traces));
    byId("pager").hidden = !trace || trace.steps === trace.stop - trace.start;
    byId("layer-choice").hidden = all.length < 2;
    this.layer.replaceChildren(...all.map((each, at) => new Option(nameOfLayer(each, all), String(at))));
    this.layer.value = String(trace?.placeOfLayer(layer) ?? 0);
    this.order.value = order;
    if (!trace) return;
    const { start, stop, steps, model } = trace;
    byId("page").textContent = `${nounOf(model)}s ${start + 1}–${stop} of ${steps}`;
    this.earlier.disabled = start === 0;
    this.later.disabled = stop === steps;
  }

  /** @param {import("../data/decoded_trace.js").DecodedLayer | null} layer */
  #showRows(layer) {
    byId("row-pager").hidden = layer === null || layer.isWhole;
    if (!layer) return;
    const { first, rows, units } = layer;
    const last = first + rows.length;
    byId("rows").textContent = `units ${count(first + 1)}–${count(last)} of ${count(units)}`;
    this.before.disabled = first === 0;
    this.after.disabled = last === units;
  }
}

/** @param {number} number */
function count(number) {
  return number.toLocaleString("en");
}
