// Memory and gradients: how far back each cell of a task remembers the text, by its own weights or by others.

import { Problem } from "./api.js";
import { countAxis, wordAxis } from "./axis.js";
import { Chart } from "./chart.js";
import { diverging, gradient } from "./colors.js";
import { CostTable } from "./cost.js";
import { byId, make } from "./dom.js";
import { linesOf, rangeOver } from "./lines.js";
import { MemoryCell, curvesOf } from "./memory_cell.js";
import { MemoryRequests, SHOWN, WEIGHTS } from "./memory_request.js";
import { MARGIN } from "./plot.js";
import { tableOf } from "./table.js";
import { figure, magnitude, power, visible } from "./text.js";

/** @typedef {import("./api.js").Row} Row */
/** @typedef {import("./memory_request.js").CellMemory} CellMemory */
/** @typedef {import("./memory_request.js").Shown} Shown */
/** @typedef {import("./state.js").State} State */
/** @typedef {{title: string, cell: string, memory: CellMemory | null, why: string}} Found of a cell; without a memory, why */

const STEPS = 100; // of one picture; a triangle of more cannot be read
const PATIENCE = 300; // ms until progress is shown
const SETTLE = 60; // ms between a move of the slider and the request
const LIMIT = 9; // powers of ten that the colours tell apart, on either side of 1
const LEAST = 0.2; // span of the axis of shares

