// The equations of a step, evaluated as they are printed, with the numbers of a step that was computed here.

import assert from "node:assert/strict";
import test from "node:test";

import { equations } from "../../../static/js/cells/equations.js";
import { model } from "../samples.js";

const LSTM = { i: 0.6, f: 0.9, g: -0.4, o: 0.7, "c-": -1.5, "h-": 0.3 };
LSTM.c = LSTM.f * LSTM["c-"] + LSTM.i * LSTM.g;
LSTM.h = LSTM.o * Math.tanh(LSTM.c);
const GRU = { r: 0.2, z: 0.75, n: -0.5, "h-": 0.8 };
GRU.h = (1 - GRU.z) * GRU.n + GRU.z * GRU["h-"];
const relu = { network: { nonlinearity: "relu", reset_after: true } };
const early = { network: { nonlinearity: "tanh", reset_after: false } };

/** The printed lines of a model: letters, then numbers and the result. */
function lines(shown, values) {
  return equations(shown, values)
    .filter(({ attributes }) => attributes.class === "equation")
    .map((paragraph) => {
      const numbers = paragraph.children.at(-1).textContent;
      return { letters: paragraph.textContent.slice(0, -numbers.length), numbers };
    });
}

/** What an expression of numbers comes to. */
const computed = (text) => Function("tanh", "max", `return ${text.replaceAll("−", "-").replaceAll("·", "*")}`)(Math.tanh, Math.max);

test("an LSTM's states", () => {
  const [c, h] = lines(model("lstm"), LSTM);
  assert.equal(c.letters, "ct = f·ct−1 + i·g");
  assert.equal(c.numbers, " = 0.900·(−1.500) + 0.600·(−0.400) ≈ −1.590");
  assert.equal(h.letters, "ht = o·tanh(ct)");
  assert.equal(h.numbers, ` = 0.700·tanh(−1.590) ≈ ${LSTM.h.toFixed(3).replace("-", "−")}`);
});

test("a GRU's candidate and state, by where its reset gate acts", () => {
  const [n, h] = lines(model("gru"), GRU);
  assert.equal(n.letters, "n = tanh(W·xt + b + r·(U·ht−1 + b′))");
  assert.equal(n.numbers, " = tanh(… + 0.200·(…)) ≈ −0.500");
  assert.equal(h.letters, "ht = (1 − z)·n + z·ht−1");
  assert.equal(lines(model("gru", early), GRU)[0].letters, "n = tanh(W·xt + U·(r·ht−1) + b)");
});

test("a plain RNN's state", () => {
  assert.deepEqual(lines(model("rnn"), { a: 0.5, h: Math.tanh(0.5) }), [{ letters: "ht = tanh(a)", numbers: " = tanh(0.500) ≈ 0.462" }]);
  assert.deepEqual(lines(model("rnn", relu), { a: -0.5, h: 0 }), [{ letters: "ht = max(0, a)", numbers: " = max(0, −0.500) ≈ 0.000" }]);
});

test("the numbers that are printed come to the result that is printed", () => {
  const cases = [[model("lstm"), LSTM], [model("gru"), GRU], [model("gru", early), GRU], [model("rnn"), { a: -2, h: Math.tanh(-2) }]];
  for (const [shown, values] of cases) {
    for (const { numbers } of lines(shown, values).filter((line) => !line.numbers.includes("…"))) {
      const [expression, result] = numbers.slice(3).split(" ≈ ");
      assert.ok(Math.abs(computed(expression) - computed(result)) < 3e-3, numbers);
    }
  }
});

test("the longest line is as long as any", () => {
  for (const paragraph of equations(model("lstm"), LSTM)) {
    const line = paragraph.children.at(-1);
    assert.ok(line.attributes["data-longest"].length >= line.textContent.length);
  }
});

test("each letter has its hue", () => {
  const [paragraph] = equations(model("lstm"), LSTM);
  const letters = paragraph.children.filter(({ tag }) => tag === "var");
  assert.deepEqual(letters.map((each) => [each.attributes["data-letter"], each.children[0]]), ["c", "f", "c", "i", "g"].map((letter) => [letter, letter]));
});
