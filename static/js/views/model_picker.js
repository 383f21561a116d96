// The choice of task, model and comparison, the examples, and the units with a name.

import { button, byId, make } from "../kit/dom.js";
import { root } from "../kit/root.js";
import { describe } from "./inspector.js";

/** @typedef {import("../data/api_types.d.ts").NamedUnit} NamedUnit */
/** @typedef {import("../state.js").State} State */

const LONGEST_TITLE = 60; // characters of a text, in the title of the document

export class ModelPicker {
  /**
   * @param {import("../data/model_library.js").ModelLibrary} library
   * @param {{onModel: (id: string) => void, onTask: (task: string) => void, onCompare: (compare: State["compare"]) => void, onExample: (text: string) => void, onUnit: (unit: NamedUnit) => void}} handlers
   */
  constructor(library, { onModel, onTask, onCompare, onExample, onUnit }) {
    this.library = library;
    this.onExample = onExample;
    this.onUnit = onUnit;
    this.task = /** @type {HTMLSelectElement} */ (byId("task"));
    this.compare = /** @type {HTMLSelectElement} */ (byId("compare"));
    this.models = byId("models");
    this.task.addEventListener("change", () => onTask(this.task.value));
    this.compare.addEventListener("change", () => onCompare(/** @type {State["compare"]} */ (this.compare.value)));
    this.models.addEventListener("change", ({ target }) => onModel(/** @type {HTMLInputElement} */ (target).value));
  }

  /** @param {State} state */
  show(state) {
    const model = this.library.model(state.model);
    const siblings = this.library.task(model.task);
    const text = [...state.text];
    const cut = text.length > LONGEST_TITLE ? `${text.slice(0, LONGEST_TITLE - 1).join("")}…` : state.text;
    document.title = [cut && `“${cut}”`, model.title, "Gatescope"].filter(Boolean).join(" · ");
    this.task.value = model.task;
    this.compare.value = state.compare;
    this.#showModels(siblings, model.id);
    /** @type {HTMLAnchorElement} */ (byId("card")).href = `${root}/models/${encodeURIComponent(model.id)}/card`;
    byId("meaning").textContent = model.description;
    const proof = /** @type {HTMLAnchorElement} */ (byId("proof"));
    proof.hidden = !model.is_imported;
    proof.href = `${root}/models/${encodeURIComponent(model.id)}/card#imported`;
    byId("second").hidden = state.compare !== "text";
    byId("examples").replaceChildren(...model.examples.map((text) => this.#example(text)));
    byId("named").hidden = model.units.length === 0;
    byId("units").replaceChildren(
      ...model.units.map((unit) => {
        const link = button("link", unit.feature, () => this.onUnit(unit));
        link.title = `Unit ${unit.unit}: ${describe(unit)}`;
        link.append(" ", make("var", {}, `${unit.activation}${unit.unit}`));
        if (unit.close && unit.close > 1) link.append(`, one of ${unit.close}`);
        return link;
      }),
    );
  }

  /**
   * @param {import("../data/api_types.d.ts").Model[]} siblings
   * @param {string} chosen
   */
  #showModels(siblings, chosen) {
    const inputs = /** @type {HTMLInputElement[]} */ ([...this.models.querySelectorAll("input")]);
    if (inputs.map((input) => input.value).join("\n") !== siblings.map(({ id }) => id).join("\n")) {
      const labels = siblings.map(({ id, title }) => {
        const input = make("input", { type: "radio", name: "model", value: id, autocomplete: "off" });
        return make("label", {}, input, make("span", {}, title));
      });
      this.models.replaceChildren(/** @type {Node} */ (this.models.firstElementChild), ...labels);
    }
    for (const input of this.models.querySelectorAll("input")) input.checked = input.value === chosen;
  }

  /** @param {string} text */
  #example(text) {
    return button("link", text, () => {
      /** @type {HTMLDetailsElement} */ (byId("presets")).open = false;
      this.onExample(text);
    });
  }
}
