// The text boxes, each as high as its text.

import { readsNumbers, rowOf } from "../data/written.js";
import { byId } from "../kit/dom.js";
import { utf16Offsets } from "../kit/text.js";

/** @typedef {"text" | "other"} Box the text, and the one that it is compared with */

export class TextBoxes {
  /** @param {(box: Box, text: string) => void} onInput */
  constructor(onInput) {
    this.boxes = {
      text: /** @type {HTMLTextAreaElement} */ (byId("text")),
      other: /** @type {HTMLTextAreaElement} */ (byId("other")),
    };
    for (const box of /** @type {const} */ (["text", "other"])) {
      const told = () => onInput(box, this.boxes[box].value);
      this.boxes[box].addEventListener("input", (event) => {
        this.fit();
        // What an input method has not yet written is not the text.
        if (!(/** @type {InputEvent} */ (event).isComposing)) told();
      });
      this.boxes[box].addEventListener("compositionend", told);
    }
    this.#openWhereFocused();
  }

  /** Open the box that has the focus. It closes only once the pointer is released: until then, what was pressed must not move. */
  #openWhereFocused() {
    let isPressed = false;
    const show = () => {
      for (const box of Object.values(this.boxes)) box.toggleAttribute("data-open", box === document.activeElement || (isPressed && box.hasAttribute("data-open")));
    };
    addEventListener("pointerdown", () => (isPressed = true), { capture: true });
    for (const end of ["pointerup", "pointercancel"]) {
      addEventListener(end, () => {
        isPressed = false;
        setTimeout(show); // after the click
      });
    }
    for (const moved of ["focusin", "focusout"]) addEventListener(moved, () => setTimeout(show));
    show();
  }

  /** @param {Record<Box, string>} texts */
  show(texts) {
    for (const box of /** @type {const} */ (["text", "other"])) {
      if (this.boxes[box].value !== texts[box]) this.boxes[box].value = texts[box];
    }
    this.fit();
  }

  /**
   * Say what is written in the first box: text, or numbers as CSV, with the header that a model of these takes.
   * @param {import("../data/api_types.d.ts").Model} model
   */
  showInput(model) {
    const { text } = this.boxes;
    const isNumeric = readsNumbers(model);
    if (isNumeric === text.hasAttribute("data-csv") && !isNumeric) return;
    text.toggleAttribute("data-csv", isNumeric);
    text.placeholder = isNumeric ? `Paste CSV: ${model.columns.map(({ name }) => name).join(",")}` : "Type a sentence";
    byId("text-label").textContent = isNumeric ? "Numbers to trace, as CSV" : "Text to trace";
    byId("file-choice").hidden = !isNumeric;
    this.fit();
  }

  /** Make each box as high as its text. */
  fit() {
    for (const box of Object.values(this.boxes)) {
      box.style.height = "auto";
      box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
    }
  }

  /**
   * Select a token in its box, or the row of a step, if the box still holds the text that it is from.
   * @param {Box} box
   * @param {import("../data/decoded_trace.js").DecodedTrace | null} trace
   * @param {import("../data/api_types.d.ts").TokenInfo} token
   */
  select(box, trace, token) {
    const element = this.boxes[box];
    if (!trace || element.value !== trace.text) return;
    const isNumeric = readsNumbers(trace.model);
    const offset = utf16Offsets(trace.text);
    const span = isNumeric ? rowOf(trace.text, trace.steps, token.start) : [offset(token.start), offset(token.end)];
    if (!span) return;
    element.focus();
    element.setSelectionRange(span[0], span[1]);
    // Browsers do not scroll to it. Rows are as high as each other; words are about as dense everywhere.
    /** @param {string} part */
    const length = (part) => (isNumeric ? part.split("\n").length : part.length);
    element.scrollTop = (length(trace.text.slice(0, span[0])) / length(trace.text)) * element.scrollHeight - element.clientHeight / 2;
  }
}
