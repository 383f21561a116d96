// A trace as the page reads it: one model on one text, decoded, as far as one picture goes.

import { numbers } from "./api.js";
import { cellOf } from "./boot.js";
import { layersOf, placeOfLayer } from "./layers.js";
import { readsNumbers } from "./written.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./api_types.d.ts").TraceAnswer} TraceAnswer */

/** @typedef {import("./api_types.d.ts").LikelyOutput} LikelyOutput */

/** One layer in one direction: a window of its units, and what all of them do together. Steps are those in sight, from 0. */
export class DecodedLayer {
  /**
   * @param {import("./api_types.d.ts").TraceLayer} layer
   * @param {string} carrier letter of the state that carries the memory
   * @param {number} skipped steps before the first one in sight
   * @param {number} steps in sight
   * @param {number[] | null} [units] those that it has, in their order, where it does not name them itself; null: all
   */
  constructor(layer, carrier, skipped, steps, units = null) {
    this.layer = layer.layer;
    this.direction = layer.direction;
    this.carrier = carrier;
    /** The number of all units, in sight or not. */
    this.units = layer.hidden_size;
    /** The units in sight, from the top. */
    this.rows = layer.units ?? units ?? Array.from({ length: this.units }, (_, unit) => unit);
    /** The place of the first of them in the order of all. */
    this.first = layer.first ?? 0;
    this.places = new Map(this.rows.map((unit, at) => [unit, at]));
    this.skipped = skipped;
    this.steps = steps;
    this.summaries = Object.fromEntries(Object.entries(layer.summary ?? {}).map(([letter, { mean, norm, greatest }]) => [letter, { mean: numbers(mean), norm: numbers(norm), greatest: numbers(greatest) }]));
    this.arrays = Object.fromEntries(Object.entries(layer.activations).map(([letter, array]) => [letter, numbers(array)]));
  }

  /** Whether all units are in sight. */
  get isWhole() {
    return this.rows.length === this.units;
  }

  /**
   * An activation of every unit in sight at every step, step by step.
   * @param {string} letter
   */
  values(letter) {
    const { length } = this.rows;
    return this.arrays[letter].subarray(this.skipped * length, (this.skipped + this.steps) * length);
  }

  /**
   * What all units do together at every step: their mean, their norm, or their greatest absolute value.
   * @param {string} letter
   * @param {"mean" | "norm" | "greatest"} what
   */
  summary(letter, what) {
    return this.summaries[letter][what].subarray(this.skipped, this.skipped + this.steps);
  }

  /**
   * @param {string} letter
   * @param {number} t
   * @param {number} unit in sight
   */
  at(letter, t, unit) {
    return this.arrays[letter][(this.skipped + t) * this.rows.length + (this.places.get(unit) ?? NaN)];
  }

  /**
   * The same one step earlier in the layer's own direction; 0 before its first.
   * @param {string} letter
   * @param {number} t
   * @param {number} unit
   */
  before(letter, t, unit) {
    return this.at(letter, t + (this.direction === "forward" ? -1 : 1), unit) ?? 0;
  }
}

/**
 * What became of a list of edits.
 * @typedef {object} Editing
 * @property {import("./edits.js").ListedEdit[]} listed
 * @property {import("./edits.js").Edit[]} edits those that were applied, in their order
 * @property {Map<number, string>} remarks why others were not, and what to know about these, by their place in the list
 * @property {string} problem why none could be applied; empty otherwise
 */

/** @type {Editing} */
const UNEDITED = { listed: [], edits: [], remarks: new Map(), problem: "" };

