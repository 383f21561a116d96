// A figure with its title, a note, the plot, and its numbers as a table.

import { draw, make } from "../kit/dom.js";
import { tableOf } from "../kit/table.js";
import { drawFigure, removeFigure } from "./plotly.js";

/** @typedef {{caption: string, columns: string[], rows: () => {name: string, values: string[]}[]}} Numbers */

export class Chart {
  /**
   * @param {string} kind
   * @param {"h3" | "h4"} heading
   */
  constructor(kind, heading) {
    this.title = make(heading, {});
    this.note = make("p", {});
    this.plot = make("div", { class: "plot", role: "img" });
    this.row = make("div", { class: "mark", hidden: "" });
    this.labels = draw("svg", { class: "labels", "aria-hidden": "true" });
    this.frame = make("div", { class: "frame" }, this.plot, this.labels, this.row);
    this.table = make("div", { class: "numbers", tabindex: 0, role: "group" });
    this.open = /** @type {HTMLDetailsElement} */ (make("details", {}, make("summary", {}, "numbers"), this.table));
    this.element = make("figure", { class: `chart ${kind}` }, make("figcaption", {}, this.title, this.note), this.frame, this.open);
    /** @type {Numbers | null} */
    this.numbers = null;
    this.open.addEventListener("toggle", () => this.#fill());
  }

  /** The room of the plot, in pixels. */
  get size() {
    return { width: this.plot.clientWidth, height: this.plot.clientHeight };
  }

  /**
   * Say what it is about. Resolves when it is painted.
   * @param {string} title
   * @param {(Node | string)[]} note
   * @param {import("./heatmap_figure.js").Figure} figure
   * @param {Numbers} numbers
   */
  show(title, note, figure, numbers) {
    this.title.textContent = title;
    this.note.replaceChildren(...note);
    this.plot.ariaLabel = `${title}. ${this.note.textContent}`;
    this.table.ariaLabel = `Numbers: ${numbers.caption}`;
    this.numbers = numbers;
    this.#fill();
    return drawFigure(this.plot, this.labels, figure);
  }

  /**
   * Say what it is about, and why there is no picture.
   * @param {string} title
   * @param {string} why
   */
  showNothing(title, why) {
    this.title.textContent = title;
    this.note.textContent = why;
    this.remove();
  }

  /** Show nothing. */
  hide() {
    this.element.hidden = true;
  }

  /** Free what Plotly holds. */
  remove() {
    this.numbers = null;
    this.table.replaceChildren();
    this.labels.replaceChildren();
    this.plot.ariaLabel = "No picture";
    removeFigure(this.plot);
  }

  #fill() {
    if (!this.open.open || !this.numbers) return;
    const { caption, columns, rows } = this.numbers;
    this.table.replaceChildren(tableOf(caption, columns, rows()));
  }
}
