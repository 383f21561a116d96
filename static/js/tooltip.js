// The note beside the pointer: word, unit, gate and value of one cell.

import { visible } from "./text.js";

export class Tooltip {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
  }

  /**
   * @param {import("./panels.js").PanelCell} cell
   * @param {import("./api.js").Token} token
   */
  show(cell, token) {
    const word = document.createElement("bdi");
    word.textContent = visible(token.text);
    const value = document.createElement("output");
    value.textContent = `${cell.info.letter} = ${signed(cell.value)}`;
    this.place.replaceChildren(word, ` unit ${cell.unit}, ${cell.info.name} `, value);
    this.place.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.place;
    const left = Math.min(cell.clientX + 14, innerWidth - width - 8);
    const top = cell.clientY + 18 + height > innerHeight ? cell.clientY - height - 12 : cell.clientY + 18;
    Object.assign(this.place.style, { left: `${Math.max(8, left)}px`, top: `${top}px` });
  }

  hide() {
    this.place.hidden = true;
  }
}

/**
 * A value in four decimals, with a real minus sign.
 * @param {number} value
 */
function signed(value) {
  return value.toFixed(4).replace("-", "−");
}
