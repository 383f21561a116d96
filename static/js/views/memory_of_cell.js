// What one cell remembers: the triangle of all pairs of words, what is left of one word's past, and what its gates do.

import { rowAxis, wordAxis } from "../charts/axis_ticks.js";
import { Chart } from "../charts/chart.js";
import { diverging, sequential } from "../charts/colors.js";
import { MARGIN, figureOf } from "../charts/heatmap_figure.js";
import { LOGARITHMIC, linesOf } from "../charts/line_figure.js";
import { scaleBar } from "../charts/scale_bar.js";
import { numbers } from "../data/api.js";
import { boot, cellOf } from "../data/boot.js";
import { DERIVATIVES } from "../data/derivatives.js";
import { curvesOf, whyNot } from "../data/memory.js";
import { hasHead, inWords } from "../data/memory_requests.js";
import { shortened, visible } from "../data/visible_text.js";
import { nounOf, readsNumbers } from "../data/written.js";
import { button, make } from "../kit/dom.js";
import { decimal, magnitude } from "../kit/numbers.js";
import { tableOf } from "../kit/table.js";

/** @typedef {import("../data/api.js").Row} Row */
/** @typedef {import("../data/memory.js").CellMemory} CellMemory */
/** @typedef {import("../data/derivatives.js").Derivative} Derivative */
/** @typedef {{title: (Node | string)[], derivative: Derivative, sign: string, layer: number, triangle: [number, number], back: [number, number], shares: [number, number], color: string, ink: string, line: string}} MemoryLook */
/** @typedef {{onPick: (t: number) => void, onUnit: (unit: number) => void, onNote: (pointer: {clientX: number, clientY: number} | null, note: string) => void}} Handlers */

const SLOWEST = 6; // units listed

