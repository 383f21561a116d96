// The colours of the pictures: even steps of lightness in OKLCH, the neutral colour for zero, safe for the colour-blind.

import { theme } from "../kit/theme.js";

/** @typedef {[number, string][]} Scale stops of a colour scale, from 0 to 1 */

const RAMPS = {
  light: {
    neutral: "#f5f5f7",
    gate: ["#dad8f0", "#c1bce3", "#a8a1d4", "#9187c4", "#7a6db4", "#6553a3", "#503891", "#3e1b7f"],
    positive: ["#c7d9ed", "#a0bddd", "#7ba0cc", "#5784b9", "#3468a5", "#0b4c92"],
    negative: ["#edd4c4", "#deb59c", "#cd9777", "#bc7855", "#a95933", "#963a0b"],
  },
  dark: {
    neutral: "#1e1e22",
    gate: ["#302f43", "#46435f", "#5c577c", "#756c99", "#8e83b6", "#a999d4", "#c5b1f2", "#e1c9ff"],
    positive: ["#25364c", "#335070", "#446b94", "#5588b8", "#68a6dd", "#7bc5ff"],
    negative: ["#4b2d20", "#6e412a", "#905836", "#b37243", "#d68d51", "#f9aa60"],
  },
};

/** @returns {Scale} for values from 0 to the greatest */
export function sequential() {
  const ramp = RAMPS[theme()];
  return evenly([ramp.neutral, ...ramp.gate]);
}

/** @returns {Scale} for values from −a to a */
export function diverging() {
  const ramp = RAMPS[theme()];
  return evenly([...ramp.negative.toReversed(), ramp.neutral, ...ramp.positive]);
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
