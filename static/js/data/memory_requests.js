// The requests about memory, and a cache of their answers.

import { Problem, fetchMemory } from "./api.js";
import { boot, cellOf } from "./boot.js";
import { DERIVATIVES } from "./derivatives.js";
import { CellMemory, placeIn } from "./memory.js";
import { inputOf } from "./written.js";

/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./derivatives.js").Derivative} Derivative */
/** @typedef {import("./memory.js").PartialAnswer} PartialAnswer */
/** @typedef {{parts: string[]}} Body of a call, with what else it says */
/** @typedef {keyof import("./api_types.d.ts").Facts["weights"]} Weights */
/** @typedef {{model: import("./api_types.d.ts").Model, text: string, start: number, stop: number, step: number, alpha: number, weights: Weights, derivative: Derivative, target: number | null, layer?: number, left?: string[], apart?: string[]}} MemoryRequest `step`: the one looked back from; `layer`: the place of the one in sight, 0 if left out; `left`: parts that are not asked for; `apart`: all others, in the order in which they are asked for one by one, if they take long; `target`: the class that the loss takes as right */

const ALWAYS = ["inputs", "loss", "time_scales", "saturation", "spectra"];
const OF_HEAD = ["loss", "attribution"]; // which a model without a head does not have
const OF_ONE_STEP = ["spectral", "attribution"];
const CHEAPEST_FIRST = ["saturation", "time_scales", "words", "loss", "spectra", "inputs", "states", "spectral", "attribution"]; // where no estimate says it
const MOST_IN_VAIN = 2; // parts that run out of time, after which no others are asked for: each takes as long as the server allows
const CACHE_SIZE = 40; // answers: some sweeps of the slider over three models

/** @type {Record<string, string>} */
const PARTS_IN_WORDS = {
  states: DERIVATIVES.states.name,
  words: DERIVATIVES.words.name,
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
   * @param {(memory: CellMemory) => void} [onPart] is given what there is, each time that a part of several has come
   * @returns {Promise<CellMemory>}
   */
  async ask(request, signal, onProgress, onPart = () => {}) {
    const { both, occlusion } = bodies(request);
    const [whole, back = whole] = request.apart?.length
      ? [await this.#oneByOne(request.model.id, inOrder(both, request.apart), signal, onProgress, (answer) => onPart(new CellMemory(request, answer, answer)))]
      : await this.#together(request.model.id, both, signal, onProgress);
    const memory = new CellMemory(request, whole, back);
    if (back.attribution && !memory.attribution) {
      if (request.apart?.length) onPart(Object.assign(new CellMemory(request, whole, back), { pending: ["occlusion"] }));
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
   * The answers to calls that are made at once; where one takes too long, to one for each of its parts.
   * @param {string} model
   * @param {Body[]} calls
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress
   */
  #together(model, calls, signal, onProgress) {
    const done = calls.map(() => 0);
    return Promise.all(
      calls.map(async (body, at) => {
        /** @param {number} share */
        const onShare = (share) => {
          done[at] = share;
          onProgress(done.reduce((sum, each) => sum + each, 0) / done.length);
        };
        try {
          return await this.#answer(model, body, signal, onShare);
        } catch (error) {
          if (!(error instanceof Problem && error.isOutOfTime)) throw error;
          if (body.parts.length === 1) return this.#without(model, body, { [body.parts[0]]: error.message }, signal);
          return this.#oneByOne(model, inOrder([body], CHEAPEST_FIRST), signal, onShare);
        }
      }),
    );
  }

  /**
   * One answer with the parts of calls that are made one after the other, without those that take too long, or that come
   * after two of these.
   * @param {string} model
   * @param {Body[]} calls each for one part
   * @param {AbortSignal} signal
   * @param {(done: number) => void} onProgress
   * @param {(answer: PartialAnswer) => void} onPart is given what has come, each time that a part has
   * @returns {Promise<PartialAnswer>}
   */
  async #oneByOne(model, calls, signal, onProgress, onPart = () => {}) {
    /** @type {PartialAnswer[]} */
    const answers = [];
    /** @type {Record<string, string>} */
    const missing = {}; // with why
    for (const [at, body] of calls.entries()) {
      const [part] = body.parts;
      const [first, ...others] = Object.values(missing);
      if (others.length + 1 >= MOST_IN_VAIN && first) {
        missing[part] = first;
        continue;
      }
      try {
        answers.push(await this.#answer(model, body, signal, (share) => onProgress((at + share) / calls.length)));
      } catch (error) {
        if (!(error instanceof Problem && error.isOutOfTime)) throw error;
        missing[part] = error.message;
      }
      const pending = calls.slice(at + 1).flatMap(({ parts }) => parts);
      if (answers.length && pending.length) onPart({ ...merged(answers), missing: { ...missing }, pending });
    }
    return answers.length ? { ...merged(answers), missing } : this.#without(model, calls[0], missing, signal);
  }

  /**
   * An answer with the steps and layers of a call, of which no part came in time.
   * @param {string} model
   * @param {Body} body
   * @param {Record<string, string>} missing
   * @param {AbortSignal} signal
   * @returns {Promise<PartialAnswer>}
   */
  async #without(model, body, missing, signal) {
    return { ...(await this.#answer(model, { ...body, parts: ["saturation"] }, signal, () => {})), missing };
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
 * A call for each part of some calls, in an order.
 * @param {Body[]} calls
 * @param {string[]} order
 */
function inOrder(calls, order) {
  return calls.flatMap((body) => body.parts.map((part) => ({ ...body, parts: [part] }))).toSorted((one, other) => order.indexOf(one.parts[0]) - order.indexOf(other.parts[0]));
}

/**
 * One answer with the parts of several about the same steps and layers.
 * @param {PartialAnswer[]} answers
 * @returns {PartialAnswer}
 */
function merged(answers) {
  const layers = answers[0].layers.map((_, at) => Object.assign({}, ...answers.map((each) => each.layers[at])));
  return Object.assign({}, ...answers, { layers });
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
