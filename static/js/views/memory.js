// Memory and gradients: how far back each cell of a task remembers the text, by its own weights or by others.

import { diverging } from "../charts/colors.js";
import { rangeOver } from "../charts/line_figure.js";
import { scaleBar } from "../charts/scale_bar.js";
import { greatest } from "../charts/scales.js";
import { Problem } from "../data/api.js";
import { boot, cellOf } from "../data/boot.js";
import { DERIVATIVES, signOf } from "../data/derivatives.js";
import { curvesOf, placeIn } from "../data/memory.js";
import { limitsOf, memoryThatFits } from "../data/limits.js";
import { fitInWords, inTime } from "../data/memory_fit.js";
import { MemoryRequests, lossTarget, partsOf } from "../data/memory_requests.js";
import { nounOf } from "../data/written.js";
import { byId, make } from "../kit/dom.js";
import { decimal, power } from "../kit/numbers.js";
import { colorOf } from "../kit/theme.js";
import { CostTable } from "./cost_table.js";
import { MemoryComparison, named } from "./memory_comparison.js";
import { MemoryOfCell } from "./memory_of_cell.js";

/** @typedef {import("../data/memory.js").CellMemory} CellMemory */
/** @typedef {import("../data/derivatives.js").Derivative} Derivative */
/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */
/** @typedef {import("../state.js").State} State */
/** @typedef {{title: string, memory: CellMemory | null, why: string}} Result of one cell; without a memory, why */

const STEPS = 100; // of one picture: a larger triangle cannot be read
const PATIENCE = 300; // ms until progress is shown
const SETTLE = 60; // ms between a move of the slider and the request
const LIMIT = 9; // most powers of ten, on either side of 1, that the colours range over
const LEAST_SPAN = 0.2; // of the axis of shares

export class Memory {
  /**
   * @param {import("../data/model_library.js").ModelLibrary} library
   * @param {import("./tooltip.js").Tooltip} tooltip
   * @param {{onChange: (change: Partial<State>) => void, onStep: (step: number) => void, onUnit: (model: string, unit: number) => void}} handlers
   */
  constructor(library, tooltip, { onChange, onStep, onUnit }) {
    this.library = library;
    this.tooltip = tooltip;
    this.onStep = onStep;
    this.onUnit = onUnit;
    this.requests = new MemoryRequests();
    this.element = /** @type {HTMLDetailsElement} */ (byId("memory"));
    this.derivative = /** @type {HTMLSelectElement} */ (byId("memory-shown"));
    this.weights = /** @type {HTMLSelectElement} */ (byId("memory-weights"));
    this.alpha = /** @type {HTMLInputElement} */ (byId("memory-alpha"));
    this.progress = /** @type {HTMLProgressElement} */ (byId("memory-progress"));
    this.busy = byId("memory-busy");
    this.message = byId("memory-message");
    /** Which limit says how much of the text can be shown. */
    this.limit = byId("memory-limit");
    this.charts = new MemoryComparison(byId("memory-charts"), byId("memory-learning"));
    this.cost = new CostTable(byId("memory-cost"));
    /** @type {MemoryOfCell[]} */
    this.cells = [];
    /** What is in sight. @type {{cells: Result[], derivative: Derivative, layer: number} | null} */
    this.results = null;
    /** What the state asks for. @type {State["memory"]} */
    this.wanted = "";
    this.request = new AbortController();
    this.timer = 0;
    this.width = 0;
    this.derivative.replaceChildren(...Object.entries(DERIVATIVES).map(([value, { name }]) => new Option(name, value)));
    this.weights.replaceChildren(...Object.entries(boot.weights).map(([value, { label }]) => new Option(label, value)));
    this.element.hidden = false; // hidden without scripts, as it would be empty
    this.element.addEventListener("toggle", () => {
      const wanted = this.element.open ? /** @type {Derivative} */ (this.derivative.value) : "";
      if (wanted !== this.wanted) onChange({ memory: wanted }); // else the state has opened it
    });
    this.derivative.addEventListener("change", () => onChange({ memory: /** @type {Derivative} */ (this.derivative.value) }));
    this.weights.addEventListener("change", () => onChange({ weights: /** @type {State["weights"]} */ (this.weights.value) }));
    const [least, greatest] = boot.alpha;
    Object.assign(this.alpha, { min: String(Math.log10(least)), max: Math.log10(greatest).toFixed(2) }); // its scale is logarithmic
    this.alpha.addEventListener("input", () => {
      const alpha = Math.max(least, Math.min(greatest, Number((10 ** Number(this.alpha.value)).toFixed(3))));
      this.#showAlpha(alpha);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => onChange({ alpha }), SETTLE);
    });
    byId("memory-reset").addEventListener("click", () => onChange({ alpha: 1 }));
    byId("memory-stop").addEventListener("click", () => {
      this.stop();
      this.message.textContent = "Stopped. Whatever you change next asks again.";
    });
  }

  /** Abort the request under way. */
  stop() {
    this.request.abort();
    this.busy.hidden = true;
  }

