// A file that is being fetched: how much of it has come, and a way to cancel it.

import { byId } from "../kit/dom.js";
import { decimal } from "../kit/numbers.js";

const PATIENCE = 300; // ms: a file that comes sooner is not told of
const MEGABYTE = 1_000_000;
const BREAK = 10; // the byte that ends a line

export class Download {
  constructor() {
    this.isRunning = false;
    this.busy = byId("share-busy");
    this.progress = /** @type {HTMLProgressElement} */ (byId("share-progress"));
    this.running = new AbortController();
    byId("share-cancel").addEventListener("click", () => this.running.abort());
  }

  /**
   * Show how much has come while something is fetched. Returns that; throws what fetching throws, an AbortError if it was
   * cancelled.
   * @template T
   * @param {number | null} lines that will come; null: it is not known
   * @param {(signal: AbortSignal, onPart: (bytes: Uint8Array) => void) => Promise<T>} fetching
   * @returns {Promise<T>}
   */
  async run(lines, fetching) {
    this.running = new AbortController();
    this.isRunning = true;
    let [bytes, come] = [0, 0];
    this.progress.removeAttribute("value");
    byId("share-come").textContent = "";
    const waiting = setTimeout(() => (this.busy.hidden = false), PATIENCE);
    try {
      return await fetching(this.running.signal, (part) => {
        bytes += part.length;
        byId("share-come").textContent = `${decimal(bytes / MEGABYTE, 1)} MB so far`;
        if (lines === null) return;
        for (const byte of part) come += Number(byte === BREAK);
        this.progress.value = come / lines;
      });
    } finally {
      clearTimeout(waiting);
      this.running.abort(); // where one of several files failed, the others are not needed
      this.isRunning = false;
      this.busy.hidden = true;
    }
  }
}
