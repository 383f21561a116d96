// The calls to the server.

/** @typedef {import("./api_types.d.ts").TypedArray} TypedArray */
/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./api_types.d.ts").TraceAnswer} TraceAnswer */
/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./api_types.d.ts").CostAnswer} CostAnswer */
/** @typedef {(number | null)[]} Row null where there is nothing */

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
 * @returns {Promise<TraceAnswer>}
 */
export async function fetchTrace({ id, cell }, { text, start, stop }, signal) {
  const body = { text: text.toWellFormed(), start, stop, encoding: "base64", pre_activations: cell === "rnn" };
  return (await ask(id, "traces", signal, body)).json();
}

/**
 * The same as a file. Throws as `fetchTrace`.
 * @param {import("./decoded_trace.js").DecodedTrace} trace
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
 * @returns {Promise<CostAnswer>}
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
 * The numbers of an array, row by row. Throws a TypeError if it did not come as a typed array, which the page asks for.
 * @param {TypedArray | unknown[]} array
 */
export function numbers(array) {
  if (!("bdata" in array)) throw new TypeError("the array is not in base64");
  const binary = atob(array.bdata);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = binary.charCodeAt(at); // ten times as fast as Uint8Array.from
  return new Float32Array(bytes.buffer);
}