  /**
   * Ask for the memory of the text in sight, as the state says, and show it.
   * @param {State & {layer: number}} state
   * @param {DecodedTrace | null} trace of the first lane
   * @param {number | null} step of it that is pinned
   */
  async show(state, trace, step) {
    const { memory: derivative, alpha, weights, layer } = state;
    this.stop();
    this.wanted = derivative;
    this.element.open = derivative !== "";
    if (derivative === "") return;
    this.derivative.value = derivative;
    this.weights.value = weights;
    this.alpha.value = String(Math.log10(alpha));
    this.#showAlpha(alpha);
    byId("memory-unedited").hidden = !state.edits.some(({ on }) => on);
    const lanes = this.library.lanes({ ...state, compare: "cells" });
    const models = lanes.map(({ model }) => model);
    byId("memory-says").textContent = `${signOf(derivative, models)}: ${DERIVATIVES[derivative].says.replaceAll("word ", `${trace ? nounOf(trace.model) : "word"} `)}.`;
    const isScalable = models.some((model) => cellOf(model).recurrent_weights);
    byId("memory-scaled").hidden = byId("memory-reset").hidden = !isScalable;
    byId("memory-unscaled").hidden = isScalable;
    if (!trace) {
      this.results = null;
      this.#reveal(false);
      this.message.textContent = "Type a word, and what is remembered of it appears.";
      return;
    }
    this.request = new AbortController();
    const { signal } = this.request;
    const fit = await this.#fit(models, trace, derivative, layer);
    if (signal.aborted) return;
    this.limit.textContent = fit.says;
    if (fit.steps === 0) {
      this.results = null;
      this.#reveal(false);
      this.message.textContent = "";
      return;
    }
    const pinned = step ?? trace.stop - trace.start - 1;
    const start = trace.start + Math.max(0, pinned - fit.steps + 1);
    const span = { start, stop: Math.min(trace.stop, start + fit.steps), step: trace.start + pinned };
    const request = { text: trace.text, ...span, alpha, weights, derivative, layer, left: fit.left, apart: fit.apart };
    const done = lanes.map(() => 0);
    this.progress.value = 0;
    const waiting = setTimeout(() => signal.aborted || (this.busy.hidden = false), PATIENCE);
    const isPart = span.stop - span.start < trace.steps;
    const said = isPart ? `Of this long text: ${nounOf(trace.model)}s ${span.start + 1} to ${span.stop}.` : "";
    /** @type {Result[]} */
    const cells = lanes.map(({ title }) => ({ title, memory: null, why: "It is being computed." }));
    /**
     * @param {number} at
     * @param {CellMemory} memory
     */
    const drawPart = (at, memory) => {
      if (signal.aborted) return;
      cells[at].memory = memory;
      this.results = { cells, derivative, layer };
      this.message.textContent = said;
      this.#draw();
    };
    const answers = await Promise.allSettled(
      lanes.map(({ model }, at) => {
        /** @param {number} share */
        const onProgress = (share) => {
          done[at] = share;
          if (!signal.aborted) this.progress.value = done.reduce((sum, each) => sum + each, 0) / done.length;
        };
        return this.requests.ask({ model, ...request, target: lossTarget(model, trace) }, signal, onProgress, (memory) => drawPart(at, memory));
      }),
    );
    clearTimeout(waiting);
    if (signal.aborted) return;
    this.busy.hidden = true;
    this.message.textContent = said;
    for (const [at, answer] of answers.entries()) {
      if (answer.status === "fulfilled") cells[at].memory = answer.value;
      else Object.assign(cells[at], { memory: null, why: reasonOf(answer.reason) });
    }
    this.results = { cells, derivative, layer };
    await this.#draw();
    if (!signal.aborted) await this.cost.show(models);
  }

