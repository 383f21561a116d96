// Numbers as the page writes them.

/** @type {Record<string, string>} */
const SUPERSCRIPTS = Object.fromEntries([..."-0123456789"].map((sign, at) => [sign, [..."⁻⁰¹²³⁴⁵⁶⁷⁸⁹"][at]]));

/**
 * A number with so many decimals and a true minus sign.
 * @param {number} value
 * @param {number} decimals
 */
export function decimal(value, decimals) {
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const text = value.toFixed(decimals);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/**
 * A number with so many decimals and its sign; 0 has none.
 * @param {number} value
 * @param {number} decimals
 */
export function signed(value, decimals) {
  const text = decimal(value, decimals);
  return value > 0 && Number(value.toFixed(decimals)) !== 0 ? `+${text}` : text;
}

/**
 * A number by its base-10 logarithm: to two digits, as a power of ten where it is very small or large.
 * @param {number} log10
 */
export function magnitude(log10) {
  if (log10 > -3 && log10 < 4) return Number((10 ** log10).toPrecision(2)).toLocaleString("en", { maximumFractionDigits: 4 });
  const [mantissa, carried] = (10 ** (log10 - Math.floor(log10))).toExponential(1).split("e+");
  return `${mantissa} · ${power(Math.floor(log10) + Number(carried))}`;
}

/**
 * A whole power of ten.
 * @param {number} exponent
 */
export function power(exponent) {
  return `10${String(exponent).replace(/[-\d]/g, (sign) => SUPERSCRIPTS[sign])}`;
}
