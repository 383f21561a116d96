// The derivatives that the picture of memory shows.

import { cellOf } from "./boot.js";

/** @typedef {keyof typeof DERIVATIVES} Derivative */

/** The name of each, its formula, what it says, and the part of an answer that holds it. */
export const DERIVATIVES = {
  states: {
    name: "states by earlier states",
    sign: "‖∂sₜ/∂sₖ‖ : ‖∂sₖ/∂sₖ‖",
    says: "how much of a small change of the state after word k is left after word t, as the root mean square over all directions; the state is h, of an LSTM h and c",
    part: "states",
  },
  kept: {
    name: "the cell’s own path only",
    sign: "", // that of each cell
    says: "the same with gates and candidate held as they are, so that the state is only multiplied by the gate that keeps it",
    part: "states",
  },
  inputs: {
    name: "hidden states by inputs",
    sign: "‖∂hₜ/∂xₖ‖",
    says: "how much the hidden state after word t depends on what came in at word k",
    part: "inputs",
  },
  words: {
    name: "outputs by words",
    sign: "‖∂yₜ/∂eₖ‖",
    says: "how much what the network says after word t depends on the embedding of word k",
    part: "words",
  },
};

/**
 * The formula of a derivative, for the cells of some models; its name where no gate of theirs keeps anything.
 * @param {Derivative} derivative
 * @param {{variant: string}[]} models
 */
export function signOf(derivative, models) {
  if (derivative !== "kept") return DERIVATIVES[derivative].sign;
  const kept = new Set(models.flatMap((model) => cellOf(model).keeps ?? []));
  return [...kept].map((share) => `∏ ${share}`).join(", ") || DERIVATIVES.kept.name;
}
