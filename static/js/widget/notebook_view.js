// The widget: the page's first screen, and its heatmaps below, over runs of which the kernel tells.

import { scaleBar } from "../charts/scale_bar.js";
import { scalesOf } from "../charts/scales.js";
import { DecodedTrace } from "../data/decoded_trace.js";
import { heldAt, withHold, withoutHold } from "../data/edits.js";
import { fromShortForm } from "../data/short_form.js";
import { make } from "../kit/dom.js";
import { FirstScreen } from "../views/first_screen/first_screen.js";
import { Picture } from "../views/picture.js";
import { Tooltip } from "../views/tooltip.js";
import { Waiting } from "./waiting.js";

/** @typedef {import("../data/edits.js").ListedEdit} ListedEdit */
/** @typedef {import("../data/edits.js").EditPlace} EditPlace */
/** @typedef {{model: import("../data/api_types.d.ts").Model, fixed: string, where: Pick<EditPlace, "layer" | "direction">}} Subject `fixed`: why nothing can be edited; empty where it can; `where`: the layer that is shown, where there are several */
/** @typedef {{trace: import("../data/api_types.d.ts").TraceAnswer | null, notes: string[], why: string, problem?: string}} TraceAnswer `why`: why there is no trace to draw */

const WIDE = 700; // pixels from which a picture has the wide form, as in forms.py

export class NotebookView {
  /**
   * @param {ShadowRoot} tree
   * @param {import("./loader.js").Ask} ask
   * @param {Subject} subject
   */
  constructor(tree, ask, { model, fixed, where }) {
    this.ask = ask;
    this.model = model;
    this.fixed = fixed;
    this.where = where;
    /** @type {ListedEdit[]} */
    this.edits = [];
    /** Those of what is shown. @type {ListedEdit[]} */
    this.shownEdits = [];
    /** @type {number | null} */
    this.step = null;
    /** @type {number | null} */
    this.unit = null;
    this.isBusy = false;
    this.hasChanged = false;
    /** @type {DecodedTrace | null} */
    this.plain = null;
    /** @type {DecodedTrace | null} */
    this.trace = null;
    this.element = make("section", { class: fixed ? "widget fixed" : "widget", "aria-label": "What the memory is made of" });
    this.message = make("p", { class: "message", role: "status" });
    this.note = make("p", { class: "note" }, fixed);
    this.scales = make("p", { class: "color-scales" });
    const [screen, picture] = [make("div", { id: "first-screen" }), make("div", { id: "picture", class: "lanes", "data-lanes": 1 })];
    const over = make("div", { class: "tooltip", role: "presentation", popover: "manual", hidden: "" });
    this.tooltip = new Tooltip(over);
    this.waiting = new Waiting(this.message);
    this.element.append(screen, this.message, this.note, this.scales, picture, over);
    tree.append(this.element);
    this.firstScreen = new FirstScreen(screen, this.tooltip, (look) => this.#screen(look), {
      onChoose: (t) => this.#chooseStep(t),
      onUnit: (unit) => (this.trace ? this.picture.pin({ k: this.picture.current.k, unit }) : this.#choose(this.firstScreen.chosen, unit)),
      onHold: (letter, t, value) => this.#holdAll(letter, t, value),
      onReset: () => this.#change([]),
      onLink: ({ searchParams }) => this.#tryOut(searchParams),
    });
    this.firstScreen.isSheetOpen = true; // the cell stands below the picture, where there is no room next to it
    this.picture = new Picture(picture, this.tooltip, {
      onPin: (pin) => this.#choose(pin ? pin.k : this.picture.chosen, pin ? pin.unit : null),
      onChoose: (k) => this.#choose(k, this.unit),
      onFind: () => {},
      onBrush: () => {},
      unitAt: (k) => this.firstScreen.unitAt(k),
      heldAt: (place) => heldAt(this.edits, { ...this.where, ...place }),
      onHold: (place, value) => this.#hold(place, value),
    });
    this.element.addEventListener("keydown", (event) => this.#press(event));
    this.element.addEventListener("pointerleave", () => this.picture.point(null));
    this.resized = new ResizeObserver(() => this.#fit());
    this.resized.observe(screen);
  }

  /** Free what is held outside. */
  remove() {
    this.resized.disconnect();
    this.waiting.stop();
    for (const { panels } of this.picture.lanes) panels.clear();
  }

  /** Ask for what the edits make of the run, and show it. */
  async update() {
    const asked = this.edits;
    const answer = /** @type {TraceAnswer} */ (await this.#asked({ kind: "trace", edits: asked.map(({ edit }) => edit) }));
    if (answer.problem) {
      this.waiting.say(answer.problem);
      this.edits = this.shownEdits;
      this.firstScreen.panel.putBack();
      return this.drawHeatmaps();
    }
    this.waiting.say("");
    this.shownEdits = asked;
    this.note.textContent = [this.fixed, answer.why, ...answer.notes.map((each) => `${each}.`)].filter(Boolean).join(" ");
    this.trace = answer.trace && this.#decoded(answer.trace, asked);
    if (asked.length === 0) this.plain = this.trace;
    await this.firstScreen.show(this.#look());
    await this.drawHeatmaps();
  }

  /** Draw the heatmaps of what is shown. */
  async drawHeatmaps() {
    this.picture.element.hidden = this.scales.hidden = this.trace === null;
    this.picture.setBehind(true);
    if (this.trace) {
      const pinned = this.unit === null ? null : { k: this.step, unit: this.unit };
      const painted = this.picture.show([{ title: "", model: this.trace.model, trace: this.trace }], {
        pinned,
        chosen: this.step ?? this.firstScreen.column,
        edges: this.firstScreen.edges,
        difference: false,
      });
      this.scales.replaceChildren(...scalesOf(this.picture.sheets).map(scaleBar));
      await painted;
    }
    this.picture.setBehind(false);
  }

  /**
   * @param {import("../data/api_types.d.ts").TraceAnswer} answer
   * @param {ListedEdit[]} listed
   */
  #decoded(answer, listed) {
    const editing = this.fixed ? null : { listed, edits: listed.map(({ edit }) => edit), remarks: new Map(), problem: "" };
    return new DecodedTrace(this.model, "", answer, answer.start, answer.steps, editing, listed.length > 0 ? this.plain : null);
  }

  /**
   * The answer to a question; while it is awaited, the widget says so.
   * @param {Record<string, unknown>} question
   */
  async #asked(question) {
    const { answer } = await this.waiting.during(this.ask(question));
    return /** @type {unknown} */ (answer);
  }

  /** @param {import("../data/api.js").Look} look */
  async #screen({ width: rounded = WIDE, height, step, unit }) {
    const width = this.firstScreen.element.clientWidth < WIDE ? rounded : Math.max(rounded, WIDE); // marimo's column just has room
    const edits = this.shownEdits.map(({ edit }) => edit);
    const { html, problem } = /** @type {{html: string, problem?: string}} */ (await this.#asked({ kind: "screen", edits, width, height, step, unit }));
    if (problem) {
      this.waiting.say(problem);
      throw new Error(problem);
    }
    return html;
  }

  /** What is looked at; edits only so that another list is another look. */
  #look() {
    return /** @type {import("../data/api.js").Look} */ (/** @type {unknown} */ ({ step: this.step, unit: this.unit, edits: JSON.stringify(this.shownEdits) }));
  }

  /** @param {number} t */
  #chooseStep(t) {
    if (this.trace) this.picture.choose(t); // which tells of it
    else this.#choose(t, this.unit);
  }

