// The picture: the lanes side by side, and what is pointed at or pinned in all of them.

import { differencesOf, endsOf, rangesOf } from "../charts/scales.js";
import { normEnds } from "../charts/summary_bars.js";
import { Difference, align, pairLabel } from "../data/alignment.js";
import { standout } from "../data/unit_order.js";
import { Lane } from "./lane.js";

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */
/** @typedef {import("../data/decoded_trace.js").DecodedLayer} DecodedLayer */
/** @typedef {{title: string, model: Pick<import("../data/api_types.d.ts").Model, "input">, trace: DecodedTrace | null}} Content of a lane; null where there is no text */
/** @typedef {{k: number, unit: number | null}} Focus `k`: column of the comparison; `unit`: null for a whole word */
/** @typedef {{k: number, unit: number}} Pin */

export class Picture {
  /**
   * @param {HTMLElement} element
   * @param {import("./tooltip.js").Tooltip} tooltip
   * @param {import("./gate_sliders.js").EditHandlers & {onPin: (pin: Pin | null) => void, onChoose: (k: number) => void, onFind: (lane: number, token: import("../data/api_types.d.ts").TokenInfo) => void, onBrush: (lane: number, span: {from: number, to: number}) => void, unitAt: (k: number) => number | null}} handlers `unitAt`: the unit that the first screen shows in a column; null where it shows none
   */
  constructor(element, tooltip, { onPin, onChoose, onFind, onBrush, unitAt, ...editHandlers }) {
    this.element = element;
    this.tooltip = tooltip;
    this.onPin = onPin;
    this.onChoose = onChoose;
    this.onFind = onFind;
    this.onBrush = onBrush;
    this.unitAt = unitAt;
    this.editHandlers = editHandlers;
    /** @type {Lane[]} */
    this.lanes = [];
    /** Which step of each lane stands in which column; null where step and column are the same. @type {((number | null)[] | null)[]} */
    this.columns = [];
    /** @type {Focus | null} */
    this.hovered = null;
    /** @type {Pin | null} */
    this.pinned = null;
    /** The column that is chosen, where no unit is pinned. @type {number | null} */
    this.chosen = null;
    /** What the inspector shows where nothing is pinned. @type {Pin} */
    this.standout = { k: 0, unit: 0 };
    this.stale = false;
    /** Whether something else has been asked for than is shown. */
    this.isBehind = true;
  }

  /**
   * Show the lanes, and next to them the difference of two texts. Resolves when all is painted.
   * @param {Content[]} contents
   * @param {{pinned: {k: number | null, unit: number} | null, chosen: number | null, edges: import("../charts/columns.js").Edges | null, difference: boolean}} look
   * `edges`: of the columns of the first screen, where one text is shown by one model
   */
  async show(contents, { pinned, chosen, edges, difference }) {
    const traces = contents.map(({ trace }) => trace);
    const layers = traces.map((trace) => trace && trace.layer);
    const [first, second] = traces;
    const pairs = difference && first && second ? align(wordsOf(first), wordsOf(second)) : null;
    this.columns = traces.map((_, at) => pairs && pairs.map((pair) => pair[at]));
    this.#build(contents.length + Number(difference));
    this.element.classList.toggle("aligned", edges !== null);
    this.#placePin(layers[0], pinned);
    const width = this.columns[0]?.length ?? layers[0]?.steps ?? 0; // the lanes have not been shown yet
    this.chosen = chosen !== null && chosen < width ? chosen : null;
    const originals = traces.map((trace) => trace && trace.original);
    // A scale that does not move while something is edited, as far as can be.
    const ends = endsOf([...traces, ...originals], [...layers, ...originals.map((trace) => trace && trace.layer)]);
    const ranges = traces.map((trace) => (trace ? rangesOf(trace.model.activations, ends) : {}));
    const norms = normEnds(traces.map((trace, at) => ({ infos: trace?.model.activations.filter(({ kind }) => kind !== "gate") ?? [], layer: layers[at], ranges: ranges[at] })));
    const painted = contents.map(({ title, model, trace }, at) => {
      const layer = layers[at];
      if (!trace || !layer) return this.lanes[at].showNothing(title, model);
      return this.lanes[at].show(trace, { title, ranges: ranges[at], norms, edges });
    });
    if (pairs && first && layers[0] && layers[1]) {
      const words = pairs.map(([a, b]) => pairLabel(first.tokens[a ?? -1]?.text, second?.tokens[b ?? -1]?.text));
      const values = new Difference(layers[0], layers[1], pairs);
      const { model } = first;
      const differences = differencesOf(ranges[0]);
      const look = { words, ranges: differences, norms: normEnds([{ infos: model.activations, layer: values, ranges: differences }]), edges: null };
      painted.push(this.lanes[2].showDifference(model, values, look));
    } else if (difference) this.lanes[2].showNothing("difference", contents[0].model);
    await Promise.all(painted);
    this.hovered = null;
    this.refresh();
  }