export class MemoryOfCell {
  /** @param {Handlers} handlers */
  constructor({ onPick, onUnit, onNote }) {
    this.onUnit = onUnit;
    this.title = make("h3", { class: "lane-title" });
    this.message = make("p", { class: "message" });
    this.triangle = new Chart("triangle", "h4");
    this.back = new Chart("back", "h4");
    this.shares = new Chart("shares", "h4");
    this.scales = new Chart("scales", "h4");
    this.slowest = make("p", { class: "slowest" });
    /** What the cell is called at the beginning of a sentence. */
    this.noun = "";
    this.gates = make("div", { class: "gates" });
    this.charts = [this.triangle, this.back, this.shares, this.scales];
    const [triangle, back, shares, scales] = this.charts.map(({ element }) => element);
    this.element = make("article", { class: "memory-cell" }, this.title, this.message, triangle, back, shares, scales, this.slowest, this.gates);
    /** @type {{memory: CellMemory, matrix: Float32Array, left: number, below: number} | null} */
    this.shown = null;
    this.triangle.frame.addEventListener("pointermove", (event) => {
      const at = event.pointerType === "touch" ? null : this.#pairAt(event);
      onNote(at && event, at ? this.#describe(at) : "");
    });
    this.triangle.frame.addEventListener("pointerleave", () => onNote(null, ""));
    this.triangle.frame.addEventListener("click", (event) => {
      const at = this.#pairAt(event);
      if (at) onPick(at.t);
    });
  }

  /**
   * Say why there is nothing to show here.
   * @param {string} title
   * @param {string} why
   */
  showNothing(title, why) {
    this.shown = null;
    this.title.textContent = title;
    this.message.textContent = why;
    for (const chart of this.charts) chart.hide();
    this.slowest.replaceChildren();
    this.gates.replaceChildren();
  }

  /**
   * Resolves when all is painted.
   * @param {CellMemory} memory
   * @param {MemoryLook} look
   */
  async show(memory, look) {
    this.title.replaceChildren(...look.title);
    this.noun = capitalised(cellOf(memory.model).noun);
    const [missing, pending] = [Object.keys(memory.missing), memory.pending].map(inWords);
    this.message.textContent = pending ? `Being computed: ${pending}.` : missing && `Not shown, because it takes longer than this server computes for an answer (GATESCOPE_MAX_SECONDS): ${missing}. A shorter text, or an earlier ${nounOf(memory.model)}, takes less time.`;
    for (const { element } of this.charts) element.hidden = false; // a hidden one has no size
    this.gates.replaceChildren(...this.#tables(memory, look));
    await Promise.all([this.#showTriangle(memory, look), this.#showBack(memory, look), this.#showShares(memory, look), this.#showScales(memory, look)]);
  }

  /** Free what Plotly holds. */
  remove() {
    for (const chart of this.charts) chart.remove();
  }

  /**
   * @param {CellMemory} memory
   * @param {MemoryLook} look
   */
  #showTriangle(memory, { derivative, sign, layer, triangle: range, ink }) {
    const { words } = memory;
    const matrix = memory.matrix(derivative, layer);
    if (!matrix) {
      this.shown = null;
      this.triangle.row.hidden = true;
      const why = whyNot(memory, DERIVATIVES[derivative].part) ?? `${this.noun} has no such path: no gate keeps its state.`;
      return this.triangle.showNothing(sign, why);
    }
    const rows = rowAxis(words, this.triangle.size.height);
    const axis = wordAxis(words, this.triangle.size.width - rows.room - MARGIN.right);
    const heatmap = { values: transposed(matrix), order: words.map((_, t) => t), words: axis, rows, scale: diverging(), range, ink };
    this.shown = { memory, matrix, left: rows.room, below: axis.room };
    this.#mark(memory.row);
    const table = { caption: `${sign}, ${nounOf(memory.model)}s by ${nounOf(memory.model)}s`, columns: ["", ...words.map(visible)], rows: () => rowsOf(words, matrix) };
    return this.triangle.show(sign, [`row: ${nounOf(memory.model)} t; column: ${nounOf(memory.model)} k`], figureOf(this.triangle.size, heatmap), table);
  }

  /**
   * @param {CellMemory} memory
   * @param {MemoryLook} look
   */
  #showBack(memory, { derivative, layer, back: range, color, ink, line }) {
    const { words, row } = memory;
    const curves = curvesOf(memory, derivative, layer);
    const styles = /** @type {const} */ (["solid", "dashed", "dotted"]);
    const series = curves.map(({ y }, at) => ({ y, color, style: styles[at] }));
    const { lines, table } = this.#over(memory, this.back, { series, range, log: true, ink, line }, curves);
    const note = curves.map(({ name }, at) => `${styles[at]}: ${name}`).join("; ");
    const title = `Seen from ${named(memory, row)}`;
    if (curves.every(({ y }) => y.length === 0)) return this.back.showNothing(title, whyNot(memory, DERIVATIVES[derivative].part, "spectral") ?? "");
    return this.back.show(title, [`${note}. ${LOGARITHMIC}`], lines, { ...table, caption: `norms by ${nounOf(memory.model)}` });
  }

  /**
   * @param {CellMemory} memory
   * @param {MemoryLook} look
   */
  #showShares(memory, { shares: range, color, ink, line }) {
    const { attribution, occlusion, model } = memory;
    if (!hasHead(model)) {
      return this.shares.showNothing("How the verdict depends on each step", "There is no head, and so no verdict.");
    }
    if (!attribution && !occlusion) {
      const why = whyNot(memory, "attribution", "occlusion") ?? "It is not computed here.";
      return this.shares.showNothing(`How the verdict depends on each ${nounOf(model)}`, why);
    }
    const output = `P(${visible(memory.back.attribution?.output ?? "")})`;
    const title = `How ${output} depends on each ${nounOf(model)}`;
    const after = `after ${named(memory, memory.row)}`;
    if (!attribution) {
      const curves = [{ name: "occlusion", y: occlusion?.losses ?? [] }];
      const series = [{ y: curves[0].y, color, style: /** @type {const} */ ("bars") }];
      const { lines, table } = this.#over(memory, this.shares, { series, range, log: false, ink, line }, curves);
      const note = `${after}. Bars: occlusion, what ${output} loses if ${readsNumbers(model) ? "what it reads at that step" : `the embedding of that ${nounOf(model)}`} is set to zeros. Integrated gradients do not converge here: the output changes too suddenly on the way there from zeros.`;
      return this.shares.show(title, [note], lines, { ...table, caption: `occlusion by ${nounOf(model)}` });
    }
    const { gradient_times_input: first, integrated_gradients: integrated, difference, gap } = attribution;
    const curves = [
      { name: "integrated gradients", y: integrated },
      { name: "gradient × input", y: first },
    ];
    const series = [
      { y: integrated, color, style: /** @type {const} */ ("bars") },
      { y: first, color: ink, style: /** @type {const} */ ("points") },
    ];
    const { lines, table } = this.#over(memory, this.shares, { series, range, log: false, ink, line }, curves);
    const sum = difference === null || gap === null ? "" : `; those of all ${nounOf(model)}s add up to ${decimal(difference, 3)}, to within ${magnitude(Math.max(-7, Math.log10(Math.abs(gap))))}`;
    const note = `${after}. Bars: integrated gradients${sum}. Dashes: gradient × input.`;
    return this.shares.show(title, [note], lines, { ...table, caption: `shares by ${nounOf(model)}` });
  }

  /**
   * @param {CellMemory} memory
   * @param {MemoryLook} look
   */
  #showScales(memory, { layer, ink }) {
    const { time_scales: scales, hidden_size: units } = memory.layer(layer);
    if (!scales && cellOf(memory.model).keeps) {
      this.slowest.replaceChildren();
      return this.scales.hide();
    }
    if (!scales) {
      this.slowest.textContent = `${this.noun} has no gate that keeps, and so no time scale of its own.`;
      return this.scales.hide();
    }
    const { words } = memory;
    const { steps } = memory.whole;
    const along = numbers(scales.along);
    const values = along.map((tau) => Math.log10(Number.isNaN(tau) ? Math.max(steps, 2) : tau));
    const rows = rowAxis(words, this.triangle.size.height);
    const axis = wordAxis(words, this.scales.size.width - rows.room - MARGIN.right);
    const heatmap = {
      values: Float32Array.from(values, (_, index) => values[index - (index % units) + scales.ranking[index % units]]),
      order: scales.ranking,
      words: axis,
      scale: sequential(),
      range: /** @type {[number, number]} */ ([0, Math.log10(Math.max(steps, 2))]),
      ink,
      rows: { at: [0, units - 1], labels: ["slow", "fast"], room: rows.room },
    };
    const slowest = scales.ranking.slice(0, SLOWEST).map((unit) => {
      const tau = scales.tau[unit];
      return button("link", `${unit}: ${tau === null ? `> ${steps}` : decimal(tau, 1)}`, () => this.onUnit(unit));
    });
    this.slowest.replaceChildren("Slowest units, in steps: ", ...slowest);
    const table = {
      caption: `time scales, units by ${nounOf(memory.model)}s`,
      columns: ["unit", ...words.map(visible)],
      rows: () =>
        scales.ranking.map((unit) => ({
          name: String(unit),
          values: words.map((_, t) => (Number.isNaN(along[t * units + unit]) ? `> ${steps}` : decimal(along[t * units + unit], 1))),
        })),
    };
    const ends = heatmap.range.map((log10) => decimal(10 ** log10, 0));
    const scale = scaleBar({ colors: heatmap.scale, ends: [ends[0], `≥ ${ends[1]}`], what: "steps" });
    const note = `; τ = 1 / (1 − m), m the geometric mean of ${cellOf(memory.model).keeps} up to each ${nounOf(memory.model)}`;
    return this.scales.show("Time scale of each unit", [scale, note], figureOf(this.scales.size, heatmap), table);
  }

