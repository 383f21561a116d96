// The panels as one picture: SVG, and PNG made from it.

import { drawn } from "./plot.js";
import { escaped } from "./text.js";

const GAP = 24; // pixels between panels
const TITLE = 22; // above each

/**
 * All panels that are in sight, where they stand on the page.
 * @param {HTMLElement} place
 * @param {string} title
 */
export async function asSvg(place, title) {
  const panels = /** @type {HTMLElement[]} */ ([...place.querySelectorAll(".panel")]);
  const { left, top } = place.getBoundingClientRect();
  const style = getComputedStyle(document.body);
  const parts = await Promise.all(
    panels.map(async (panel) => {
      const frame = /** @type {HTMLElement} */ (panel.querySelector(".frame"));
      const box = frame.getBoundingClientRect();
      const [x, y] = [box.left - left + GAP, box.top - top + GAP];
      const heading = /** @type {HTMLElement} */ (panel.querySelector("h2"));
      const name = `<text x="${x}" y="${y - TITLE / 3}" font-size="15" font-weight="600" fill="${getComputedStyle(heading).color}">${escaped(heading.textContent ?? "")}</text>`;
      const bars = painted(/** @type {SVGElement} */ (frame.querySelector(".bars")));
      const plot = /** @type {HTMLElement} */ (frame.querySelector(".plot"));
      const labels = painted(/** @type {SVGElement} */ (frame.querySelector(".labels")));
      const heatmap = await drawn(plot);
      const below = y + plot.offsetTop;
      return `${name}<g transform="translate(${x} ${y})">${bars}</g><g transform="translate(${x} ${below})">${heatmap}${labels}</g>`;
    }),
  );
  const width = place.clientWidth + 2 * GAP;
  const height = place.clientHeight + 2 * GAP;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="${style.backgroundColor}"/><text x="${GAP}" y="${GAP}" font-size="17" fill="${style.color}">${escaped(title)}</text>${parts.join("")}</svg>`;
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
