// Which models read which texts in a state, and what they made of them.

import { codePoints, isBlank, visible } from "../kit/text.js";
import { Problem, fetchTrace } from "./api.js";
import { Reading, shortened, span } from "./decoded_trace.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("../state.js").State} State */
/** @typedef {{model: Model, text: string, title: string}} Asked of one lane; without a title where it is alone */

const CELLS = ["lstm", "gru", "rnn"];

export class Library {
  /** @param {{models: Model[], maxText: number, pageCells: number}} limits `pageCells`: of all pictures together */
  constructor({ models, maxText, pageCells }) {
    this.models = models;
    this.maxText = maxText;
    this.pageCells = pageCells;
  }

  /** @param {string} id */
  model(id) {
    return this.models.find((each) => each.id === id) ?? this.models[0];
  }

  /**
   * The models of a task, cell by cell.
   * @param {string} task
   */
  task(task) {
    return this.models.filter((each) => each.task === task);
  }

  /**
   * The model and the text of each lane, from left to right; `lanes` in the server's code gives the same.
   * @param {State} state
   * @returns {Asked[]}
   */
  lanes({ model: id, text, compare, other }) {
    const model = this.model(id);
    if (compare === "text") return [text, other].map((each) => ({ model, text: each, title: `“${each.split(" ").map(visible).join(" ")}”` }));
    if (compare !== "cells") return [{ model, text, title: "" }];
    const siblings = this.task(model.task);
    const chosen = CELLS.map((cell) => (cell === model.cell ? model : siblings.find((each) => each.cell === cell)));
    return chosen.filter((each) => each !== undefined).map((each) => ({ model: each, text, title: each.title }));
  }

  /**
   * Steps that fit in one picture of a state.
   * @param {State} state
   */
  pageSize(state) {
    const lanes = this.lanes(state);
    const cells = lanes.map(({ model }) => model.hidden_size * model.activations.length);
    const pictures = lanes.length + Number(state.compare === "text");
    return Math.max(1, Math.floor(this.pageCells / Math.max(...cells) / pictures));
  }

  /**
   * The readings of traces that came with the page, as if each text ended after `most` steps.
   * @param {(import("./api_types.d.ts").TraceAnswer | null)[]} traces
   * @param {State} state
   * @param {number} most
   */
  given(traces, state, most) {
    const size = this.pageSize(state);
    const lanes = this.lanes(state);
    return traces.map((trace, at) => trace && new Reading(lanes[at].model, lanes[at].text, shortened(trace, most), 0, size));
  }

  /**
   * What the models of a state make of its texts; null for a blank one. Throws as `fetchTrace`, and a Problem for too
   * long a text.
   * @param {State} state
   * @param {AbortSignal} signal
   * @returns {Promise<(Reading | null)[]>}
   */
  ask(state, signal) {
    const size = this.pageSize(state);
    return Promise.all(
      this.lanes(state).map(async ({ model, text }) => {
        if (isBlank(text, model.tokenizer)) return null;
        const length = codePoints(text);
        if (length > this.maxText) throw tooLong(length, this.maxText);
        const trace = await fetchTrace(model, { text, ...span(state.start, size) }, signal);
        // A text that ends before its page begins has nothing to show: the caller turns back.
        if (trace.steps <= state.start) throw new Problem("The text ends before this page.", [{ where: "start" }]);
        return new Reading(model, text, trace, state.start, size);
      }),
    );
  }
}

/**
 * @param {number} length
 * @param {number} most
 */
function tooLong(length, most) {
  const [has, limit] = [length, most].map((count) => count.toLocaleString("en"));
  return new Problem(`The text has ${has} characters; this server takes up to ${limit}. Nothing is lost: shorten it to go on.`);
}
