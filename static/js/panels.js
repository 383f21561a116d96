// The panels: one heatmap for each gate, candidate and state, and the marks that link them.

import { numbers } from "./api.js";
import { diverging, sequential } from "./colors.js";
import { MARGIN, drawHeatmap, removeHeatmap, watchCells } from "./plot.js";
import { shortened } from "./text.js";

/** @typedef {import("./api.js").ActivationInfo} ActivationInfo */
/** @typedef {import("./plot.js").Cell & {info: ActivationInfo}} PanelCell */

/** The order in which a step computes them, and what each does. */
const NOTES = new Map([
  ["r", "how much of the past the candidate sees"],
  ["f", "near 1 keeps the old cell state, near 0 drops it"],
  ["i", "how much of the candidate is written to the cell"],
  ["z", "near 1 keeps the old hidden state, near 0 takes the candidate"],
  ["g", "what could be written to the cell"],
  ["n", "what could become the hidden state"],
  ["c", "what is carried from word to word"],
  ["o", "how much of the cell is let out"],
  ["h", "what the next step and the verdict see"],
]);

const LABEL = { characters: 12, width: 6.4, height: 15, level: 44 }; // of a word at the axis; pixels but for characters

export class Panels {
  /**
   * @param {HTMLElement} place
   * @param {(cell: PanelCell | null) => void} onCell
   */
  constructor(place, onCell) {
    this.place = place;
    this.onCell = onCell;
    /** @type {Map<string, {plot: HTMLElement, column: HTMLElement, row: HTMLElement, watched: boolean}>} */
    this.panels = new Map();
    this.cell = "";
    this.size = { steps: 0, units: 0, below: 0 };
    this.drawn = "";
  }

  /**
   * Show one layer of a trace. Resolves when every panel is painted.
   * @param {import("./api.js").Model} model
   * @param {import("./api.js").Trace} trace
   * @param {import("./api.js").Layer} layer
   */
  async show(model, trace, layer) {
    const order = [...NOTES.keys()];
    const infos = model.activations.toSorted((a, b) => order.indexOf(a.letter) - order.indexOf(b.letter));
    if (this.cell !== model.cell) this.#build(model.cell, infos);
    this.drawn = this.#extent();
    const words = wordAxis(trace.tokens, this.#first().clientWidth - MARGIN.left - MARGIN.right);
    this.size = { steps: trace.tokens.length, units: layer.hidden_size, below: words.room };
    const ink = getComputedStyle(this.place).getPropertyValue("--muted").trim();
    await Promise.all(
      infos.map(async (info) => {
        const panel = this.panels.get(info.letter);
        if (!panel) return;
        const values = layer.activations[info.letter];
        const range = rangeOf(info, values);
        const scale = range[0] === 0 ? sequential() : diverging();
        await drawHeatmap(panel.plot, { values, words, units: layer.hidden_size, scale, range, ink });
        if (panel.watched) return;
        panel.watched = true;
        watchCells(panel.plot, (cell) => this.onCell(cell && { ...cell, info }));
      }),
    );
  }

  /** Whether the place has another size than the pictures in it. */
  outgrown() {
    return this.panels.size > 0 && this.drawn !== this.#extent();
  }

  /**
   * Mark a word, and a unit where one is given, in every panel.
   * @param {{t: number, unit?: number} | null} focus
   */
  mark(focus) {
    const { steps, units, below } = this.size;
    for (const { plot, column, row } of this.panels.values()) {
      column.hidden = focus === null;
      row.hidden = focus?.unit === undefined;
      if (focus === null) continue;
      const width = (plot.clientWidth - MARGIN.left - MARGIN.right) / steps;
      const height = (plot.clientHeight - MARGIN.top - below) / units;
      place(column, MARGIN.left + focus.t * width, MARGIN.top, width, height * units);
      place(row, MARGIN.left, MARGIN.top + (focus.unit ?? 0) * height, width * steps, height);
    }
  }

  #first() {
    const [{ plot }] = this.panels.values();
    return plot;
  }

  #extent() {
    return `${this.#first().clientWidth} × ${this.#first().clientHeight}`;
  }

  /**
   * @param {string} cell
   * @param {ActivationInfo[]} infos
   */
  #build(cell, infos) {
    this.cell = cell;
    this.place.dataset.cell = cell;
    for (const { plot } of this.panels.values()) removeHeatmap(plot);
    this.panels.clear();
    this.place.replaceChildren(
      ...infos.map((info) => {
        const figure = element("figure", "panel");
        figure.dataset.letter = info.letter;
        const caption = element("figcaption");
        const title = element("h2", "", info.name);
        title.append(" ", element("var", "", info.letter));
        caption.append(title, element("p", "", NOTES.get(info.letter)));
        const frame = element("div", "frame");
        const [plot, column, row] = [element("div", "plot"), element("div", "mark"), element("div", "mark")];
        plot.role = "img";
        plot.ariaLabel = `Heatmap of the ${info.name}, words by units`;
        column.hidden = row.hidden = true;
        frame.append(plot, column, row);
        figure.append(caption, frame);
        this.panels.set(info.letter, { plot, column, row, watched: false });
        return figure;
      }),
    );
  }
}

/**
 * The range of the colours of an activation: its own where it is bounded, else symmetric about 0.
 * @param {ActivationInfo} info
 * @param {import("./api.js").TypedArrayJson} values
 * @returns {[number, number]}
 */
export function rangeOf(info, values) {
  if (info.minimum !== null && info.maximum !== null) return [info.minimum, info.maximum];
  const greatest = numbers(values).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  return [info.minimum ?? -greatest, greatest];
}

/**
 * Which words stand at the axis and how, so that they do not run into each other.
 * @param {import("./api.js").Token[]} tokens
 * @param {number} width of the plot, in pixels
 */
function wordAxis(tokens, width) {
  const each = width / tokens.length;
  const every = Math.max(1, Math.ceil(LABEL.height / each));
  const level = each >= LABEL.level;
  const characters = level ? Math.floor((each - 4) / LABEL.width) : LABEL.characters;
  const at = tokens.map((_, t) => t).filter((t) => t % every === 0);
  const labels = at.map((t) => shortened(tokens[t].text, characters));
  const longest = Math.max(...labels.map((label) => label.length)) * LABEL.width;
  return { at, labels, angle: level ? 0 : -90, room: Math.ceil(level ? LABEL.height + 6 : longest + 10) };
}

/**
 * @param {HTMLElement} mark
 * @param {number} left
 * @param {number} top
 * @param {number} width
 * @param {number} height
 */
function place(mark, left, top, width, height) {
  Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
}

/**
 * @param {string} tag
 * @param {string} [name] class
 * @param {string} [text]
 */
function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}
