// What one model remembers of a text, as the server computed it.

import { numbers } from "./api.js";
import { DERIVATIVES } from "./derivatives.js";

/** @typedef {import("./api.js").Row} Row */
/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./derivatives.js").Derivative} Derivative */
/** @typedef {import("./memory_requests.js").MemoryRequest} MemoryRequest */
/** @typedef {MemoryAnswer & {missing?: Record<string, string>, pending?: string[]}} PartialAnswer `missing`: why parts that were asked for are not there; `pending`: parts that are still being computed */

const TOLERANCE = 0.05; // what the shares may miss, relative to the difference that they add up to

/**
 * A layer in one direction, by its place among those of a trace; the last, where a model has fewer.
 * @param {Pick<import("./api_types.d.ts").Model, "layers" | "bidirectional">} model
 * @param {number} index
 */
export function placeIn({ layers, bidirectional }, index) {
  const directions = bidirectional ? 2 : 1;
  const place = Math.min(index, layers * directions - 1);
  return { layer: Math.floor(place / directions), direction: place % directions };
}

/** What one model remembers of a text, and how much its output depends on each word. */
export class CellMemory {
  /**
   * @param {MemoryRequest} request
   * @param {PartialAnswer} whole
   * @param {PartialAnswer} back seen from one step
   */
  constructor({ model, step }, whole, back) {
    this.model = model;
    this.whole = whole;
    this.back = back;
    /** Why parts that were asked for are not there. @type {Record<string, string>} */
    this.missing = { ...whole.missing, ...back.missing };
    /** Parts that are still being computed. @type {string[]} */
    this.pending = whole.pending ?? [];
    this.words = whole.tokens.map((token) => token.text);
    /** The row of the step that is looked back from. */
    this.row = Math.min(step, whole.stop - 1) - whole.start;
    /** What the output loses without each word, asked for where its shares did not converge. @type {import("./api_types.d.ts").Occlusion | null} */
    this.occlusion = null;
  }

  /**
   * The layer that was asked for, in one direction.
   * @param {number} index its place
   */
  layer(index) {
    return this.whole.layers[placeIn(this.model, index).direction];
  }

  /**
   * Its largest singular values of ∂s_t/∂s_k, seen from the step that is looked back from.
   * @param {number} index of the layer
   */
  spectral(index) {
    return this.back.layers[placeIn(this.model, index).direction].log10_spectral ?? [];
  }

  /** Each word's share in an output; null where the integral did not converge, as the output of a saturated network jumps. */
  get attribution() {
    const { attribution } = this.back;
    if (!attribution) return null;
    const { gap, difference } = attribution;
    return Math.abs(gap ?? Infinity) <= TOLERANCE * Math.max(Math.abs(difference ?? 0), TOLERANCE) ? attribution : null;
  }

  /**
   * A matrix of base-10 logarithms, row by row; null where the cell has no such derivative.
   * @param {Derivative} derivative
   * @param {number} index of the layer
   */
  matrix(derivative, index) {
    const { states, inputs, hidden_size: units } = this.layer(index);
    const size = units * this.model.activations.filter(({ kind }) => kind === "state").length;
    const { array, whole = 1 } = {
      states: { array: states?.log10_norms, whole: size },
      kept: { array: states?.log10_kept, whole: units },
      inputs: { array: inputs?.log10_norms },
      words: { array: this.whole.words?.log10_norms },
    }[derivative];
    // The norm of ∂s/∂s, an identity, is the root of its size: divided by it, a state that is kept whole stands at 1.
    return array ? numbers(array).map((value) => value - Math.log10(whole) / 2) : null;
  }
}

/**
 * What is left of one word's past: the row of the triangle; for states also the spectral norm and the cell's own path.
 * @param {CellMemory} memory
 * @param {Derivative} derivative
 * @param {number} layer
 * @returns {{name: string, y: Row}[]}
 */
export function curvesOf(memory, derivative, layer) {
  const n = memory.words.length;
  /** @param {Derivative} name */
  const row = (name) => {
    const matrix = memory.matrix(name, layer);
    return matrix && Array.from(matrix.subarray(memory.row * n, (memory.row + 1) * n), (value) => (Number.isNaN(value) ? null : value));
  };
  if (derivative === "inputs" || derivative === "words") return [{ name: DERIVATIVES[derivative].sign, y: row(derivative) ?? [] }];
  const kept = row("kept");
  return [
    { name: "all paths, root mean square", y: row("states") ?? [] },
    { name: "all paths, greatest stretch", y: memory.spectral(layer) },
    ...(kept ? [{ name: "the cell’s own path", y: kept }] : []),
  ];
}

/**
 * Why parts are not there that were asked for; null if they were not.
 * @param {CellMemory} memory
 * @param {...string} parts
 */
export function whyNot({ pending, missing }, ...parts) {
  if (parts.some((part) => pending.includes(part))) return "It is being computed.";
  return parts.some((part) => part in missing) ? "It takes longer than the server computes." : null;
}
