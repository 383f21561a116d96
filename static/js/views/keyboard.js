// The keyboard: stepping through time and units, playing, following, undoing, and the sheet that explains the keys.

import { byId } from "../kit/dom.js";

const INTERVAL = 700; // ms between two steps while playing

export class Keyboard {
  /**
   * @param {import("./picture.js").Picture} picture
   * @param {HTMLElement} play the button that starts and stops
   * @param {{onFollow: () => void, onEscape: () => void}} handlers
   */
  constructor(picture, play, { onFollow, onEscape }) {
    this.picture = picture;
    this.onFollow = onFollow;
    this.onEscape = onEscape;
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
    const { k } = picture.current;
    picture.choose(k < picture.width - 1 && picture.step !== null ? k : 0);
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
   * Choose the step before or after, if there is one.
   * @param {number} direction
   */
  step(direction) {
    const next = this.picture.current.k + direction;
    if (this.picture.stale || next < 0 || next >= this.picture.width) return false;
    this.picture.choose(next);
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
      f: () => this.onFollow(),
      Escape: () => (this.stop(), this.onEscape()),
      "?": () => this.help.showModal(),
    }[key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
