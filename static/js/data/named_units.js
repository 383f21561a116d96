// The units that an address names. Which they are depends on the weights: trained anew, a model has others.

import { unitsInWords } from "./edit_words.js";
import { operationOf } from "./short_form.js";

/** @typedef {import("./api_types.d.ts").Model} Model */

/**
 * The numbers of the units that a state names: the pinned one, and those of its edits.
 * @param {{unit: number | null, edits: import("./edits.js").ListedEdit[]}} state
 * @returns {number[]}
 */
export function namedUnits({ unit, edits }) {
  const edited = edits.flatMap(({ edit }) => edit.units ?? unitsWithValues(edit));
  return [...new Set(unit === null ? edited : [unit, ...edited])].sort((a, b) => a - b);
}

/**
 * The short ids of the weights of models, as an address holds them.
 * @param {Model[]} models
 */
export function weightsOf(models) {
  return models.map(({ weights_id: id }) => id).join("-");
}

/**
 * What to say of an address that was made with other weights; nothing where they are the same or not known.
 * @param {string} weights as the address holds them
 * @param {Model[]} models in which its units are shown, in the order in which they would be written
 * @param {number[]} units
 */
export function changedWeights(weights, models, units) {
  if (!weights || units.length === 0) return "";
  const known = weights.split("-");
  const changed = models.slice(0, known.length).filter(({ weights_id: id }) => !known.includes(id));
  if (changed.length === 0) return "";
  const names = changed.map(({ id }) => id).join(", ").replace(/, ([^,]*)$/, " and $1");
  return `This link was made with other weights of ${names}: ${unitsInWords(units)} may be ${units.length === 1 ? "another one" : "others"} now.`;
}

/**
 * The units of an edit that has a value for each of all units.
 * @param {import("./edits.js").Edit} edit
 */
function unitsWithValues(edit) {
  const [, value] = operationOf(edit);
  return Array.isArray(value) ? [...value.keys()] : [];
}
