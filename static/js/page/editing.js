// The edits that are made on the page: gates that are held, and the list of them.

import { placeOf, withHold, withoutHold } from "../data/edits.js";
import { keepAddress } from "./address.js";
import { library, session, state } from "./session.js";

const SETTLE = 200; // ms between the last change of the edits and the address: browsers bound how often it may change

export class Editing {
  /**
   * @param {import("../views/picture.js").Picture} picture
   * @param {import("../views/edit_list.js").EditList} editList
   * @param {import("./requests.js").Requests} requests
   */
  constructor(picture, editList, requests) {
    this.picture = picture;
    this.editList = editList;
    this.requests = requests;
    /** Whether a change of the edits is being asked for and drawn. */
    this.isBusy = false;
    /** Whether there has been another since. */
    this.hasChanged = false;
    this.timer = 0;
  }

  /**
   * Hold a gate where it stands, or let go of it with null.
   * @param {import("../data/edits.js").EditPlace} place
   * @param {number | null} value
   */
  hold(place, value) {
    const { picture } = this;
    if (session.shown.state.text !== session.reference.text) return; // the address has gone on to another text
    if (!picture.pinned) picture.pin(picture.current); // what stands out may be elsewhere then
    this.change(value === null ? withoutHold(state.edits, place) : withHold(state.edits, place, value));
  }

  /**
   * Hold all units of a gate of the layer that the first screen shows, at one step or at all of them.
   * @param {string} letter
   * @param {number | null} t from the first step that is shown; null: at all steps
   * @param {number} value
   */
  holdAll(letter, t, value) {
    const { shown, reference } = session;
    const [trace] = shown.traces;
    if (!trace || shown.state.text !== reference.text) return;
    if (t !== null && state.step === null) this.picture.choose(t + shown.state.start - session.page); // what the finding speaks of may be elsewhere then
    const layer = trace.layers[trace.placeOfLayer(state.layer)];
    const { steps, ...everywhere } = placeOf({ layers: trace.layers, start: shown.state.start }, layer, letter, t ?? 0, null);
    this.change(withHold(state.edits, t === null ? everywhere : { ...everywhere, steps }, value));
  }

  /**
   * Change the edits, and ask: at once, and again for what has changed until the answer was drawn. A slider that moves is so
   * followed as fast as answers are drawn.
   * @param {import("../state.js").State["edits"]} edits
   */
  async change(edits) {
    state.edits = edits;
    this.show();
    this.hasChanged = true;
    if (this.isBusy) return;
    this.isBusy = this.requests.isAddressHeld = true;
    try {
      while (this.hasChanged) {
        this.hasChanged = false;
        await this.requests.update();
      }
    } finally {
      this.isBusy = this.requests.isAddressHeld = false;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(keepAddress, SETTLE);
  }

  /** Show the list of edits, with what became of each. */
  show() {
    const { shown } = session;
    const lanes = library.lanes(shown.state);
    this.editList.show(state.edits, library.model(state.model), shown.traces.map((trace, at) => ({ title: lanes[at].title, trace })));
  }
}
