// The calls to the server, and the shapes of what it answers.

/** @typedef {{dtype: string, bdata: string, shape: string}} TypedArrayJson a float32 array in base64 */
/** @typedef {{letter: string, name: string, kind: "gate" | "candidate" | "state", minimum: number | null, maximum: number | null}} ActivationInfo */
/** @typedef {{feature: string, layer: number, direction: string, activation: string, unit: number, sign: number, measure: string, score: number}} NamedUnit */
/** @typedef {{nonlinearity: "tanh" | "relu", reset_after: boolean}} Network what of it the page reads */
/** @typedef {{id: string, title: string, task: string, cell: "lstm" | "gru" | "rnn", network: Network, hidden_size: number, description: string, tokenizer: "word" | "character", activations: ActivationInfo[], outputs: string[], opposite: string, predicts_next: boolean, next_outputs: (number | null)[], examples: string[], units: NamedUnit[]}} Model */
/** @typedef {{text: string, start: number, end: number, id: number, known: boolean}} Token offsets in code points */
/** @typedef {{layer: number, direction: "forward" | "backward", hidden_size: number, activations: Record<string, TypedArrayJson>}} Layer */
/** @typedef {{model: string, steps: number, start: number, stop: number, tokens: Token[], layers: Layer[], outputs: {names: string[], values: TypedArrayJson}}} Trace */
/** @typedef {(number | null)[]} Row null where there is nothing */
/** @typedef {{activation: string, left: number[], right: number[], usual_left: number[] | null, usual_right: number[] | null}} GateSaturation */
/** @typedef {{block: string, largest_singular_value: number, spectral_radius: number}} BlockSpectrum */
/** @typedef {{activation: string, tau: Row, ranking: number[], along: TypedArrayJson}} TimeScales */
/** @typedef {{layer: number, direction: "forward" | "backward", cell: string, hidden_size: number, states?: {log10_norms: TypedArrayJson, log10_kept: TypedArrayJson | null}, inputs?: {log10_norms: TypedArrayJson, log10_medians: Row, half_life: number | null}, log10_spectral?: Row, log10_loss?: Row, time_scales?: TimeScales, saturation?: GateSaturation[], spectra?: BlockSpectrum[]}} LayerMemory */
/** @typedef {{step: number, output: string, log10_gradient: Row, gradient_times_input: number[], integrated_gradients: number[], difference: number | null, gap: number | null, points: number}} Attribution */
/** @typedef {{target: string | null, loss: number | null, log10_norm: number | null, log10_clipped: number | null, clip: number}} Learning */
/** @typedef {{model: string, steps: number, start: number, stop: number, tokens: Token[], layers: LayerMemory[], words?: {output: string | null, log10_norms: TypedArrayJson}, attribution?: Attribution, learning?: Learning}} MemoryAnswer */
/** @typedef {{engine: "ours" | "torch", lower: number, median: number, upper: number, rounds: number}} EngineTime seconds a step */
/** @typedef {{model: string, cell: string, recurrent_parameters: number, multiply_adds: number, tensor_operations: number, steps: number, threads: number, times: EngineTime[]}} Cost */

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
 * The trace of a text by a model, from step `start` to before step `stop`; with the sums in a model without gates, which
 * its arithmetic begins with.
 * Throws a Problem with the server's own words, a TypeError if it cannot be reached, an AbortError by `signal`.
 * @param {Model} model
 * @param {{text: string, start: number, stop: number}} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<Trace>}
 */
export async function fetchTrace({ id, cell }, { text, start, stop }, signal) {
  const body = { text: text.toWellFormed(), start, stop, encoding: "base64", pre_activations: cell === "rnn" };
  return (await ask(id, "traces", signal, body)).json();
}

/**
 * The same as a file. Throws as `fetchTrace`.
 * @param {import("./decoded_trace.js").Reading} reading
 * @param {string} type media type
 */
export async function fetchFile({ model, text, start, stop }, type) {
  const body = { text: text.toWellFormed(), start, stop };
  return (await ask(model.id, "traces", AbortSignal.timeout(60_000), body, type)).blob();
}

/**
 * Memory and gradients of a model over a text; `onDone` hears the share that is done. Throws as `fetchTrace`.
 * @param {string} model
 * @param {object} body
 * @param {AbortSignal} signal
 * @param {(done: number) => void} onDone
 * @returns {Promise<MemoryAnswer>}
 */
export async function fetchMemory(model, body, signal, onDone) {
  const response = await ask(model, "memory", signal, body, "application/jsonl");
  const stream = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader(); // Safari cannot walk through a stream by for
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + part.value).split("\n");
    rest = /** @type {string} */ (lines.pop());
    for (const line of lines) {
      const { done, answer } = JSON.parse(line);
      if (answer) return answer;
      onDone(done);
    }
  }
  throw new TypeError("the answer broke off");
}

/**
 * What a step of a model costs, measured now. Throws as `fetchTrace`.
 * @param {string} model
 * @param {AbortSignal} signal
 * @returns {Promise<Cost>}
 */
export async function fetchCost(model, signal) {
  return (await ask(model, "cost", signal)).json();
}

/**
 * Call something of a model: with a body to post, or to get.
 * @param {string} model
 * @param {string} what
 * @param {AbortSignal} signal
 * @param {object} [body]
 * @param {string} [accept]
 */
async function ask(model, what, signal, body, accept = "application/json") {
  const response = await fetch(`/api/v1/models/${encodeURIComponent(model)}/${what}`, {
    ...(body && { method: "POST", body: JSON.stringify(body) }),
    headers: { Accept: accept, ...(body && { "Content-Type": "application/json" }) },
    signal,
  });
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  const detail = said?.detail ?? `The server failed (status ${response.status}). Your text is kept.`;
  throw new Problem(detail, said?.errors, response.status >= 500);
}

/**
 * The numbers of a typed array, row by row.
 * @param {TypedArrayJson} array
 */
export function numbers(array) {
  const binary = atob(array.bdata);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = binary.charCodeAt(at); // ten times as fast as Uint8Array.from
  return new Float32Array(bytes.buffer);
}
