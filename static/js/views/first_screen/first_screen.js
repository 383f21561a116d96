// The first screen: what the server draws of a text, put in the place of the picture before; and what chooses and marks in
// it, which needs no request.

import { painted, treeOf } from "../../kit/dom.js";
import { Bands } from "./bands.js";
import { CellPanel } from "./cell_panel.js";
import { numbersOf } from "./numbers.js";

/** @typedef {import("../../data/api.js").Look} Look */

const GRAIN = 40; // pixels: pictures are asked for in widths and heights that are multiples of it
const AROUND = 220; // pixels of a window that the controls and the finding take, and the line below the picture
const [LEAST, MOST] = [480, 760]; // pixels, the height of a picture

/** Sizes of a presentation, as in `present.css`: from `least` on, sliders stand next to the picture. */
const PRESENTED = { least: 1050, sliders: 288, most: 1120, height: 360, around: 120 };

export class FirstScreen {
  /**
   * @param {HTMLElement} element
   * @param {import("../tooltip.js").Tooltip} tooltip
   * @param {(look: Look, signal: AbortSignal) => Promise<string>} ask gives the HTML of a look, from the server, which has escaped what is not its own
   * @param {{onChoose: (t: number, lane: number) => void, onUnit: (unit: number) => void, onHold: (letter: string, t: number | null, value: number) => void, onReset: () => void, onLink: (address: URL) => void, addressAt?: (t: number) => string}} handlers `t` counts from the first step that is shown; null: at all steps; `lane`: 1 for the second of two texts
   */
  constructor(element, tooltip, ask, { onChoose, onUnit, onHold, onReset, onLink, addressAt }) {
    this.element = element;
    this.ask = ask;
    this.onChoose = onChoose;
    this.panel = new CellPanel({ onUnit, onHold: (letter, isHere, value) => onHold(letter, isHere ? this.chosen : null, value), onReset });
    this.bands = new Bands(element, tooltip);
    /** One for each text. @type {HTMLElement[]} */
    this.sections = [];
    /** @type {import("./numbers.js").Numbers[]} */
    this.numbers = [];
    this.request = new AbortController();
    /** The look that was asked for last; "" for the one that came with the page. */
    this.asked = "";
    this.isSwapping = false;
    /** What was chosen since the last request; null where nothing was. @type {{column: number, steps: (number | null)[]} | null} */
    this.chosenSince = null;
    this.isSheetOpen = false;
    this.drawn = Promise.resolve();
    element.addEventListener("click", (event) => this.#click(event, onLink));
    element.addEventListener("focusin", ({ target }) => this.#focus(target));
    if (addressAt) for (const kind of ["pointerdown", "focusin"]) element.addEventListener(kind, ({ target }) => complete(target, addressAt));
    this.#read();
  }

  /** The picture, of two texts that of the first. @returns {HTMLElement | null} */
  get section() {
    return this.sections[0] ?? null;
  }

  /** The step that is chosen, from the first that is shown; null where there is no picture. @returns {number | null} */
  get chosen() {
    const chosen = this.section?.dataset.chosen;
    return chosen === undefined ? null : Number(chosen);
  }

  /** The column that is chosen: a step, or, of two texts, a pair of them. @returns {number | null} */
  get column() {
    const column = this.section?.dataset.column;
    return column === undefined ? this.chosen : Number(column);
  }

  /**
   * The unit that the panel shows at a step; null where there is no panel.
   * @param {number} t
   */
  unitAt(t) {
    return this.numbers.length === 1 ? (this.numbers[0].panel?.[t]?.unit ?? null) : null;
  }

  /** Where the columns of the wide form stand, as shares of its width; null where there is another form, or several pictures. */
  get edges() {
    const isWide = this.section?.querySelector(".picture")?.checkVisibility() && this.section.classList.contains("one");
    return isWide && this.numbers.length === 1 ? this.numbers[0].edges : null;
  }

  /**
   * Ask for what a look shows, and put it in the place of what is there, unless another look has been asked for since. Where
   * the server refuses, the picture is dimmed: the traces say why.
   * @param {Look} look
   * @returns {Promise<void>} resolves when it is drawn; the same for what is being drawn already
   */
  show(look) {
    const asked = { ...look, ...this.#size() };
    const key = JSON.stringify(this.#knowsSteps ? { ...asked, step: null } : asked);
    if (key !== this.asked) {
      this.asked = key;
      this.drawn = this.#draw(asked);
    }
    return this.drawn;
  }

  /** @param {Look} asked */
  async #draw(asked) {
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    this.chosenSince = null;
    try {
      const html = await this.ask(asked, signal);
      if (signal.aborted) return;
      this.#swap(html);
      this.#chooseAgain();
      await painted(); // before the heatmaps take the browser's time
      if (this.#knowsSteps) this.asked = JSON.stringify({ ...asked, step: null });
    } catch {
      if (signal.aborted) return;
      this.asked = "refused";
      this.setStale(true);
    }
  }

  /** Dim the picture, as there is no text of which to show another. */
  dim() {
    this.request.abort();
    this.asked = "";
    this.setStale(true);
  }

  /** Whether another step can be shown without asking the server. */
  get #knowsSteps() {
    return this.numbers.length > 1 || this.numbers[0]?.panel !== undefined;
  }

  /**
   * Dim a picture that is no longer that of the text, or undo it.
   * @param {boolean} stale
   */
  setStale(stale) {
    this.element.toggleAttribute("data-stale", stale);
  }

  /** Whether the picture has been drawn for another width. */
  outgrown() {
    const { width, height } = this.asked.startsWith("{") ? JSON.parse(this.asked) : { width: 0, height: 0 };
    const size = this.#size();
    return size.width !== width || size.height !== height;
  }

  /**
   * Choose a column, and show the cell there.
   * @param {number} column as `column` has it
   * @param {(number | null)[]} steps of each text; null where it has no word there
   */
  choose(column, steps) {
    const { section, panel } = this;
    const focused = this.#focusedLane();
    if (!section || column < 0 || steps.some((t, lane) => t !== null && t >= (this.numbers[lane]?.words.length ?? Infinity))) return;
    if (section.querySelector(".rows")?.checkVisibility()) this.#toggleSheet(true); // a phone, where nothing else shows the cell
    this.chosenSince = { column, steps };
    if (column === this.column) return;
    for (const [lane, each] of this.sections.entries()) {
      if (each.dataset.column !== undefined) each.dataset.column = String(column);
      this.#mark(each, steps[lane] ?? null, this.sections.length > 1 ? [this.numbers[lane]] : this.numbers);
    }
    if (steps[0] !== null) panel.show(steps[0]);
    this.bands.tell();
    this.#focusChosen(focused);
  }

  /** Choose what was chosen while an answer was awaited, which knows nothing of it. */
  #chooseAgain() {
    if (this.chosenSince) this.choose(this.chosenSince.column, this.chosenSince.steps);
  }

  /**
   * Mark a step as the chosen one, or none.
   * @param {HTMLElement} section
   * @param {number | null} t
   * @param {import("./numbers.js").Numbers[]} numbers
   */
  #mark(section, t, numbers) {
    if (t === null) delete section.dataset.chosen;
    else section.dataset.chosen = String(t);
    for (const each of section.querySelectorAll(".chosen")) each.classList.remove("chosen");
    for (const each of section.querySelectorAll(`.column[data-t="${t}"], .read[data-t="${t}"], tbody[data-t="${t}"], .tinted [data-t="${t}"]`)) each.classList.add("chosen");
    const readout = section.querySelector(".readout");
    if (readout) readout.textContent = t === null ? "" : numbers.map(({ label, readouts }) => (label ? `${label}. ${readouts[t]}` : readouts[t])).join(" ");
  }

  /** Follow the band of the chosen word, or no longer. */
  follow() {
    if (this.chosen !== null) this.bands.follow(this.chosen, 0);
  }

  /** Stop following a band. Returns whether one was followed. */
  unfollow() {
    return this.bands.unfollow();
  }

  /** The size to ask for, of which pictures make a form. */
  #size() {
    const isPresented = document.body.classList.contains("presenting");
    const scale = isPresented ? Number(getComputedStyle(this.element).zoom) : 1; // sizes of an element are counted before it is zoomed
    const room = this.element.clientWidth;
    const own = !isPresented ? room : room >= PRESENTED.least ? room - PRESENTED.sliders : Math.min(room, PRESENTED.most);
    const width = Math.max(200, Math.floor(own / GRAIN) * GRAIN);
    const [least, around] = isPresented ? [PRESENTED.height, PRESENTED.around] : [LEAST, AROUND];
    const height = Math.min(MOST, Math.max(least, Math.floor((innerHeight / scale - around) / GRAIN) * GRAIN));
    return { width, height };
  }

