// Files that are uploaded to become models, and their removal.

import { root } from "../kit/root.js";
import { Problem, problemOf } from "./api.js";

/**
 * `answers`: each as `question=choice`; `kept`: of the question about these files, empty if there is none; `token`: empty
 * where none is needed.
 * @typedef {{files: File[], vocabulary: File | null, columns: File | null, name: string, module: string, answers: string[], kept: string, token: string}} Upload
 */

/** A question that the files leave open. */
export class Question extends Problem {
  /**
   * @param {string} detail
   * @param {string} question
   * @param {string[]} choices
   * @param {string} [kept] what to send in the place of the files, where the server keeps them for the answer
   */
  constructor(detail, question, choices, kept = "") {
    super(detail);
    this.question = question;
    this.choices = choices;
    this.kept = kept;
  }
}

/** The server does not keep the files any longer. */
class GoneError extends Error {}

/**
 * Upload files, unless the server keeps them, and wait until they are a model. Throws a Problem, a Question if an answer
 * would help, a TypeError if the server cannot be reached, an AbortError by `signal`.
 * @param {Upload} upload
 * @param {{onSent: (share: number) => void, onDone: (share: number) => void}} handlers
 * @param {AbortSignal} signal
 * @returns {Promise<{id: string}>} the model
 */
export async function importFiles(upload, handlers, signal) {
  if (upload.kept) {
    try {
      return await send({ ...upload, files: [], vocabulary: null, columns: null }, handlers, signal);
    } catch (error) {
      if (!(error instanceof GoneError)) throw error;
    }
  }
  return send({ ...upload, kept: "" }, handlers, signal);
}

/**
 * Do what `importFiles` does, by one request: `fetch` does not tell how much has been sent. Throws a GoneError, too.
 * @param {Upload} upload
 * @param {{onSent: (share: number) => void, onDone: (share: number) => void}} handlers
 * @param {AbortSignal} signal
 * @returns {Promise<{id: string}>}
 */
function send({ files, vocabulary, columns, name, module, answers, kept, token }, { onSent, onDone }, signal) {
  const query = new URLSearchParams({ name, ...(module && { module }) });
  for (const answer of answers) query.append("answer", answer);
  const form = new FormData();
  for (const file of files) form.append("file", file);
  if (vocabulary) form.append("vocabulary", vocabulary);
  if (columns) form.append("columns", columns);
  const request = new XMLHttpRequest();
  signal.addEventListener("abort", () => request.abort());
  return new Promise((resolve, reject) => {
    request.upload.onprogress = ({ loaded, total }) => onSent(loaded / total);
    request.onprogress = () => {
      const line = linesOf(request).at(-1);
      if (request.status === 200 && line) onDone(line.done);
    };
    request.onload = () => {
      const line = request.status === 200 ? linesOf(request).at(-1) : null;
      if (line?.answer) resolve(line.answer);
      else reject(asError(request.status === 200 ? line?.problem : parsed(request.responseText), request.status));
    };
    request.onerror = () => reject(new TypeError("the connection broke off"));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.open("POST", `${root}/api/v1/imports?${query}`);
    const headers = { Accept: "application/jsonl", ...authorization(token), ...(kept && { "Kept-Upload": kept }) };
    for (const [header, value] of Object.entries(headers)) request.setRequestHeader(header, value);
    request.send(kept ? null : form);
  });
}

/**
 * Remove an imported model. Throws a Problem, or a TypeError if the server cannot be reached.
 * @param {string} name
 * @param {string} token empty where none is needed
 */
export async function removeModel(name, token) {
  const response = await fetch(`${root}/api/v1/imports/${encodeURIComponent(name)}`, { method: "DELETE", headers: authorization(token) });
  if (!response.ok) throw problemOf(await response.json().catch(() => null), response.status);
}

/**
 * @param {string} token
 * @returns {Record<string, string>}
 */
function authorization(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/**
 * The lines that have come as a whole.
 * @param {XMLHttpRequest} request
 */
function linesOf({ responseText }) {
  const complete = responseText.slice(0, responseText.lastIndexOf("\n") + 1);
  return complete.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {any} problem as the server sends it; undefined where its answer broke off
 * @param {number} status
 */
function asError(problem, status) {
  if (problem === undefined) return new TypeError("the answer broke off");
  if (problem?.type === "upload-gone") return new GoneError(problem.detail);
  if (problem?.question) return new Question(problem.detail, problem.question, problem.choices, problem.kept_upload);
  return problemOf(problem, status);
}
