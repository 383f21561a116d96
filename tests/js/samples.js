// Models and traces to test with.

import { DecodedTrace } from "../../static/js/data/decoded_trace.js";

const GATE = { kind: "gate", minimum: 0, maximum: 1 };
const CANDIDATE = { kind: "candidate", minimum: -1, maximum: 1 };
const HIDDEN = { letter: "h", name: "hidden state", kind: "state", minimum: -1, maximum: 1 };
const ACTIVATIONS = {
  lstm: [
    { letter: "i", name: "input gate", ...GATE },
    { letter: "f", name: "forget gate", ...GATE },
    { letter: "g", name: "candidate", ...CANDIDATE },
    { letter: "o", name: "output gate", ...GATE },
    { letter: "c", name: "cell state", kind: "state", minimum: null, maximum: null },
    HIDDEN,
  ],
  gru: [
    { letter: "r", name: "reset gate", ...GATE },
    { letter: "z", name: "update gate", ...GATE },
    { letter: "n", name: "candidate", ...CANDIDATE },
    HIDDEN,
  ],
  rnn: [HIDDEN],
  coupled_lstm: [
    { letter: "f", name: "forget gate", ...GATE },
    { letter: "g", name: "candidate", ...CANDIDATE },
    { letter: "o", name: "output gate", ...GATE },
    { letter: "c", name: "cell state", kind: "state", minimum: -1, maximum: 1 },
    HIDDEN,
  ],
  mingru: [
    { letter: "z", name: "update gate", ...GATE },
    { letter: "n", name: "candidate", kind: "candidate", minimum: null, maximum: null },
    { ...HIDDEN, minimum: null, maximum: null },
  ],
};

export function model(cell, changes = {}) {
  return {
    id: `test-${cell}`,
    title: cell.toUpperCase(),
    task: "test",
    cell,
    variant: cell,
    description: "",
    hidden_size: 2,
    layers: 1,
    bidirectional: false,
    input: "text",
    columns: [],
    tokenizer: "word",
    activations: ACTIVATIONS[cell],
    outputs: ["positive"],
    opposite: "negative",
    predicts_next: false,
    top: null,
    examples: [],
    units: [],
    weights_id: "00000000",
    is_imported: false,
    leaves_head_out: false,
    ...changes,
  };
}

/** Rows of numbers as the API sends them in base64; null is sent as NaN. */
export function typedArray(rows) {
  const numbers = Float32Array.from(rows.flat(), (value) => value ?? NaN);
  return { dtype: "f4", bdata: Buffer.from(numbers.buffer).toString("base64"), shape: `${rows.length}, ${rows[0].length}` };
}

/** What all units do at each step, as the API sums it up. */
function summaryOf(rows) {
  const column = (value) => typedArray(rows.map((row) => [value(row)]));
  return {
    mean: column((row) => row.reduce((sum, value) => sum + value, 0) / row.length),
    norm: column((row) => Math.hypot(...row)),
    greatest: column((row) => Math.max(...row.map(Math.abs))),
  };
}

/**
 * An answer of the API about one layer: for each letter a row for each step. `units`: those that its columns are, of more.
 */
export function answer(words, activations, { outputs = words.map(() => [0.5]), names = ["positive"], direction = "forward", units, first, hidden_size, ...changes } = {}) {
  const [rows] = Object.values(activations);
  const arrays = Object.fromEntries(Object.entries(activations).map(([letter, each]) => [letter, typedArray(each)]));
  const summary = Object.fromEntries(Object.entries(activations).map(([letter, each]) => [letter, summaryOf(each)]));
  return {
    model: "test",
    units: null,
    steps: words.length,
    start: 0,
    stop: words.length,
    tokens: words.map((text, at) => ({ text, start: at, end: at + 1, id: at, known: true })),
    layers: [{ layer: 0, direction, cell: "lstm", hidden_size: hidden_size ?? rows[0].length, units, first, summary, activations: arrays }],
    outputs: { names, values: typedArray(outputs) },
    ...changes,
  };
}

/** One decoded layer, of which every step is in sight, of a cell that fits. */
export function layer(activations, { cell = "c" in activations ? "lstm" : "gru", ...options } = {}) {
  const [rows] = Object.values(activations);
  const words = rows.map((_, t) => `word${t}`);
  return new DecodedTrace(model(cell), words.join(" "), answer(words, activations, options), 0, words.length).layer;
}

/** The numbers of an array, rounded to float32 and back so that they compare. */
export const list = (array) => Array.from(array, (value) => Number(value.toPrecision(6)));
