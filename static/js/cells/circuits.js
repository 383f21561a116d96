// The circuit of each cell, as data: nodes at their places, and the wires between them. A drawing is 340 wide.

/**
 * A node stands for what comes out of it: a quantity of the step, by the key that a `Step` has for it, or something on
 * the way. `sign` is written in it, `letter` gives the hue of its wires. By what it `is`:
 * - in, out: an end of the drawing
 * - branch: a dot; what comes in goes on more than one way
 * - join: a dot; the vectors that come in go on as one, end to end
 * - layer: a box with weights and biases of its own: σ, tanh and relu of W·x + U·h + b, or only W·x + b, written W, or U·h + b′, written U
 * - operator: what is done unit by unit: ⊙, +, 1− and tanh
 * @typedef {object} Node
 * @property {"in" | "out" | "branch" | "join" | "layer" | "operator"} is
 * @property {number} x of its middle
 * @property {number} y
 * @property {string} [sign]
 * @property {string} [letter]
 */

/**
 * @typedef {{from: string, to: string, via?: [number, number][]}} Wire `via`: its corners
 * @typedef {{of: string, x: number, y: number, name: string, anchor?: string}} Label of what a node gives
 * @typedef {object} Circuit
 * @property {string} name
 * @property {number} height
 * @property {Record<string, Node>} nodes
 * @property {Wire[]} wires
 * @property {Label[]} figures with the number of one unit
 * @property {Label[]} terms without: a trace does not hold them
 * @property {{x: number, y: number}} word where the input is named
 */

/** @type {Circuit} */
const RNN = {
  name: "RNN cell",
  height: 130,
  nodes: {
    "h-": { is: "in", x: 4, y: 70, letter: "h" },
    x: { is: "in", x: 70, y: 112 },
    "[h-, x]": { is: "join", x: 70, y: 70 },
    h: { is: "layer", x: 170, y: 70, sign: "tanh", letter: "h" },
    "h out": { is: "out", x: 336, y: 70 },
  },
  wires: [
    { from: "h-", to: "[h-, x]" },
    { from: "x", to: "[h-, x]" },
    { from: "[h-, x]", to: "h" },
    { from: "h", to: "h out" },
  ],
  figures: [
    { of: "h-", x: 4, y: 58, name: "hₜ₋₁" },
    { of: "a", x: 170, y: 98, name: "a", anchor: "middle" }, // in the box: what it takes the function of
    { of: "h", x: 336, y: 58, name: "hₜ", anchor: "end" },
  ],
  terms: [],
  word: { x: 78, y: 114 },
};

