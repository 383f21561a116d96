// The address of what is asked for: written as it changes, with the weights of the models whose units it names.

import { allOff } from "../data/edits.js";
import { changedWeights, namedUnits, weightsOf } from "../data/named_units.js";
import { addressOf, needsLayer, remember } from "../state.js";
import { library, session, state } from "./session.js";

/** @typedef {import("../state.js").State} State */

/** What the ids of weights in the address are about, as `unitsInAddress` gives it. */
let addressUnits = "";

/** The state as an address holds it: as long as it is not known where the words of edits are in its text, they are off. */
function addressed() {
  return state.text === session.reference.text ? state : { ...state, edits: allOff(state.edits) };
}

/** The models in which a unit of the state is shown, the chosen one first. */
function shownModels() {
  return [...new Set([library.model(state.model), ...library.lanes(state).map(({ model }) => model)])];
}

/** The weights whose units the state names, as a new address holds them. */
function presentWeights() {
  return namedUnits(state).length ? weightsOf(shownModels()) : "";
}

/** The units that the state names, and the models whose they are: what the ids of weights in its address are about. */
function unitsInAddress() {
  return JSON.stringify([namedUnits(state), shownModels().map(({ id }) => id)]);
}

/** The address to share, with the weights of today. */
export function sharedAddress() {
  return new URL(addressOf({ ...addressed(), sha: presentWeights() }), location.href).href;
}

/**
 * Take over the weights of an address that the state has been read from.
 * @param {Partial<State>} stated
 * @param {boolean} isOfThisPage whether the page itself has made it
 */
export function openWeights({ model = state.model, sha = "" }, isOfThisPage) {
  state.sha = (model === state.model && sha) || (isOfThisPage ? presentWeights() : "");
  addressUnits = unitsInAddress();
}

/**
 * Write the state into the address. As long as that names the units that it was opened with, it keeps their weights too:
 * loaded again, the page then says the same of them.
 * @param {boolean} [isNewEntry]
 */
export function keepAddress(isNewEntry) {
  const [trace] = session.shown.traces;
  if (trace && trace.layers.length > 1 && needsLayer(state)) state.layer = trace.placeOfLayer(null);
  if (unitsInAddress() !== addressUnits) openWeights({}, true);
  remember(addressed(), isNewEntry);
}

/** What to say where the state is from an address that was made with other weights. */
export function weightsRemark() {
  return changedWeights(state.sha, shownModels(), namedUnits(state));
}
