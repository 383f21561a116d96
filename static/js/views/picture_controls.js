// The controls above the picture: pages of a long text, layers, and the order of the units.

import { ORDERS } from "../data/unit_order.js";
import { nounOf } from "../data/written.js";
import { byId } from "../kit/dom.js";

/** @typedef {import("../state.js").State} State */

export class PictureControls {
  /** @param {{onTurn: (pages: number) => void, onChange: (change: Partial<State>) => void}} handlers */
  constructor({ onTurn, onChange }) {
    this.earlier = /** @type {HTMLButtonElement} */ (byId("earlier"));
    this.later = /** @type {HTMLButtonElement} */ (byId("later"));
    this.layer = /** @type {HTMLSelectElement} */ (byId("layer"));
    this.order = /** @type {HTMLSelectElement} */ (byId("order"));
    this.order.replaceChildren(...Object.entries(ORDERS).map(([order, name]) => new Option(name, order)));
    this.earlier.addEventListener("click", () => onTurn(-1));
    this.later.addEventListener("click", () => onTurn(1));
    this.layer.addEventListener("change", () => onChange({ layer: Number(this.layer.value) }));
    this.order.addEventListener("change", () => onChange({ order: /** @type {State["order"]} */ (this.order.value) }));
  }

  /**
   * @param {import("../data/decoded_trace.js").DecodedTrace | null} trace of the first lane
   * @param {State} state
   */
  show(trace, { layer, order }) {
    const all = trace?.layers ?? [];
    byId("pager").hidden = !trace || trace.steps === trace.stop - trace.start;
    byId("layer-choice").hidden = all.length < 2;
    this.layer.replaceChildren(...all.map((each, at) => new Option(`${each.layer} ${each.direction}`, String(at))));
    this.layer.value = String(trace?.placeOfLayer(layer) ?? 0);
    this.order.value = order;
    if (!trace) return;
    const { start, stop, steps, model } = trace;
    byId("page").textContent = `${nounOf(model)}s ${start + 1}–${stop} of ${steps}`;
    this.earlier.disabled = start === 0;
    this.later.disabled = stop === steps;
  }
}
