// The calls to the server.

import { root } from "../kit/root.js";
import { boot, cellOf } from "./boot.js";
import { inputOf } from "./written.js";

/** @typedef {import("./api_types.d.ts").TypedArray} TypedArray */
/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./api_types.d.ts").TraceAnswer} TraceAnswer */
/** @typedef {import("./api_types.d.ts").MemoryAnswer} MemoryAnswer */
/** @typedef {import("./api_types.d.ts").CostAnswer} CostAnswer */
/** @typedef {import("./api_types.d.ts").LimitsAnswer} LimitsAnswer */
/** @typedef {(number | null)[]} Row null where there is nothing */

/** What is wrong with a request, as the server says. */
export class Problem extends Error {
  /**
   * @param {string} detail
   * @param {{where: string, what: string}[]} [errors] the fields that are wrong
   * @param {boolean} [isTemporary] whether the same request may succeed later
   * @param {boolean} [isOutOfTime] whether it takes longer than the server computes
   */
  constructor(detail, errors = [], isTemporary = false, isOutOfTime = false) {
    super(detail);
    this.isOutOfTime = isOutOfTime;
    this.errors = errors;
    this.fields = errors.map((error) => error.where);
    this.isTemporary = isTemporary;
  }
}

/** @typedef {Pick<import("./api_types.d.ts").TraceBody, "layers" | "directions" | "activations" | "rows" | "units" | "summary">} TracePart which part of a trace is wanted */
/** @typedef {TracePart & {text: string, start: number, stop: number, edits?: import("./edits.js").Edit[]}} TraceRequest */

/**
 * Fetch the trace of a text by a model, from step `start` to before step `stop`, with edits or as it is. Throws a Problem
 * with the server's words, a TypeError if the server cannot be reached, an AbortError by `signal`.
 * @param {Model} model
 * @param {TraceRequest} request
 * @param {AbortSignal} signal
 * @returns {Promise<TraceAnswer>}
 */
export async function fetchTrace(model, { text, ...part }, signal) {
  const body = { ...inputOf(model, text), ...part, encoding: "base64", ...(model.top && { top: model.top }) };
  return (await ask(model.id, "traces", signal, body)).json();
}

/**
 * What a first screen shows; see `app/web/look.py`.
 * @typedef {{model: string, text: string, compare: string, other: string, edits: string, layer: number | null, step: number | null, unit: number | null, start: number, width?: number, height?: number}} Look
 */

/**
 * Fetch a first screen, as HTML. Throws what `fetchTrace` throws.
 * @param {Look} look
 * @param {AbortSignal} signal
 */
export async function fetchScreen(look, signal) {
  const body = { ...look, text: look.text.toWellFormed(), other: look.other.toWellFormed() };
  return (await call(`${root}/first-screen`, "text/html", signal, body)).text();
}

/**
 * Fetch the tokens of a text, with as few numbers as there can be. Throws what `fetchTrace` throws.
 * @param {Model} model
 * @param {string} text
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>}
 */
export async function fetchWords(model, text, signal) {
  const body = { ...inputOf(model, text), layers: [0], activations: [cellOf(model).carrier], units: [0], encoding: "base64", ...(model.top && { top: model.top }) };
  /** @type {TraceAnswer} */
  const { tokens } = await (await ask(model.id, "traces", signal, body)).json();
  return tokens.map((token) => token.text);
}

/**
 * Fetch a trace as a file; `onPart` is given each part of it as it comes. Throws what `fetchTrace` throws.
 * @param {import("./decoded_trace.js").DecodedTrace} trace
 * @param {string} type media type
 * @param {AbortSignal} signal
 * @param {(bytes: Uint8Array) => void} onPart
 */
export async function fetchFile({ model, text, start, stop, edits }, type, signal, onPart) {
  const body = { ...inputOf(model, text), start, stop, ...(edits.length > 0 && { edits }), ...(model.top && { top: model.top }) };
  const response = await ask(model.id, "traces", signal, body, type);
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body).getReader();
  const parts = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    onPart(part.value);
  }
  return new Blob(parts, { type });
}

