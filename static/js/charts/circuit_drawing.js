// The drawing of a cell's circuit, with the numbers of one unit at one step on its wires.

import { formatted } from "../cells/unit_values.js";
import { cellOf } from "../data/boot.js";
import { draw } from "../kit/dom.js";

/** @typedef {import("../data/api_types.d.ts").Circuit} Circuit */
/** @typedef {import("../data/api_types.d.ts").Wire} Wire */
/** @typedef {import("../data/api_types.d.ts").Label} Label */
/** @typedef {import("../data/api_types.d.ts").Node} Node */
/** @typedef {import("../cells/unit_values.js").UnitValues} UnitValues */

/** @type {Record<string, (...values: number[]) => number>} */
const OPERATORS = {
  "⊙": (a, b) => a * b,
  "+": (a, b) => a + b,
  "1−": (a) => 1 - a,
  tanh: Math.tanh,
};

/** The circuit of one model's cell. */
export class CircuitDrawing {
  /** @param {import("../data/api_types.d.ts").Model} model */
  constructor(model) {
    const { circuit } = cellOf(model);
    const { name, height, nodes, wires, figures, terms = [], word: [x, y] } = circuit;
    this.circuit = circuit;
    /** The signs in it, which a key explains. */
    this.signs = new Set(Object.values(nodes).map(({ sign }) => sign ?? ""));
    this.figures = figures.map((label) => ({ label, text: labelled("figure", label, label.of.replace("-", "")) }));
    this.input = draw("text", { x, y, class: "word" });
    this.element = draw(
      "svg",
      { class: "circuit", viewBox: `0 0 340 ${height}`, role: "img", "aria-label": `Circuit of the ${name}, with the numbers of this unit on its wires` },
      ...wires.map((wire) => drawnWire(circuit, wire)),
      ...Object.values(nodes).flatMap((node) => drawnNode(node) ?? []),
      ...terms.map((label) => labelled("term", label, label.of, label.name)),
      ...this.figures.map(({ text }) => text),
      this.input,
    );
  }

  /**
   * @param {UnitValues} given
   * @param {string} word
   */
  show(given, word) {
    const values = valuesOf(this.circuit, given);
    for (const { label, text } of this.figures) text.textContent = `${label.name} ${formatted(values, label.of)}`.trim();
    this.input.textContent = `xₜ ${word}`;
  }
}

/**
 * The values of a unit with those that the circuit's operators compute from them, as far as its figures need them.
 * @param {Circuit} circuit
 * @param {UnitValues} given
 * @returns {UnitValues}
 */
function valuesOf({ nodes, wires, figures }, given) {
  const values = { ...given };
  /** @param {string} key @returns {number} */
  const value = (key) => {
    if (!(key in values)) {
      const { kind, sign = "" } = nodes[key];
      const inputs = wires.filter(({ end }) => end === key).map(({ start }) => value(start));
      values[key] = kind === "operator" ? OPERATORS[sign](...inputs) : inputs[0];
    }
    return values[key];
  };
  for (const { of } of figures) value(of);
  return values;
}

/**
 * The node whose value is on a wire that leaves a node: of a branch, the one before it.
 * @param {Circuit} circuit
 * @param {string} key
 * @returns {Node}
 */
function originOf(circuit, key) {
  const node = circuit.nodes[key];
  const before = circuit.wires.find(({ end }) => end === key);
  return node.kind === "branch" && before ? originOf(circuit, before.start) : node;
}

/**
 * A wire, from the edge of a node round its corners to the edge of another.
 * @param {Circuit} circuit
 * @param {Wire} wire
 */
function drawnWire(circuit, { start, end, via = [] }) {
  const [first, last] = [circuit.nodes[start], circuit.nodes[end]];
  const corners = [edge(first, via[0] ?? [last.x, last.y]), ...via, edge(last, via.at(-1) ?? [first.x, first.y])];
  const { kind, letter = "" } = originOf(circuit, start);
  const d = `M${corners.map((corner) => corner.join(" ")).join("L")}`;
  return draw("path", { d, class: kind === "join" ? "wire joined" : "wire", "data-letter": letter });
}

/**
 * Where a wire that runs straight to or from a point meets a node.
 * @param {Node} node
 * @param {[number, number]} point
 * @returns {[number, number]}
 */
function edge(node, [x, y]) {
  const [width, height] = sizeOf(node);
  return [node.x + (Math.sign(x - node.x) * width) / 2, node.y + (Math.sign(y - node.y) * height) / 2];
}

/** @param {Node} node @returns {[number, number]} width and height of its outline */
function sizeOf({ kind, sign = "" }) {
  if (kind === "layer") return [38, 26];
  if (kind === "operator") return sign.length > 1 ? [32, 26] : [20, 20];
  return [0, 0];
}

/** @param {Node} node */
function drawnNode(node) {
  const { kind, x, y, sign = "", letter = "" } = node;
  if (kind === "branch" || kind === "join") return draw("circle", { cx: x, cy: y, r: 3, class: "dot" });
  if (kind === "in" || kind === "out") return null;
  const [width, height] = sizeOf(node);
  const rx = kind === "layer" ? 4 : height / 2;
  const outline = draw("rect", { x: x - width / 2, y: y - height / 2, width, height, rx });
  return draw("g", { class: kind, "data-letter": kind === "layer" ? letter : "" }, outline, draw("text", { x, y: y + 4.5 }, sign));
}

/**
 * @param {string} kind
 * @param {Label} label
 * @param {string} letter
 * @param {string} [text]
 */
function labelled(kind, { x, y, anchor = "start" }, letter, text = "") {
  return draw("text", { x, y, "text-anchor": anchor, class: kind, "data-letter": letter }, text);
}
