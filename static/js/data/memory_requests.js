// What is asked about memory, and the answers that were had already.

import { fetchMemory } from "./api.js";
import { boot } from "./boot.js";
import { greatestIndex } from "./decoded_trace.js";
import { DERIVATIVES } from "./derivatives.js";
import { CellMemory } from "./memory.js";

/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./derivatives.js").Derivative} Derivative */
/** @typedef {keyof import("./api_types.d.ts").Facts["weights"]} Weights */
/** @typedef {{model: import("./api_types.d.ts").Model, text: string, start: number, stop: number, step: number, alpha: number, weights: Weights, shown: Derivative, target: number | null}} Asked `step`: the one looked back from; `target`: the class that the loss takes as right */

const ALWAYS = ["inputs", "loss", "time_scales", "saturation", "spectra"];
const KEPT = 40; // answers: some sweeps of the slider over three cells

/** The two calls of a cell: what holds for the whole text, and what is seen from one step. @param {Asked} asked */
function bodies({ model, text, start, stop, step, alpha, weights, shown, target }) {
  const forgets = model.cell === "lstm"; // other cells have no forget gate to be biased
  const common = {
    text: text.toWellFormed(),
    start,
    stop,
    alpha,
    weights: boot.weights[weights === "forget1" && !forgets ? "untrained" : weights],
    encoding: "base64",
  };
  const parts = new Set([...ALWAYS, DERIVATIVES[shown].part]);
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

/**
 * The class that the loss of `model` takes as right, the same for all cells: what the model in sight says in the end.
 * null: what comes next, or, where a model knows no such class, what it says itself.
 * @param {import("./api_types.d.ts").Model} model
 * @param {import("./decoded_trace.js").DecodedTrace} trace of the model in sight
 */
export function lossTarget(model, trace) {
  if (model.predicts_next || trace.model.predicts_next) return null;
  const said = trace.outputsAt(trace.tokens.length - 1);
  const isSingle = said.length === 1;
  const output = model.outputs.indexOf(trace.names[greatestIndex(said)]);
  if (output < 0 || isSingle !== (model.outputs.length === 1)) return null;
  return isSingle ? Number(said[0] >= 0.5) : output;
}
