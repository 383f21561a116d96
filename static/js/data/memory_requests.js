// The requests about memory, and a cache of their answers.

import { Problem, fetchMemory } from "./api.js";
import { boot, cellOf } from "./boot.js";
import { DERIVATIVES } from "./derivatives.js";
import { CellMemory, placeIn } from "./memory.js";
import { inputOf } from "./written.js";

/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./derivatives.js").Derivative} Derivative */
/** @typedef {import("./memory.js").PartialAnswer} PartialAnswer */
/** @typedef {keyof import("./api_types.d.ts").Facts["weights"]} Weights */
/** @typedef {{model: import("./api_types.d.ts").Model, text: string, start: number, stop: number, step: number, alpha: number, weights: Weights, derivative: Derivative, target: number | null, layer?: number, left?: string[]}} MemoryRequest `step`: the one looked back from; `layer`: the place of the one in sight, 0 if left out; `left`: parts that do not fit; `target`: the class that the loss takes as right */

const ALWAYS = ["inputs", "loss", "time_scales", "saturation", "spectra"];
const OF_HEAD = ["loss", "attribution"]; // which a model without a head does not have
const OF_ONE_STEP = ["spectral", "attribution"];
const CHEAPEST_FIRST = ["saturation", "time_scales", "loss", "spectra", "words", "inputs", "states", "spectral", "attribution"];
const MOST_IN_VAIN = 2; // parts that run out of time, after which no others are asked for: each takes as long as the server allows
const CACHE_SIZE = 40; // answers: some sweeps of the slider over three models

/** @type {Record<string, string>} */
const PARTS_IN_WORDS = {
  inputs: "how fast it fades",
  loss: "the gradient of the loss",
  time_scales: "time scales",
  saturation: "saturation of the gates",
  spectra: "recurrent matrices",
  spectral: "the greatest stretch",
  attribution: "how the verdict depends on each step",
  occlusion: "how the verdict depends on each step",
};

/**
 * Parts of memory as the page calls them.
 * @param {string[]} parts
 */
export function inWords(parts) {
  return [...new Set(parts.map((part) => PARTS_IN_WORDS[part] ?? part))].join(", ");
}

/**
 * Whether a model has outputs, of which many are not named to the page.
 * @param {import("./api_types.d.ts").Model} model
 */
export function hasHead({ outputs, top }) {
  return outputs.length > 0 || top !== null;
}

/**
 * The parts that a picture shows of a model: about the whole text, and about one step.
 * @param {import("./api_types.d.ts").Model} model
 * @param {Derivative} derivative
 */
export function partsOf(model, derivative) {
  /** @param {string} part */
  const isThere = (part) => hasHead(model) || !OF_HEAD.includes(part);
  return { whole: [...new Set([...ALWAYS, DERIVATIVES[derivative].part])].filter(isThere), back: OF_ONE_STEP.filter(isThere) };
}

/** The bodies of the calls for a model: about the whole text, about one step, and, in place of shares, about each word left out. @param {MemoryRequest} request */
function bodies({ model, text, start, stop, step, alpha, weights, derivative, target, layer = 0, left = [] }) {
  const { whole, back } = partsOf(model, derivative);
  /** @param {string} part */
  const fits = (part) => !left.includes(part);
  const { open_bias: canOpen, recurrent_weights: isScaled } = cellOf(model);
  const common = {
    ...inputOf(model, text),
    layers: [placeIn(model, layer).layer],
    start,
    stop,
    alpha: isScaled ? alpha : 1,
    weights: boot.weights[weights === "forget1" && !canOpen ? "untrained" : weights].name,
    encoding: "base64",
  };
  return {
    both: [
      { ...common, parts: whole.filter(fits), target },
      { ...common, parts: back.filter(fits), step },
    ].filter(({ parts }) => parts.length),
    occlusion: { ...common, parts: ["occlusion"], step },
  };
}

/** Sends the requests, and keeps the latest answers. */
export class MemoryRequests {
  constructor() {
    /** @type {Map<string, MemoryAnswer>} */
    this.answers = new Map();
  }

