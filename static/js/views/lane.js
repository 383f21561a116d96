// One lane: one model on one text, from the words down to the circuit. A comparison has several.

import { Panels } from "../charts/panels.js";
import { scaleBar } from "../charts/scale_bar.js";
import { scalesOf } from "../charts/scales.js";
import { editedRuns } from "../data/edits.js";
import { visible } from "../data/visible_text.js";
import { invitation, readsNumbers } from "../data/written.js";
import { make } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";
import { describe, namesOf } from "./inspector.js";
import { TokenStrip } from "./token_strip.js";
import { TRACE_VIEWS } from "./trace_views.js";
import { showVerdict } from "./verdict.js";

/** @typedef {import("../data/api_types.d.ts").ActivationInfo} ActivationInfo */
/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */
/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {import("../charts/panels.js").Entry} Entry */
/** @typedef {import("./gate_sliders.js").EditHandlers & {onPoint: (entry: Entry | null) => void, onPick: (entry: Entry) => void, onWord: (t: number | null) => void, onPickWord: (t: number) => void, onFind: (token: import("../data/api_types.d.ts").TokenInfo) => void, onBrush: (span: {from: number, to: number}) => void}} Handlers */
/** @typedef {Omit<import("../charts/panels.js").LayerLook, "words" | "lane" | "difference" | "edited">} LaneLook */

const MOST_COLUMNS = 60; // words that stand over their columns; more are wrapped
const MOST_STEPS = 20; // labels of steps, whose columns are no wider for them

export class Lane {
  /**
   * @param {number} number from 1, which tells lanes of one title apart
   * @param {Handlers} handlers
   */
  constructor(number, handlers) {
    this.number = number;
    const words = make("ol", { class: "tokens" });
    this.verdict = make("div", { class: "prediction", role: "status" });
    this.scales = make("p", { class: "color-scales", hidden: "" }); // of a difference; those of values stand above all lanes
    this.title = make("h2", { class: "lane-title" });
    const panels = make("div", { class: "panels" });
    this.views = TRACE_VIEWS.map((View) => new View(handlers));
    this.element = make(
      "section",
      { class: "lane" },
      this.title,
      make("div", { class: "words" }, words, this.verdict, this.scales),
      make("div", { class: "pictures" }, panels, ...this.views.map(({ element }) => element)),
    );
    this.strip = new TokenStrip(words, { onHover: handlers.onWord, onPick: handlers.onPickWord, onFind: handlers.onFind, onBrush: handlers.onBrush });
    this.panels = new Panels(panels, handlers);
    /** @type {DecodedTrace | null} */
    this.trace = null;
    /** @type {import("../charts/sheet.js").LayerValues | null} */
    this.layer = null;
    /** The same layer without edits, where there are any. @type {DecodedLayer | null} */
    this.original = null;
    /** @type {string[]} */
    this.words = [];
    /** The step after which the verdict is shown. @type {number | null} */
    this.verdictStep = null;
  }

  /**
   * Show a reading. Resolves when it is painted.
   * @param {DecodedTrace} trace
   * @param {LaneLook & {title: string}} look
   */
  show(trace, { title, ...look }) {
    const { layer } = trace;
    this.trace = trace;
    this.layer = layer;
    this.original = trace.original?.layer ?? null;
    this.infos = trace.model.activations;
    this.words = trace.tokens.map((token) => token.text);
    // The panels first: they need their sizes, which the browser knows as long as nothing above has changed.
    const painted = this.panels.show(trace.model, layer, { ...look, edited: (letter) => editedRuns(trace, layer, letter, layer.rows), words: this.words, lane: title, difference: false });
    this.#entitle(title);
    this.element.classList.remove("difference");
    this.scales.hidden = true;
    const most = readsNumbers(trace.model) ? MOST_STEPS : MOST_COLUMNS;
    const isColumned = look.edges?.length === this.words.length + 1 && this.words.length <= most;
    this.strip.show(trace, isColumned ? look.edges : null);
    return painted;
  }

