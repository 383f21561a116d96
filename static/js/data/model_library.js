// The models of this server: which of them read which texts, and the traces that they answer with.

import { codePoints } from "../kit/text.js";
import { Problem, fetchTrace } from "./api.js";
import { DecodedTrace, pageSpan, truncated } from "./decoded_trace.js";
import { isBlank, visible } from "./visible_text.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./boot.js").Compare} Compare */
/** @typedef {{model: string, text: string, compare: Compare, other: string, start: number}} Selection what is asked for; `other`: the text to compare with; `start`: first step shown */
/** @typedef {{model: Model, text: string, title: string}} LaneRequest one lane of it; without a title where it is the only one */

export class ModelLibrary {
  /** @param {{models: Model[], max_text: number, page_entries: number}} boot models in the order of their cells */
  constructor({ models, max_text, page_entries }) {
    this.models = models;
    this.maxText = max_text;
    this.pageEntries = page_entries;
  }

  /** @param {string} id */
  model(id) {
    return this.models.find((each) => each.id === id) ?? this.models[0];
  }

  /**
   * The models of a task, in the order of their cells.
   * @param {string} task
   */
  task(task) {
    return this.models.filter((each) => each.task === task);
  }

  /**
   * The model and the text of each lane, from left to right, as `lanes` in `app/web/first_view.py` gives them.
   * @param {Selection} selection
   * @returns {LaneRequest[]}
   */
  lanes({ model: id, text, compare, other }) {
    const model = this.model(id);
    if (compare === "text") return [text, other].map((each) => ({ model, text: each, title: `“${each.split(" ").map(visible).join(" ")}”` }));
    if (compare !== "cells") return [{ model, text, title: "" }];
    const siblings = this.task(model.task);
    const byCell = new Map(siblings.toReversed().map((each) => [each.cell, each])).set(model.cell, model);
    const cells = new Set(siblings.map((each) => each.cell));
    return [...cells].map((cell) => /** @type {Model} */ (byCell.get(cell))).map((each) => ({ model: each, text, title: each.title }));
  }

  /**
   * The number of steps that fit in one picture.
   * @param {Selection} selection
   */
  pageSize(selection) {
    const lanes = this.lanes(selection);
    const entries = lanes.map(({ model }) => model.hidden_size * model.activations.length); // of one step
    const pictures = lanes.length + Number(selection.compare === "text");
    return Math.max(1, Math.floor(this.pageEntries / Math.max(...entries) / pictures));
  }

  /**
   * Decode the traces that came with the page, as if each text ended after so many steps.
   * @param {(import("./api_types.d.ts").TraceAnswer | null)[]} answers
   * @param {Selection} selection
   * @param {number} steps
   */
  decode(answers, selection, steps) {
    const size = this.pageSize(selection);
    const lanes = this.lanes(selection);
    return answers.map((answer, at) => answer && new DecodedTrace(lanes[at].model, lanes[at].text, truncated(answer, steps), 0, size));
  }

  /**
   * Ask the models of a selection for the traces of its texts; null for a blank text. Throws what `fetchTrace` throws,
   * and a Problem for a text that is too long.
   * @param {Selection} selection
   * @param {AbortSignal} signal
   * @returns {Promise<(DecodedTrace | null)[]>}
   */
  ask(selection, signal) {
    const size = this.pageSize(selection);
    return Promise.all(
      this.lanes(selection).map(async ({ model, text }) => {
        if (isBlank(text, model.tokenizer)) return null;
        const length = codePoints(text);
        if (length > this.maxText) throw tooLong(length, this.maxText);
        const answer = await fetchTrace(model, { text, ...pageSpan(selection.start, size) }, signal);
        // The caller goes back to the first page.
        if (answer.steps <= selection.start) throw new Problem("The text ends before this page.", [{ where: "start" }]);
        return new DecodedTrace(model, text, answer, selection.start, size);
      }),
    );
  }
}

/**
 * @param {number} length
 * @param {number} limit
 */
function tooLong(length, limit) {
  const [has, most] = [length, limit].map((count) => count.toLocaleString("en"));
  return new Problem(`The text has ${has} characters; this server takes up to ${most}. Nothing is lost: shorten it to go on.`);
}
