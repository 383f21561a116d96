// The circuit of a cell, drawn once, whose wires carry the numbers of one unit at one step.

import { draw } from "./dom.js";
import { isRelu, written } from "./step.js";

/**
 * @typedef {object} Circuit
 * @property {number} height of a drawing 340 wide
 * @property {{d: string, letter?: string, joined?: boolean}[]} wires `joined`: both vectors, end to end
 * @property {{x: number, y: number, text: string, letter: string}[]} layers σ and tanh, with weights of their own
 * @property {{x: number, y: number, sign: string}[]} signs what is done unit by unit
 * @property {{x: number, y: number}[]} dots where a wire branches, or two join
 * @property {{x: number, y: number, key: string, name: string, anchor?: string}[]} figures what the wires carry
 */

/** @type {Record<string, Circuit>} */
const CIRCUITS = {
  lstm: {
    height: 246,
    wires: [
      { d: "M4 40H85M105 40H190M210 40H336", letter: "c" },
      { d: "M4 208H52M52 236V208", letter: "h" },
      { d: "M52 208H250", joined: true },
      { d: "M95 208V183M150 208V183M200 208V183M250 208V183", joined: true },
      { d: "M95 157V50", letter: "f" },
      { d: "M150 157V100H190", letter: "i" },
      { d: "M200 157V110", letter: "g" },
      { d: "M200 90V50" },
      { d: "M306 40V67M306 93V160" },
      { d: "M269 170H296", letter: "o" },
      { d: "M306 180V208H336", letter: "h" },
    ],
    layers: [
      { x: 95, y: 170, text: "σ", letter: "f" },
      { x: 150, y: 170, text: "σ", letter: "i" },
      { x: 200, y: 170, text: "tanh", letter: "g" },
      { x: 250, y: 170, text: "σ", letter: "o" },
    ],
    signs: [
      { x: 95, y: 40, sign: "⊙" },
      { x: 200, y: 40, sign: "+" },
      { x: 200, y: 100, sign: "⊙" },
      { x: 306, y: 80, sign: "tanh" },
      { x: 306, y: 170, sign: "⊙" },
    ],
    dots: [{ x: 52, y: 208 }, { x: 306, y: 40 }],
    figures: [
      { x: 4, y: 30, key: "c-", name: "cₜ₋₁" },
      { x: 148, y: 30, key: "f·c", name: "f·c", anchor: "middle" },
      { x: 336, y: 30, key: "c", name: "cₜ", anchor: "end" },
      { x: 91, y: 112, key: "f", name: "f", anchor: "end" },
      { x: 146, y: 134, key: "i", name: "i", anchor: "end" },
      { x: 205, y: 135, key: "g", name: "g" },
      { x: 205, y: 74, key: "i·g", name: "i·g" },
      { x: 302, y: 114, key: "tanh c", name: "tanh c", anchor: "end" },
      { x: 254, y: 151, key: "o", name: "o" },
      { x: 4, y: 198, key: "h-", name: "hₜ₋₁" },
      { x: 336, y: 226, key: "h", name: "hₜ", anchor: "end" },
    ],
  },
  gru: {
    height: 250,
    wires: [
      { d: "M4 40H180M200 40H264M284 40H336", letter: "h" },
      { d: "M26 40V206H56", letter: "h" },
      { d: "M56 240V206M56 226H274V183", letter: "x" },
      { d: "M56 206H190", joined: true },
      { d: "M94 206V183M190 206V183", joined: true },
      { d: "M94 157V128H120", letter: "r" },
      { d: "M130 40V118", letter: "h" },
      { d: "M140 128H236V170H255" },
      { d: "M190 157V50M190 84H216", letter: "z" },
      { d: "M242 84H264", letter: "z" },
      { d: "M274 157V94", letter: "n" },
      { d: "M274 74V50" },
    ],
    layers: [
      { x: 94, y: 170, text: "σ", letter: "r" },
      { x: 190, y: 170, text: "σ", letter: "z" },
      { x: 274, y: 170, text: "tanh", letter: "n" },
    ],
    signs: [
      { x: 190, y: 40, sign: "⊙" },
      { x: 274, y: 40, sign: "+" },
      { x: 130, y: 128, sign: "⊙" },
      { x: 229, y: 84, sign: "1−" },
      { x: 274, y: 84, sign: "⊙" },
    ],
    dots: [{ x: 26, y: 40 }, { x: 130, y: 40 }, { x: 56, y: 206 }, { x: 56, y: 226 }, { x: 190, y: 84 }],
    figures: [
      { x: 4, y: 30, key: "h-", name: "hₜ₋₁" },
      { x: 234, y: 30, key: "z·h", name: "z·h", anchor: "middle" },
      { x: 336, y: 30, key: "h", name: "hₜ", anchor: "end" },
      { x: 90, y: 146, key: "r", name: "r", anchor: "end" },
      { x: 186, y: 108, key: "z", name: "z", anchor: "end" },
      { x: 228, y: 110, key: "1−z", name: "1−z", anchor: "middle" },
      { x: 279, y: 134, key: "n", name: "n" },
      { x: 279, y: 66, key: "(1−z)·n", name: "" },
    ],
  },
  rnn: {
    height: 130,
    wires: [
      { d: "M4 70H70M70 112V70", letter: "h" },
      { d: "M70 70H150", joined: true },
      { d: "M190 70H336", letter: "h" },
    ],
    layers: [{ x: 170, y: 70, text: "tanh", letter: "h" }],
    signs: [],
    dots: [{ x: 70, y: 70 }],
    figures: [
      { x: 4, y: 58, key: "h-", name: "hₜ₋₁" },
      { x: 148, y: 58, key: "a", name: "a", anchor: "end" },
      { x: 336, y: 58, key: "h", name: "hₜ", anchor: "end" },
    ],
  },
};