/** @type {Record<string, Circuit>} */
export const CIRCUITS = {
  lstm: {
    name: "LSTM cell",
    height: 246,
    nodes: {
      "c-": { is: "in", x: 4, y: 40, letter: "c" },
      "h-": { is: "in", x: 4, y: 208, letter: "h" },
      x: { is: "in", x: 52, y: 236 },
      "[h-, x]": { is: "join", x: 52, y: 208 },
      "dot f": { is: "branch", x: 95, y: 208 },
      "dot i": { is: "branch", x: 150, y: 208 },
      "dot g": { is: "branch", x: 200, y: 208 },
      f: { is: "layer", x: 95, y: 170, sign: "σ", letter: "f" },
      i: { is: "layer", x: 150, y: 170, sign: "σ", letter: "i" },
      g: { is: "layer", x: 200, y: 170, sign: "tanh", letter: "g" },
      o: { is: "layer", x: 250, y: 170, sign: "σ", letter: "o" },
      "f·c": { is: "operator", x: 95, y: 40, sign: "⊙", letter: "c" },
      "i·g": { is: "operator", x: 200, y: 100, sign: "⊙" },
      c: { is: "operator", x: 200, y: 40, sign: "+", letter: "c" },
      "dot c": { is: "branch", x: 306, y: 40 },
      "tanh c": { is: "operator", x: 306, y: 80, sign: "tanh" },
      h: { is: "operator", x: 306, y: 170, sign: "⊙", letter: "h" },
      "c out": { is: "out", x: 336, y: 40 },
      "h out": { is: "out", x: 336, y: 208 },
    },
    wires: [
      { from: "c-", to: "f·c" },
      { from: "f·c", to: "c" },
      { from: "c", to: "dot c" },
      { from: "dot c", to: "c out" },
      { from: "h-", to: "[h-, x]" },
      { from: "x", to: "[h-, x]" },
      { from: "[h-, x]", to: "dot f" },
      { from: "dot f", to: "dot i" },
      { from: "dot i", to: "dot g" },
      { from: "dot f", to: "f" },
      { from: "dot i", to: "i" },
      { from: "dot g", to: "g" },
      { from: "dot g", to: "o", via: [[250, 208]] },
      { from: "f", to: "f·c" },
      { from: "i", to: "i·g", via: [[150, 100]] },
      { from: "g", to: "i·g" },
      { from: "i·g", to: "c" },
      { from: "dot c", to: "tanh c" },
      { from: "tanh c", to: "h" },
      { from: "o", to: "h" },
      { from: "h", to: "h out", via: [[306, 208]] },
    ],
    figures: [
      { of: "c-", x: 4, y: 30, name: "cₜ₋₁" },
      { of: "f·c", x: 148, y: 30, name: "f·c", anchor: "middle" },
      { of: "c", x: 336, y: 30, name: "cₜ", anchor: "end" },
      { of: "f", x: 91, y: 112, name: "f", anchor: "end" },
      { of: "i", x: 146, y: 134, name: "i", anchor: "end" },
      { of: "g", x: 205, y: 135, name: "g" },
      { of: "i·g", x: 205, y: 74, name: "i·g" },
      { of: "tanh c", x: 302, y: 114, name: "tanh c", anchor: "end" },
      { of: "o", x: 254, y: 151, name: "o" },
      { of: "h-", x: 4, y: 198, name: "hₜ₋₁" },
      { of: "h", x: 336, y: 226, name: "hₜ", anchor: "end" },
    ],
    terms: [],
    word: { x: 60, y: 240 },
  },
  gru: {
    name: "GRU cell",
    height: 286,
    nodes: {
      "h-": { is: "in", x: 4, y: 40, letter: "h" },
      x: { is: "in", x: 56, y: 276 },
      "dot h-": { is: "branch", x: 26, y: 40 },
      "dot u": { is: "branch", x: 124, y: 40 },
      "dot x": { is: "branch", x: 56, y: 260 },
      "[h-, x]": { is: "join", x: 56, y: 240 },
      "dot r": { is: "branch", x: 84, y: 240 },
      r: { is: "layer", x: 84, y: 204, sign: "σ", letter: "r" },
      z: { is: "layer", x: 184, y: 204, sign: "σ", letter: "z" },
      w: { is: "layer", x: 268, y: 204, sign: "W", letter: "n" },
      u: { is: "layer", x: 124, y: 90, sign: "U", letter: "n" },
      "r·u": { is: "operator", x: 124, y: 160, sign: "⊙" },
      "w + r·u": { is: "operator", x: 268, y: 160, sign: "+" },
      n: { is: "operator", x: 268, y: 126, sign: "tanh", letter: "n" },
      "dot z": { is: "branch", x: 184, y: 84 },
      "1−z": { is: "operator", x: 224, y: 84, sign: "1−", letter: "z" },
      "(1−z)·n": { is: "operator", x: 268, y: 84, sign: "⊙" },
      "z·h": { is: "operator", x: 184, y: 40, sign: "⊙", letter: "h" },
      h: { is: "operator", x: 268, y: 40, sign: "+", letter: "h" },
      "h out": { is: "out", x: 336, y: 40 },
    },
    wires: [
      { from: "h-", to: "dot h-" },
      { from: "dot h-", to: "dot u" },
      { from: "dot u", to: "z·h" },
      { from: "z·h", to: "h" },
      { from: "h", to: "h out" },
      { from: "dot h-", to: "[h-, x]", via: [[26, 240]] },
      { from: "x", to: "dot x" },
      { from: "dot x", to: "[h-, x]" },
      { from: "dot x", to: "w", via: [[268, 260]] },
      { from: "[h-, x]", to: "dot r" },
      { from: "dot r", to: "r" },
      { from: "dot r", to: "z", via: [[184, 240]] },
      { from: "dot u", to: "u" },
      { from: "u", to: "r·u" },
      { from: "r", to: "r·u", via: [[84, 160]] },
      { from: "r·u", to: "w + r·u" },
      { from: "w", to: "w + r·u" },
      { from: "w + r·u", to: "n" },
      { from: "z", to: "dot z" },
      { from: "dot z", to: "z·h" },
      { from: "dot z", to: "1−z" },
      { from: "1−z", to: "(1−z)·n" },
      { from: "n", to: "(1−z)·n" },
      { from: "(1−z)·n", to: "h" },
    ],
    figures: [
      { of: "h-", x: 4, y: 30, name: "hₜ₋₁" },
      { of: "z·h", x: 226, y: 30, name: "z·h", anchor: "middle" },
      { of: "h", x: 336, y: 30, name: "hₜ", anchor: "end" },
      { of: "r", x: 80, y: 180, name: "r", anchor: "end" },
      { of: "z", x: 188, y: 132, name: "z" },
      { of: "1−z", x: 224, y: 110, name: "1−z", anchor: "middle" },
      { of: "n", x: 273, y: 107, name: "n" },
      { of: "(1−z)·n", x: 273, y: 66, name: "" },
    ],
    terms: [
      { of: "u", x: 129, y: 126, name: "U·h + b′" },
      { of: "r·u", x: 222, y: 154, name: "r·(U·h + b′)", anchor: "middle" },
      { of: "w", x: 273, y: 184, name: "W·x + b" },
    ],
    word: { x: 64, y: 280 },
  },
  "reset-before gru": {
    name: "GRU cell with its reset before the product",
    height: 250,
    nodes: {
      "h-": { is: "in", x: 4, y: 40, letter: "h" },
      x: { is: "in", x: 56, y: 240 },
      "dot h-": { is: "branch", x: 26, y: 40 },
      "dot r·h": { is: "branch", x: 110, y: 40 },
      "dot x": { is: "branch", x: 56, y: 226 },
      "[h-, x]": { is: "join", x: 56, y: 206 },
      "[r·h, x]": { is: "join", x: 268, y: 206 },
      "dot r": { is: "branch", x: 74, y: 206 },
      r: { is: "layer", x: 74, y: 170, sign: "σ", letter: "r" },
      z: { is: "layer", x: 184, y: 170, sign: "σ", letter: "z" },
      n: { is: "layer", x: 268, y: 170, sign: "tanh", letter: "n" },
      "r·h": { is: "operator", x: 110, y: 128, sign: "⊙" },
      "dot z": { is: "branch", x: 184, y: 84 },
      "1−z": { is: "operator", x: 224, y: 84, sign: "1−", letter: "z" },
      "(1−z)·n": { is: "operator", x: 268, y: 84, sign: "⊙" },
      "z·h": { is: "operator", x: 184, y: 40, sign: "⊙", letter: "h" },
      h: { is: "operator", x: 268, y: 40, sign: "+", letter: "h" },
      "h out": { is: "out", x: 336, y: 40 },
    },
    wires: [
      { from: "h-", to: "dot h-" },
      { from: "dot h-", to: "dot r·h" },
      { from: "dot r·h", to: "z·h" },
      { from: "z·h", to: "h" },
      { from: "h", to: "h out" },
      { from: "dot h-", to: "[h-, x]", via: [[26, 206]] },
      { from: "x", to: "dot x" },
      { from: "dot x", to: "[h-, x]" },
      { from: "dot x", to: "[r·h, x]", via: [[268, 226]] },
      { from: "[h-, x]", to: "dot r" },
      { from: "dot r", to: "r" },
      { from: "dot r", to: "z", via: [[184, 206]] },
      { from: "dot r·h", to: "r·h" },
      { from: "r", to: "r·h", via: [[74, 128]] },
      { from: "r·h", to: "[r·h, x]", via: [[226, 128], [226, 206]] },
      { from: "[r·h, x]", to: "n" },
      { from: "z", to: "dot z" },
      { from: "dot z", to: "z·h" },
      { from: "dot z", to: "1−z" },
      { from: "1−z", to: "(1−z)·n" },
      { from: "n", to: "(1−z)·n" },
      { from: "(1−z)·n", to: "h" },
    ],
    figures: [
      { of: "h-", x: 4, y: 30, name: "hₜ₋₁" },
      { of: "z·h", x: 226, y: 30, name: "z·h", anchor: "middle" },
      { of: "h", x: 336, y: 30, name: "hₜ", anchor: "end" },
      { of: "r", x: 70, y: 146, name: "r", anchor: "end" },
      { of: "r·h", x: 114, y: 150, name: "r·h" },
      { of: "z", x: 180, y: 108, name: "z", anchor: "end" },
      { of: "1−z", x: 224, y: 110, name: "1−z", anchor: "middle" },
      { of: "n", x: 273, y: 134, name: "n" },
      { of: "(1−z)·n", x: 273, y: 66, name: "" },
    ],
    terms: [],
    word: { x: 64, y: 244 },
  },
  rnn: RNN,
  "relu rnn": { ...RNN, nodes: { ...RNN.nodes, h: { ...RNN.nodes.h, sign: "relu" } } },
};