/** The trace of one text by one model. */
export class DecodedTrace {
  /**
   * @param {Model} model
   * @param {string} text
   * @param {TraceAnswer} answer
   * @param {number} start first step in sight
   * @param {number} size steps in sight, at most
   * @param {Editing | null} [editing] null for a text that takes no edits
   * @param {DecodedTrace | null} [original] the same without edits, where there are any
   */
  constructor(model, text, answer, start, size, editing = UNEDITED, original = null) {
    const skipped = start - answer.start;
    this.model = model;
    this.text = text;
    this.start = start;
    this.stop = Math.min(start + size, answer.stop, answer.steps);
    this.steps = answer.steps;
    this.tokens = answer.tokens.slice(skipped, this.stop - answer.start);
    /** All layers of the model, of which one is in sight. */
    this.layers = layersOf(model);
    this.layer = new DecodedLayer(answer.layers[0], cellOf(model).carrier, skipped, this.tokens.length, answer.units);
    this.norms = answer.read_norm ? numbers(answer.read_norm) : new Float32Array();
    this.skipped = skipped;
    this.names = answer.outputs.names;
    this.outputs = numbers(answer.outputs.values);
    this.top = answer.outputs.top ?? null;
    this.chances = answer.outputs.expected ?? [];
    this.editing = editing;
    this.edits = editing?.edits ?? [];
    this.original = original;
  }

  /** Whether there is no head. */
  get isHeadless() {
    return this.names.length === 0 && this.top === null;
  }

  /**
   * The most probable outputs after step `t`, the first of equals first; of many, as many as the server lists.
   * @param {number} t
   * @param {number} count
   * @returns {LikelyOutput[]}
   */
  likeliest(t, count) {
    if (this.top) return this.top[this.skipped + t].slice(0, count);
    const [probabilities, before] = [this.outputsAt(t), this.original?.outputsAt(t)];
    const best = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, count);
    return best.map((output) => ({ output, name: this.names[output], probability: probabilities[output], unedited: before?.[output] }));
  }

  /**
   * The probability of each output after step `t`; empty where there are many.
   * @param {number} t
   */
  outputsAt(t) {
    const row = (this.skipped + t) * this.names.length;
    return this.outputs.subarray(row, row + this.names.length);
  }

  /**
   * The norm of the h that a head reads after step `t`, or would.
   * @param {number} t
   */
  normAt(t) {
    return this.norms[this.skipped + t];
  }

  /**
   * How probable the token at `t` was before it came; null where the model did not predict it.
   * @param {number} t
   */
  expected(t) {
    return this.chances[this.skipped + t] ?? null;
  }

  /**
   * The place of a layer in `layers`.
   * @param {number | null} index
   */
  placeOfLayer(index) {
    return placeOfLayer(this.layers, index);
  }
}

/**
 * The layer whose units can be turned: that of the first trace which has more than are in sight, else of the first.
 * @param {(DecodedTrace | null)[]} traces
 * @returns {DecodedLayer | null}
 */
export function turnedLayer(traces) {
  const layers = traces.flatMap((trace) => trace?.layer ?? []);
  return layers.find(({ isWhole }) => !isWhole) ?? layers[0] ?? null;
}

/**
 * The steps to ask for, from `start` to before `stop`: one more than is in sight on either side, as each layer's first state
 * comes from there.
 * @param {number} start
 * @param {number} size
 */
export function pageSpan(start, size) {
  return { start: Math.max(0, start - 1), stop: start + size + 1 };
}

/**
 * An answer as if its text ended after so many steps. Not for a backward layer, which would have begun elsewhere.
 * @param {TraceAnswer} answer
 * @param {number} steps
 * @returns {TraceAnswer}
 */
export function truncated(answer, steps) {
  return { ...answer, steps: Math.min(answer.steps, steps) };
}

/**
 * The probability that colours each token: that of the single output after it; where the model predicts the next token,
 * that of the token itself; else that of the output that is most probable at the end, unless there are many outputs.
 * @param {DecodedTrace} trace
 * @param {DecodedTrace} [leading] whose most probable output it is
 * @returns {(number | null)[]} null where there is none, or where no word is read
 */
export function tokenProbabilities(trace, leading = trace) {
  if (trace.isHeadless || readsNumbers(trace.model)) return trace.tokens.map(() => null);
  if (trace.model.predicts_next) return trace.tokens.map((_, t) => trace.expected(t));
  if (trace.top) return trace.tokens.map(() => null);
  const [{ output }] = leading.likeliest(trace.tokens.length - 1, 1);
  return trace.tokens.map((_, t) => trace.outputsAt(t)[output]);
}