  /**
   * Show how two texts differ. Resolves when it is painted.
   * @param {import("../data/api_types.d.ts").Model} model
   * @param {import("../data/alignment.js").Difference} difference
   * @param {LaneLook & {words: string[]}} look
   */
  showDifference(model, difference, look) {
    this.trace = null;
    this.layer = difference;
    this.original = null;
    this.infos = model.activations;
    this.words = look.words;
    const title = "difference: second minus first";
    this.#clearViews(); // they may show the trace that the lane had before
    const painted = this.panels.show(model, difference, { ...look, edited: () => [], lane: title, difference: true });
    this.#entitle(title);
    this.strip.clear();
    const units = difference.rows.length < difference.units ? ` of the ${difference.rows.length} units in sight` : "";
    const notes = `Green is more, pink is less; bars: norm of the difference${units}. A word of only one text leaves a gap; a→b: one stands in the place of the other.`;
    this.verdict.replaceChildren(make("p", {}, notes));
    this.scales.replaceChildren(...scalesOf(this.panels.sheets).map(scaleBar));
    this.scales.hidden = false;
    this.element.classList.add("difference");
    return painted;
  }

  /**
   * Ask for a text. Pictures of the last one are dimmed and keep its title.
   * @param {string} title
   * @param {Pick<import("../data/api_types.d.ts").Model, "input">} model
   */
  showNothing(title, model) {
    this.trace = this.layer = null;
    this.#entitle(this.panels.sheets.length > 0 ? (this.title.textContent ?? "") : title);
    this.strip.clear();
    this.#clearViews();
    this.element.toggleAttribute("data-stale", true);
    this.panels.dim(true);
    this.verdict.replaceChildren(make("p", { class: "verdict" }, invitation(model, "the gates appear")));
  }

  /**
   * Mark a step and a unit, and show one step of one unit in the views.
   * @param {{t: number | null, unit: number | null}} marked
   * @param {Omit<import("./trace_views.js").Place, "t"> & {t: number | null}} inspected
   */
  focus(marked, { t, unit, ...chosen }) {
    this.panels.mark(marked);
    this.strip.mark(marked.t);
    if (!this.trace) return;
    const verdictStep = marked.t ?? this.trace.tokens.length - 1;
    if (verdictStep !== this.verdictStep) showVerdict(this.verdict, this.trace, verdictStep);
    this.verdictStep = verdictStep;
    const layer = /** @type {DecodedLayer} */ (this.layer);
    const shown = Math.min(unit, layer.units - 1);
    if (t === null || !layer.rows.includes(shown)) return this.#clearViews();
    for (const view of this.views) view.show(this.trace, layer, { t, unit: shown, ...chosen });
  }

  /** The title, and the verdict after which step. */
  get summary() {
    const single = this.verdict.querySelector(".verdict")?.textContent;
    const ranking = Array.from(this.verdict.querySelectorAll(".ranking li"), ({ childNodes }) => Array.from(childNodes, (node) => node.textContent).join(" "));
    const after = this.verdict.querySelector(".after")?.textContent ?? "";
    return { title: this.title.textContent ?? "", says: single ?? ranking.join(" · "), after: after.replace(/:$/, "") };
  }

  /**
   * The note next to the pointer on an entry.
   * @param {Entry} entry
   */
  describe({ t, unit, letter }) {
    const layer = /** @type {import("../charts/sheet.js").LayerValues} */ (this.layer);
    const name = this.infos?.find((info) => info.letter === letter)?.name;
    const value = layer.values(letter)[t * layer.rows.length + layer.rows.indexOf(unit)];
    const output = make("output", {}, `${letter} = ${Number.isNaN(value) ? "none" : decimal(value, 4)}`);
    const was = this.original?.at(letter, t, unit) ?? value;
    const before = Number.isNaN(value) || decimal(was, 4) === decimal(value, 4) ? "" : `, ${decimal(was, 4)} without edits`;
    const tracked = this.trace ? namesOf(this.trace.model, /** @type {DecodedLayer} */ (layer), unit) : [];
    return [
      make("bdi", {}, visible(this.words[t])),
      ` unit ${unit}, ${name} `,
      output,
      before,
      ...tracked.map((named) => make("small", {}, describe(named))),
    ];
  }

  #clearViews() {
    for (const view of this.views) view.clear();
  }

  /** @param {string} title */
  #entitle(title) {
    this.verdictStep = null;
    this.title.textContent = title;
    this.title.hidden = title === "";
    this.element.toggleAttribute("data-stale", false);
    this.panels.dim(false);
    this.element.ariaLabel = title ? `${this.number}: ${title}` : "Words, gates and states";
  }
}
