// The text boxes, each as high as its text.

import { readsNumbers } from "../data/written.js";
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
   * Select a token in its box, if the box still holds the text that the token is from.
   * @param {Box} box
   * @param {string | undefined} text
   * @param {import("../data/api_types.d.ts").TokenInfo} token
   */
  select(box, text, token) {
    const element = this.boxes[box];
    if (element.value !== text || element.hasAttribute("data-csv")) return; // in CSV, only the server knows where a step is
    const offset = utf16Offsets(text);
    element.focus();
    element.setSelectionRange(offset(token.start), offset(token.end));
  }
}
