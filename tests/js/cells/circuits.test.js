// What each circuit computes, read off its nodes and wires, against the equations of the PyTorch documentation.

import assert from "node:assert/strict";
import test from "node:test";

import { CIRCUITS } from "../../../static/js/cells/circuits.js";

/** What comes out of a node, as an expression; the operands of ⊙ and + in the order of the alphabet. */
function expression(circuit, key, above = []) {
  assert.ok(!above.includes(key), `a wire leads back to ${key}`);
  const { is, sign, letter } = circuit.nodes[key];
  const inputs = circuit.wires.filter(({ to }) => to === key).map(({ from }) => expression(circuit, from, [...above, key])).sort();
  const count = { in: 0, out: 1, branch: 1, join: 2, layer: 1 }[is] ?? ("⊙+".includes(sign) ? 2 : 1);
  assert.equal(inputs.length, count, `${key} has ${inputs.length} inputs`);
  if (is === "in") return key;
  if (is === "join") return `[${inputs.join(", ")}]`;
  if (is === "layer") return `${sign}_${letter}${inputs[0].startsWith("[") ? inputs[0] : `[${inputs[0]}]`}`;
  if (is === "operator") return "⊙+".includes(sign) ? `(${inputs.join(` ${sign} `)})` : `${sign}(${inputs[0]})`;
  return inputs[0];
}

const HX = "[h-, x]";
const GRU_H = (n) => `((1−(σ_z${HX}) ⊙ ${n}) + (h- ⊙ σ_z${HX}))`;
const LSTM_C = `((c- ⊙ σ_f${HX}) + (tanh_g${HX} ⊙ σ_i${HX}))`;
const EXPECTED = {
  lstm: { c: LSTM_C, "c out": LSTM_C, h: `(tanh(${LSTM_C}) ⊙ σ_o${HX})`, "h out": `(tanh(${LSTM_C}) ⊙ σ_o${HX})` },
  gru: { "h out": GRU_H(`tanh(((U_n[h-] ⊙ σ_r${HX}) + W_n[x]))`) },
  "reset-before gru": { "h out": GRU_H(`tanh_n[(h- ⊙ σ_r${HX}), x]`) },
  rnn: { "h out": `tanh_h${HX}` },
  "relu rnn": { "h out": `relu_h${HX}` },
};

test("every circuit is checked", () => {
  assert.deepEqual(Object.keys(EXPECTED).sort(), Object.keys(CIRCUITS).sort());
});

for (const [cell, ends] of Object.entries(EXPECTED)) {
  const circuit = CIRCUITS[cell];

  test(`${cell} computes its states`, () => {
    for (const [key, expected] of Object.entries(ends)) assert.equal(expression(circuit, key), expected);
    assert.deepEqual(Object.keys(circuit.nodes).filter((key) => circuit.nodes[key].is === "out"), Object.keys(ends).filter((key) => key.endsWith("out")));
  });

  test(`${cell} has no node that nothing comes of`, () => {
    for (const key of Object.keys(circuit.nodes)) assert.ok(circuit.nodes[key].is === "out" || circuit.wires.some(({ from }) => from === key), key);
  });

  test(`the wires of ${cell} run level or upright, and apart`, () => {
    const lines = circuit.wires.flatMap(({ from, to, via = [] }) => {
      const ends = [circuit.nodes[from], circuit.nodes[to]].map(({ x, y }) => [x, y]);
      const corners = [ends[0], ...via, ends[1]];
      return corners.slice(1).map((corner, at) => ({ wire: `${from} → ${to}`, a: corners[at], b: corner, nodes: [from, to] }));
    });
    const overlap = (one, other, axis) => Math.min(Math.max(one.a[axis], one.b[axis]), Math.max(other.a[axis], other.b[axis])) - Math.max(Math.min(one.a[axis], one.b[axis]), Math.min(other.a[axis], other.b[axis]));
    for (const line of lines) {
      const along = line.a[0] === line.b[0] ? 1 : 0;
      const across = 1 - along;
      assert.equal(line.a[across], line.b[across], `${line.wire} is slanted`);
      for (const other of lines) {
        const isParallel = other.a[across] === line.a[across] && other.b[across] === line.a[across];
        if (other !== line && isParallel) assert.ok(overlap(line, other, along) <= 0, `${line.wire} runs over ${other.wire}`);
      }
      for (const [key, node] of Object.entries(circuit.nodes)) {
        if (line.nodes.includes(key)) continue;
        const place = [node.x, node.y];
        const within = place[along] > Math.min(line.a[along], line.b[along]) && place[along] < Math.max(line.a[along], line.b[along]);
        assert.ok(!(within && place[across] === line.a[across]), `${line.wire} runs through ${key}`);
      }
    }
  });

  test(`the labels of ${cell} are about nodes of its own, or a number of the trace`, () => {
    for (const { of } of [...circuit.figures, ...circuit.terms]) assert.ok(of in circuit.nodes || of === "a", of);
    for (const { x, y } of Object.values(circuit.nodes)) assert.ok(x >= 0 && x <= 340 && y >= 0 && y <= circuit.height);
  });
}
