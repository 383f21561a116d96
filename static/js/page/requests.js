// The requests: for the first screen and the traces of what is asked for, the newest of which counts.

import { Problem } from "../data/api.js";
import { turnedLayer } from "../data/decoded_trace.js";
import { inWords } from "../data/edit_words.js";
import { wordsOf } from "../data/model_library.js";
import { lookOf } from "../state.js";
import { keepAddress } from "./address.js";
import { showMessage } from "./messages.js";
import { library, session, state } from "./session.js";

/** @typedef {import("../state.js").State} State */

const DEBOUNCE = 100; // ms between the last keystroke and the request
const PATIENCE = 300; // ms without an answer until the page says that it waits
const RETRY = 3000; // ms until a server that did not answer is asked again

/** What the traces are of, besides the edits, and which part of them is shown. @type {(keyof State)[]} */
const SUBJECT = ["model", "text", "compare", "other", "start", "layer", "order", "rows"];

export class Requests {
  /**
   * @param {import("../views/first_screen/first_screen.js").FirstScreen} firstScreen
   * @param {import("../views/picture.js").Picture} picture
   * @param {{onAsk: () => void, onAnswer: () => Promise<void>}} handlers
   */
  constructor(firstScreen, picture, { onAsk, onAnswer }) {
    this.firstScreen = firstScreen;
    this.picture = picture;
    this.onAsk = onAsk;
    this.onAnswer = onAnswer;
    /** The request under way; a newer one aborts it. */
    this.request = new AbortController();
    this.timer = 0;
    /** What is being asked for; null once its answer is there. @type {State | null} */
    this.asked = null;
    /** Whether the address waits until edits have come to rest. */
    this.isAddressHeld = false;
  }

  /** Ask once nothing has been typed for a while. */
  updateSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.update(), DEBOUNCE);
  }

  /** Ask for what the state says, and show the answer unless the state has changed since. @returns {Promise<void>} */
  async update() {
    const { picture } = this;
    clearTimeout(this.timer);
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    const asked = { ...state, at: this.step };
    const waiting = setTimeout(() => signal.aborted || picture.element.setAttribute("aria-busy", "true"), PATIENCE);
    this.asked = asked;
    picture.setBehind(SUBJECT.some((name) => asked[name] !== session.shown.state[name]) || library.pageStart(asked) !== session.page);
    this.onAsk();
    this.drawAgain();
    try {
      const { traces, edits, lost } = await library.askFollowing(asked, session.reference, signal);
      if (signal.aborted) return;
      // Edits that have changed since are asked for next, and moved then.
      const areLatest = state.edits === asked.edits;
      if (!areLatest && asked.text !== session.reference.text) return;
      if (areLatest) state.edits = edits;
      asked.edits = edits;
      session.reference = { text: asked.text, words: wordsOf(traces[0]) };
      session.shown = { state: asked, traces };
      const first = turnedLayer(traces)?.first ?? 0;
      if (first !== (state.rows ?? 0)) state.rows = asked.rows = first; // where the pinned unit is, or the last ones
      this.asked = null;
      await this.drawAgain(); // the heatmaps stand under its columns
      if (signal.aborted) return;
      const names = lost.map((at) => inWords(edits[at], library.model(asked.model), null));
      showMessage(names.length ? `Switched off: ${names.join("; ")}.` : "", false);
      picture.setStale(traces[0] === null);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.fields.some((field) => field === "start" || field === "rows.start") && library.pageStart(state) > 0) {
        Object.assign(state, state.start > 0 ? { start: 0 } : { step: null, find: null }); // the text ends before it
        return this.update();
      }
      const isProblem = error instanceof Problem;
      const isTemporary = !isProblem || error.isTemporary;
      showMessage(isProblem ? error.message : "The server does not answer. Your text is kept.", isTemporary);
      picture.setStale(true);
      if (isTemporary) this.timer = setTimeout(() => this.update(), RETRY);
      return;
    } finally {
      clearTimeout(waiting);
      if (!signal.aborted) {
        this.asked = null;
        picture.element.removeAttribute("aria-busy");
        if (!this.isAddressHeld) keepAddress();
      }
    }
    await this.onAnswer();
    if (signal.aborted) return;
    if (state.order === "value" && this.step !== asked.at) return this.update(); // the finding is about another step
    picture.setBehind(false);
  }

  /** Ask for the page of heatmaps that the state wants, unless it is in sight or asked for. */
  turnPage() {
    if (library.pageStart(state) !== library.pageStart(this.asked ?? session.shown.state)) this.update();
  }

  /** The step that is pinned or chosen in the first lane, by which units are ordered. */
  get step() {
    const { step } = this.picture;
    if (step === null || (state.step !== null && state.compare !== "text")) return state.step;
    return step + session.page;
  }

  /**
   * Draw the first screen of a state; of a text that is too long there is none. Resolves when it is drawn.
   * @param {State} asked
   */
  draw(asked) {
    const [isShort, ...others] = library.lanes(asked).map(({ model, text }, lane) => (lane ? library.isReadable(model, text) : library.isShort(model, text)));
    if (isShort) return this.firstScreen.show(lookOf(others.includes(false) ? { ...asked, compare: "" } : asked));
    this.firstScreen.dim();
    return Promise.resolve();
  }

  /** Draw the first screen of what is asked for, else of the latest answer, as the state says. */
  drawAgain() {
    const { asked } = this;
    // Edits that follow their words move once the words are known: only then is it known what the first screen shows.
    if (asked && asked.edits.length > 0 && asked.text !== session.reference.text) return Promise.resolve();
    const { model, text, compare, other, start, edits } = asked ?? { ...session.shown.state, edits: editsMade() };
    return this.draw({ ...state, model, text, compare, other, start, edits });
  }
}

/** The edits of the latest answer without those that were refused. */
function editsMade() {
  const { state: asked, traces } = session.shown;
  const answers = traces.flatMap((trace) => trace?.editing ?? []);
  if (answers.length === 0) return asked.edits;
  return asked.edits.filter((_, at) => answers.some(({ problem, remarks }) => problem === "" && !remarks.has(at)));
}
