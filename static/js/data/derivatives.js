// The derivatives that the picture of memory shows.

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
    sign: "∏ f, ∏ z",
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