  /** Whether a picture is no longer of the size of its element. */
  outgrown() {
    return this.lanes.some((lane) => lane.panels.outgrown());
  }

  /**
   * Say whether something else has been asked for than is shown; the first screen may show it already.
   * @param {boolean} isBehind
   */
  setBehind(isBehind) {
    this.isBehind = isBehind;
    this.element.toggleAttribute("data-behind", isBehind);
  }

  /**
   * Dim a picture that is no longer that of the text, or undo it.
   * @param {boolean} stale
   */
  setStale(stale) {
    this.stale = stale;
    this.element.toggleAttribute("data-stale", stale);
    this.point(null);
  }

  /** @param {Focus | null} focus what the pointer is on */
  point(focus) {
    this.hovered = focus;
    if (this.stale || focus === null || focus.unit === null) this.tooltip.hide();
    this.refresh();
  }

  /** @param {Pin | null} pin */
  pin(pin) {
    if (this.stale || (pin && pin.k >= this.width)) return;
    this.pinned = pin;
    this.tooltip.hide();
    this.refresh();
    this.onPin(pin);
  }

  /**
   * Choose a column: a unit that is pinned is pinned there.
   * @param {number} k
   */
  choose(k) {
    if (this.stale || k < 0 || k >= this.width) return;
    if (this.pinned) return this.pin({ k, unit: this.pinned.unit });
    this.chosen = k;
    this.refresh();
    this.onChoose(k);
  }

