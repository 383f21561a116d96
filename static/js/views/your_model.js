// The sheet on the visitor's own model: a file that becomes one, and the removal of those that were imported.

import { Question, importFiles, removeModel } from "../data/imports.js";
import { button, byId, make } from "../kit/dom.js";
import { root } from "../kit/root.js";

export class YourModel {
  /** @param {() => string} current the model that is shown */
  constructor(current) {
    this.current = current;
    this.sheet = /** @type {HTMLDialogElement} */ (byId("your-model"));
    for (const opener of document.querySelectorAll("[data-opens=your-model]")) opener.addEventListener("click", () => this.sheet.showModal());
    for (const element of this.sheet.querySelectorAll("[data-remove]")) askTwice(/** @type {HTMLButtonElement} */ (element), (name) => this.#remove(name));
    /** @type {HTMLInputElement | null} where this visitor needs a token */
    this.token = this.sheet.querySelector("#import-token");
    if (this.token) byId("token-in-the-open").hidden = isSecureContext;
    if (byId("import")) this.#takeFiles();
  }

  #takeFiles() {
    this.form = /** @type {HTMLFormElement} */ (byId("import"));
    this.files = /** @type {HTMLInputElement} */ (byId("import-files"));
    this.name = /** @type {HTMLInputElement} */ (byId("import-name"));
    this.progress = /** @type {HTMLProgressElement} */ (byId("import-progress"));
    /** @type {Map<string, string>} */
    this.answers = new Map();
    this.kept = ""; // of the files that were chosen, on the server
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#import();
    });
    this.files.addEventListener("change", () => this.#propose());
    for (const id of ["import-vocabulary", "import-columns"]) byId(id).addEventListener("change", () => (this.kept = ""));
    const drop = byId("drop");
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // else the browser would open the file in the place of the page
      if (!this.sheet.open) this.sheet.showModal();
      drop.classList.toggle("over", event.target instanceof Node && drop.contains(event.target));
    });
    document.addEventListener("dragleave", () => drop.classList.remove("over"));
    document.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      drop.classList.remove("over");
      if (this.files) this.files.files = event.dataTransfer.files;
      this.#propose();
    });
  }

  /** Propose a name for the files that were chosen, and forget what was said of others. */
  #propose() {
    const [first] = this.files?.files ?? [];
    if (!first || !this.name) return;
    this.answers = new Map();
    this.kept = "";
    this.#tell("");
    byId("import-question").hidden = true;
    this.name.value = first.name.replace(/\.[^.]*$/, "").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[._-]+|[._-]+$/g, "").slice(0, 100) || "model";
  }

  async #import() {
    const files = [...(this.files?.files ?? [])];
    const limit = Number(this.form?.dataset.limit);
    const size = files.reduce((sum, file) => sum + file.size, 0);
    if (size > limit) return this.#tell(`${size.toLocaleString("en")} bytes are more than the ${limit.toLocaleString("en")} that this server takes: “gatescope import” on the machine itself takes any file.`);
    const answer = /** @type {HTMLInputElement | null} */ (byId("import-choices").querySelector("input:checked"));
    if (answer && !byId("import-question").hidden) this.answers?.set(answer.name, answer.value);
    this.#tell("");
    const running = new AbortController();
    const cancel = byId("import-cancel");
    cancel.addEventListener("click", () => running.abort(), { signal: running.signal });
    this.sheet.addEventListener("close", () => running.abort(), { signal: running.signal });
    this.#setBusy(true);
    const [vocabulary, columns] = ["import-vocabulary", "import-columns"].map(fileOf);
    try {
      const model = await importFiles(
        { files, vocabulary, columns, name: valueOf("import-name"), module: valueOf("import-module"), answers: this.#answers(), kept: this.kept ?? "", token: this.#token() },
        { onSent: (share) => this.#show(share / 2, "sending"), onDone: (share) => this.#show(0.5 + share / 2, "reading and proving") },
        running.signal,
      );
      location.assign(`${root}/?${new URLSearchParams({ model: model.id })}`);
    } catch (error) {
      if (error instanceof Question) this.#ask(error);
      else if (running.signal.aborted) this.#tell("The import was cancelled; nothing of it was kept.");
      else if (error instanceof TypeError) this.#tell(await whyNotSent([...files, ...[vocabulary, columns].filter((file) => file !== null)]));
      else this.#tell(error instanceof Error ? error.message : String(error));
    } finally {
      this.#setBusy(false);
    }
  }

  /** What was answered, and what was said unasked: an answer to a question replaces the one that it was asked about. */
  #answers() {
    const unasked = valueOf("import-answers").split(/\s+/).filter((each) => each && !this.answers?.has(each.split("=")[0]));
    return [...[...(this.answers ?? [])].map((pair) => pair.join("=")), ...unasked];
  }

  /** @param {Question} asked */
  #ask({ message, question, choices, kept }) {
    this.#tell(message);
    this.kept = kept;
    byId("import-asks").textContent = question;
    const made = choices.map((choice) => make("label", {}, make("input", { type: "radio", name: question, value: choice, required: "" }), ` ${choice}`));
    byId("import-choices").replaceChildren(...made);
    byId("import-question").hidden = false;
    made[0]?.querySelector("input")?.focus();
  }

  #token() {
    return this.token?.value.trim() ?? "";
  }

  /** @param {string} name */
  async #remove(name) {
    if (this.token && !this.token.reportValidity()) return;
    try {
      await removeModel(name, this.#token());
      if (this.current() === name) location.assign(`${root}/`);
      else location.reload();
    } catch (error) {
      byId("remove-problem").textContent = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {boolean} isBusy */
  #setBusy(isBusy) {
    const start = /** @type {HTMLButtonElement} */ (byId("import-start"));
    const isFocused = document.activeElement === (isBusy ? start : byId("import-cancel"));
    byId("import-busy").hidden = !isBusy;
    start.disabled = isBusy;
    if (isFocused) byId(isBusy ? "import-cancel" : "import-start").focus(); // a button that is disabled or hidden loses it
    if (isBusy) this.#show(0, "sending");
  }

  /**
   * @param {number} share
   * @param {string} stage
   */
  #show(share, stage) {
    if (this.progress) this.progress.value = share;
    byId("import-stage").textContent = stage;
  }

  /** @param {string} problem */
  #tell(problem) {
    byId("import-problem").textContent = problem;
  }
}

/** @param {string} id of an input that takes one file */
function fileOf(id) {
  return /** @type {HTMLInputElement} */ (byId(id)).files?.[0] ?? null;
}

/**
 * Why files did not arrive: the browser tells no difference between a server that is gone and a file that is.
 * @param {File[]} files
 */
async function whyNotSent(files) {
  for (const file of files) {
    try {
      const reader = file.stream().getReader(); // a slice of a file that is gone is empty, without an error
      await reader.read();
      await reader.cancel();
    } catch {
      return `${file.name} cannot be read: it is a folder, or was changed or moved after it was chosen. Choose it again; of a folder, choose its files.`;
    }
  }
  return "The server cannot be reached, or broke off. Nothing was kept.";
}

/** @param {string} id of an input */
function valueOf(id) {
  return /** @type {HTMLInputElement} */ (byId(id)).value.trim();
}

/**
 * Let a button do what cannot be undone only at the second click.
 * @param {HTMLButtonElement} element
 * @param {(name: string) => void} act
 */
function askTwice(element, act) {
  const { remove: name = "" } = element.dataset;
  element.addEventListener("click", () => {
    const sure = button("link", `remove ${name} for everyone`, () => act(name));
    element.replaceWith(sure);
    sure.focus();
  });
}
