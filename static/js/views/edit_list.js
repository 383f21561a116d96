// The list of edits, each with what became of it.

import { inWords } from "../data/edit_words.js";
import { button, byId, make } from "../kit/dom.js";

/** @typedef {import("../data/edits.js").ListedEdit} ListedEdit */
/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */
/** @typedef {{title: string, trace: DecodedTrace | null}} Lane */

export class EditList {
  /** @param {{onSwitch: (at: number, on: boolean) => void, onRemove: (at: number) => void, onReset: () => void}} handlers */
  constructor({ onSwitch, onRemove, onReset }) {
    this.onSwitch = onSwitch;
    this.onRemove = onRemove;
    this.element = byId("edits");
    this.items = byId("edit-items");
    this.problem = byId("edit-problem");
    this.element.hidden = false; // hidden without scripts, as nothing could be edited
    byId("edit-reset").addEventListener("click", () => {
      onReset();
      this.element.focus({ preventScroll: true }); // the button goes
    });
  }

  /**
   * @param {ListedEdit[]} listed
   * @param {import("../data/api_types.d.ts").Model} model
   * @param {Lane[]} lanes
   */
  show(listed, model, lanes) {
    const focused = [...this.items.children].findIndex((item) => item.contains(document.activeElement));
    const isButton = document.activeElement instanceof HTMLButtonElement;
    byId("edit-none").hidden = listed.length > 0;
    byId("edit-reset").hidden = listed.length === 0;
    const edited = lanes.filter(({ trace }) => trace?.editing?.listed === listed); // else the answer is yet to come
    this.items.replaceChildren(...listed.map((each, at) => this.#item(each, at, model, lanes[0]?.trace ?? null, edited)));
    byId("edit-part").hidden = listed.length === 0 || !lanes.some(({ trace }) => trace?.editing === null);
    const problems = edited.map((lane) => from(lane, edited, lane.trace?.editing?.problem ?? ""));
    this.problem.textContent = [...new Set(problems)].filter(Boolean).join(" ");
    if (focused < 0) return;
    // What was focused is made anew, or has been removed.
    if (listed.length === 0) return this.element.focus({ preventScroll: true });
    const item = this.items.children[Math.min(focused, listed.length - 1)];
    /** @type {HTMLElement} */ (item.querySelector(isButton ? "button" : "input")).focus({ preventScroll: true });
  }

  /**
   * @param {ListedEdit} listed
   * @param {number} at
   * @param {import("../data/api_types.d.ts").Model} model
   * @param {DecodedTrace | null} trace of the text
   * @param {Lane[]} edited
   */
  #item(listed, at, model, trace, edited) {
    const words = inWords(listed, model, trace);
    const box = /** @type {HTMLInputElement} */ (make("input", { type: "checkbox", autocomplete: "off" }));
    box.checked = listed.on;
    box.addEventListener("change", () => this.onSwitch(at, box.checked));
    const remove = button("link", "×", () => this.onRemove(at));
    remove.ariaLabel = `Remove: ${words}`;
    const remarks = listed.on ? edited.map((lane) => from(lane, edited, lane.trace?.editing?.remarks.get(at) ?? "")) : [];
    const remark = remarks.filter(Boolean).join("; ");
    return make("li", {}, make("label", { "data-letter": listed.edit.letter ?? "" }, box, " ", words), " ", remove, ...(remark ? [" ", make("small", {}, remark)] : []));
  }
}

/**
 * A remark with the name of its lane, where there are several.
 * @param {Lane} lane
 * @param {Lane[]} lanes
 * @param {string} remark
 */
function from({ title }, lanes, remark) {
  return remark && lanes.length > 1 ? `${title}: ${remark}` : remark;
}
