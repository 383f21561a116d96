// Playing through the words, one after the other.

const INTERVAL = 700; // ms between two words

export class Player {
  /**
   * @param {import("./picture.js").Picture} picture
   * @param {HTMLElement} button that starts and stops
   * @param {(windows: number) => Promise<boolean>} turnRows shows the units before or after those in sight, if there are any
   * @param {(k: number) => void} chooseBeyond chooses a column before or after those in sight, if the text has it
   */
  constructor(picture, button, turnRows, chooseBeyond) {
    this.picture = picture;
    this.button = button;
    this.turnRows = turnRows;
    this.chooseBeyond = chooseBeyond;
    this.timer = 0;
    button.addEventListener("click", () => this.toggle());
  }

  /** Start playing, from the beginning if the last word is chosen, or stop. */
  toggle() {
    if (this.timer) return this.stop();
    const { k } = this.picture.current;
    this.picture.choose(k < this.picture.width - 1 ? k : 0);
    this.timer = setInterval(() => this.step(1) || this.stop(), INTERVAL);
    this.button.textContent = "❚❚ stop";
  }

  /** Stop playing. */
  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.button.textContent = "▶ play";
  }

  /**
   * Choose the word before or after, also where the words in sight end. Returns whether it is in sight; of a text that is not
   * shown yet there is none.
   * @param {number} direction
   */
  step(direction) {
    const next = this.picture.current.k + direction;
    if (this.picture.stale || this.picture.isBehind) return false;
    const isInSight = next >= 0 && next < this.picture.width;
    if (isInSight) this.picture.choose(next);
    else this.chooseBeyond(next);
    return isInSight;
  }

  /**
   * Pin the unit above or below the one that is pinned, also where the units in sight end; where none is, the page scrolls.
   * @param {number} direction
   */
  async turnUnit(direction) {
    const { pinned, lanes } = this.picture;
    if (!pinned) return scrollBy({ top: 40 * direction });
    const { panels } = lanes[0];
    const place = panels.order.indexOf(pinned.unit);
    const unit = panels.order[place < 0 ? 0 : place + direction]; // out of sight, it gives way to the first one
    if (unit !== undefined) this.picture.pin({ k: pinned.k, unit });
    else if (await this.turnRows(direction)) this.picture.pin({ k: pinned.k, unit: /** @type {number} */ (panels.order.at(direction > 0 ? 0 : -1)) });
  }
}
