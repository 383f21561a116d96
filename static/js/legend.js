// The scales of colour, and what they are of.

import { diverging, gradient, sequential } from "./colors.js";
import { byId } from "./dom.js";
import { figure } from "./text.js";

/**
 * @param {import("./api.js").ActivationInfo[]} infos of all models in sight
 * @param {Record<string, number>} most the greatest value of what has no bound of its own
 */
export function showLegend(infos, most) {
  const has = /** @param {(info: import("./api.js").ActivationInfo) => boolean} test */ (test) => infos.some(test);
  byId("gate-scale").hidden = !has(({ kind }) => kind === "gate");
  byId("signed-scale").hidden = !has(({ minimum }) => minimum === -1);
  byId("signed").textContent = has(({ kind }) => kind === "candidate") ? "candidate, hidden state" : "hidden state";
  byId("cell-scale").hidden = !("c" in most);
  if ("c" in most) {
    byId("cell-minimum").textContent = figure(-most.c, 1);
    byId("cell-maximum").textContent = figure(most.c, 1);
  }
  byId("positive-scale").hidden = !("h" in most);
  if ("h" in most) byId("positive-maximum").textContent = figure(most.h, 1);
  for (const [name, scale] of Object.entries({ sequential: sequential(), diverging: diverging() })) {
    for (const ramp of document.querySelectorAll(`.ramp.${name}`)) {
      /** @type {HTMLElement} */ (ramp).style.backgroundImage = gradient(scale);
    }
  }
}
