// The story: a card a chapter, next to the place that it speaks of. What a chapter marks, and by what it is done, stands with
// its card.

import { fetchCost } from "../data/api.js";
import { byId, draw } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box in pixels of the page */
/**
 * By what the action of a chapter is noticed, as `app/web/story/chapter.py` writes it.
 * @typedef {{kind: "hold", letter: string, step: number | null, most: number | null, least: number | null} | {kind: "show", model: string} | {kind: "pick", choices: string[]} | {kind: "measure", models: string[]}} Rule
 */

const PHONE = 700; // px: a narrower window has the card at its bottom edge
const GAP = 14; // px, between the card and the place
const EDGE = 8; // px, to the edge of the window
const MEASURED = 500; // steps: over few, much of the time is that of the call
/** What the card never lies on, besides the place that it speaks of. */
const UNCOVERED = "#text, #first-screen div.says, #first-screen .curve, #first-screen .sum :is(.verdict, .without, .strong:not(.end, .word))";

export class Story {
  /**
   * @param {object} page
   * @param {(chapter: number) => void} page.onTurn
   * @param {() => void} page.onClose
   * @param {(letter: string, step: number | null, value: number) => void} page.onHold
   * @param {(model: string) => void} page.onModel
   * @param {() => import("../state.js").State} page.state that is in sight
   * @param {() => import("./first_screen/numbers.js").Numbers[]} page.numbers of the first screen
   */
  constructor(page) {
    this.page = page;
    this.element = byId("story");
    this.cards = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll("article")]);
    /** The chapter that is open, from 1. @type {number | null} */
    this.chapter = null;
    /** The times that were measured, in µs. @type {number[]} */
    this.times = [];
    this.request = new AbortController();
    this.frame = 0;
    this.top = 0; // of the window, when the chapter was turned
    this.isTurning = false;
    /** Where the card is, if not at the bottom edge. @type {Box | null} */
    this.spot = null;
    this.veil = draw(
      "svg",
      { class: "story-veil", "aria-hidden": "true" },
      draw("mask", { id: "story-lit" }, draw("rect", { width: "100%", height: "100%", fill: "white" }), draw("g", { class: "lit", fill: "black" })),
      draw("rect", { class: "dim", width: "100%", height: "100%", mask: "url(#story-lit)" }),
      draw("g", { class: "frames" }),
    );
    document.body.append(this.veil);
    byId("start-story").addEventListener("click", (event) => this.#follow(event, 1));
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("input", (event) => this.#input(event));
    for (const type of ["wheel", "touchmove"]) addEventListener(type, () => (this.isTurning = false), { passive: true });
    const fit = () => this.#fitSoon();
    new MutationObserver(fit).observe(byId("first-screen"), { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
    new ResizeObserver(fit).observe(byId("first-screen"));
    addEventListener("resize", fit);
  }

  /** The card of the chapter that is open. */
  get card() {
    return this.chapter === null ? null : this.cards[this.chapter - 1];
  }

  /**
   * Open a chapter, or close the story with null; the picture is shown by whoever asks.
   * @param {number | null} chapter
   */
  show(chapter) {
    const hadFocus = this.element.contains(document.activeElement);
    this.request.abort();
    this.chapter = chapter !== null && this.cards[chapter - 1] ? chapter : null;
    for (const [at, card] of this.cards.entries()) card.hidden = at + 1 !== this.chapter;
    const { card } = this;
    this.element.hidden = card === null;
    document.documentElement.classList.toggle("in-story", card !== null);
    for (const each of document.querySelectorAll(".asked")) each.classList.remove("asked");
    if (!card) {
      this.#fit();
      if (hadFocus) byId("start-story").focus();
      return;
    }
    if (card.dataset.controls) document.querySelector(card.dataset.controls)?.classList.add("asked");
    this.times = [];
    for (const each of card.querySelectorAll("fieldset input")) /** @type {HTMLInputElement} */ (each).checked = /** @type {HTMLInputElement} */ (each).value === "0";
    this.top = 0;
    this.spot = null;
    this.isTurning = true;
    this.#fit();
    if (hadFocus) this.element.focus({ preventScroll: true });
  }

  /** Close the story, and leave the picture as it is. */
  close() {
    this.show(null);
    this.page.onClose();
  }

  /** @returns {Rule | null} */
  get rule() {
    return this.card ? JSON.parse(this.card.dataset.rule ?? "null") : null;
  }

  /**
   * Turn to a chapter, if there is one.
   * @param {number} chapter
   */
  turn(chapter) {
    if (chapter >= 1 && chapter <= this.cards.length) this.page.onTurn(chapter);
  }

  /**
   * Turn to a chapter before or after, if there is one.
   * @param {number} by chapters
   */
  turnBy(by) {
    if (this.chapter !== null) this.turn(this.chapter + by);
  }

  /**
   * @param {MouseEvent} event
   * @param {number} chapter
   */
  #follow(event, chapter) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.turn(chapter);
    this.element.focus({ preventScroll: true });
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const { target } = event;
    const control = target instanceof Element ? target.closest("a, button") : null;
    const { rule } = this;
    if (!control || !rule || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (control.matches(".close")) this.close();
    else if (control.matches("nav a")) this.#follow(event, Number(new URL(/** @type {HTMLAnchorElement} */ (control).href).searchParams.get("chapter")));
    else if (rule.kind === "show") this.page.onModel(rule.model);
    else if (rule.kind === "measure") this.#measure(/** @type {HTMLButtonElement} */ (control), rule.models);
  }

  /** @param {Event} event */
  #input({ target }) {
    const { rule } = this;
    if (!(target instanceof HTMLInputElement)) return;
    this.isTurning = false;
    if (rule?.kind === "hold") this.page.onHold(rule.letter, rule.step, Number(target.value));
    else this.#fit();
  }

  /**
   * Measure models, one after the other: two at a time would slow each other down.
   * @param {HTMLButtonElement} button
   * @param {string[]} models
   */
  async #measure(button, models) {
    const { textContent } = button;
    this.request.abort();
    this.request = new AbortController();
    const { signal } = this.request;
    button.textContent = "Measuring…";
    try {
      const times = [];
      for (const model of models) {
        const cost = await fetchCost(model, MEASURED, signal);
        times.push(1e6 * (cost.times.find(({ engine }) => engine === "torch")?.median ?? NaN));
      }
      this.times = times;
    } catch (error) {
      if (!signal.aborted) button.after(` It could not be measured: ${error instanceof Error ? error.message : error}`);
    }
    button.textContent = textContent;
    this.#fit();
  }

  /** Whether what the chapter asks for has been done. */
  #isDone() {
    const { rule, card } = this;
    if (!rule || !card) return false;
    const { edits, model } = this.page.state();
    if (rule.kind === "show") return model === rule.model;
    if (rule.kind === "pick") return [...card.querySelectorAll("input")].at(-1)?.checked ?? false;
    if (rule.kind === "measure") return this.times.length > 0;
    const value = this.#held(rule);
    return value !== null && edits.length > 0 && (rule.most === null || value <= rule.most) && (rule.least === null || value >= rule.least);
  }

  /**
   * The value at which all units of a gate are held at a step, or at all of them; null if they are not.
   * @param {{letter: string, step: number | null}} place
   */
  #held({ letter, step }) {
    const held = this.page.state().edits.findLast(
      ({ on, edit }) => on && edit.letter === letter && !edit.units && typeof edit.hold === "number" && (!edit.steps || (step !== null && edit.steps.includes(step))),
    );
    return held ? Number(held.edit.hold) : null;
  }

  /** What the picture shows of a row at a step, as the picture writes it. @param {DOMStringMap} dataset */
  #live({ row = "", step }) {
    if (/^\d$/.test(row)) return this.times[Number(row)] === undefined ? "" : decimal(this.times[Number(row)], 0);
    const [numbers] = this.page.numbers();
    const values = row === "verdict" ? numbers?.verdict?.values : numbers?.rows.find(({ verb }) => verb === row)?.means;
    const value = values?.at(step ? Number(step) : -1);
    return value === undefined ? "" : decimal(value, 2);
  }

  /** Look again at what the page shows. */
  refresh() {
    this.#fitSoon();
  }

  #fitSoon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.#fit());
  }

  /**
   * Say whether the action is done, mark the place, and put the card where it covers nothing that matters. When the chapter is
   * turned, and until someone acts, the place is brought into sight.
   */
  #fit() {
    const { card, element } = this;
    const root = document.documentElement;
    this.veil.toggleAttribute("hidden", card === null);
    root.classList.remove("has-sheet");
    root.style.removeProperty("--sheet");
    if (!card) return;
    this.#tell(card);
    const places = /** @type {string[]} */ (JSON.parse(card.dataset.marks ?? "[]")).flatMap((each) => around(boxesOf(each)) ?? []);
    const others = boxesOf([UNCOVERED, card.dataset.lit, card.dataset.controls].filter(Boolean).join()).map((each) => grown(each, 5));
    element.classList.remove("at-bottom");
    const place = around(places);
    if (this.isTurning) this.top = topFor(place, innerHeight);
    const spot = innerWidth < PHONE || !place ? null : this.#spot(place, [...places, ...others]);
    this.spot = spot;
    element.classList.toggle("at-bottom", !spot);
    element.style.left = spot ? `${spot.left}px` : "";
    element.style.top = spot ? `${spot.top}px` : "";
    if (!spot) {
      root.style.setProperty("--sheet", `${element.offsetHeight}px`);
      root.classList.add("has-sheet");
    }
    this.#mark(places, others);
    if (!this.isTurning) return;
    if (!spot) this.top = topFor(place, innerHeight - element.offsetHeight);
    if (Math.abs(scrollY - this.top) > 1) scrollTo({ top: this.top, behavior: "instant" });
  }

  /** @param {HTMLElement} card */
  #tell(card) {
    const { rule } = this;
    const isDone = this.#isDone();
    card.classList.toggle("is-done", isDone);
    for (const each of card.querySelectorAll(".live")) {
      const text = this.#live(/** @type {HTMLElement} */ (each).dataset);
      if (each.textContent !== text) each.textContent = text;
    }
    if (rule?.kind !== "hold") return;
    const [slider, output] = /** @type {[HTMLInputElement, HTMLOutputElement]} */ (["input", "output"].map((each) => card.querySelector(`.try ${each}`)));
    const row = this.page.numbers()[0]?.rows.find(({ letter, complement }) => letter === rule.letter && !complement);
    const mean = row?.means.at(rule.step ?? 0);
    if (mean === undefined) return;
    if (document.activeElement !== slider || this.#held(rule) === null) slider.value = String(mean);
    output.textContent = decimal(mean, 2);
  }

  /**
   * Where the card fits: in sight, near the place, on nothing that stays uncovered; null if nowhere.
   * @param {Box} place
   * @param {Box[]} uncovered
   */
  #spot(place, uncovered) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { right } = root().getBoundingClientRect(); // without the room for a scroll bar
    const [least, most] = [this.top + EDGE, this.top + innerHeight - EDGE];
    const across = [place.left - GAP - width, place.right + GAP, place.left, place.right - width, EDGE, right - EDGE - width];
    const edges = uncovered.flatMap(({ top, bottom }) => [top - GAP - height, bottom + GAP]);
    const down = [...edges, place.top, place.bottom - height, (place.top + place.bottom - height) / 2, most - height];
    /** @param {Box} box */
    const isFree = (box) =>
      box.left >= EDGE && box.right <= right - EDGE && box.top >= least && box.bottom <= most && !uncovered.some((each) => overlap(box, each));
    let best = null;
    let nearest = Infinity;
    if (this.spot) {
      const { left, top } = this.spot;
      const same = { left, top, right: left + width, bottom: top + height };
      if (isFree(same)) return same; // a slider that is being moved stays where it is
    }
    for (const left of across) {
      for (const top of down) {
        const box = { left, top, right: left + width, bottom: top + height };
        if (!isFree(box)) continue;
        const distance = Math.hypot(middle(box, "left", "right") - middle(place, "left", "right"), middle(box, "top", "bottom") - middle(place, "top", "bottom"));
        if (distance < nearest) [nearest, best] = [distance, box];
      }
    }
    return best;
  }

  /**
   * Frame the place, and dim all but it and what the card does not cover.
   * @param {Box[]} places
   * @param {Box[]} others
   */
  #mark(places, others) {
    const { clientWidth: width, scrollHeight: height } = root();
    this.veil.setAttribute("width", String(width));
    this.veil.setAttribute("height", String(height));
    /** @param {Box} box */
    const drawn = ({ left, top, right, bottom }) => draw("rect", { x: left, y: top, width: right - left, height: bottom - top, rx: 6 });
    this.veil.querySelector(".lit")?.replaceChildren(...[...places, ...others].map(drawn));
    this.veil.querySelector(".frames")?.replaceChildren(...places.map(drawn));
  }
}

