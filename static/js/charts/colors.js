// The colours of the pictures: even steps of lightness in OKLCH, the neutral colour for zero, safe for the colour-blind.

import { theme } from "../kit/theme.js";

/** @typedef {[number, string][]} Scale stops of a colour scale, from 0 to 1 */

const RAMPS = {
  light: {
    neutral: "#f5f5f7",
    gate: ["#d9d9de", "#bebec3", "#a3a4a9", "#8a8a90", "#717178", "#595960", "#424349", "#2d2d34"],
    positive: ["#c7d9ed", "#a0bddd", "#7ba0cc", "#5784b9", "#3468a5", "#0b4c92"],
    above: ["#c7deca", "#a2c4a8", "#7eaa86", "#5a9065", "#347746", "#005e26"],
    below: ["#eeccde", "#dba8c4", "#c785aa", "#b36292", "#9d3d79", "#870c62"],
    negative: ["#edd4c4", "#deb59c", "#cd9777", "#bc7855", "#a95933", "#963a0b"],
  },
  dark: {
    neutral: "#1e1e22",
    gate: ["#323236", "#47474c", "#5e5e63", "#76767c", "#8e8f95", "#a8a8af", "#c2c2ca", "#dddde6"],
    positive: ["#25364c", "#335070", "#446b94", "#5588b8", "#68a6dd", "#7bc5ff"],
    above: ["#253c2a", "#335a3c", "#427a4f", "#509b62", "#5ebd76", "#6de18b"],
    below: ["#452c3a", "#674056", "#8b5473", "#b16892", "#d87eb2", "#ff94d4"],
    negative: ["#4b2d20", "#6e412a", "#905836", "#b37243", "#d68d51", "#f9aa60"],
  },
};

/** @returns {Scale} for values from 0 to the greatest, such as gates: grey */
export function sequential() {
  const ramp = RAMPS[theme()];
  return evenly([ramp.neutral, ...ramp.gate]);
}

/** @returns {Scale} for what speaks for one side or the other, from −a to a: brown and blue, as verdicts and pushes */
export function diverging() {
  const ramp = RAMPS[theme()];
  return evenly([...ramp.negative.toReversed(), ramp.neutral, ...ramp.positive]);
}

/** @returns {Scale} for candidates and states, from −a to a: pink and green, since neither side of a unit is that of a verdict */
export function signed() {
  const ramp = RAMPS[theme()];
  return evenly([...ramp.below.toReversed(), ramp.neutral, ...ramp.above]);
}

/**
 * The colour at a point of a scale, and that of text on it.
 * @param {Scale} scale
 * @param {number} share from 0 to 1
 * @returns {{background: string, text: string}}
 */
export function tint(scale, share) {
  const color = mixed(scale, share);
  return { background: `rgb(${color})`, text: luminance(color) > 0.18 ? "#000" : "#fff" };
}

/**
 * The colour at a point of a scale.
 * @param {Scale} scale
 * @param {number} share from 0 to 1; beyond, the nearer end
 * @returns {number[]} red, green and blue, from 0 to 255
 */
export function mixed(scale, share) {
  const at = Math.min(1, Math.max(0, share)) * (scale.length - 1);
  const below = channels(scale[Math.floor(at)][1]);
  const above = channels(scale[Math.ceil(at)][1]);
  return below.map((value, channel) => Math.round(value + (above[channel] - value) * (at % 1)));
}

/**
 * A scale as a CSS gradient.
 * @param {Scale} scale
 */
export function gradient(scale) {
  return `linear-gradient(to right, ${scale.map(([, color]) => color).join(", ")})`;
}

/**
 * @param {string[]} colors
 * @returns {Scale}
 */
function evenly(colors) {
  return colors.map((color, at) => [at / (colors.length - 1), color]);
}

/**
 * @param {string} color "#rrggbb"
 * @returns {number[]} red, green and blue, from 0 to 255
 */
function channels(color) {
  return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

/**
 * Relative luminance as WCAG defines it; at 0.18 black and white contrast equally.
 * @param {number[]} color
 */
function luminance(color) {
  const [red, green, blue] = color.map((channel) => {
    const value = channel / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
