// What fits the limits of the server, asked before what would pass them, and said in words.

import { fetchLimits } from "./api.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./api_types.d.ts").Fit} Fit */
/** @typedef {import("./api_types.d.ts").LimitsAnswer} LimitsAnswer */
/** @typedef {{parts: string[], steps: number, limit: Fit["limit"], left: string[]}} MemoryFit the parts and steps that fit; the limit that more would pass; and the parts left out */

const LEAST = 2; // steps of a picture of memory: with one there is no past

/** @type {Map<string, Promise<LimitsAnswer>>} */
const answers = new Map();

/**
 * What fits of a model. Throws what `fetchTrace` throws.
 * @param {Model} model
 * @param {{steps: number, layers?: number[], parts?: string[]}} query
 * @returns {Promise<LimitsAnswer>}
 */
export function limitsOf(model, query) {
  const key = JSON.stringify([model.id, model.weights_id, query]);
  const known = answers.get(key);
  if (known) return known;
  const answer = fetchLimits(model.id, query, AbortSignal.timeout(20_000));
  answers.set(key, answer);
  answer.catch(() => answers.delete(key));
  return answer;
}

/**
 * What fits of a request for memory: as many steps as all parts together, or, where not even two do, as those together that
 * fit at all. Without the part `needed`, no step fits. Throws what `fetchTrace` throws.
 * @param {Model} model
 * @param {{steps: number, layer: number, parts: string[], needed: string}} query
 * @returns {Promise<MemoryFit>}
 */
export async function memoryThatFits(model, { steps, layer, parts, needed }) {
  const least = Math.min(LEAST, steps);
  const { memory, memory_parts: alone } = await limitsOf(model, { steps, layers: [layer], parts });
  if (memory.steps >= least) return { parts, steps: memory.steps, limit: memory.limit, left: [] };
  /** @param {string} part */
  const fits = (part) => alone[/** @type {keyof typeof alone} */ (part)].steps >= least;
  const kept = parts.filter(fits);
  if (!kept.includes(needed)) return { parts: [], steps: 0, limit: alone[/** @type {keyof typeof alone} */ (needed)].limit, left: parts };
  const { memory: together } = await limitsOf(model, { steps, layers: [layer], parts: kept });
  const left = parts.filter((part) => !fits(part));
  if (together.steps >= least) return { parts: kept, steps: together.steps, limit: together.limit ?? memory.limit, left };
  const only = alone[/** @type {keyof typeof alone} */ (needed)];
  return { parts: [needed], steps: only.steps, limit: only.limit ?? memory.limit, left: parts.filter((part) => part !== needed) };
}

/**
 * The limit that would be passed, and by how much.
 * @param {NonNullable<Fit["limit"]>} limit
 * @param {string} all what would pass it: "All 200 words"
 */
export function limitInWords({ setting, value, numbers, what }, all) {
  const whatTheyAre = /^\d/.test(what) ? `numbers (${what})` : what;
  return `${all} take ${numbers.toLocaleString("en")} ${whatTheyAre}, and this server allows ${value.toLocaleString("en")} (${setting})`;
}
