// The panels as one picture: SVG, and PNG made from it.

import { diverging, sequential } from "./colors.js";
import { drawn } from "./plot.js";
import { escaped } from "./text.js";

const GAP = 24; // pixels between panels
const TITLE = 22; // above each
const SCALES = 24; // for the scales, below the title
const RAMP = 72; // the width of a scale
const DIGIT = 7; // of a character

/**
 * All panels that are in sight, where they stand on the page, with the scales of their colours and what the head says.
 * @param {HTMLElement} place
 * @param {string} title
 */
export async function asSvg(place, title) {
  const panels = /** @type {HTMLElement[]} */ ([...place.querySelectorAll(".panel")]);
  const { left, top } = place.getBoundingClientRect();
  const { color, backgroundColor } = getComputedStyle(document.body);
  /** @param {Element} element */
  const cornerOf = (element) => {
    const box = element.getBoundingClientRect();
    return { x: box.left - left + GAP, y: box.top - top + GAP + SCALES, right: box.right - left + 2 * GAP, bottom: box.bottom - top + 2 * GAP + SCALES };
  };
  const parts = await Promise.all(
    panels.map(async (panel) => {
      const frame = /** @type {HTMLElement} */ (panel.querySelector(".frame"));
      const { x, y } = cornerOf(frame);
      const heading = /** @type {HTMLElement} */ (panel.querySelector("h2"));
      const name = text(x, y - TITLE / 3, heading.textContent ?? "", `font-size="15" font-weight="600" fill="${getComputedStyle(heading).color}"`);
      const bars = painted(/** @type {SVGElement} */ (frame.querySelector(".bars")));
      const plot = /** @type {HTMLElement} */ (frame.querySelector(".plot"));
      const labels = painted(/** @type {SVGElement} */ (frame.querySelector(".labels")));
      const heatmap = await drawn(plot);
      const below = y + plot.offsetTop;
      return `${name}<g transform="translate(${x} ${y})">${bars}</g><g transform="translate(${x} ${below})">${heatmap}${labels}</g>`;
    }),
  );
  const verdicts = Array.from(place.querySelectorAll(".said .verdict"), (verdict) => {
    const lane = /** @type {Element} */ (verdict.closest(".lane"));
    const said = [lane.querySelector(".lane-title")?.textContent, verdict.textContent].filter(Boolean).join(": ");
    return text(cornerOf(lane).x, cornerOf(verdict).y + TITLE, said, `font-size="16" font-weight="600" fill="${color}"`);
  });
  const frames = panels.map((panel) => cornerOf(/** @type {Element} */ (panel.querySelector(".frame"))));
  const width = Math.max(...frames.map(({ right }) => right));
  const height = Math.max(...frames.map(({ bottom }) => bottom));
  const heading = text(GAP, GAP, title, `font-size="17" fill="${color}"`);
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="${backgroundColor}"/>${heading}${scales(color)}${verdicts.join("")}${parts.join("")}</svg>`;
}

/**
 * The scales of colour that stand above the picture.
 * @param {string} ink
 */
function scales(ink) {
  let x = GAP;
  return Array.from(document.querySelectorAll(".legend .scale:not([hidden]):has(.ramp)"), (scale, at) => {
    const [minimum, maximum] = Array.from(scale.querySelectorAll("i"), (number) => number.textContent ?? "");
    const stops = scale.querySelector(".diverging") ? diverging() : sequential();
    const gradient = stops.map(([offset, color]) => `<stop offset="${offset}" stop-color="${color}"/>`).join("");
    const y = GAP + SCALES - 4;
    const look = `font-size="12" fill="${ink}"`;
    const [start, stop] = [x + DIGIT * minimum.length + 5, x + DIGIT * minimum.length + RAMP + 10];
    const what = `${maximum}  ${scale.querySelector("em")?.textContent ?? ""}`;
    const drawing = `<linearGradient id="scale${at}">${gradient}</linearGradient>${text(x, y, minimum, look)}<rect x="${start}" y="${y - 9}" width="${RAMP}" height="9" fill="url(#scale${at})"/>${text(stop, y, what, look)}`;
    x = stop + DIGIT * what.length + GAP;
    return drawing;
  }).join("");
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} look attributes
 */
function text(x, y, content, look) {
  return `<text x="${x}" y="${y}" ${look}>${escaped(content)}</text>`;
}

/**
 * An SVG as a PNG of twice its size. Throws an Error if the browser cannot paint it.
 * @param {string} svg
 * @returns {Promise<Blob>}
 */
export async function asPng(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  await image.decode();
  URL.revokeObjectURL(image.src);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * image.width, 2 * image.height];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser cannot paint a picture of this size"))), "image/png"),
  );
}

/**
 * The content of an SVG element, with the colours that the page's style gives it.
 * @param {SVGElement} svg
 */
function painted(svg) {
  return Array.from(svg.children, (child) => {
    const { fill, opacity, fontSize, textAnchor } = getComputedStyle(child);
    const copy = /** @type {Element} */ (child.cloneNode(true));
    for (const [name, value] of Object.entries({ fill, opacity, "font-size": fontSize, "text-anchor": textAnchor })) copy.setAttribute(name, value);
    return new XMLSerializer().serializeToString(copy);
  }).join("");
}
