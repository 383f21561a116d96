// The layers of a model, each in its directions: what can be chosen, without their numbers.

/** @typedef {Pick<import("./api_types.d.ts").TraceLayer, "layer" | "direction">} LayerPlace */

/**
 * The layers of a model in the order of a trace: forward before backward.
 * @param {Pick<import("./api_types.d.ts").Model, "layers" | "bidirectional">} model
 * @returns {LayerPlace[]}
 */
export function layersOf({ layers, bidirectional }) {
  const directions = /** @type {LayerPlace["direction"][]} */ (bidirectional ? ["forward", "backward"] : ["forward"]);
  return Array.from({ length: layers }, (_, layer) => directions.map((direction) => ({ layer, direction }))).flat();
}

/**
 * A layer in the list of those of a model, such as "0 (first)" or "2 backward (last)": layers count from 0, as in the API.
 * @param {LayerPlace} place
 * @param {LayerPlace[]} layers of the model
 */
export function nameOfLayer({ layer, direction }, layers) {
  const last = layers[layers.length - 1];
  const which = last.layer === 0 ? "" : layer === 0 ? " (first)" : layer === last.layer ? " (last)" : "";
  return `${layer}${last.direction === "backward" ? ` ${direction}` : ""}${which}`;
}

/**
 * The place of a layer among those of a model: the last where the model has fewer; without one, that which the head reads first.
 * @param {LayerPlace[]} layers
 * @param {number | null} index
 */
export function placeOfLayer(layers, index) {
  return index === null ? layers.findIndex(({ layer }) => layer === layers[layers.length - 1].layer) : Math.min(index, layers.length - 1);
}
