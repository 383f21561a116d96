// The calls to the server, and the shapes of what it answers.

/** @typedef {{dtype: string, bdata: string, shape: string}} TypedArrayJson a float32 array in base64 */
/** @typedef {{letter: string, name: string, kind: "gate" | "candidate" | "state", minimum: number | null, maximum: number | null}} ActivationInfo */
/** @typedef {{feature: string, layer: number, direction: string, activation: string, unit: number, sign: number, measure: string, score: number}} NamedUnit */
/** @typedef {{id: string, title: string, task: string, cell: "lstm" | "gru" | "rnn", hidden_size: number, tokenizer: "word" | "character", activations: ActivationInfo[], outputs: string[], opposite: string, predicts_next: boolean, examples: string[], units: NamedUnit[]}} Model */
/** @typedef {{text: string, start: number, end: number, id: number, known: boolean}} Token offsets in code points */
/** @typedef {{layer: number, direction: "forward" | "backward", hidden_size: number, activations: Record<string, TypedArrayJson>}} Layer */
/** @typedef {{model: string, steps: number, start: number, stop: number, tokens: Token[], layers: Layer[], outputs: {names: string[], values: TypedArrayJson}}} Trace */

/** What the server says is wrong with a request. */
export class Problem extends Error {
  /**
   * @param {string} detail
   * @param {{where: string}[]} [errors] the fields that are wrong
   * @param {boolean} [passing] whether the same request may succeed later
   */
  constructor(detail, errors = [], passing = false) {
    super(detail);
    this.fields = errors.map((error) => error.where);
    this.passing = passing;
  }
}

/**
 * The trace of a text by a model, from step `start` to before step `stop`.
 * Throws a Problem with the server's own words, a TypeError if it cannot be reached, an AbortError by `signal`.
 * @param {string} model
 * @param {{text: string, start: number, stop: number}} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<Trace>}
 */
export async function fetchTrace(model, { text, start, stop }, signal) {
  const response = await fetch(`/api/v1/models/${encodeURIComponent(model)}/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: text.toWellFormed(), start, stop, encoding: "base64" }),
    signal,
  });
  if (response.ok) return response.json();
  const said = await response.json().catch(() => null);
  const detail = said?.detail ?? `The server failed (status ${response.status}). Your text is kept.`;
  throw new Problem(detail, said?.errors, response.status >= 500);
}

/**
 * The numbers of a typed array, row by row.
 * @param {TypedArrayJson} array
 */
export function numbers(array) {
  const bytes = Uint8Array.from(atob(array.bdata), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}
