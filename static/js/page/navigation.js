// The ways to another state: a task, a comparison, a chapter, a link, a step of a presentation, a page of a long text.

import { boot } from "../data/boot.js";
import { turnedLayer } from "../data/decoded_trace.js";
import { initialState, readAddress } from "../state.js";
import { keepAddress, openWeights, weightsRemark } from "./address.js";
import { addToMessage } from "./messages.js";
import { library, session, state } from "./session.js";

/** @typedef {import("../state.js").State} State */

export class Navigation {
  /**
   * @param {import("./requests.js").Requests} requests
   * @param {import("../views/text_boxes.js").TextBoxes} textBoxes
   * @param {() => import("../views/story.js").Story} story
   */
  constructor(requests, textBoxes, story) {
    this.requests = requests;
    this.textBoxes = textBoxes;
    this.story = story;
    /** The last text of each task. @type {Map<string, string>} */
    this.texts = new Map();
  }

  /**
   * Change what is asked for, and ask.
   * @param {Partial<State>} change
   */
  ask(change) {
    Object.assign(state, { start: 0, rows: null }, change);
    this.textBoxes.show(state);
    return this.requests.update();
  }

  /** @param {string} task */
  chooseTask(task) {
    const { task: lastTask, cell } = library.model(state.model);
    this.texts.set(lastTask, state.text);
    const models = library.task(task);
    const model = models.find((each) => each.cell === cell) ?? models[0];
    const compare = state.compare === "text" ? "" : state.compare;
    const { memory, alpha, weights, chapter } = state;
    this.ask({ ...initialState(), memory, alpha, weights, chapter, model: model.id, text: this.texts.get(task) ?? model.examples[0] ?? "", compare });
  }

  /** @param {State["compare"]} compare */
  chooseComparison(compare) {
    const another = library.model(state.model).examples.find((example) => example !== state.text);
    this.ask({ compare, other: state.other || another || "" });
  }

  /**
   * Bring the page into the state of an address.
   * @param {URL | Location} address of a chapter of the story, or from the browser's history
   */
  async goTo(address) {
    const { stated } = readAddress(address, history.state?.text ?? state.text);
    const model = library.model(stated.model ?? boot.model);
    Object.assign(state, initialState(), { model: model.id, text: model.examples[0] ?? "" }, stated);
    session.reference = { text: state.text, words: null };
    openWeights(stated, address instanceof URL);
    if (address instanceof URL) keepAddress(true);
    this.story().show(state.chapter);
    this.textBoxes.show(state);
    await this.requests.update();
    addToMessage(weightsRemark());
  }

  /**
   * Open a link of the first screen, which has edits or another text; the browser's way back undoes it.
   * @param {URL} address
   */
  tryOut(address) {
    const { text = state.text, edits = [], step = null } = readAddress(address).stated;
    if (text !== state.text) {
      session.reference = { text, words: null };
      Object.assign(state, { text, unit: null, rows: null, start: 0 });
      this.textBoxes.show(state);
    }
    Object.assign(state, { edits, step });
    keepAddress(true);
    return this.requests.update();
  }

  /** @param {import("../data/presentation.js").Slide} slide */
  showSlide({ model, text, edits, step }) {
    const { edits: listed = [] } = readAddress({ search: `?${new URLSearchParams({ edits })}`, hash: "" }).stated;
    Object.assign(state, { compare: "", layer: null, unit: null, rows: null, start: 0, model: library.model(model).id, text, step, edits: listed });
    session.reference = { text, words: null };
    this.textBoxes.show(state);
    keepAddress(true);
    return this.requests.update();
  }

  /** @param {number} pages */
  turnPages(pages) {
    const [trace] = session.shown.traces;
    if (!trace) return;
    const { start: page, stop, steps } = trace;
    const size = library.pageSize(state);
    const start = pages > 0 ? Math.min(stop, steps - 1) : Math.max(0, page - size);
    const { rows, step, find } = state;
    /** @param {number} at */
    const isBeyond = (at) => at >= start + size; // it would lead on to its own page
    this.ask({ rows, start, step: step === null || isBeyond(step) ? null : step, find: find && isBeyond(find.from) ? null : find });
  }

  /**
   * Show other units: those before or after the ones in sight in their order. Returns whether there are any.
   * @param {number} windows
   */
  async turnRows(windows) {
    const layer = turnedLayer(session.shown.traces);
    const first = layer ? layer.first + windows * library.pageRows : -1;
    if (!layer || first < 0 || first >= layer.units) return false;
    state.rows = first === 0 && state.unit === null ? null : first;
    await this.requests.update();
    return turnedLayer(session.shown.traces)?.first === first;
  }
}
