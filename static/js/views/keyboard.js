// The keyboard: stepping through time and units, playing, unpinning, and the sheet that explains the keys.

import { byId } from "../kit/dom.js";

const INTERVAL = 700; // ms between two steps while playing

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

  /** Start playing through time, from the beginning if it is at the end, or stop. */
  toggle() {
    if (this.timer) return this.stop();
    const { picture } = this;
    const { k, unit } = picture.current;
    const starts = picture.pinned !== null && k < picture.width - 1 ? k : 0;
    picture.pin({ k: starts, unit });
    this.timer = setInterval(() => this.step(1) || this.stop(), INTERVAL);
    this.play.textContent = "❚❚ stop";
  }

  /** Stop playing. */
  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = "▶ play";
  }

  /**
   * Pin the step before or after, if there is one.
   * @param {number} direction
   */
  step(direction) {
    const { k, unit } = this.picture.current;
    const next = this.picture.pinned === null ? k : k + direction;
    if (this.picture.stale || next < 0 || next >= this.picture.width) return false;
    this.picture.pin({ k: next, unit });
    return true;
  }

  /**
   * Pin the unit above or below.
   * @param {number} direction
   */
  #move(direction) {
    const { k, unit } = this.picture.current;
    const { order } = this.picture.lanes[0].panels;
    const next = order[order.indexOf(unit) + direction];
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
