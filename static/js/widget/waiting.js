// What the widget says of the kernel: that it waits, that there may be none, or what was wrong with a question.

const PATIENCE = 1500; // ms without an answer until the widget says that it waits
const LONG = 8000; // ms until it says what the reason may be
const WAITS = "Waiting for the kernel …";
const GONE = "The kernel has not answered: it is busy, or it was restarted or closed. The picture stays as it is; after a restart, run the cell again.";

export class Waiting {
  /** @param {HTMLElement} element that is announced */
  constructor(element) {
    this.element = element;
    /** What was wrong, to be said again once nothing is awaited. */
    this.problem = "";
    this.count = 0;
    /** @type {ReturnType<typeof setTimeout>[]} */
    this.timers = [];
  }

  /** @param {string} problem "" for none */
  say(problem) {
    this.problem = problem;
    if (this.count === 0) this.#write(problem);
  }

  /**
   * Await an answer, and say so if it takes long. Where no kernel hears the question, that is the problem that it answers.
   * @template T
   * @param {Promise<T>} answer
   */
  async during(answer) {
    this.count += 1;
    this.stop();
    this.timers = [setTimeout(() => this.#write(WAITS), PATIENCE), setTimeout(() => this.#write(GONE), LONG)];
    try {
      return await answer;
    } catch {
      return { answer: { problem: GONE } };
    } finally {
      this.count -= 1;
      if (this.count === 0) {
        this.stop();
        this.#write(this.problem);
      }
    }
  }

  /** Say nothing more. */
  stop() {
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** @param {string} text */
  #write(text) {
    if (this.element.textContent !== text) this.element.textContent = text; // what is made anew is announced
  }
}
