// What is asked about memory, and the answers that were had already.

import { fetchMemory, numbers } from "./api.js";

/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./api_types.d.ts").LayerMemory} LayerMemory */
/** @typedef {keyof typeof SHOWN} Shown */
/** @typedef {keyof typeof WEIGHTS} Weights */
/** @typedef {{model: import("./api_types.d.ts").Model, text: string, start: number, stop: number, step: number, alpha: number, weights: Weights, shown: Shown, target: number | null}} Asked `step`: the one looked back from; `target`: the class that the loss takes as right */

/** What the triangles show: its name, the derivative in signs, what that says, and the part of an answer that it is of. */
export const SHOWN = {
  states: {
    name: "states by earlier states",
    sign: "‖∂sₜ/∂sₖ‖ : ‖∂sₖ/∂sₖ‖",
    says: "how much of a small change of the state after word k is left after word t, as the root mean square over all directions; the state is h, of an LSTM h and c",
    part: "states",
  },
  kept: {
    name: "the cell’s own path alone",
    sign: "∏ f, ∏ z",
    says: "the same with gates and candidate held as they are, so that the state is only multiplied by the gate that keeps it",
    part: "states",
  },
  inputs: {
    name: "hidden states by inputs",
    sign: "‖∂hₜ/∂xₖ‖",
    says: "how much the hidden state after word t depends on what came in at word k",
    part: "inputs",
  },
  words: {
    name: "outputs by words",
    sign: "‖∂yₜ/∂eₖ‖",
    says: "how much what the network says after word t depends on the embedding of word k",
    part: "words",
  },
};

/** Which weights: as the page calls them, and as the API does. */
export const WEIGHTS = {
  trained: { name: "trained", asked: "trained" },
  untrained: { name: "untrained", asked: "untrained" },
  forget1: { name: "untrained, forget bias 1", asked: "untrained, forget bias 1" },
};

const ALWAYS = ["inputs", "loss", "time_scales", "saturation", "spectra"];
const COMPLETE = 0.05; // what the shares may miss, of the difference that they are shares of
const KEPT = 40; // answers: some sweeps of the slider over three cells

/** The two calls of a cell: what holds for the whole text, and what is seen from one step. @param {Asked} asked */
function bodies({ model, text, start, stop, step, alpha, weights, shown, target }) {
  const forgets = model.cell === "lstm"; // other cells have no forget gate to be biased
  const common = {
    text: text.toWellFormed(),
    start,
    stop,
    alpha,
    weights: WEIGHTS[weights === "forget1" && !forgets ? "untrained" : weights].asked,
    encoding: "base64",
  };
  const parts = new Set([...ALWAYS, SHOWN[shown].part]);
  return [
    { ...common, parts: [...parts], target },
    { ...common, parts: ["spectral", "attribution"], step },
  ];
}

/** Asks, and remembers the latest answers. */
export class MemoryRequests {
  constructor() {
    /** @type {Map<string, MemoryAnswer>} */
    this.answers = new Map();
  }

  /**
   * What is wanted of one cell. Throws as `fetchMemory`.
   * @param {Asked} asked
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onDone hears the share that is done
   * @returns {Promise<CellMemory>}
   */
  async ask(asked, signal, onDone) {
    const wanted = bodies(asked);
    const done = wanted.map(() => 0);
    const [whole, back] = await Promise.all(
      wanted.map(async (body, at) => {
        const key = JSON.stringify([asked.model.id, body]);
        const answer =
          this.answers.get(key) ??
          (await fetchMemory(asked.model.id, body, signal, (share) => {
            done[at] = share;
            onDone((done[0] + done[1]) / 2);
          }));
        done[at] = 1;
        this.answers.delete(key);
        this.answers.set(key, answer);
        if (this.answers.size > KEPT) this.answers.delete(/** @type {string} */ (this.answers.keys().next().value));
        return answer;
      }),
    );
    onDone(1);
    return new CellMemory(asked, whole, back);
  }
}

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
   * @param {Shown} shown
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
