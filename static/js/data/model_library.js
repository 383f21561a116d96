// The models of this server: which of them read which texts, and the traces that they answer with.

import { codePoints, toldApart } from "../kit/text.js";
import { Problem, fetchTrace, fetchWords } from "./api.js";
import { cellOf } from "./boot.js";
import { DecodedTrace, pageSpan, truncated } from "./decoded_trace.js";
import { fits, moved } from "./edits.js";
import { layersOf, placeOfLayer } from "./layers.js";
import { isBlank, visible } from "./visible_text.js";
import { readTheSame, readsNumbers } from "./written.js";

/** @typedef {import("./api_types.d.ts").Model} Model */
/** @typedef {import("./boot.js").Compare} Compare */
/** @typedef {import("./edits.js").ListedEdit} ListedEdit */
/** @typedef {{model: string, text: string, compare: Compare, other: string, start: number, step?: number | null, find?: import("./unit_search.js").Phrase | null, edits: ListedEdit[], layer: number | null, order: import("./unit_order.js").Order, at?: number | null, rows: number | null, unit: number | null}} Selection what is asked for; `other`: the text to compare with; `start`: first step shown; `step`: the chosen one, and `find`: the phrase that is searched for, which the heatmaps hold; `edits`: of the text, not of the other; `layer`: its place, as `placeOfLayer` takes it; `at`: step of an order by value; `rows`: place of the first unit in their order, null for those around `unit`, which is pinned */
/** @typedef {{model: Model, text: string, title: string}} LaneRequest one lane of it; without a title where it is the only one */

const TITLE = 75; // characters for which every lane has room, in three lines

export class ModelLibrary {
  /** @param {{models: Model[], max_text: number, page_entries: number, page_rows: number}} boot models in the order of their cells */
  constructor({ models, max_text, page_entries, page_rows }) {
    this.models = models;
    this.maxText = max_text;
    this.pageEntries = page_entries;
    /** Units in one picture, at most. */
    this.pageRows = page_rows;
    /** What `whole` has asked for, by the letter. @type {WeakMap<DecodedTrace, Record<string, Promise<import("./decoded_trace.js").DecodedLayer>>>} */
    this.wholes = new WeakMap();
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
    if (compare === "text") return entitled([text, other].map((each) => ({ model, text: each, title: `“${each.split(" ").map(visible).join(" ")}”` })));
    if (compare !== "cells") return [{ model, text, title: "" }];
    const siblings = this.task(model.task).filter((each) => readTheSame(each, model));
    const byCell = new Map(siblings.toReversed().map((each) => [each.cell, each])).set(model.cell, model);
    const cells = new Set(siblings.map((each) => each.cell));
    return entitled([...cells].map((cell) => /** @type {Model} */ (byCell.get(cell))).map((each) => ({ model: each, text, title: each.title })));
  }

  /**
   * The number of steps that fit in one picture.
   * @param {Selection} selection
   */
  pageSize(selection) {
    const lanes = this.lanes(selection);
    const entries = lanes.map(({ model }) => Math.min(model.hidden_size, this.pageRows) * model.activations.length); // of one step
    const pictures = lanes.length + Number(selection.compare === "text");
    return Math.max(1, Math.floor(this.pageEntries / Math.max(...entries) / pictures));
  }

  /**
   * The first step of the heatmaps: of their pages, which begin at the first step shown, that which holds the chosen step, or
   * else the beginning of the phrase. Columns of two texts are not their steps: there it is the first page.
   * @param {Selection} selection
   */
  pageStart({ step = null, find = null, ...selection }) {
    const { start, compare } = selection;
    const size = this.pageSize(selection);
    const held = compare === "text" ? start : (step ?? find?.from ?? start);
    return start + Math.max(0, Math.floor((held - start) / size)) * size;
  }

  /**
   * Which part of a trace of a model a picture shows: a layer, a window of its units in their order, and what all of them do.
   * @param {Model} model
   * @param {Selection} selection
   * @returns {import("./api.js").TracePart}
   */
  part(model, selection) {
    const { layer: index, order, at, rows, unit } = selection;
    const layers = layersOf(model);
    const { layer, direction } = layers[placeOfLayer(layers, index)];
    const start = this.pageStart(selection);
    const stop = start + this.pageSize(selection);
    const window = unit === null || rows !== null ? { first: rows ?? 0 } : { containing: Math.min(unit, model.hidden_size - 1) };
    return { layers: [layer], directions: [direction], summary: true, rows: { by: order, at: order === "value" ? at : null, start, stop, count: this.pageRows, ...window } };
  }

