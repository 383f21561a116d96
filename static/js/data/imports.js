// Files that are uploaded to become models, and their removal.

import { root } from "../kit/root.js";
import { Problem, problemOf } from "./api.js";

/** @typedef {{files: File[], vocabulary: File | null, name: string, module: string, answers: string[]}} Upload `answers`: each as `question=choice` */

/** A question that the files leave open. */
export class Question extends Problem {
  /**
   * @param {string} detail
   * @param {string} question
   * @param {string[]} choices
   */
  constructor(detail, question, choices) {
    super(detail);
    this.question = question;
    this.choices = choices;
  }
}

/**
 * Upload files, and wait until they are a model. `fetch` does not tell how much has been sent. Throws a Problem, a Question
 * if an answer would help, a TypeError if the server cannot be reached, an AbortError by `signal`.
 * @param {Upload} upload
 * @param {{onSent: (share: number) => void, onDone: (share: number) => void}} handlers
 * @param {AbortSignal} signal
 * @returns {Promise<{id: string}>} the model
 */
export function importFiles({ files, vocabulary, name, module, answers }, { onSent, onDone }, signal) {
  const query = new URLSearchParams({ name, ...(module && { module }) });
  for (const answer of answers) query.append("answer", answer);
  const form = new FormData();
  for (const file of files) form.append("file", file);
  if (vocabulary) form.append("vocabulary", vocabulary);
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
    request.setRequestHeader("Accept", "application/jsonl");
    request.send(form);
  });
}

/**
 * Remove an imported model. Throws a Problem, or a TypeError if the server cannot be reached.
 * @param {string} name
 */
export async function removeModel(name) {
  const response = await fetch(`${root}/api/v1/imports/${encodeURIComponent(name)}`, { method: "DELETE" });
  if (!response.ok) throw problemOf(await response.json().catch(() => null), response.status);
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
  if (problem?.question) return new Question(problem.detail, problem.question, problem.choices);
  return problemOf(problem, status);
}
