// The sheet to share and save: the address, the call behind the picture, and files.

import { fetchFile } from "../data/api.js";
import { boot } from "../data/boot.js";
import { limitInWords, limitsOf } from "../data/limits.js";
import { shortForm } from "../data/short_form.js";
import { called, nounOf } from "../data/written.js";
import { asCurl, asPython } from "../export/code_snippets.js";
import { asHtml } from "../export/html_file.js";
import { screenSvg } from "../export/screen_file.js";
import { asPng, asSvg } from "../export/svg_file.js";
import { byId } from "../kit/dom.js";
import { Download } from "./download.js";
import { linkToFewer } from "./fewer_steps.js";

/** @typedef {import("./picture.js").Picture} Picture */

const MOST_ROWS = 14; // of a box

export class ShareSheet {
  /**
   * @param {Picture} picture
   * @param {Element} screen the element that holds the first screen
   * @param {() => string} link to the picture
   * @param {import("./fewer_steps.js").FewerSteps} fewerSteps
   */
  constructor(picture, screen, link, fewerSteps) {
    this.picture = picture;
    this.screen = screen;
    this.link = link;
    this.fewerSteps = fewerSteps;
    /** Shows how much of a file has come. */
    this.download = new Download();
    this.sheet = /** @type {HTMLDialogElement} */ (byId("share"));
    this.status = byId("share-status");
    /** How often the sheet was opened. */
    this.opened = 0;
    /** What does not fit, and what does. */
    this.limit = byId("share-limit");
    byId("show-share").addEventListener("click", () => this.open());
    this.sheet.addEventListener("click", ({ target }) => {
      const { copy, save, picture } = target instanceof HTMLElement ? target.dataset : {};
      if (target instanceof HTMLElement && target.ariaDisabled === "true") {
        this.status.textContent = this.limit.textContent;
        return;
      }
      if (copy) this.#copy(/** @type {HTMLTextAreaElement} */ (byId(copy)));
      if (save) this.#save(save, false);
      if (picture) this.#save(picture, true);
    });
  }

  /** Show the sheet of what is in sight. */
  open() {
    const { traces, lanes, current } = this.picture;
    const [first] = traces;
    const isPart = first && first.tokens.length < first.steps;
    this.status.textContent = isPart ? `CSV, NPZ and the calls hold the ${nounOf(first.model)}s in sight, ${first.start + 1} to ${first.stop} of ${first.steps.toLocaleString("en")}, with all layers.` : "";
    const link = this.link();
    this.#write("share-link", link);
    byId("share-without").hidden = new URL(link).searchParams.get("example") !== "none";
    this.#write("share-curl", traces.map((trace) => asCurl(location.origin, trace)).join("\n"));
    const layer = /** @type {import("../data/decoded_trace.js").DecodedLayer} */ (lanes.find(({ trace }) => trace)?.layer);
    this.#write("share-python", traces.length ? asPython(location.origin, traces[0], layer, Math.min(current.unit, layer.units - 1)) : "");
    this.#showLimit("");
    this.sheet.showModal();
    this.#sayWhatFits(traces);
  }