  /**
   * Whether traces that came with the page are the part that a selection shows.
   * @param {(import("./api_types.d.ts").TraceAnswer | null)[]} answers
   * @param {Selection} selection
   */
  isPart(answers, selection) {
    const { order, rows, unit } = selection;
    if (order !== "index" || rows !== null || this.pageStart(selection) > 0) return false;
    return this.lanes(selection).every(({ model }, at) => {
      const [sent] = answers[at]?.layers ?? [];
      const { layers, directions } = this.part(model, selection);
      const isThere = unit === null ? sent?.first === 0 : sent?.units?.includes(Math.min(unit, model.hidden_size - 1));
      return !sent || (layers?.[0] === sent.layer && directions?.[0] === sent.direction && isThere);
    });
  }

  /**
   * The layer of a trace with all of its units at the steps in sight, in one activation. Asks the server where it has fewer.
   * @param {DecodedTrace} trace
   * @param {string} letter
   * @returns {import("./decoded_trace.js").DecodedLayer | Promise<import("./decoded_trace.js").DecodedLayer>}
   */
  whole(trace, letter) {
    const { model, text, start, stop, edits, layer: { layer, direction, isWhole } } = trace;
    if (isWhole) return trace.layer;
    const asked = this.wholes.get(trace)?.[letter];
    if (asked) return asked;
    const request = { text, start, stop, layers: [layer], directions: [direction], activations: /** @type {any} */ ([letter]), edits };
    const answer = fetchTrace(model, request, AbortSignal.timeout(60_000)).then((each) => new DecodedTrace(model, text, each, start, stop - start).layer);
    this.wholes.set(trace, { ...this.wholes.get(trace), [letter]: answer });
    answer.catch(() => this.wholes.delete(trace)); // so that it is asked for again
    return answer;
  }

  /**
   * Whether there is something for a model to read in a text, and not more than the server takes.
   * @param {Model} model
   * @param {string} text
   */
  isReadable(model, text) {
    return !isBlank(text, model.tokenizer) && this.isShort(model, text);
  }

