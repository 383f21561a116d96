// What the cells of a task remember, in shared charts: by distance, through the loss, and in a step of training.

import { countAxis, wordAxis } from "../charts/axis_ticks.js";
import { Chart } from "../charts/chart.js";
import { MARGIN } from "../charts/heatmap_figure.js";
import { LOGARITHMIC, linesOf, rangeOver } from "../charts/line_figure.js";
import { cellOf } from "../data/boot.js";
import { whyNot } from "../data/memory.js";
import { nounOf } from "../data/written.js";
import { visible } from "../data/visible_text.js";
import { make } from "../kit/dom.js";
import { decimal, magnitude } from "../kit/numbers.js";
import { tableOf } from "../kit/table.js";

/** @typedef {import("../data/api.js").Row} Row */
/** @typedef {import("../data/memory.js").CellMemory} CellMemory */

const LEFT = 44; // pixels before the plots

export class MemoryComparison {
  /**
   * @param {HTMLElement} charts
   * @param {HTMLElement} learning
   */
  constructor(charts, learning) {
    this.distance = new Chart("distance", "h3");
    this.loss = new Chart("loss", "h3");
    this.learning = learning;
    charts.append(this.distance.element, this.loss.element);
  }

  /** The room of a plot, in pixels. */
  get width() {
    return this.distance.size.width;
  }

  /**
   * Resolves when all is painted.
   * @param {CellMemory[]} memories
   * @param {number} layer
   * @param {(name: string) => string} color
   */
  async show(memories, layer, color) {
    this.#showLearning(memories);
    await Promise.all([this.#showDistance(memories, layer, color), this.#showLoss(memories, layer, color)]);
  }

  /**
   * The medians over all words against the distance.
   * @param {CellMemory[]} memories
   * @param {number} layer
   * @param {(name: string) => string} color
   */
  #showDistance(memories, layer, color) {
    const rows = memories.map((memory) => memory.layer(layer).inputs?.log10_medians ?? []);
    const title = `How fast it fades: ‖∂hₜ/∂xₖ‖ against t − k, median over all ${nounOf(memories[0]?.model ?? { tokenizer: "word" })}s`;
    const [why] = memories.flatMap((memory) => whyNot(memory, "inputs") ?? []);
    if (why && rows.every((row) => row.length === 0)) return this.distance.showNothing(title, why);
    const count = Math.max(1, ...rows.map((row) => row.length));
    const key = memories.flatMap((memory) => [...named(memory.model, memory.model.title), " "]);
    const note = `${LOGARITHMIC} The half-life, of this text only, is the first distance at which less than half is left of what there is one step back.`;
    const names = Array.from({ length: count }, (_, at) => String(at));
    const numbers = this.#numbers("median norms by distance", "steps back", names, memories, rows);
    const figure = this.#lines(this.distance, memories, rows, countAxis(count), color);
    return this.distance.show(title, [...key, note], figure, numbers);
  }

  /**
   * The gradient of the loss through time.
   * @param {CellMemory[]} memories
   * @param {number} layer
   * @param {(name: string) => string} color
   */
  #showLoss(memories, layer, color) {
    const rows = memories.map((memory) => memory.layer(layer).log10_loss ?? []);
    const [first] = memories;
    this.loss.element.hidden = !first || rows.every((row) => row.length === 0);
    if (this.loss.element.hidden) return;
    const targets = [...new Set(memories.map(({ whole }) => whole.learning?.target ?? null))];
    const loss = targets.map((target) => (target === null ? "as in learning to say what comes next" : `if “${target}” were to be learned after the last ${nounOf(first.model)}`)).join(", or ");
    const words = first.words.map(visible);
    const numbers = this.#numbers(`norms by ${nounOf(first.model)}`, "", words, memories, rows);
    const axis = wordAxis(first.words, this.loss.size.width - LEFT - MARGIN.right);
    const figure = this.#lines(this.loss, memories, rows, axis, color);
    return this.loss.show("The gradient of the loss, back through time: ‖∂L/∂hₜ‖", [`What a step of training would see, ${loss}. ${LOGARITHMIC}`], figure, numbers);
  }

  /**
   * A line for each cell.
   * @param {Chart} chart
   * @param {CellMemory[]} memories
   * @param {Row[]} rows
   * @param {import("../charts/heatmap_figure.js").WordAxis} words
   * @param {(name: string) => string} color
   */
  #lines({ size }, memories, rows, words, color) {
    const series = memories.map(({ model }, at) => ({ y: rows[at], color: color(`cell-${model.cell}`), style: cellOf(model).line }));
    return linesOf(size, { series, words, range: rangeOver(rows, 1), log: true, left: LEFT, ink: color("muted"), line: color("line") });
  }

  /**
   * The same as a table: a column for each cell.
   * @param {string} caption
   * @param {string} head
   * @param {string[]} names
   * @param {CellMemory[]} memories
   * @param {Row[]} rows
   */
  #numbers(caption, head, names, memories, rows) {
    return {
      caption,
      columns: [head, ...memories.map(({ model }) => model.title)],
      rows: () => names.map((name, at) => ({ name, values: rows.map((row) => (row[at] == null ? "0" : magnitude(row[at]))) })),
    };
  }

  /**
   * The gradient of all parameters, before and after clipping.
   * @param {CellMemory[]} memories
   */
  #showLearning(memories) {
    const rows = memories.flatMap(({ model, whole: { learning } }) => {
      if (!learning) return [];
      const { loss, log10_norm: before, log10_clipped: after } = learning;
      const norms = [before, after].map((norm) => (norm === null ? "0" : magnitude(norm)));
      return [{ name: make("span", {}, ...named(model, model.title)), values: [loss === null ? "∞" : decimal(loss, 3), ...norms] }];
    });
    const clip = memories.find(({ whole }) => whole.learning)?.whole.learning?.clip ?? 1;
    this.learning.replaceChildren(tableOf("Gradient of all parameters", ["a step of training", "loss, nats", "norm of its gradient", `clipped at ${clip}`], rows));
  }
}

/**
 * A name after a sample of its line.
 * @param {import("../data/api_types.d.ts").Model} model
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function named(model, text) {
  return [make("i", { class: "swatch", "data-cell": model.cell, "data-line": cellOf(model).line, "aria-hidden": "true" }), text];
}