  /**
   * Say beforehand if the numbers in sight do not fit into one answer, in which case their file cannot be saved.
   * @param {import("../data/decoded_trace.js").DecodedTrace[]} traces
   */
  async #sayWhatFits(traces) {
    this.opened += 1;
    const { opened } = this;
    /** @type {import("../data/limits.js").MemoryFit["limit"]} */
    let limit = null;
    let [steps, wanted, noun] = [Infinity, 0, ""];
    const [first] = traces;
    try {
      for (const { model, start, stop } of traces) {
        const { trace } = await limitsOf(model, { steps: stop - start, top: model.top });
        if (trace.limit && trace.steps < steps) [limit, steps, wanted, noun] = [trace.limit, trace.steps, stop - start, nounOf(model)];
      }
    } catch {
      return; // the download will say what is wrong
    }
    if (opened !== this.opened || !limit) return;
    const fits = steps ? `${steps} ${noun}${steps === 1 ? "" : "s"} fit` : `not even one ${noun} fits`;
    this.#showLimit(`NPZ does not fit: ${limitInWords(limit, `all ${wanted} ${noun}s in sight`)}; ${fits}. The same holds for the calls above, which take JSON. CSV has no such limit.`);
    const isOfOneText = traces.every(({ text }) => text === first.text);
    const link = isOfOneText ? linkToFewer(first, steps, { ...this.fewerSteps, onLink: (address) => (this.sheet.close(), this.fewerSteps.onLink(address)) }) : null;
    if (link) this.limit.append(" ", link);
  }

  /** @param {string} says what does not fit; empty if all does */
  #showLimit(says) {
    this.limit.textContent = says;
    this.limit.hidden = says === "";
    const button = /** @type {HTMLElement} */ (this.sheet.querySelector('[data-save="npz"]'));
    for (const name of ["aria-disabled", "aria-describedby"]) button.removeAttribute(name);
    if (!says) return;
    button.setAttribute("aria-disabled", "true");
    button.setAttribute("aria-describedby", this.limit.id);
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  #write(id, text) {
    const element = /** @type {HTMLTextAreaElement} */ (byId(id));
    element.value = text;
    element.rows = Math.min(MOST_ROWS, text.split("\n").length);
  }

  /**
   * Copy a text, or leave it selected: a page served over plain http has no clipboard.
   * @param {HTMLTextAreaElement} element
   */
  async #copy(element) {
    element.select();
    try {
      await navigator.clipboard.writeText(element.value);
      this.status.textContent = "Copied.";
    } catch {
      this.status.textContent = "It is selected: press Ctrl+C (on a Mac, ⌘C).";
    }
  }

  /**
   * @param {string} kind
   * @param {boolean} isScreen whether the first screen is saved, not the heatmaps
   */
  async #save(kind, isScreen) {
    if (this.download.isRunning && kind in boot.files) {
      this.status.textContent = "Another file of numbers is on its way: wait for it, or cancel it.";
      return;
    }
    this.status.textContent = "The file is being made.";
    try {
      for (const { name, blob } of await this.#files(kind, isScreen)) {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(blob);
        link.download = `gatescope-${name}.${kind}`;
        link.click();
          // The download has begun by then; in Firefox the address must outlive the click.
        setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      }
      this.status.textContent = "";
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") this.status.textContent = "Cancelled: nothing was saved.";
      else this.status.textContent = `The file could not be made: ${error instanceof Error ? error.message : error}.`;
    }
  }

  /**
   * The numbers as the API gives them, a file for each reading; or the pictures, all in one.
   * @param {string} kind
   * @param {boolean} isScreen
   * @returns {Promise<{name: string, blob: Blob}[]>}
   */
  async #files(kind, isScreen) {
    const { traces } = this.picture;
    if (traces.length === 0) throw new Error("there is no picture yet: type or paste what the model reads");
    const names = traces.map(({ model: { id }, edits }, at) => {
      const isOneOfTwo = traces.filter(({ model }) => model.id === id).length > 1;
      return `${id}${isOneOfTwo ? `-${at + 1}` : ""}${edits.length ? "-edited" : ""}`;
    });
    const name = `${traces[0].model.id}${traces.some(({ edits }) => edits.length) ? "-edited" : ""}`;
    if (isScreen) return [{ name: `${name}-memory`, blob: await this.#screen(kind) }];
    if (!(kind in boot.files)) return [{ name, blob: await this.#pictures(kind) }];
    const lines = kind === "csv" ? traces.reduce((sum, trace) => sum + linesOfCsv(trace), 0) : null;
    return this.download.run(lines, (signal, onPart) =>
      Promise.all(traces.map(async (trace, at) => ({ name: names[at], blob: await fetchFile(trace, boot.files[kind], signal, onPart) }))),
    );
  }

  /** What the pictures are of. */
  get #title() {
    return this.picture.traces.map(({ model, text }) => `${model.id}: ${called(model, text)}`).join(" · ");
  }

  /**
   * @param {string} kind
   * @returns {Promise<Blob>}
   */
  async #screen(kind) {
    const svg = screenSvg(this.screen, this.#title);
    return kind === "png" ? asPng(svg) : new Blob([svg], { type: "image/svg+xml" });
  }

  /**
   * @param {string} kind
   * @returns {Promise<Blob>}
   */
  async #pictures(kind) {
    const { traces, lanes } = this.picture;
    const title = this.#title;
    const token = nounOf(traces[0].model);
    const edited = editedOf(traces);
    const filled = lanes.filter(({ layer }) => layer !== null); // a dimmed lane shows an earlier text
    if (kind === "html") {
      const sheets = filled.flatMap(({ panels }) => panels.sheets);
      return new Blob([await asHtml(title, [`Made with Gatescope: ${this.link()}`, edited].filter(Boolean).join(" · "), sheets, token, this.screen)], { type: "text/html" });
    }
    const svg = asSvg(
      title,
      filled.map((lane) => ({ ...lane.summary, token, columns: lane.panels.columns, drawings: lane.panels.drawn })),
      edited,
    );
    return kind === "png" ? asPng(svg) : new Blob([svg], { type: "image/svg+xml" });
  }
}

/**
 * How many lines a trace has as CSV: one for each number, with all layers, and one for their names.
 * @param {import("../data/decoded_trace.js").DecodedTrace} trace
 */
function linesOfCsv({ model, start, stop, layers }) {
  return (stop - start) * layers.length * model.hidden_size * model.activations.length + 1;
}

/**
 * What was edited in traces; empty for nothing.
 * @param {import("../data/decoded_trace.js").DecodedTrace[]} traces
 */
function editedOf(traces) {
  const edited = traces.filter(({ edits }) => edits.length);
  const lists = edited.map(({ model, edits }) => `${traces.length > 1 ? `${model.title} ` : ""}${shortForm(edits.map((edit) => ({ edit, on: true })))}`);
  return lists.length ? `Edited (hatched): ${lists.join(", ")}.` : "";
}