  /**
   * Whether the server takes a text of this length. How many steps there are in CSV, only the server knows.
   * @param {Model} model
   * @param {string} text
   */
  isShort(model, text) {
    return readsNumbers(model) || codePoints(text) <= this.maxText;
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
   * Ask the models of a selection for the traces of its texts, as the edits make them; null for a blank text. Throws what
   * `fetchTrace` throws, and a Problem for a text that is too long.
   * @param {Selection} selection
   * @param {AbortSignal} signal
   * @returns {Promise<(DecodedTrace | null)[]>}
   */
  ask(selection, signal) {
    const [first, ...others] = this.lanes(selection);
    const read = this.#read(first, selection, true, null, signal);
    const isOfTexts = selection.compare === "text";
    // Two texts show the same units: by their index, these are known before the first is read.
    const like = isOfTexts && selection.order !== "index" ? read.then((trace) => trace?.layer.rows ?? null) : null;
    return Promise.all([read, ...others.map((lane) => this.#read(lane, selection, !isOfTexts, like, signal))]);
  }

  /**
   * Ask for the trace of one lane.
   * @param {LaneRequest} lane
   * @param {Selection} selection
   * @param {boolean} takesEdits
   * @param {Promise<number[] | null> | null} like the units to show; null: by their order
   * @param {AbortSignal} signal
   * @returns {Promise<DecodedTrace | null>}
   */
  async #read({ model, text }, selection, takesEdits, like, signal) {
    const [size, start] = [this.pageSize(selection), this.pageStart(selection)];
    if (isBlank(text, model.tokenizer)) return null;
    if (!this.isShort(model, text)) throw tooLong(codePoints(text), this.maxText);
    const request = { text, ...pageSpan(start, size), ...this.part(model, selection) };
    /** @param {number[] | null | undefined} units */
    const ask = (units) => fetchTrace(model, units ? { ...request, rows: null, units } : request, signal);
    const edit = async () => (takesEdits ? fetchEdited(model, request, selection.edits, signal) : null);
    // The run without edits shows the units of the one with them: by their index, they are known before.
    const edits = takesEdits && selection.order !== "index" ? await edit() : null;
    const [answer, edited] = await Promise.all([ask(like ? await like : edits?.answer?.layers[0].units), edits ?? edit()]);
    // The caller goes back to the first page.
    if (answer.steps <= start) throw new Problem("The text ends before this page.", [{ where: "start", what: "the text ends before it" }]);
    /** @param {import("./api_types.d.ts").TraceAnswer} of @param {DecodedTrace | null} original */
    const decoded = (of, original) => new DecodedTrace(model, text, of, start, size, edited?.editing ?? null, original);
    return edited?.answer ? decoded(edited.answer, new DecodedTrace(model, text, answer, start, size)) : decoded(answer, null);
  }

  /**
   * The same, of edits whose steps are those of another text: they follow their words. Most of what is typed moves none of
   * them, so that the text is traced before that is known, and once more where they have moved.
   * @param {Selection} selection
   * @param {{text: string, words: string[] | null}} before the other text, with its tokens where they are known
   * @param {AbortSignal} signal
   * @returns {Promise<{traces: (DecodedTrace | null)[], edits: ListedEdit[], lost: number[]}>} with the places in the list of the edits whose words have gone
   */
  async askFollowing(selection, before, signal) {
    const traces = await this.ask(selection, signal);
    const { text, edits: listed } = selection;
    if (listed.length === 0 || text === before.text) return { traces, edits: listed, lost: [] };
    const [old, now] = await Promise.all([
      before.words ?? this.#words(selection, before.text, signal),
      wordsOf(traces[0]) ?? this.#words(selection, text, signal),
    ]);
    const { edits, lost } = moved(listed, old, now);
    if (edits.every((each, at) => each === listed[at])) return { traces, edits: listed, lost };
    return { traces: await this.ask({ ...selection, edits }, signal), edits, lost };
  }

  /**
   * The tokens of a text, as the model of a selection reads it. Throws what `ask` throws.
   * @param {Selection} selection
   * @param {string} text
   * @param {AbortSignal} signal
   */
  async #words(selection, text, signal) {
    const model = this.model(selection.model);
    return isBlank(text, model.tokenizer) ? [] : fetchWords(model, text, signal);
  }
}

/**
 * Lanes, each with a title that tells it from the others.
 * @param {LaneRequest[]} lanes
 */
function entitled(lanes) {
  const titles = toldApart(lanes.map(({ title }) => title), TITLE);
  return lanes.map((lane, at) => ({ ...lane, title: titles[at] }));
}

/**
 * The tokens of the text of a trace; null where some of them are out of sight.
 * @param {DecodedTrace | null} trace
 */
export function wordsOf(trace) {
  if (!trace || trace.tokens.length < trace.steps) return null;
  return trace.tokens.map((token) => token.text);
}

/**
 * @param {number} length
 * @param {number} limit
 */
function tooLong(length, limit) {
  const [has, most] = [length, limit].map((count) => count.toLocaleString("en"));
  return new Problem(`The text has ${has} characters; this server takes up to ${most}. Nothing is lost: shorten it to go on.`);
}

/**
 * Ask for a trace with those edits that are on and that the cell has letters for. One that the server refuses is left out,
 * with its words as a remark. Throws what `fetchTrace` throws where that is not about edits.
 * @param {Model} model
 * @param {{text: string, start: number, stop: number}} request
 * @param {ListedEdit[]} listed
 * @param {AbortSignal} signal
 * @returns {Promise<{answer: import("./api_types.d.ts").TraceAnswer | null, editing: import("./decoded_trace.js").Editing}>} without an answer where nothing is edited
 */
async function fetchEdited(model, request, listed, signal) {
  /** @type {Map<number, string>} */
  const remarks = new Map();
  const on = [...listed.keys()].filter((at) => listed[at].on);
  for (const at of on) if (!fits(listed[at].edit, model)) remarks.set(at, `${cellOf(model).noun} has no ${listed[at].edit.letter}`);
  for (;;) {
    const sent = on.filter((at) => !remarks.has(at));
    const edits = sent.map((at) => listed[at].edit);
    if (edits.length === 0) return { answer: null, editing: { listed, edits, remarks, problem: "" } };
    try {
      const answer = await fetchTrace(model, { ...request, edits }, signal);
      for (const [at, note] of (answer.notes ?? []).map((note) => remarkOf(note, sent))) remarks.set(at, note);
      return { answer, editing: { listed, edits, remarks, problem: "" } };
    } catch (error) {
      if (!(error instanceof Problem) || error.isTemporary) throw error;
      const refused = error.errors.flatMap(({ where, what }) => {
        const [, at, field] = /^edits\.(\d+)(?:\.(.+))?$/.exec(where) ?? [];
        return at === undefined ? [] : [/** @type {[number, string]} */ ([sent[Number(at)], field ? `${field}: ${what}` : what])];
      });
      if (refused.length === 0) return { answer: null, editing: { listed, edits: [], remarks, problem: error.message } };
      for (const [at, why] of refused) remarks.set(at, why);
    }
  }
}

/**
 * A note of the server about one edit, by its place in the list: there it calls edits by their place among those sent.
 * @param {string} note such as "edits[0] (i@3=0) changes nothing: edits[1] sets the same places after it"
 * @param {number[]} sent
 * @returns {[number, string]}
 */
function remarkOf(note, sent) {
  const [, at, text] = /^edits\[(\d+)\](?: \(.*?\)|:) (.*)$/s.exec(note) ?? ["", "0", note];
  return [sent[Number(at)], text.replace(/edits\[(\d+)\]/g, (_, each) => `edit ${sent[Number(each)] + 1}`)];
}
