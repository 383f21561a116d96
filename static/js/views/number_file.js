// A file of numbers, from a button or dropped onto the box: the server reads it, and the box then holds it as CSV.

import { Problem, fetchSeries } from "../data/api.js";
import { byId } from "../kit/dom.js";

/** @typedef {import("../data/api_types.d.ts").Model} Model */

export class NumberFile {
  /**
   * @param {() => Model} model that reads the file
   * @param {{onText: (text: string) => void, onProblem: (message: string) => void}} handlers `onText`: CSV, with the name of the file as its title
   */
  constructor(model, { onText, onProblem }) {
    this.model = model;
    this.onText = onText;
    this.onProblem = onProblem;
    const chosen = /** @type {HTMLInputElement} */ (byId("file"));
    const box = byId("text");
    chosen.addEventListener("change", () => {
      this.#read(chosen.files);
      chosen.value = ""; // the same file may be chosen again
    });
    box.addEventListener("dragover", (event) => {
      if (this.#takes(event)) event.preventDefault();
    });
    box.addEventListener("drop", (event) => {
      if (!this.#takes(event)) return;
      event.preventDefault();
      this.#read(event.dataTransfer?.files ?? null);
    });
  }

  /** @param {DragEvent} event */
  #takes({ dataTransfer }) {
    return byId("text").hasAttribute("data-csv") && dataTransfer?.types.includes("Files");
  }

  /** @param {FileList | null} files of which the first is read */
  async #read(files) {
    const [file] = files ?? [];
    if (!file) return;
    const model = this.model();
    try {
      const csv = await fetchSeries(model, file);
      if (this.model() === model) this.onText(`# ${file.name.replace(/\s+/g, " ")}\n${csv}`);
    } catch (error) {
      const why = error instanceof Problem ? error.message : "The server does not answer.";
      this.onProblem(`${file.name} is not read, and nothing has changed. ${why}`);
    }
  }
}
