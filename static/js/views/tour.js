// The tour: short chapters whose links set the picture, and a way back.

import { byId } from "../kit/dom.js";

export class Tour {
  /**
   * @param {{onDrive: (address: URL) => void, onTurn: (chapter: number | null) => void}} handlers
   */
  constructor({ onDrive, onTurn }) {
    this.onDrive = onDrive;
    this.onTurn = onTurn;
    this.element = byId("tour");
    this.chapters = /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll("article")]);
    /** Where the visitor was before the tour changed the picture. @type {URL | null} */
    this.left = null;
    /** @type {number | null} */
    this.at = null;
    this.element.addEventListener("click", (event) => {
      const link = event.target instanceof Element ? event.target.closest("a") : null;
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#drive(link.href);
    });
    byId("start-tour").addEventListener("click", (event) => {
      event.preventDefault();
      this.turn(this.at ?? 1);
      this.element.focus({ preventScroll: true });
    });
    byId("tour-before").addEventListener("click", () => this.turn((this.at ?? 1) - 1));
    byId("tour-next").addEventListener("click", () => this.turn((this.at ?? 1) + 1));
    byId("tour-close").addEventListener("click", () => this.turn(null));
    byId("tour-back").addEventListener("click", () => {
      const { left } = this;
      this.turn(null);
      if (left) this.onDrive(left);
    });
  }

  /** The letter of the panel that the chapter speaks of most; empty for none. */
  get panel() {
    return (this.at !== null && this.chapters[this.at - 1].dataset.panel) || "";
  }

  /**
   * Open a chapter, and let it set the picture; close the tour with null.
   * @param {number | null} chapter from 1
   */
  turn(chapter) {
    this.show(chapter);
    this.onTurn(this.at);
    if (this.at !== null) this.#drive(this.chapters[this.at - 1].dataset.drive ?? "/");
    else this.left = null;
  }

  /**
   * Show a chapter beside the picture as it is.
   * @param {number | null} chapter
   */
  show(chapter) {
    this.at = chapter !== null && chapter >= 1 && chapter <= this.chapters.length ? chapter : null;
    this.element.hidden = this.at === null;
    for (const [index, article] of this.chapters.entries()) article.hidden = index + 1 !== this.at;
    byId("tour-at").textContent = `${this.at} of ${this.chapters.length}`;
    /** @type {HTMLButtonElement} */ (byId("tour-before")).disabled = this.at === 1;
    /** @type {HTMLButtonElement} */ (byId("tour-next")).disabled = this.at === this.chapters.length;
  }

  /** @param {string} address */
  #drive(address) {
    this.left ??= new URL(location.href);
    this.onDrive(new URL(address, location.href));
  }
}