  /**
   * Ask for the memory of one model. Throws what `fetchMemory` throws.
   * @param {MemoryRequest} request
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress is given the share that is done
   * @returns {Promise<CellMemory>}
   */
  async ask(request, signal, onProgress) {
    const { both, occlusion } = bodies(request);
    const done = both.map(() => 0);
    const [whole, back = whole] = await Promise.all(
      both.map((body, at) =>
        this.#inTime(request.model.id, body, signal, (share) => {
          done[at] = share;
          onProgress(done.reduce((sum, each) => sum + each, 0) / done.length);
        }),
      ),
    );
    const memory = new CellMemory(request, whole, back);
    if (back.attribution && !memory.attribution) {
      try {
        memory.occlusion = (await this.#answer(request.model.id, occlusion, signal, () => {})).occlusion ?? null;
      } catch (error) {
        if (!(error instanceof Problem && error.isOutOfTime)) throw error;
        memory.missing.occlusion = error.message;
      }
    }
    onProgress(1);
    return memory;
  }

  /**
   * The answer to one call; where it takes too long, to one for each part, without those that still do, or that come after
   * two of these.
   * @param {string} model
   * @param {{parts: string[]}} body
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress
   * @returns {Promise<PartialAnswer>}
   */
  async #inTime(model, body, signal, onProgress) {
    try {
      return await this.#answer(model, body, signal, onProgress);
    } catch (error) {
      if (!(error instanceof Problem && error.isOutOfTime)) throw error;
      if (body.parts.length === 1) return { ...(await this.#answer(model, { ...body, parts: ["saturation"] }, signal, onProgress)), missing: { [body.parts[0]]: error.message } };
    }
    /** @type {PartialAnswer[]} */
    const answers = [];
    /** @type {[string, string][]} */
    const missing = []; // with why
    const parts = body.parts.toSorted((a, b) => CHEAPEST_FIRST.indexOf(a) - CHEAPEST_FIRST.indexOf(b));
    for (const [at, part] of parts.entries()) {
      if (missing.length >= MOST_IN_VAIN) {
        missing.push([part, missing[0][1]]);
        continue;
      }
      const answer = await this.#inTime(model, { ...body, parts: [part] }, signal, (share) => onProgress((at + share) / parts.length));
      answers.push(answer);
      missing.push(...Object.entries(answer.missing ?? {}));
    }
    const all = merged(answers);
    return { ...all, missing: { ...all.missing, ...Object.fromEntries(missing) } };
  }

  /**
   * The answer to one call, from the cache if it is there.
   * @param {string} model
   * @param {object} body
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress
   */
  async #answer(model, body, signal, onProgress) {
    const key = JSON.stringify([model, body]);
    const answer = this.answers.get(key) ?? (await fetchMemory(model, body, signal, onProgress));
    onProgress(1);
    this.answers.delete(key);
    this.answers.set(key, answer);
    if (this.answers.size > CACHE_SIZE) this.answers.delete(/** @type {string} */ (this.answers.keys().next().value));
    return answer;
  }
}

/**
 * One answer with the parts of several about the same steps and layers.
 * @param {PartialAnswer[]} answers
 * @returns {PartialAnswer}
 */
function merged(answers) {
  const layers = answers[0].layers.map((_, at) => Object.assign({}, ...answers.map((each) => each.layers[at])));
  return Object.assign({}, ...answers, { layers, missing: Object.assign({}, ...answers.map(({ missing }) => missing)) });
}

/**
 * The class that the loss of `model` takes as right, the same in all lanes: the final verdict of the model in sight. null:
 * the next token, or, where a model does not know that class, its own verdict.
 * @param {import("./api_types.d.ts").Model} model
 * @param {import("./decoded_trace.js").DecodedTrace} trace of the model in sight
 */
export function lossTarget(model, trace) {
  if (model.predicts_next || trace.model.predicts_next) return null;
  const [best] = trace.likeliest(trace.tokens.length - 1, 1);
  if (!best) return null; // there is no head
  if (trace.top && model.id === trace.model.id) return best.output;
  const isSingle = trace.names.length === 1;
  const output = model.outputs.indexOf(best.name);
  if (output < 0 || isSingle !== (model.outputs.length === 1)) return null;
  return isSingle ? Number(best.probability >= 0.5) : output;
}
