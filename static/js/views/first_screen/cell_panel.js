// The cell at the chosen step: its numbers follow the step without a request; its sliders hold gates.

import { treeOf } from "../../kit/dom.js";
import { decimal } from "../../kit/numbers.js";

/** @typedef {import("./numbers.js").Numbers} Numbers */

export class CellPanel {
  /** @param {{onUnit: (unit: number) => void, onHold: (letter: string, isHere: boolean, value: number) => void, onReset: () => void}} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    /** @type {HTMLElement | null} */
    this.element = null;
    /** @type {Numbers | null} */
    this.numbers = null;
  }

  /**
   * Whether a panel has the same sliders and wires as the one that is there, which can then stay.
   * @param {Element} next
   */
  fits(next) {
    /** @param {Element} panel */
    const parts = (panel) => [...panel.querySelectorAll("input, [data-of]")].map((each) => each.getAttribute("name") ?? each.getAttribute("data-of")).join();
    return this.element !== null && parts(this.element) === parts(next);
  }

  /**
   * Take over the texts of a panel, but not its sliders.
   * @param {HTMLElement} next
   */
  take(next) {
    const { element } = this;
    if (!element) return;
    Object.assign(element.dataset, next.dataset);
    for (const part of ["h2", "h3", ".which span", ".reads", ".arithmetic", ".shares"]) {
      const [old, drawn] = [element, next].map((each) => each.querySelector(part));
      if (old && drawn) old.replaceChildren(...drawn.childNodes);
    }
    const figures = [element, next].map((each) => [...each.querySelectorAll(".circuit [data-of]")]);
    for (const [at, figure] of figures[0].entries()) figure.textContent = figures[1][at].textContent;
  }

  /**
   * Take over what is drawn.
   * @param {HTMLElement | null} section
   * @param {Numbers | null} numbers
   */
  read(section, numbers) {
    const element = /** @type {HTMLElement | null} */ (section?.querySelector(".cell") ?? null);
    this.numbers = numbers;
    if (element !== this.element) {
      this.element = element;
      if (element) this.#listen(element);
    }
    if (!element) return;
    this.#reserve(element);
    this.#showSliders(Number(element.dataset.t));
  }

  /**
   * Keep as much room for the arithmetic as that of any step takes, so that what stands below does not move when another is
   * chosen.
   * @param {HTMLElement} element
   */
  #reserve(element) {
    element.style.removeProperty("--arithmetic");
    const shown = element.querySelector(".arithmetic");
    const [first, ...others] = this.numbers?.panel ?? [];
    if (!shown || !first) return;
    const { arithmetic } = others.reduce((longest, each) => (each.arithmetic.length > longest.arithmetic.length ? each : longest), first);
    const own = shown.innerHTML;
    const height = shown.getBoundingClientRect().height;
    const template = document.createElement("template");
    template.innerHTML = arithmetic;
    shown.replaceChildren(.../** @type {Element} */ (template.content.firstElementChild).childNodes);
    element.style.setProperty("--arithmetic", `${Math.max(height, shown.getBoundingClientRect().height)}px`);
    shown.innerHTML = own;
  }

  /** @param {number} t a step, whose numbers are shown */
  show(t) {
    const { element } = this;
    const step = this.numbers?.panel?.[t];
    if (!element || !step) return;
    element.dataset.t = String(t);
    element.dataset.unit = String(step.unit);
    for (const each of element.querySelectorAll(".named")) each.outerHTML = step.named;
    this.#write(".which span", step.which);
    this.#write(".reads", step.reads);
    for (const figure of element.querySelectorAll(".circuit [data-of]")) figure.textContent = step.figures[/** @type {SVGElement} */ (figure).dataset.of ?? ""] ?? "";
    const arithmetic = element.querySelector(".arithmetic");
    if (arithmetic) arithmetic.outerHTML = step.arithmetic;
    const shares = element.querySelector(".shares");
    if (shares) shares.innerHTML = step.shares;
    this.#showSliders(t);
  }

  /**
   * @param {string} part
   * @param {string} text
   */
  #write(part, text) {
    const element = this.element?.querySelector(part);
    if (element) element.textContent = text;
  }

  /** Put every slider where its gate is, the one that is being moved too, as where an edit was refused. */
  putBack() {
    if (this.element) this.#showSliders(Number(this.element.dataset.t), true);
  }

  /**
   * @param {number} t
   * @param {boolean} [isForced]
   */
  #showSliders(t, isForced = false) {
    const where = /** @type {HTMLInputElement | null} */ (this.element?.querySelector(`.where input[value=${this.numbers?.where[t] ?? "none"}]`));
    if (where) where.checked = true;
    for (const input of this.#sliders()) {
      const row = this.numbers?.rows.find(({ letter, complement }) => letter === input.name && !complement);
      if (!row) continue;
      const mean = row.means[t];
      const isHeld = row.held.includes(t);
      if (isForced || treeOf(input).activeElement !== input || !isHeld) input.value = String(mean);
      const [output, note] = ["output", "small"].map((part) => input.closest("label")?.querySelector(part));
      if (output) output.textContent = decimal(mean, 2);
      if (!note) continue;
      note.className = isHeld ? "held" : "muted";
      note.textContent = isHeld ? `set to ${decimal(mean, 2)} by you` : row.usual === null ? "" : `usually ${decimal(row.usual, 2)}`;
      input.setAttribute("aria-valuetext", isHeld ? note.textContent : [decimal(mean, 2), note.textContent].filter(Boolean).join(", "));
    }
    const reset = /** @type {HTMLElement | null} */ (this.element?.querySelector(".reset") ?? null);
    if (reset) reset.hidden = !this.numbers?.rows.some(({ held }) => held.length > 0);
  }

  /** @returns {HTMLInputElement[]} */
  #sliders() {
    return [.../** @type {NodeListOf<HTMLInputElement>} */ (this.element?.querySelectorAll(".slider input") ?? [])];
  }

  /** @param {HTMLElement} element */
  #listen(element) {
    element.addEventListener("input", ({ target }) => {
      if (!(target instanceof HTMLInputElement) || target.type !== "range") return;
      const here = /** @type {HTMLInputElement | null} */ (element.querySelector(".where input[value=here]"));
      this.handlers.onHold(target.name, here?.checked ?? true, Number(target.value));
    });
    element.addEventListener("click", ({ target }) => {
      if (!(target instanceof Element)) return;
      const turn = /** @type {HTMLElement | null} */ (target.closest(".turn"));
      if (turn) {
        const { unit, units } = element.dataset;
        this.handlers.onUnit((Number(unit) + Number(turn.dataset.by) + Number(units)) % Number(units));
      } else if (target.closest(".reset")) this.handlers.onReset();
    });
  }
}
