// The tour: short chapters whose links set the picture, and a way back.

import { byId } from "../kit/dom.js";

export class Tour {
  /**
   * @param {{onGoTo: (address: URL) => void, onTurn: (chapter: number | null) => void}} handlers
   */
  constructor({ onGoTo, onTurn }) {
    this.onGoTo = onGoTo;
    this.onTurn = onTurn;
    this.element = byId("tour");
    this.chapters = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll("article")]);
    /** The address before the tour changed the picture. @type {URL | null} */
    this.before = null;
    /** @type {number | null} */
    this.chapter = null;
    this.element.addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#goTo(link.href);
    });
    byId("start-tour").addEventListener("click", (event) => {
      event.preventDefault();
      this.turn(this.chapter ?? 1);
      this.element.focus({ preventScroll: true });
    });
    byId("tour-before").addEventListener("click", () => this.turn((this.chapter ?? 1) - 1));
    byId("tour-next").addEventListener("click", () => this.turn((this.chapter ?? 1) + 1));
    byId("tour-close").addEventListener("click", () => this.turn(null));
    byId("tour-back").addEventListener("click", () => {
      const { before } = this;
      this.turn(null);
      if (before) this.onGoTo(before);
    });
  }

  /** The letter of the panel that the chapter is about; empty for none. */
  get panel() {
    return (this.chapter !== null && this.chapters[this.chapter - 1].dataset.panel) || "";
  }

  /**
   * The address of a chapter and its picture, if all that an address states is that chapter; otherwise null.
   * @param {Partial<import("../state.js").State>} stated
   */
  addressOf({ tour, ...others }) {
    const chapter = Object.keys(others).length === 0 && tour ? this.chapters[tour - 1] : undefined;
    if (!chapter) return null;
    const address = new URL(chapter.dataset.drive ?? "/", location.href);
    address.hash = String(new URLSearchParams([...new URLSearchParams(address.hash.slice(1)), ["tour", String(tour)]]));
    return address;
  }

  /**
   * Open a chapter, and let it set the picture; close the tour with null.
   * @param {number | null} chapter from 1
   */
  turn(chapter) {
    this.show(chapter);
    this.onTurn(this.chapter);
    if (this.chapter !== null) this.#goTo(this.chapters[this.chapter - 1].dataset.drive ?? "/");
    else this.before = null;
  }

  /**
   * Show a chapter, and leave the picture as it is.
   * @param {number | null} chapter
   */
  show(chapter) {
    this.chapter = chapter !== null && chapter >= 1 && chapter <= this.chapters.length ? chapter : null;
    this.element.hidden = this.chapter === null;
    for (const [index, article] of this.chapters.entries()) article.hidden = index + 1 !== this.chapter;
    byId("tour-at").textContent = `${this.chapter} of ${this.chapters.length}`;
    /** @type {HTMLButtonElement} */ (byId("tour-before")).disabled = this.chapter === 1;
    /** @type {HTMLButtonElement} */ (byId("tour-next")).disabled = this.chapter === this.chapters.length;
  }

  /** @param {string} address */
  #goTo(address) {
    this.before ??= new URL(location.href);
    this.onGoTo(new URL(address, location.href));
  }
}