/**
 * Have the server read a file of numbers for a model. Returns them as CSV. Throws what `fetchTrace` throws, and a Problem for
 * a file of another kind.
 * @param {Model} model
 * @param {File} file
 * @returns {Promise<string>}
 */
export async function fetchSeries(model, file) {
  const type = boot.series[file.name.split(".").at(-1)?.toLowerCase() ?? ""];
  if (type === undefined) throw new Problem(`It is not one of ${Object.keys(boot.series).map((ending) => `.${ending}`).join(", ")}.`);
  const response = await fetch(`${modelPath(model.id)}/series`, { method: "POST", body: file, headers: { "Content-Type": type }, signal: AbortSignal.timeout(60_000) });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw problemOf(answer, response.status);
  return answer.csv;
}

/**
 * Fetch memory and gradients of a model over a text; `onProgress` is given the share that is done. Throws what
 * `fetchTrace` throws.
 * @param {string} model
 * @param {object} body
 * @param {AbortSignal} signal
 * @param {(done: number) => void} onProgress
 * @returns {Promise<MemoryAnswer>}
 */
export async function fetchMemory(model, body, signal, onProgress) {
  const response = await ask(model, "memory", signal, body, "application/jsonl");
  const stream = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader(); // Safari cannot iterate over a stream
  let rest = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const lines = (rest + chunk.value).split("\n");
    rest = /** @type {string} */ (lines.pop());
    for (const line of lines) {
      const { done, answer, problem } = JSON.parse(line);
      if (answer) return answer;
      if (problem) throw problemOf(problem, problem.status);
      onProgress(done);
    }
  }
  throw new TypeError("the answer broke off");
}

/**
 * Fetch what a step of a model costs, measured now over a sequence of `steps`. Throws what `fetchTrace` throws.
 * @param {string} model
 * @param {number} steps
 * @param {AbortSignal} signal
 * @returns {Promise<CostAnswer>}
 */
export async function fetchCost(model, steps, signal) {
  return (await ask(model, `cost?steps=${steps}`, signal)).json();
}

/**
 * Fetch how many of so many steps each answer of a model fits. Throws what `fetchTrace` throws.
 * @param {string} model
 * @param {{steps: number, layers?: number[], parts?: string[], top?: number | null}} query
 * @param {AbortSignal} signal
 * @returns {Promise<LimitsAnswer>}
 */
export async function fetchLimits(model, { steps, layers = [], parts = [], top = null }, signal) {
  const query = new URLSearchParams([["steps", String(steps)], ...(top ? [["top", String(top)]] : []), ...layers.map((layer) => ["layers", String(layer)]), ...parts.map((part) => ["parts", part])]);
  return (await ask(model, `limits?${query}`, signal)).json();
}

/**
 * The path of a model in the API.
 * @param {string} model
 */
export function modelPath(model) {
  return `${root}/api/v1/models/${encodeURIComponent(model)}`;
}

/**
 * Call the API for a model: POST a body, or GET without one.
 * @param {string} model
 * @param {string} resource
 * @param {AbortSignal} signal
 * @param {object} [body]
 * @param {string} [accept]
 */
async function ask(model, resource, signal, body, accept = "application/json") {
  return call(`${modelPath(model)}/${resource}`, accept, signal, body);
}

/**
 * Call the server: POST a body, or GET without one.
 * @param {string} path
 * @param {string} accept
 * @param {AbortSignal} signal
 * @param {object} [body]
 */
async function call(path, accept, signal, body) {
  const response = await fetch(path, {
    ...(body && { method: "POST", body: JSON.stringify(body) }),
    headers: { Accept: accept, ...(body && { "Content-Type": "application/json" }) },
    signal,
  });
  if (response.ok) return response;
  throw problemOf(await response.json().catch(() => null), response.status);
}

/**
 * What is thrown for an answer that is a problem. One that takes too long takes as long the next time.
 * @param {{type?: string, detail?: string, errors?: {where: string, what: string}[]} | null} problem
 * @param {number} status
 */
export function problemOf(problem, status) {
  const detail = problem?.detail ?? `The server failed (status ${status}). Your text is kept.`;
  const isOutOfTime = problem?.type === "out-of-time";
  return new Problem(detail, problem?.errors, status >= 500 && !isOutOfTime, isOutOfTime);
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
