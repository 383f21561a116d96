// What the page is about at the moment: what is asked for, and what is in sight.

import { boot } from "../data/boot.js";
import { ModelLibrary } from "../data/model_library.js";
import { initialState, readAddress } from "../state.js";

/** @typedef {import("../state.js").State} State */

const { model, text, compare, other } = boot;

export const library = new ModelLibrary(boot);

/** What the address says that the page was opened with, and its fields that make no sense. */
export const { stated, invalid } = readAddress(location, history.state?.text);

/** What is asked for. The server decides what of the query it can show. @type {State} */
export const state = { ...initialState(), ...stated, model, compare, other, text: stated.text ?? text };

export const session = {
  /** What is in sight: the latest answer, and the state that it belongs to. @type {{state: State, traces: (import("../data/decoded_trace.js").DecodedTrace | null)[]}} */
  shown: { state: { ...state }, traces: [] },
  /** The first step of the heatmaps in sight. */
  get page() {
    return library.pageStart(this.shown.state);
  },
  /** The text whose steps the edits name, and its words where they are known. @type {{text: string, words: string[] | null}} */
  reference: { text: state.text, words: null },
};
