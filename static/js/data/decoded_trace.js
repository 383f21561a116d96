// A reading: what one model made of one text, decoded, as far as one picture goes.

import { numbers } from "./api.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./api_types.d.ts").TokenInfo} Token */
/** @typedef {import("./api_types.d.ts").TraceAnswer} Trace */

/** One layer in one direction. Rows are steps in sight, from 0. */
export class LayerReading {
  /**
   * @param {import("./api_types.d.ts").LayerActivations} layer
   * @param {number} skipped rows before the first step in sight
   * @param {number} steps in sight
   */
  constructor(layer, skipped, steps) {
    this.layer = layer.layer;
    this.direction = layer.direction;
    this.units = layer.hidden_size;
    this.skipped = skipped;
    this.steps = steps;
    this.arrays = Object.fromEntries(Object.entries(layer.activations).map(([letter, array]) => [letter, numbers(array)]));
  }

  /** The letter of what is carried from step to step the longest way: the cell state, or the hidden state. */
  get carrier() {
    return "c" in this.arrays ? "c" : "h";
  }

  /**
   * An activation of every unit at every step in sight, row by row.
   * @param {string} letter
   */
  values(letter) {
    return this.arrays[letter].subarray(this.skipped * this.units, (this.skipped + this.steps) * this.units);
  }

  /**
   * @param {string} letter
   * @param {number} t
   * @param {number} unit
   */
  at(letter, t, unit) {
    return this.arrays[letter][(this.skipped + t) * this.units + unit];
  }

  /**
   * The same one step earlier on the layer's own way; 0 where there is none.
   * @param {string} letter
   * @param {number} t
   * @param {number} unit
   */
  before(letter, t, unit) {
    return this.at(letter, t + (this.direction === "forward" ? -1 : 1), unit) ?? 0;
  }
}

/** What one model made of one text. */
export class Reading {
  /**
   * @param {Model} model
   * @param {string} text
   * @param {Trace} trace
   * @param {number} start first step in sight
   * @param {number} size steps in sight, at most
   */
  constructor(model, text, trace, start, size) {
    const skipped = start - trace.start;
    this.model = model;
    this.text = text;
    this.start = start;
    this.stop = Math.min(start + size, trace.stop, trace.steps);
    this.steps = trace.steps;
    this.tokens = trace.tokens.slice(skipped, this.stop - trace.start);
    this.layers = trace.layers.map((layer) => new LayerReading(layer, skipped, this.tokens.length));
    this.skipped = skipped;
    this.names = trace.outputs.names;
    this.outputs = numbers(trace.outputs.values);
  }

  /**
   * What the head says after step `t`: a probability for each output.
   * @param {number} t
   */
  said(t) {
    const row = (this.skipped + t) * this.names.length;
    return this.outputs.subarray(row, row + this.names.length);
  }

  /**
   * How probable the token at `t` was before it came; null where nobody asked.
   * @param {number} t
   */
  expected(t) {
    const output = this.model.next_outputs[this.tokens[t].id] ?? null;
    return output === null || this.skipped + t === 0 ? null : this.said(t - 1)[output];
  }
}

/**
 * The first step to ask for, and the one to stop before: one more than is in sight on either side, where states come from.
 * @param {number} start
 * @param {number} size
 */
export function span(start, size) {
  return { start: Math.max(0, start - 1), stop: start + size + 1 };
}

/**
 * A trace as if its text ended after so many steps. Not for a layer that runs backward: it would have begun elsewhere.
 * @param {Trace} trace
 * @param {number} steps
 * @returns {Trace}
 */
export function shortened(trace, steps) {
  return { ...trace, steps: Math.min(trace.steps, steps) };
}
