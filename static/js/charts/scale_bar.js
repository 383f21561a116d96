// A scale of colour on the page: its ends, its colours, and what it is for.

import { make } from "../kit/dom.js";
import { gradient } from "./colors.js";

/** @param {Pick<import("./scales.js").ColorScale, "colors" | "ends" | "what">} scale */
export function scaleBar({ colors, ends: [low, high], what }) {
  const ramp = make("b", { class: "ramp" });
  ramp.style.backgroundImage = gradient(colors);
  return make("span", { class: "scale" }, make("i", {}, low), ramp, make("i", {}, high), make("em", {}, what));
}