const root = () => document.documentElement;

/**
 * The boxes of what is in sight, in pixels of the page.
 * @param {string} selectors
 * @returns {Box[]}
 */
function boxesOf(selectors) {
  return [...document.querySelectorAll(selectors)]
    .map((each) => each.getBoundingClientRect())
    .filter(({ width, height }) => width > 0 && height > 0)
    .map(({ left, top, right, bottom }) => ({ left: left + scrollX, top: top + scrollY, right: right + scrollX, bottom: bottom + scrollY }));
}

/**
 * @param {Box} box
 * @param {number} by px on each side
 */
const grown = ({ left, top, right, bottom }, by) => ({ left: left - by, top: top - by, right: right + by, bottom: bottom + by });

/**
 * How far the window is scrolled for a place to be in sight: as little as possible.
 * @param {Box | null} place
 * @param {number} room px of the window, from the top
 */
function topFor(place, room) {
  return place ? Math.max(0, Math.min(place.bottom + EDGE - room, place.top - EDGE)) : 0;
}

/** @param {Box[]} boxes @returns {Box | null} */
function around(boxes) {
  if (boxes.length === 0) return null;
  const [left, top, right, bottom] = [
    Math.min(...boxes.map((each) => each.left)),
    Math.min(...boxes.map((each) => each.top)),
    Math.max(...boxes.map((each) => each.right)),
    Math.max(...boxes.map((each) => each.bottom)),
  ];
  return grown({ left, top, right, bottom }, 3);
}

/**
 * @param {Box} a
 * @param {Box} b
 */
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * @param {Box} box
 * @param {"left" | "top"} from
 * @param {"right" | "bottom"} to
 */
const middle = (box, from, to) => (box[from] + box[to]) / 2;