  /** @param {string} html */
  #swap(html) {
    const focused = this.#focusedLane();
    const template = document.createElement("template");
    template.innerHTML = html;
    const next = template.content.querySelector(".first-screen .cell");
    const kept = next && this.panel.fits(next) ? this.panel.element : null;
    if (kept) {
      // The panel stays where it is, so that a slider that is being moved goes on; all around it is replaced.
      this.panel.take(/** @type {HTMLElement} */ (next));
      this.#replaceAround(kept, template.content);
    } else this.element.replaceChildren(template.content);
    this.setStale(false);
    this.#read();
    this.#focusChosen(focused);
  }

  /** The text of which a column has the focus; −1: none. */
  #focusedLane() {
    const { activeElement } = treeOf(this.element);
    return activeElement?.matches("a[data-t]") ? this.#laneOf(activeElement) : -1;
  }

  /**
   * Move the focus to the column that is chosen.
   * @param {number} lane the text whose column; −1: none
   */
  #focusChosen(lane) {
    const section = this.sections[lane];
    const links = /** @type {HTMLElement[]} */ ([...(section?.querySelectorAll(`a[data-t="${section.dataset.chosen}"]`) ?? [])]);
    this.isSwapping = true;
    links.find((each) => each.getClientRects().length > 0)?.focus();
    this.isSwapping = false;
  }

  /**
   * Replace everything but the panel.
   * @param {Element} kept
   * @param {DocumentFragment} content
   */
  #replaceAround(kept, content) {
    const stage = /** @type {Element} */ (kept.parentElement);
    const section = /** @type {HTMLElement} */ (stage.parentElement);
    const nextSection = /** @type {HTMLElement} */ (content.querySelector(".first-screen"));
    const nextStage = /** @type {Element} */ (nextSection.querySelector(".stage"));
    for (const { name, value } of nextSection.attributes) section.setAttribute(name, value);
    for (const each of [...stage.children]) if (each !== kept) each.remove();
    for (const each of [...section.children]) if (each !== stage) each.remove();
    nextStage.querySelector(".cell")?.remove();
    kept.before(...nextStage.children);
    const [before, after] = [[], []].map(() => /** @type {Element[]} */ ([]));
    let isAfter = false;
    for (const each of [...nextSection.children]) {
      if (each === nextStage) isAfter = true;
      else (isAfter ? after : before).push(each);
    }
    stage.before(...before);
    stage.after(...after);
  }

  /**
   * Open or close the cell, where it is a sheet.
   * @param {boolean} isOpen
   */
  #toggleSheet(isOpen) {
    this.isSheetOpen = isOpen;
    this.section?.classList.toggle("with-sheet", isOpen);
  }

  /** Take over what is drawn. */
  #read() {
    this.sections = [.../** @type {NodeListOf<HTMLElement>} */ (this.element.querySelectorAll(".first-screen"))];
    this.numbers = numbersOf(this.element);
    for (const each of this.sections) each.classList.add("handled");
    this.section?.classList.toggle("with-sheet", this.isSheetOpen);
    this.panel.read(this.section, this.numbers[0] ?? null);
    this.bands.read(this.numbers);
  }

  /**
   * @param {MouseEvent} event
   * @param {(address: URL) => void} onLink
   */
  #click(event, onLink) {
    const { target } = event;
    if (!(target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (target.closest(".opener, .cell .close")) {
      const isOpen = target.closest(".opener") !== null;
      this.#toggleSheet(isOpen);
      /** @type {HTMLElement | null | undefined} */ (this.section?.querySelector(isOpen ? ".close" : ".opener"))?.focus();
      return;
    }
    const link = target.closest("a");
    if (link?.dataset.t !== undefined || (!link && target.closest("tbody[data-t], .tinted [data-t], .marked[data-t]"))) {
      event.preventDefault();
      const t = Number(/** @type {HTMLElement} */ (link ?? target.closest("[data-t]")).dataset.t);
      const band = this.bands.at(event);
      this.onChoose(t, this.#laneOf(target));
      if (band !== null) this.bands.follow(band, this.#laneOf(target));
      return;
    }
    const href = link?.getAttribute("href");
    if (!href?.startsWith("?")) return;
    event.preventDefault();
    onLink(new URL(href, location.href));
  }

  /** @param {EventTarget | null} target */
  #focus(target) {
    const link = target instanceof Element ? target.closest("a[data-t]") : null;
    if (!this.isSwapping && link?.matches(":focus-visible")) this.onChoose(Number(/** @type {HTMLElement} */ (link).dataset.t), this.#laneOf(/** @type {HTMLElement} */ (link)));
  }

  /**
   * Which text an element is of.
   * @param {Element} element
   */
  #laneOf(element) {
    return this.sections.findIndex((each) => each.contains(element));
  }
}

/**
 * Make the link of a column whole before it is opened in another tab: those of a long text say only the step.
 * @param {EventTarget | null} target
 * @param {(t: number) => string} addressAt
 */
function complete(target, addressAt) {
  const link = target instanceof Element ? target.closest("a[data-t][href^='#step=']") : null;
  link?.setAttribute("href", addressAt(Number(/** @type {SVGElement} */ (link).dataset.t)));
}
