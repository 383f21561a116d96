// The bands of the memory: the numbers of one next to the pointer, and one band followed through the text.

import { visible } from "../../data/visible_text.js";
import { make, treeOf } from "../../kit/dom.js";
import { decimal, signed } from "../../kit/numbers.js";
import { pairAt } from "./numbers.js";

/** @typedef {import("./numbers.js").Numbers} Numbers */

export class Bands {
  /**
   * @param {HTMLElement} element
   * @param {import("../tooltip.js").Tooltip} tooltip
   */
  constructor(element, tooltip) {
    this.element = element;
    /** @type {Numbers[]} */
    this.numbers = [];
    /** The column that is followed, and which text it is of. @type {{k: number, lane: number} | null} */
    this.followed = null;
    element.addEventListener("pointermove", (event) => {
      const column = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest(".links a")) : null;
      if (column && event.pointerType !== "touch") tooltip.show(event, this.#note(column, this.at(event)));
      else tooltip.hide();
    });
    element.addEventListener("pointerleave", () => tooltip.hide());
  }

  /** @param {Numbers[]} numbers of what is drawn */
  read(numbers) {
    this.numbers = numbers;
    if (this.followed && this.followed.k >= (numbers[this.followed.lane]?.words.length ?? 0)) this.followed = null;
    this.#mark();
  }

  /**
   * The column of the band under the pointer; null where there is none.
   * @param {MouseEvent} event
   * @returns {number | null}
   */
  at({ clientX, clientY }) {
    const band = treeOf(this.element).elementsFromPoint(clientX, clientY).find((each) => each.matches(".band[data-k]") && this.element.contains(each));
    return band ? Number(/** @type {SVGElement} */ (band).dataset.k) : null;
  }

  /**
   * Follow a band; if it is followed already, no longer.
   * @param {number} k
   * @param {number} lane 1: of the second of two texts
   */
  follow(k, lane) {
    this.followed = this.followed?.k === k && this.followed.lane === lane ? null : { k, lane };
    this.#mark();
  }

  /** Stop following. Returns whether a band was followed. */
  unfollow() {
    const was = this.followed !== null;
    this.followed = null;
    this.#mark();
    return was;
  }

  /** The pictures: of two texts two. @returns {HTMLElement[]} */
  get #sections() {
    return [.../** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".first-screen"))];
  }

  /** Say what the band that is followed does at the chosen step. */
  tell() {
    const note = this.element.querySelector(".followed-note");
    note?.remove();
    if (!this.followed) return;
    const { k, lane } = this.followed;
    const section = this.#sections[lane];
    if (!section?.dataset.chosen || !this.numbers[lane]) return;
    const told = told_of(this.numbers[lane], Number(section.dataset.chosen), k);
    section.querySelector(".readout")?.before(make("p", { class: "followed-note", role: "status" }, told));
  }

  #mark() {
    for (const each of this.element.querySelectorAll(".followed")) each.classList.remove("followed");
    for (const [lane, section] of this.#sections.entries()) {
      const k = this.followed?.lane === lane ? this.followed.k : null;
      section.classList.toggle("following", k !== null);
      if (k !== null) for (const each of section.querySelectorAll(`[data-k="${k}"]`)) each.classList.add("followed");
    }
    this.tell();
  }

  /**
   * @param {HTMLElement} column
   * @param {number | null} k
   * @returns {(Node | string)[]}
   */
  #note(column, k) {
    const t = Number(column.dataset.t);
    const sections = this.#sections;
    const own = sections.length > 1 ? [this.numbers[sections.findIndex((each) => each.contains(column))]] : this.numbers;
    const readouts = own.map(({ label, readouts: each }) => make("small", {}, label ? `${label}. ${each[t]}` : each[t]));
    if (k === null || own.length > 1) return [make("bdi", {}, visible(own[0].words[t])), ...readouts];
    return [told_of(own[0], t, k), ...readouts];
  }
}

/**
 * What is left of a word at a step, what it pushes, and what has changed that.
 * @param {Numbers} numbers
 * @param {number} t
 * @param {number} k
 */
function told_of(numbers, t, k) {
  const { words, noun, direction, others = [] } = numbers;
  const before = direction === "backward" ? t + 1 : t - 1;
  const name = k < words.length ? `“${words[k]}”` : (others[k - words.length] ?? "");
  const amount = pairAt(numbers, "amounts", t, k);
  if (amount === null) return `${name} is not yet read.`;
  const total = sum(words.length + others.length, (each) => pairAt(numbers, "amounts", t, each));
  const parts = [`${name}: ${total ? Math.round((100 * amount) / total) : 0}\u202f% of the memory`];
  const push = pairAt(numbers, "pushes", t, k);
  if (push !== null) {
    const earlier = pairAt(numbers, "pushes", before, k);
    parts.push(earlier === null ? `its push is ${signed(push, 2)}` : `its push goes from ${signed(earlier, 2)} to ${signed(push, 2)}`);
    const [forgetting, lettingOut] = [pairAt(numbers, "forgetting", t, k), pairAt(numbers, "letting_out", t, k)];
    if (earlier !== null && forgetting !== null && lettingOut !== null) parts.push(`forgetting ${signed(forgetting, 2)}, letting out ${signed(lettingOut, 2)}`);
  } else {
    const earlier = pairAt(numbers, "amounts", before, k);
    if (earlier) parts.push(`${decimal((100 * amount) / earlier, 0)}\u202f% of what there was one ${noun} earlier`);
  }
  return `${parts.join("; ")}.`;
}

/**
 * @param {number} count
 * @param {(k: number) => number | null} of
 */
function sum(count, of) {
  return Array.from({ length: count }, (_, k) => of(k) ?? 0).reduce((all, each) => all + each, 0);
}