export class Memory {
  /**
   * @param {import("./readings.js").Library} library
   * @param {import("./tooltip.js").Tooltip} tooltip
   * @param {{onChange: (change: Partial<State>) => void, onStep: (step: number) => void, onUnit: (model: string, unit: number) => void}} handlers
   */
  constructor(library, tooltip, { onChange, onStep, onUnit }) {
    this.library = library;
    this.tooltip = tooltip;
    this.onStep = onStep;
    this.onUnit = onUnit;
    this.requests = new MemoryRequests();
    this.place = /** @type {HTMLDetailsElement} */ (byId("memory"));
    this.what = /** @type {HTMLSelectElement} */ (byId("memory-shown"));
    this.weights = /** @type {HTMLSelectElement} */ (byId("memory-weights"));
    this.alpha = /** @type {HTMLInputElement} */ (byId("memory-alpha"));
    this.progress = /** @type {HTMLProgressElement} */ (byId("memory-progress"));
    this.message = byId("memory-message");
    this.distance = new Chart("distance", "h3");
    this.loss = new Chart("loss", "h3");
    byId("memory-charts").append(this.distance.place, this.loss.place);
    this.cost = new CostTable(byId("memory-cost"));
    /** @type {MemoryCell[]} */
    this.cells = [];
    /** @type {Found[]} */
    this.found = [];
    this.request = new AbortController();
    this.timer = 0;
    this.width = 0;
    /** What was asked for last. @type {{state: State, reading: import("./reading.js").Reading | null, step: number | null} | null} */
    this.asked = null;
    this.what.replaceChildren(...Object.entries(SHOWN).map(([value, { name }]) => new Option(name, value)));
    this.weights.replaceChildren(...Object.entries(WEIGHTS).map(([value, { name }]) => new Option(name, value)));
    this.place.hidden = false; // without scripts there is nothing in it
    this.place.addEventListener("toggle", () => {
      const shown = this.place.open ? this.#shown : "";
      if (shown !== this.asked?.state.memory) onChange({ memory: shown }); // else the state has opened it
    });
    this.what.addEventListener("change", () => onChange({ memory: this.#shown }));
    this.weights.addEventListener("change", () => onChange({ weights: /** @type {State["weights"]} */ (this.weights.value) }));
    this.alpha.addEventListener("input", () => {
      const alpha = Number((10 ** Number(this.alpha.value)).toFixed(2));
      this.#showAlpha(alpha);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => onChange({ alpha }), SETTLE);
    });
    byId("memory-reset").addEventListener("click", () => onChange({ alpha: 1 }));
    byId("memory-stop").addEventListener("click", () => {
      this.request.abort();
      this.progress.parentElement?.toggleAttribute("hidden", true);
      this.message.textContent = "Stopped. Whatever you change next asks again.";
    });
  }

  /** @returns {Shown} */
  get #shown() {
    return /** @type {Shown} */ (this.what.value);
  }

  /**
   * Ask for what the state says, of the text that is in sight, and show it.
   * @param {State} state
   * @param {import("./reading.js").Reading | null} reading of the first lane
   * @param {number | null} step of it that is pinned
   */
  async show(state, reading, step) {
    const { memory: shown, alpha, weights } = state;
    this.request.abort();
    this.asked = { state: { ...state }, reading, step };
    this.place.open = shown !== "";
    if (shown === "") return;
    this.what.value = shown;
    this.weights.value = weights;
    this.alpha.value = String(Math.log10(alpha));
    this.#showAlpha(alpha);
    byId("memory-says").textContent = `${SHOWN[shown].sign}: ${SHOWN[shown].says}.`;
    const lanes = this.library.lanes({ ...state, compare: "cells" });
    if (!reading) {
      this.message.textContent = "Type a word, and what is remembered of it appears.";
      return;
    }
    this.request = new AbortController();
    const { signal } = this.request;
    const pinned = step ?? reading.stop - reading.start - 1;
    const first = reading.start + Math.max(0, pinned - STEPS + 1);
    const span = { start: first, stop: Math.min(reading.stop, first + STEPS), step: reading.start + pinned };
    const done = lanes.map(() => 0);
    const waiting = setTimeout(() => signal.aborted || this.#busy(true), PATIENCE);
    const answers = await Promise.allSettled(
      lanes.map(({ model }, at) =>
        this.requests.ask({ model, text: reading.text, ...span, alpha, weights, shown }, signal, (share) => {
          done[at] = share;
          if (!signal.aborted) this.progress.value = done.reduce((sum, each) => sum + each, 0) / done.length;
        }),
      ),
    );
    clearTimeout(waiting);
    if (signal.aborted) return;
    this.#busy(false);
    const isPart = span.stop - span.start < reading.steps;
    this.message.textContent = isPart ? `Of this long text: ${reading.model.tokenizer}s ${span.start + 1} to ${span.stop}.` : "";
    this.found = answers.map((answer, at) => ({
      title: lanes[at].title,
      cell: lanes[at].model.cell,
      memory: answer.status === "fulfilled" ? answer.value : null,
      why: answer.status === "rejected" ? reasonOf(answer.reason) : "",
    }));
    await this.draw();
    await this.cost.show(lanes.map(({ model }) => model));
  }

  /** Draw anew if the room has another size than the pictures in it. */
  fit() {
    if (this.distance.size.width !== this.width) this.draw();
  }

  /** Draw what was found. Resolves when it is painted. */
  async draw() {
    if (!this.place.open || !this.asked || this.found.length === 0) return;
    const { layer } = this.asked.state;
    const shown = this.#shown;
    this.width = this.distance.size.width;
    this.#build(this.found.length);
    const memories = this.found.flatMap(({ memory }) => memory ?? []);
    const style = getComputedStyle(this.place);
    /** @param {string} name */
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const triangles = memories.map((memory) => memory.matrix(shown, layer) ?? []);
    const most = Math.min(LIMIT, Math.max(1, ...triangles.map((values) => Math.ceil(greatest(values)))));
    const shares = memories.flatMap(({ back }) => [back.attribution?.integrated_gradients ?? [], back.attribution?.gradient_times_input ?? []]);
    const look = {
      shown,
      layer,
      triangle: /** @type {[number, number]} */ ([-most, most]),
      back: rangeOver(memories.flatMap((memory) => curvesOf(memory, shown, layer).map(({ y }) => y)), 1),
      shares: rangeOver([[0], ...shares], LEAST),
      ink: color("muted"),
      line: color("line"),
    };
    byId("memory-minimum").textContent = power(-most);
    byId("memory-maximum").textContent = power(most);
    byId("memory-ramp").style.backgroundImage = gradient(diverging());
    this.#showLearning(memories);
    await Promise.all([
      this.#showDistance(memories, layer, color),
      this.#showLoss(memories, layer, color),
      ...this.found.map(({ title, cell, memory, why }, at) =>
        memory ? this.cells[at].show(memory, { ...look, title: headed(memory, title, layer), color: color(cell) }) : this.cells[at].showNothing(title, why),
      ),
    ]);
  }

  /**
   * The medians over all words against the distance, and the half-lives.
   * @param {CellMemory[]} memories
   * @param {number} layer
   * @param {(name: string) => string} color
   */
  #showDistance(memories, layer, color) {
    const rows = memories.map((memory) => memory.layer(layer).inputs?.log10_medians ?? []);
    const count = Math.max(1, ...rows.map((row) => row.length));
    const key = memories.flatMap((memory) => [...named(memory.model.cell, memory.model.title), " "]);
    const note = "The half-life is the first distance at which less than half is left of what there is one step back.";
    const series = memories.map(({ model }, at) => ({ y: rows[at], color: color(model.cell), style: STYLE[model.cell] }));
    const words = countAxis(count);
    const lines = linesOf(this.distance.size, { series, words, range: rangeOver(rows, 1), log: true, left: 44, ink: color("muted"), line: color("line") });
    return this.distance.show("How fast it fades: ‖∂hₜ/∂xₖ‖ against t − k, median over all words", [...key, note], lines, {
      caption: "median norms by distance",
      columns: ["steps back", ...memories.map(({ model }) => model.title)],
      rows: () => Array.from({ length: count }, (_, at) => ({ name: String(at), cells: rows.map((row) => (row[at] === null ? "0" : magnitude(row[at]))) })),
    });
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
    this.loss.place.hidden = !first || rows.every((row) => row.length === 0);
    if (this.loss.place.hidden) return;
    const series = memories.map(({ model }, at) => ({ y: rows[at], color: color(model.cell), style: STYLE[model.cell] }));
    const { size } = this.loss;
    const words = wordAxis(first.words, size.width - 44 - MARGIN.right);
    const lines = linesOf(size, { series, words, range: rangeOver(rows, 1), log: true, left: 44, ink: color("muted"), line: color("line") });
    const target = first.whole.learning?.target;
    const loss = target ? `if “${target}” were to be learned after the last word` : "as in learning to say what comes next";
    return this.loss.show("The gradient of the loss, back through time: ‖∂L/∂hₜ‖", [`What a step of training would see, ${loss}.`], lines, {
      caption: "norms by word",
      columns: ["", ...memories.map(({ model }) => model.title)],
      rows: () => first.words.map((word, t) => ({ name: visible(word), cells: rows.map((row) => (row[t] == null ? "" : magnitude(row[t]))) })),
    });
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
      return [{ name: make("span", {}, ...named(model.cell, model.title)), cells: [loss === null ? "∞" : figure(loss, 3), ...norms] }];
    });
    byId("memory-learning").replaceChildren(tableOf("Gradient of all parameters", ["a step of training", "loss, nats", "norm of its gradient", "clipped at 1"], rows));
  }

