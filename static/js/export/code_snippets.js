// The call behind a picture, to be made by others: as curl, and as Python.

/** @typedef {import("../data/decoded_trace.js").DecodedTrace} DecodedTrace */

/**
 * What is asked for: the text, and the steps of the page where it is not the whole.
 * @param {DecodedTrace} trace
 */
function body({ text, start, stop, steps }) {
  return JSON.stringify({ text: text.toWellFormed(), ...(stop - start < steps && { start, stop }) });
}

/**
 * @param {string} origin of the server
 * @param {DecodedTrace} trace
 */
function addressOf(origin, { model }) {
  return `${origin}/api/v1/models/${encodeURIComponent(model.id)}/traces`;
}

/**
 * @param {string} origin
 * @param {DecodedTrace} trace
 */
export function asCurl(origin, trace) {
  return `curl -s ${quoted(addressOf(origin, trace))} -H 'Content-Type: application/json' -d ${quoted(body(trace))}`;
}

/**
 * A program of the standard library alone, which prints the activations of the unit that is looked at.
 * @param {string} origin
 * @param {DecodedTrace} trace
 * @param {import("../data/decoded_trace.js").DecodedLayer} layer
 * @param {number} unit
 */
export function asPython(origin, trace, layer, unit) {
  const index = trace.layers.indexOf(layer);
  return `import json
from urllib.request import Request, urlopen

body = ${body(trace)}
request = Request("${addressOf(origin, trace)}", json.dumps(body).encode(), {"Content-Type": "application/json"})
with urlopen(request) as answer:
    trace = json.load(answer)
for t, token in enumerate(trace["tokens"]):
    unit = {letter: rows[t][${unit}] for letter, rows in trace["layers"][${index}]["activations"].items()}
    print(repr(token["text"]), unit)`;
}

/**
 * A word of a shell, whatever stands in it.
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