/** Where the input enters each circuit. @type {Record<string, {x: number, y: number}>} */
const INPUT = { lstm: { x: 60, y: 240 }, gru: { x: 64, y: 244 }, rnn: { x: 78, y: 114 } };

/** The circuit of one model's cell. */
export class CircuitDrawing {
  /** @param {import("./api.js").Model} model */
  constructor(model) {
    const { height, wires, layers, signs, dots, figures } = CIRCUITS[model.cell];
    /** @type {Map<string, {text: Element, name: string}>} */
    this.figures = new Map();
    this.input = draw("text", { ...INPUT[model.cell], class: "word" });
    this.place = draw(
      "svg",
      { class: "circuit", viewBox: `0 0 340 ${height}`, role: "img", "aria-label": `Circuit of the ${model.cell.toUpperCase()} cell, with the numbers of this unit on its wires` },
      ...wires.map(({ d, letter = "", joined }) => draw("path", { d, class: joined ? "wire joined" : "wire", "data-letter": letter })),
      ...dots.map(({ x, y }) => draw("circle", { cx: x, cy: y, r: 3, class: "dot" })),
      ...layers.map(({ x, y, text, letter }) => box(x, y, isRelu(model) ? "relu" : text, letter)),
      ...signs.map(({ x, y, sign }) => operator(x, y, sign)),
      ...figures.map(({ x, y, key, name, anchor = "start" }) => {
        const text = draw("text", { x, y, "text-anchor": anchor, class: "figure", "data-letter": key.replace("-", "") });
        this.figures.set(key, { text, name });
        return text;
      }),
      this.input,
    );
  }

  /**
   * @param {import("./step.js").Step} step
   * @param {string} word
   */
  show(step, word) {
    for (const [key, { text, name }] of this.figures) text.textContent = `${name} ${written(step, key)}`.trim();
    this.input.textContent = `xₜ ${word}`;
  }
}

/**
 * A layer: weights and a function of its own.
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {string} letter
 */
function box(x, y, text, letter) {
  const rectangle = draw("rect", { x: x - 19, y: y - 13, width: 38, height: 26, rx: 4 });
  return draw("g", { class: "layer", "data-letter": letter }, rectangle, draw("text", { x, y: y + 4.5 }, text));
}

/**
 * What is done unit by unit.
 * @param {number} x
 * @param {number} y
 * @param {string} sign
 */
function operator(x, y, sign) {
  const wide = sign.length > 1;
  const rectangle = draw("rect", { x: x - (wide ? 16 : 10), y: y - (wide ? 13 : 10), width: wide ? 32 : 20, height: wide ? 26 : 20, rx: wide ? 13 : 10 });
  return draw("g", { class: "operator" }, rectangle, draw("text", { x, y: y + 4.5 }, sign));
}