  /** @param {boolean} busy */
  #busy(busy) {
    this.progress.parentElement?.toggleAttribute("hidden", !busy);
  }

  /** @param {number} alpha */
  #showAlpha(alpha) {
    byId("memory-alpha-value").textContent = figure(alpha, 2);
    this.alpha.setAttribute("aria-valuetext", `times ${figure(alpha, 2)}`);
  }

  /** @param {number} count */
  #build(count) {
    if (this.cells.length === count) return;
    for (const cell of this.cells) cell.remove();
    this.cells = Array.from({ length: count }, (_, at) => {
      return new MemoryCell({
        onPick: (t) => this.onStep(t + (this.found[at].memory?.whole.start ?? 0)),
        onUnit: (unit) => this.onUnit(this.found[at].memory?.model.id ?? "", unit),
        onNote: (pointer, note) => (pointer ? this.tooltip.show(pointer, [note]) : this.tooltip.hide()),
      });
    });
    byId("memory-cells").dataset.lanes = String(count);
    byId("memory-cells").replaceChildren(...this.cells.map(({ place }) => place));
  }
}

/** How each cell's line is drawn, so that it is told without its colour. @type {Record<string, import("./lines.js").Style>} */
const STYLE = { lstm: "line", gru: "dashed", rnn: "dotted" };

/**
 * A name behind a piece of its line.
 * @param {string} cell
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function named(cell, text) {
  return [make("i", { class: "swatch", "data-cell": cell, "aria-hidden": "true" }), text];
}

/**
 * The name of a cell, with its half-life.
 * @param {CellMemory} memory
 * @param {string} title
 * @param {number} layer
 */
function headed(memory, title, layer) {
  const { start, stop } = memory.asked;
  const steps = memory.layer(layer).inputs?.half_life ?? null;
  const life = steps === null ? `> ${stop - start - 1}` : String(steps);
  return [...named(memory.model.cell, title), make("em", {}, ` half-life ${life} ${steps === 1 ? "step" : "steps"}`)];
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Problem ? error.message : "The server does not answer.";
}

/** @param {Iterable<number>} values not a number where there is none */
function greatest(values) {
  let most = 0;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}
