// What one model remembers of a text, as the server computed it.

import { numbers } from "./api.js";
import { DERIVATIVES } from "./derivatives.js";

/** @typedef {import("./api.js").Row} Row */
/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./derivatives.js").Derivative} Derivative */
/** @typedef {import("./memory_requests.js").Asked} Asked */

const COMPLETE = 0.05; // what the shares may miss, of the difference that they are shares of

/** What one model remembers of a text, and what it owes to its words. */
export class CellMemory {
  /**
   * @param {Asked} asked
   * @param {MemoryAnswer} whole
   * @param {MemoryAnswer} back seen from one step
   */
  constructor(asked, whole, back) {
    this.asked = asked;
    this.model = asked.model;
    this.whole = whole;
    this.back = back;
    this.words = whole.tokens.map((token) => token.text);
    /** The row of the step that is looked back from. */
    this.row = Math.min(asked.step, whole.stop - 1) - whole.start;
  }

  /**
   * One layer in one direction.
   * @param {number} index
   */
  layer(index) {
    return this.whole.layers[Math.min(index, this.whole.layers.length - 1)];
  }

  /**
   * Its largest singular values of ∂s_t/∂s_k, seen from the step that is looked back from.
   * @param {number} index of the layer
   */
  spectral(index) {
    return this.back.layers[Math.min(index, this.back.layers.length - 1)].log10_spectral ?? [];
  }

  /** Each word's share in an output, if its integral could be found: a saturated network changes its mind too suddenly. */
  get attribution() {
    const found = this.back.attribution;
    return found && Math.abs(found.gap ?? Infinity) <= COMPLETE * Math.max(Math.abs(found.difference ?? 0), COMPLETE) ? found : null;
  }

  /**
   * A matrix of decadic logarithms, row by row; null where the cell has no such thing.
   * @param {Derivative} shown
   * @param {number} index of the layer
   */
  matrix(shown, index) {
    const { states, inputs, hidden_size: units } = this.layer(index);
    const { array, whole = 1 } = {
      states: { array: states?.log10_norms, whole: this.model.cell === "lstm" ? 2 * units : units },
      kept: { array: states?.log10_kept, whole: units },
      inputs: { array: inputs?.log10_norms },
      words: { array: this.whole.words?.log10_norms },
    }[shown];
    // Of a state by itself the norm is the root of the number of its directions: by it, all that there is is 1.
    return array ? numbers(array).map((value) => value - Math.log10(whole) / 2) : null;
  }
}

/**
 * What is left of one word's past: the row of the triangle, and of states the cell's own path and the spectral norm.
 * @param {CellMemory} memory
 * @param {Derivative} shown
 * @param {number} layer
 * @returns {{name: string, y: Row}[]}
 */
export function curvesOf(memory, shown, layer) {
  const n = memory.words.length;
  /** @param {Derivative} what */
  const row = (what) => {
    const matrix = memory.matrix(what, layer);
    return matrix && Array.from(matrix.subarray(memory.row * n, (memory.row + 1) * n), (value) => (Number.isNaN(value) ? null : value));
  };
  if (shown === "inputs" || shown === "words") return [{ name: DERIVATIVES[shown].sign, y: row(shown) ?? [] }];
  const kept = row("kept");
  return [
    { name: "all paths, root mean square", y: row("states") ?? [] },
    { name: "all paths, greatest stretch", y: memory.spectral(layer) },
    ...(kept ? [{ name: "the cell’s own path", y: kept }] : []),
  ];
}
