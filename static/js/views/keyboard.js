// The keyboard: stepping through time and units, playing, letting go, and the sheet that says how.

import { byId } from "../kit/dom.js";

const BEAT = 700; // ms between two steps while it plays

export class Keyboard {
  /**
   * @param {import("./picture.js").Picture} picture
   * @param {HTMLElement} play the button that starts and stops
   */
  constructor(picture, play) {
    this.picture = picture;
    this.play = play;
    this.timer = 0;
    this.help = /** @type {HTMLDialogElement} */ (byId("help"));
    byId("show-help").addEventListener("click", () => this.help.showModal());
    play.addEventListener("click", () => this.toggle());
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** Start to walk through time, from the beginning if the end is reached, or stop. */
  toggle() {
    if (this.timer) return this.stop();
    const { picture } = this;
    const { k, unit } = picture.cell;
    const starts = picture.pinned !== null && k < picture.width - 1 ? k : 0;
    picture.pin({ k: starts, unit });
    this.timer = setInterval(() => this.step(1) || this.stop(), BEAT);
    this.play.textContent = "❚❚ stop";
  }

  /** Stop walking. */
  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "▶ play";
  }

  /**
   * Pin the step before or behind, if there is one.
   * @param {number} way
   */
  step(way) {
    const { k, unit } = this.picture.cell;
    const next = this.picture.pinned === null ? k : k + way;
    if (this.picture.stale || next < 0 || next >= this.picture.width) return false;
    this.picture.pin({ k: next, unit });
    return true;
  }

  /**
   * Pin the unit above or below.
   * @param {number} way
   */
  #move(way) {
    const { k, unit } = this.picture.cell;
    const { order } = this.picture.lanes[0].panels;
    const next = order[order.indexOf(unit) + way];
    if (next !== undefined) this.picture.pin({ k, unit: next });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { key, target } = event;
    const free = target instanceof Element && !target.closest("input, textarea, select, dialog");
    if (!free || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const act = {
      ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1),
      // Where nothing is pinned, they scroll.
      ArrowUp: this.picture.pinned && (() => this.#move(-1)),
      ArrowDown: this.picture.pinned && (() => this.#move(1)),
      " ": target.closest("button, a, summary") ? null : () => this.toggle(),
      Escape: () => (this.stop(), this.picture.pin(null)),
      "?": () => this.help.showModal(),
    }[key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
