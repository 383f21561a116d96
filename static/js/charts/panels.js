// The panels of one layer: a heatmap of each gate, candidate and state, the bars above it, and the marks that link them.

import { cellOf } from "../data/boot.js";
import { visible } from "../data/visible_text.js";
import { draw, make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { tableOf } from "../kit/table.js";
import { colorOf } from "../kit/theme.js";
import { wordAxis } from "./axis_ticks.js";
import { columnAt, columnsOf, placeOf } from "./columns.js";
import { pathOf } from "./hatching.js";
import { MARGIN, figureOf } from "./heatmap_figure.js";
import { drawFigure, removeFigure } from "./plotly.js";
import { endLabel } from "./scales.js";
import { sheetOf } from "./sheet.js";
import { HEIGHT, drawBars } from "./summary_bars.js";

/** @typedef {import("../data/api_types.d.ts").ActivationInfo} ActivationInfo */
/** @typedef {import("../data/api_types.d.ts").Model} Model */
/** @typedef {{t: number, unit: number, letter: string, clientX: number, clientY: number}} Entry of a heatmap, and where the pointer is */
/** @typedef {{words: string[], ranges: Record<string, [number, number]>, norms: Record<string, number>, edited: (letter: string) => Run[], lane: string, difference: boolean, edges: import("./columns.js").Edges | null}} LayerLook `edges`: of the columns of the first screen, where panels stand below it; `norms`: where bars of norms end, by the range of the colours; `edited`: the entries that edits change; `difference`: whether it is that of two texts */
/** @typedef {import("../data/edits.js").Run} Run */
/** @typedef {import("./sheet.js").Sheet} Sheet */
/** @typedef {import("./sheet.js").LayerValues} LayerValues */
/** @typedef {{plot: HTMLElement, bars: SVGSVGElement, labels: SVGSVGElement, hatching: Element[], column: HTMLElement, row: HTMLElement, edge: Element, fill: () => void, sheet?: Sheet}} Panel `edge`: marks units at the left edge; `fill`: fills its table if that is open */

export class Panels {
  /**
   * @param {HTMLElement} element
   * @param {{onPoint: (entry: Entry | null) => void, onPick: (entry: Entry) => void}} handlers
   */
  constructor(element, { onPoint, onPick }) {
    this.element = element;
    this.onPoint = onPoint;
    this.onPick = onPick;
    /** @type {Map<string, Panel>} */
    this.panels = new Map();
    /** The cell that the panels are of. */
    this.variant = "";
    /** @type {number[]} */
    this.order = [];
    this.size = { width: 0, height: 0, steps: 0, below: 0 };
    /** @type {import("./columns.js").Edges} */
    this.edges = [0, 1];
    /** @type {LayerValues | null} */
    this.layer = null;
    /** @type {string[]} */
    this.words = [];
    /** @type {LayerLook["edited"]} */
    this.edited = () => [];
  }

  /**
   * Show one layer. Resolves when every panel is painted.
   * @param {Model} model
   * @param {LayerValues} layer
   * @param {LayerLook} look
   */
  async show(model, layer, { words, ranges, norms, edited, lane, difference, edges: given }) {
    if (this.variant !== model.variant) this.#build(model);
    const { width, height } = this.#extent();
    const edges = columnsOf(given, words.length);
    const axis = wordAxis(words, width - MARGIN.left - MARGIN.right, edges);
    this.edges = edges;
    this.size = { width, height, steps: words.length, below: axis.room };
    this.order = layer.rows;
    this.layer = layer;
    this.words = words;
    this.edited = edited;
    const ink = colorOf(this.element, "muted");
    await Promise.all(
      model.activations.map((info) => {
        const panel = /** @type {Panel} */ (this.panels.get(info.letter));
        const range = ranges[info.letter];
        panel.sheet = sheetOf(info, layer, { lane, difference, words, edges, edited: edited(info.letter), range, size: { width, height }, axis, ink });
        const hatching = panel.sheet.hatching.length ? "; what edits change is hatched" : "";
        panel.plot.ariaLabel = `Heatmap of the ${difference ? "difference of the " : ""}${info.name}, words by units; its colours run from ${endLabel(range[0])} to ${endLabel(range[1])}${hatching}`;
        for (const path of panel.hatching) path.setAttribute("d", pathOf(panel.sheet.hatching));
        panel.fill();
        const isMean = info.kind === "gate" && !difference;
        drawBars(panel.bars, width, edges, layer.summary(info.letter, isMean ? "mean" : "norm"), isMean ? { name: "mean", end: 1 } : { name: "norm", end: norms[String(range)] });
        return drawFigure(panel.plot, panel.labels, figureOf(panel.sheet.size, panel.sheet.heatmap));
      }),
    );
  }

  /** Whether the room for a picture is no longer of the size that the pictures were drawn in. */
  outgrown() {
    if (this.panels.size === 0) return false;
    const { width, height } = this.#extent();
    return width !== this.size.width || height !== this.size.height;
  }

  /** Make the panels answer to nothing, as they do while they are dimmed, or to the pointer again. @param {boolean} dim */
  dim(dim) {
    this.element.inert = dim;
  }

  /**
   * Mark a step, and a unit where one is given, in every panel.
   * @param {{t: number | null, unit: number | null} | null} focus
   */
  mark(focus) {
    const { width, height } = this.#plotSize();
    const t = focus?.t == null || focus.t >= this.size.steps ? null : focus.t;
    const at = focus?.unit == null ? -1 : this.order.indexOf(focus.unit);
    for (const { column, row } of this.panels.values()) {
      column.hidden = t === null;
      row.hidden = at < 0;
      const each = height / this.order.length;
      if (t !== null) {
        const place = placeOf(this.edges, t, width);
        moveTo(column, MARGIN.left + place.left, 0, place.width, HEIGHT + MARGIN.top + height);
      }
      if (at >= 0) moveTo(row, MARGIN.left, HEIGHT + MARGIN.top + at * each, width, each);
    }
  }

  /**
   * Mark the rows of some units at the left edge of every panel.
   * @param {number[]} units
   */
  light(units) {
    const height = this.#plotSize().height / this.order.length;
    const rows = units.map((unit) => this.order.indexOf(unit)).filter((at) => at >= 0);
    const d = rows.map((at) => `M0 ${(HEIGHT + MARGIN.top + at * height).toFixed(2)}h4v${Math.max(1, height).toFixed(2)}h-4z`);
    for (const { edge } of this.panels.values()) edge.setAttribute("d", d.join(""));
  }

  /** What each panel was drawn from, in their order. */
  get sheets() {
    return this.drawn.map(({ sheet }) => sheet);
  }

  /** The panels that show something, in order. */
  get drawn() {
    return [...this.panels.values()].flatMap(({ sheet, plot, bars, labels }) => (sheet ? { sheet, plot, bars, labels } : []));
  }

  /** The number of panels that stand side by side. */
  get columns() {
    return getComputedStyle(this.element).gridTemplateColumns.split(" ").length;
  }

  /** The size of the heatmaps without their axes, in pixels. */
  #plotSize() {
    const { width, height, below } = this.size;
    return { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - below };
  }

  #extent() {
    const [{ plot }] = this.panels.values();
    return { width: plot.clientWidth, height: plot.clientHeight };
  }

  /** @param {Model} model */
  #build(model) {
    /** @type {Map<string, ActivationInfo>} */
    const infos = new Map(model.activations.map((info) => [info.letter, info]));
    this.clear();
    this.variant = model.variant;
    const panels = cellOf(model).panels.map(({ letter, purpose }) => this.#panel(/** @type {ActivationInfo} */ (infos.get(letter)), purpose));
    this.element.dataset.panels = String(panels.length);
    this.element.replaceChildren(...panels);
  }

  /** Free what Plotly holds; the panels are built again when they are next shown. */
  clear() {
    for (const { plot } of this.panels.values()) removeFigure(plot);
    this.panels.clear();
  }

  /**
   * @param {ActivationInfo} info
   * @param {string} purpose
   */
  #panel(info, purpose) {
    const title = make("h2", {}, `${info.name}\u00a0`, make("var", {}, info.letter));
    const caption = make("figcaption", {}, title, make("p", {}, purpose));
    const plot = make("div", { class: "plot", role: "img" });
    const column = make("div", { class: "mark", hidden: "" });
    const row = make("div", { class: "mark", hidden: "" });
    const bars = /** @type {SVGSVGElement} */ (draw("svg", { class: "bars", "aria-hidden": "true" }));
    const labels = /** @type {SVGSVGElement} */ (draw("svg", { class: "labels", "aria-hidden": "true" }));
    const edge = draw("path");
    const hatching = [draw("path", { class: "ground" }), draw("path", { class: "stroke" })]; // to be seen on any colour
    const frame = make("div", { class: "frame" }, bars, plot, draw("svg", { class: "hatching", "aria-hidden": "true" }, ...hatching), labels, draw("svg", { class: "edge", "aria-hidden": "true" }, edge), column, row);
    const table = make("div", { class: "numbers", tabindex: 0, role: "group", "aria-label": `Numbers of the ${info.name}` });
    const numbers = /** @type {HTMLDetailsElement} */ (make("details", {}, make("summary", {}, "numbers"), table));
    const fill = () => {
      if (numbers.open && this.layer) table.replaceChildren(this.#table(info, this.layer));
    };
    numbers.addEventListener("toggle", fill);
    this.panels.set(info.letter, { plot, bars, labels, hatching, column, row, edge, fill });
    this.#watch(frame, info.letter);
    return make("figure", { class: "panel", "data-letter": info.letter }, caption, frame, numbers);
  }

  /**
   * The numbers of a panel: a row for each unit, a column for each word.
   * @param {ActivationInfo} info
   * @param {LayerValues} layer
   */
  #table({ name, letter }, layer) {
    const values = layer.values(letter);
    const edited = this.edited(letter);
    const rows = this.order.map((unit, at) => ({
      name: String(unit),
      values: this.words.map((_, t) => {
        const value = values[t * this.order.length + at];
        const note = edited.some((run) => run.t === t && run.row <= at && at < run.row + run.rows) ? " edited" : "";
        return Number.isNaN(value) ? "" : decimal(value, 3) + note;
      }),
    }));
    return tableOf(`${name}: units by words`, ["unit", ...this.words.map(visible)], rows);
  }

  /**
   * @param {HTMLElement} frame
   * @param {string} letter
   */
  #watch(frame, letter) {
    /** @param {PointerEvent | MouseEvent} event */
    const entryAt = ({ clientX, clientY }) => {
      const { left, top } = frame.getBoundingClientRect();
      const { width, height } = this.#plotSize();
      const t = columnAt(this.edges, (clientX - left - MARGIN.left) / width);
      const at = Math.floor(((clientY - top - HEIGHT - MARGIN.top) / height) * this.order.length);
      if (t < 0 || at < 0 || at >= this.order.length) return null;
      return { t, unit: this.order[at], letter, clientX, clientY };
    };
    // A finger does not hover: its tap is a click.
    frame.addEventListener("pointermove", (event) => event.pointerType === "touch" || this.onPoint(entryAt(event)));
    frame.addEventListener("pointerleave", ({ pointerType }) => pointerType === "touch" || this.onPoint(null));
    frame.addEventListener("click", (event) => {
      const picked = entryAt(event);
      if (picked) this.onPick(picked);
    });
  }
}

/**
 * @param {HTMLElement} mark
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 */
function moveTo(mark, left, top, width, height) {
  Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}