  /**
   * @param {number | null} k
   * @param {number | null} unit
   */
  #choose(k, unit) {
    this.step = k;
    this.unit = unit;
    if (k !== null) this.firstScreen.choose(k, [k]);
    this.firstScreen.show(this.#look()).then(() => this.picture.refresh()); // the panel may show another unit
  }

  /**
   * Hold a gate where it stands, or let go of it with null.
   * @param {EditPlace} place
   * @param {number | null} value
   */
  #hold(place, value) {
    if (!this.picture.pinned) this.picture.pin(this.picture.current); // what stands out may be elsewhere then
    const own = { ...this.where, ...place };
    this.#change(value === null ? withoutHold(this.edits, own) : withHold(this.edits, own, value));
  }

  /**
   * Hold all units of a gate, at one step or at all of them.
   * @param {string} letter
   * @param {number | null} t
   * @param {number} value
   */
  #holdAll(letter, t, value) {
    if (t !== null && this.step === null) this.#choose(t, this.unit); // what the finding speaks of may be elsewhere then
    this.#change(withHold(this.edits, { letter, ...this.where, ...(t !== null && { steps: [t] }) }, value));
  }

  /**
   * Take the edits of a link, such as the experiment next to the finding, and choose its step.
   * @param {URLSearchParams} fields
   */
  #tryOut(fields) {
    const step = fields.get("step");
    if (step !== null) this.#chooseStep(Number(step));
    this.#change(fromShortForm(fields.get("edits") ?? "") ?? []);
  }

  /**
   * Change the edits, and ask: at once, and again for what has changed until the answer was drawn.
   * @param {ListedEdit[]} edits
   */
  async #change(edits) {
    this.edits = edits;
    this.hasChanged = true;
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      while (this.hasChanged) {
        this.hasChanged = false;
        await this.update();
      }
    } finally {
      this.isBusy = false;
    }
  }

  /** Draw for another width, if it has changed. */
  #fit() {
    if (this.firstScreen.section === null || this.element.clientWidth === 0) return; // not drawn yet, or out of sight, as behind another tab
    if (this.firstScreen.outgrown()) this.firstScreen.show(this.#look()).then(() => this.drawHeatmaps());
    else if (this.trace && this.picture.outgrown()) this.drawHeatmaps();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !(target instanceof Element) || target.closest("input, select")) return;
    const act = this.#keys[key.length === 1 ? key.toLowerCase() : key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @type {Record<string, () => void>} */
  #keys = {
    ArrowLeft: () => this.#walk(-1),
    ArrowRight: () => this.#walk(1),
    f: () => this.firstScreen.follow(),
    Escape: () => void (this.firstScreen.unfollow() || (this.picture.pinned ? this.picture.pin(null) : this.edits.length > 0 && this.#change([]))),
  };

  /** @param {number} by */
  #walk(by) {
    const { section, chosen, numbers } = this.firstScreen;
    if (!section || chosen === null) return;
    this.#chooseStep(Math.min(Math.max(chosen + by, 0), numbers[0].words.length - 1));
  }
}