  /**
   * Lines over the words, below the triangle's columns, and their table.
   * @param {CellMemory} memory
   * @param {Chart} chart
   * @param {Omit<import("../charts/line_figure.js").Lines, "words" | "left">} look
   * @param {{name: string, y: Row}[]} curves
   */
  #over({ words }, chart, look, curves) {
    const { size } = chart;
    const left = rowAxis(words, this.triangle.size.height).room;
    const axis = wordAxis(words, size.width - left - MARGIN.right);
    const columns = ["", ...words.map(visible)];
    const rows = () => curves.map(({ name, y }) => ({ name, values: y.map((value) => normLabel(value, look.log)) }));
    return { lines: linesOf(size, { ...look, words: axis, left }), table: { columns, rows } };
  }

  /**
   * The tables of gates and recurrent matrices.
   * @param {CellMemory} memory
   * @param {MemoryLook} look
   */
  #tables(memory, { layer }) {
    const { saturation, spectra } = memory.layer(layer);
    const [low, high] = boot.saturated;
    const saturationRows = (saturation ?? []).map(({ activation, left, right, usual_left, usual_right }) => ({
      name: make("var", { "data-letter": activation }, activation),
      values: [left, usual_left, right, usual_right].map((shares) => (shares ? `${decimal(100 * mean(shares), 0)} %` : "–")),
    }));
    const spectrumRows = (spectra ?? []).map(({ block, largest_singular_value: most, spectral_radius: radius }) => ({
      name: make("var", { "data-letter": block }, block),
      values: [decimal(most, 2), decimal(radius, 2)],
    }));
    /** @type {Node[]} */
    const tables = [];
    if (saturationRows.length) tables.push(tableOf("Saturation of the gates", ["gate", `below ${low}`, "trained, usually", `above ${high}`, "trained, usually"], saturationRows));
    if (spectrumRows.length) tables.push(tableOf("Recurrent matrices", ["recurrent weights", "largest singular value", "spectral radius"], spectrumRows));
    if (!cellOf(memory.model).recurrent_weights) tables.push(make("p", { class: "memory-says" }, `${this.noun} has no recurrent weights: there is nothing for a factor on them to change.`));
    return tables;
  }

  /** @param {number} t row that is marked */
  #mark(t) {
    const { row, size } = this.triangle;
    const { left, below, memory } = /** @type {NonNullable<MemoryOfCell["shown"]>} */ (this.shown);
    const height = (size.height - MARGIN.top - below) / memory.words.length;
    row.hidden = false;
    Object.assign(row.style, { left: `${left}px`, width: `${size.width - left - MARGIN.right}px`, top: `${MARGIN.top + t * height}px`, height: `${height}px` });
  }

  /** @param {MouseEvent} event */
  #pairAt({ clientX, clientY }) {
    if (!this.shown) return null;
    const { left: x, top: y } = this.triangle.frame.getBoundingClientRect();
    const { left, below, memory } = this.shown;
    const { width, height } = this.triangle.size;
    const n = memory.words.length;
    const k = Math.floor(((clientX - x - left) / (width - left - MARGIN.right)) * n);
    const t = Math.floor(((clientY - y - MARGIN.top) / (height - MARGIN.top - below)) * n);
    return k < 0 || t < 0 || k >= n || t >= n ? null : { k, t };
  }

  /** @param {{k: number, t: number}} pair */
  #describe({ k, t }) {
    const { memory, matrix } = /** @type {NonNullable<MemoryOfCell["shown"]>} */ (this.shown);
    const value = matrix[t * memory.words.length + k];
    return `${visible(memory.words[t])} by ${visible(memory.words[k])}: ${normLabel(value, true)}`;
  }
}

/** @param {string} text */
function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {Float32Array} matrix n by n */
function transposed(matrix) {
  const n = Math.sqrt(matrix.length);
  return Float32Array.from(matrix, (_, at) => matrix[(at % n) * n + Math.floor(at / n)]);
}

/**
 * @param {string[]} words
 * @param {Float32Array} matrix
 */
function rowsOf(words, matrix) {
  return words.map((word, t) => ({
    name: visible(word),
    values: words.map((_, k) => normLabel(matrix[t * words.length + k], true)),
  }));
}

/**
 * @param {number | null} value
 * @param {boolean} log
 */
function normLabel(value, log) {
  if (value === null || Number.isNaN(value)) return "0";
  return log ? magnitude(value) : decimal(value, 3);
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * How a sentence names a step.
 * @param {CellMemory} memory
 * @param {number} row
 */
function named({ model, words }, row) {
  const word = shortened(words[row], 12);
  return readsNumbers(model) ? word : `“${word}”`;
}