  /**
   * How many steps the picture may have, which parts it does without, and why: what fits of all models, before any is asked.
   * @param {import("../data/api_types.d.ts").Model[]} models
   * @param {DecodedTrace} trace
   * @param {Derivative} derivative
   * @param {number} layer its place
   * @returns {Promise<{steps: number, left: string[], apart: string[], says: string}>}
   */
  async #fit(models, trace, derivative, layer) {
    try {
      const needed = DERIVATIVES[derivative].part;
      const fits = await Promise.all(
        models.map(async (model) => {
          const { whole, back } = partsOf(model, derivative);
          const [shown, parts, steps] = [placeIn(model, layer).layer, [...whole, ...back], trace.steps];
          const fit = await memoryThatFits(model, { steps, layer: shown, parts, needed });
          const estimates = await limitsOf(model, { steps, layers: [shown], parts }); // known from the line before
          return { ...fit, needed, timed: inTime(fit, estimates, needed, STEPS) };
        }),
      );
      const least = fits.reduce((one, other) => (other.timed.steps < one.timed.steps ? other : one));
      const left = [...new Set(fits.flatMap((fit) => (fit.steps ? fit.left : [])))];
      const late = Object.assign({}, ...fits.map(({ timed }) => timed.late));
      const longest = fits.map(({ timed }) => timed.apart).reduce((one, other) => (other.length > one.length ? other : one));
      return { steps: least.timed.steps, left: [...left, ...Object.keys(late)], apart: longest, says: fitInWords(least, { left, late }, trace, STEPS) };
    } catch (error) {
      if (error instanceof Problem || error instanceof TypeError || error instanceof DOMException) return { steps: STEPS, left: [], apart: [], says: "" }; // the call itself will say what is wrong
      throw error;
    }
  }

  /** Draw again if the room is no longer of the size of the pictures. */
  fit() {
    if (this.charts.width !== this.width) this.#draw();
  }

  /** Draw the results. Resolves when they are painted. */
  async #draw() {
    if (!this.element.open || !this.results) return;
    const { cells, derivative, layer } = this.results;
    this.#reveal(true); // what is hidden has no size
    this.width = this.charts.width;
    this.#build(cells.length);
    const memories = cells.flatMap(({ memory }) => memory ?? []);
    /** @param {string} name */
    const color = (name) => colorOf(this.element, name);
    const matrices = memories.flatMap((memory) => memory.matrix(derivative, layer) ?? []);
    const limit = Math.min(LIMIT, Math.max(1, ...matrices.map((matrix) => Math.ceil(greatest(matrix)))));
    const shares = memories.flatMap(({ attribution, occlusion }) => (attribution ? [attribution.integrated_gradients, attribution.gradient_times_input] : [occlusion?.losses ?? []]));
    const look = {
      derivative,
      sign: signOf(derivative, memories.map(({ model }) => model)),
      layer,
      triangle: /** @type {[number, number]} */ ([-limit, limit]),
      back: rangeOver(memories.flatMap((memory) => curvesOf(memory, derivative, layer).map(({ y }) => y)), 1),
      shares: rangeOver([[0], ...shares], LEAST_SPAN),
      ink: color("muted"),
      line: color("line"),
    };
    this.#showScale(look.triangle, matrices);
    try {
      await Promise.all([
        this.charts.show(memories, layer, color),
        ...cells.map(({ title, memory, why }, at) =>
          memory
            ? this.cells[at].show(memory, { ...look, title: headed(memory, title, layer), color: color(`cell-${memory.model.cell}`) })
            : this.cells[at].showNothing(title, why),
        ),
      ]);
    } catch (error) {
      this.message.textContent = `The pictures cannot be drawn: ${error instanceof Error ? error.message : error}. Load the page again.`;
    }
  }

  /**
   * Show the scale of the triangles' colours, and mark its ends where values lie beyond.
   * @param {[number, number]} range
   * @param {Float32Array[]} matrices
   */
  #showScale([low, high], matrices) {
    const isBelow = matrices.some((matrix) => matrix.some((value) => value < low));
    const isAbove = matrices.some((matrix) => matrix.some((value) => value > high));
    const ends = /** @type {[string, string]} */ ([`${isBelow ? "≤ " : ""}${power(low)}`, `${isAbove ? "≥ " : ""}${power(high)}`]);
    const scale = byId("memory-scale");
    scale.replaceChildren(scaleBar({ colors: diverging(), ends, what: "brown vanishes, blue grows; blank: 0" }));
    scale.hidden = matrices.length === 0;
  }

  /** @param {boolean} shown */
  #reveal(shown) {
    for (const part of ["scale", "charts", "cells", "tables"]) byId(`memory-${part}`).hidden = !shown;
  }

  /** @param {number} alpha */
  #showAlpha(alpha) {
    byId("memory-alpha-value").textContent = decimal(alpha, 2);
    this.alpha.setAttribute("aria-valuetext", `times ${decimal(alpha, 2)}`);
  }

  /** @param {number} count */
  #build(count) {
    if (this.cells.length === count) return;
    for (const cell of this.cells) cell.remove();
    this.cells = Array.from({ length: count }, (_, at) => {
      const memory = () => /** @type {CellMemory} */ (this.results?.cells[at].memory);
      return new MemoryOfCell({
        onPick: (t) => this.onStep(t + memory().whole.start),
        onUnit: (unit) => this.onUnit(memory().model.id, unit),
        onNote: (pointer, note) => (pointer ? this.tooltip.show(pointer, [note]) : this.tooltip.hide()),
      });
    });
    const element = byId("memory-cells");
    element.dataset.lanes = String(count);
    element.replaceChildren(...this.cells.map((cell) => cell.element));
  }
}

/**
 * The name of a cell, with its half-life.
 * @param {CellMemory} memory
 * @param {string} title
 * @param {number} layer
 */
function headed(memory, title, layer) {
  const { start, stop } = memory.whole;
  const { inputs } = memory.layer(layer);
  if (!inputs) return named(memory.model, title);
  const steps = inputs.half_life;
  const life = steps === null ? `> ${stop - start - 1}` : String(steps);
  return [...named(memory.model, title), make("em", {}, ` half-life in this text ${life} ${steps === 1 ? "step" : "steps"}`)];
}

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof Problem) return error.message;
  return error instanceof TypeError ? "The server does not answer." : `This could not be read: ${error instanceof Error ? error.message : error}.`;
}