  /**
   * Choose the column of a step of a lane.
   * @param {number} at
   * @param {number} t
   */
  chooseIn(at, t) {
    this.choose(this.#columnOf(at, t));
  }

  /**
   * Pin a unit at a step of a lane.
   * @param {number} at
   * @param {number} t
   * @param {number} unit
   */
  pickIn(at, t, unit) {
    this.pin({ k: this.#columnOf(at, t), unit });
  }

  /**
   * Mark units of one lane, and of no other.
   * @param {number} at
   * @param {number[]} units
   */
  light(at, units) {
    for (const [other, { panels }] of this.lanes.entries()) panels.light(other === at ? units : []);
  }

  /** The traces of the lanes: none of a blank text or of the difference. @returns {DecodedTrace[]} */
  get traces() {
    return this.lanes.flatMap(({ trace }) => trace ?? []);
  }

  /** What the panels of all lanes were drawn from, dimmed ones too. */
  get sheets() {
    return this.lanes.flatMap(({ panels }) => panels.sheets);
  }

  /** What is pinned, or else shown in the first screen, or else stands out: where the keyboard starts. */
  get current() {
    if (this.pinned) return this.pinned;
    const k = this.chosen ?? this.standout.k;
    const unit = this.unitAt(k);
    return { k, unit: unit !== null && this.holds(unit) ? unit : this.standout.unit };
  }

  /**
   * Whether a unit is in sight in the first lane that shows a trace.
   * @param {number} unit
   */
  holds(unit) {
    return this.traces[0]?.layer.rows.includes(unit) ?? true;
  }

  /** The step of the first lane that is pinned or chosen. */
  get step() {
    const k = this.pinned?.k ?? this.chosen;
    return k === null ? null : this.#stepOf(0, k);
  }

  /** The step of each lane that is pinned or chosen; null for a lane that has none in that column. */
  get steps() {
    const k = this.pinned?.k ?? this.chosen;
    return this.lanes.map((_, at) => (k === null ? null : this.#stepOf(at, k)));
  }

  /** The number of columns. */
  get width() {
    return this.columns[0]?.length ?? this.lanes[0]?.trace?.tokens.length ?? 0;
  }

  /** Mark what is pointed at, else what is pinned, in every lane. */
  refresh() {
    const chosen = this.chosen === null ? null : { k: this.chosen, unit: null };
    const focus = this.stale ? null : (this.hovered ?? this.pinned ?? chosen);
    const { k, unit } = { ...this.current, ...(focus && { k: focus.k }), ...(focus?.unit != null && { unit: focus.unit }) };
    const pinned = this.pinned?.k === k && this.pinned.unit === unit;
    const standsOut = !this.pinned && focus?.unit == null && this.unitAt(this.current.k) !== unit;
    for (const [at, lane] of this.lanes.entries()) {
      const marked = { t: focus && this.#stepOf(at, focus.k), unit: focus && focus.unit };
      lane.focus(marked, { t: this.#stepOf(at, k), unit, pinned, standsOut: standsOut && at === 0 });
    }
  }

  /**
   * The step of a lane in a column.
   * @param {number} at
   * @param {number} k
   */
  #stepOf(at, k) {
    const columns = this.columns[at];
    return columns ? (columns[k] ?? null) : k;
  }

  /**
   * The column of a step of a lane.
   * @param {number} at
   * @param {number} t
   */
  #columnOf(at, t) {
    return this.columns[at]?.indexOf(t) ?? t;
  }

  /**
   * Move the pin to where it fits what is shown.
   * @param {DecodedLayer | null} layer of the first lane
   * @param {{k: number | null, unit: number} | null} pinned `k`: null for the step at which the unit stands out
   */
  #placePin(layer, pinned) {
    this.pinned = null;
    if (!layer) return;
    const { t, unit } = standout(layer);
    this.standout = { k: this.#columnOf(0, t), unit };
    if (!pinned) return;
    const wanted = Math.min(pinned.unit, layer.units - 1);
    const k = pinned.k ?? this.#columnOf(0, standout(layer, [wanted]).t);
    this.pinned = { k: Math.min(k, (this.columns[0]?.length ?? layer.steps) - 1), unit: wanted };
  }

  /** @param {number} count */
  #build(count) {
    if (this.lanes.length === count) return;
    for (const lane of this.lanes) lane.panels.clear();
    this.lanes = Array.from({ length: count }, (_, at) => this.#lane(at));
    this.element.dataset.lanes = String(count);
    this.element.replaceChildren(...this.lanes.map((lane) => lane.element));
  }

  /** @param {number} at */
  #lane(at) {
    /** @param {number} t */
    const k = (t) => this.#columnOf(at, t);
    return new Lane(at + 1, {
      ...this.editHandlers,
      onPoint: (entry) => {
        this.point(entry && { k: k(entry.t), unit: entry.unit });
        if (entry && !this.stale) this.tooltip.show(entry, this.lanes[at].describe(entry));
      },
      onPick: (entry) => {
        this.pin({ k: k(entry.t), unit: entry.unit });
        if (!this.stale) this.tooltip.show(entry, this.lanes[at].describe(entry));
      },
      onWord: (t) => this.point(t === null ? null : { k: k(t), unit: null }),
      onPickWord: (t) => this.choose(k(t)),
      onFind: (token) => this.onFind(at, token),
      onBrush: (span) => this.onBrush(at, span),
    });
  }
}

/** @param {DecodedTrace} trace */
function wordsOf(trace) {
  return trace.tokens.map((token) => token.text);
}
