// What a step costs in each model: counted, and measured on the server on demand.

import { fetchCost } from "../data/api.js";
import { button, make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { tableOf } from "../kit/table.js";

/** @typedef {import("../data/api_types.d.ts").CostAnswer} Cost */
/** @typedef {import("../data/api_types.d.ts").Model} Model */

const COLUMNS = ["a step forward", "recurrent parameters", "multiply-adds", "µs, PyTorch’s engine", "µs, ours"];
const STEPS = 500; // of the sequence that is measured: over few, much of the time is that of the call

export class CostTable {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.shown = "";
    this.request = new AbortController();
  }

  /**
   * Show the cost of models, measured once.
   * @param {Model[]} models
   */
  async show(models) {
    const key = models.map(({ id }) => id).join("\n");
    if (key === this.shown) return;
    this.shown = key;
    await this.#measure(models);
  }

  /** @param {Model[]} models */
  async #measure(models) {
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    /** @type {Cost[]} */
    const costs = [];
    try {
      // One after the other: two at a time would slow each other down.
      for (const { id } of models) costs.push(await fetchCost(id, STEPS, signal));
    } catch (error) {
      if (signal.aborted) return;
      this.shown = "";
      this.element.textContent = `What a step costs could not be measured: ${error instanceof Error ? error.message : error}`;
      return;
    }
    if (!signal.aborted) this.#draw(models, costs);
  }

  /**
   * @param {Model[]} models
   * @param {Cost[]} costs
   */
  #draw(models, costs) {
    const least = Math.min(...costs.map((cost) => cost.recurrent_parameters));
    const rows = costs.map((cost, at) => ({
      name: models[at].title,
      values: [
        `${cost.recurrent_parameters.toLocaleString("en")} (× ${decimal(cost.recurrent_parameters / least, 1).replace(".0", "")})`,
        cost.multiply_adds.toLocaleString("en"),
        ...["torch", "ours"].map((engine) => timeOf(cost, engine)),
      ],
    }));
    const [{ steps, threads }] = costs;
    const note = `Times: of the forward pass only; median and quartiles, measured on the server over ${steps} steps, with ${threads} ${threads === 1 ? "thread" : "threads"} for PyTorch. `;
    this.element.replaceChildren(
      tableOf("Cost of a step forward", COLUMNS, rows),
      make("p", {}, note, button("link", "measure again", () => this.#measure(models))),
    );
  }
}

/**
 * @param {Cost} cost
 * @param {string} engine
 */
function timeOf({ times }, engine) {
  const measured = times.find((each) => each.engine === engine);
  if (!measured) return "–";
  const [lower, median, upper] = [measured.lower, measured.median, measured.upper].map((seconds) => decimal(1e6 * seconds, 1));
  return `${median} (${lower}–${upper})`;
}
