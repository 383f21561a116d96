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
const COUPLED = { f: 0.75, g: -0.5, o: 0.6, "c-": 0.8, "h-": 0.1, c: 0.475, h: 0.6 * Math.tanh(0.475) };
const MINGRU = { z: 0.25, n: -3, "h-": 2, h: 0.75 };
const relu = { variant: "relu rnn" };
const early = { variant: "reset-before gru" };

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

test("an LSTM with coupled gates writes what it forgets", () => {
  const [c, h] = lines(model("coupled_lstm"), COUPLED);
  assert.deepEqual(c, { letters: "ct = f·ct−1 + (1 − f)·g", numbers: " = 0.750·0.800 + (1 − 0.750)·(−0.500) ≈ 0.475" });
  assert.equal(h.letters, "ht = o·tanh(ct)");
});

test("a minGRU's candidate sees only the input", () => {
  const [n, h] = lines(model("mingru"), MINGRU);
  assert.deepEqual(n, { letters: "n = W·xt + b", numbers: " = … ≈ −3.000" });
  assert.deepEqual(h, { letters: "ht = (1 − z)·ht−1 + z·n", numbers: " = (1 − 0.250)·2.000 + 0.250·(−3.000) ≈ 0.750" });
});

test("the numbers that are printed come to the result that is printed", () => {
  const cases = [[model("lstm"), LSTM], [model("gru"), GRU], [model("gru", early), GRU], [model("rnn"), { a: -2, h: Math.tanh(-2) }], [model("coupled_lstm"), COUPLED], [model("mingru"), MINGRU]];
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
