// Presenting: the first screen in large type and nothing else, a step at a time; the steps are kept in the link.

import { byId, button, make } from "../kit/dom.js";

/** @typedef {import("../data/presentation.js").Slide} Slide */

const LONGEST = 48; // characters of a text in the list

export class Presenter {
  /**
   * @param {{onStart: () => void, onStop: () => void, onShow: (slide: Slide) => void, onEdit: (slides: Slide[]) => void, current: () => Slide}} handlers `current`: what is in sight, as a step
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.list = byId("slides");
    /** @type {Slide[]} */
    this.slides = [];
    /** The step in sight; −1 where it is none of the list. */
    this.at = -1;
    byId("show-present").addEventListener("click", () => this.start());
    byId("slide-add").addEventListener("click", () => this.#edit([...this.slides, handlers.current()]));
    byId("present-stop").addEventListener("click", () => this.stop());
    byId("present-before").addEventListener("click", () => this.turn(-1));
    byId("present-next").addEventListener("click", () => this.turn(1));
    // Leaving the full screen, as by Esc, leaves the presentation.
    document.addEventListener("fullscreenchange", () => document.fullscreenElement || !this.wasFull || this.stop());
    this.wasFull = false;
  }

  /** Whether it is on. */
  get isOn() {
    return document.body.classList.contains("presenting");
  }

  /**
   * Show a list of steps.
   * @param {Slide[]} slides
   */
  show(slides) {
    this.slides = slides;
    this.at = slides.findIndex((slide) => JSON.stringify(slide) === JSON.stringify(this.handlers.current()));
    this.list.replaceChildren(...slides.map((slide, at) => this.#item(slide, at)));
    byId("present-at").textContent = slides.length ? `${this.at < 0 ? "–" : this.at + 1} of ${slides.length}` : "";
    for (const [id, direction] of /** @type {const} */ ([["present-before", -1], ["present-next", 1]])) byId(id).toggleAttribute("disabled", !this.slides[this.at + direction]);
  }

  /** Start; after a key or a click, the whole screen is taken where the browser lets it. */
  start() {
    document.body.classList.add("presenting");
    byId("present").hidden = false;
    if (navigator.userActivation.isActive) {
      document.documentElement.requestFullscreen?.().then(
        () => (this.wasFull = true),
        () => {}, // not allowed, as in a frame: the window is enough
      );
    }
    this.handlers.onStart();
  }

  /** Stop. */
  stop() {
    if (!this.isOn) return;
    document.body.classList.remove("presenting", "blank");
    byId("present").hidden = true;
    this.wasFull = false;
    if (document.fullscreenElement) document.exitFullscreen();
    this.handlers.onStop();
  }

  /** Show nothing, or the picture again. */
  blank() {
    document.body.classList.toggle("blank");
  }

  /**
   * Go a step on or back.
   * @param {number} direction
   */
  turn(direction) {
    document.body.classList.remove("blank");
    const slide = this.slides[this.at + direction];
    if (slide) this.handlers.onShow(slide);
  }

  /** @param {Slide[]} slides */
  #edit(slides) {
    this.handlers.onEdit(slides);
    this.show(slides);
  }

  /**
   * @param {Slide} slide
   * @param {number} at
   */
  #item(slide, at) {
    const { model, text, edits } = slide;
    const name = [model, text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text, edits && `with ${edits}`].filter(Boolean).join(" · ");
    const open = button("link", name, () => this.handlers.onShow(slide));
    if (at === this.at) open.setAttribute("aria-current", "step");
    const earlier = button("link", "↑", () => this.#edit(this.slides.with(at, this.slides[at - 1]).with(at - 1, slide)));
    earlier.ariaLabel = `Move step ${at + 1} up`;
    earlier.disabled = at === 0;
    const remove = button("link", "×", () => this.#edit(this.slides.toSpliced(at, 1)));
    remove.ariaLabel = `Remove step ${at + 1}`;
    return make("li", {}, open, " ", earlier, " ", remove);
  }
}
