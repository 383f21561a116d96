// The note next to the pointer: word, unit, gate and value of one entry.

export class Tooltip {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
  }

  /**
   * @param {{clientX: number, clientY: number}} pointer
   * @param {(Node | string)[]} note
   */
  show({ clientX, clientY }, note) {
    this.element.replaceChildren(...note);
    this.element.hidden = false;
    if (this.element.popover) this.element.togglePopover(true); // above all, where what is around it would clip it
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = Math.min(clientX + 14, innerWidth - width - 8);
    const top = clientY + 18 + height > innerHeight ? clientY - height - 12 : clientY + 18;
    Object.assign(this.element.style, { left: `${Math.max(8, left)}px`, top: `${top}px` });
  }

  hide() {
    this.element.hidden = true;
  }
}
