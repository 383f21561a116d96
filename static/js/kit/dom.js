// Finding and making elements.

/**
 * The document or the shadow tree that an element is in.
 * @param {Element} element
 */
export const treeOf = (element) => /** @type {Document | ShadowRoot} */ (element.getRootNode());

/** @param {string} id */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * An HTML element.
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 */
export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/**
 * A button that does something.
 * @param {string} name class
 * @param {string} text
 * @param {() => void} onClick
 */
export function button(name, text, onClick) {
  const made = /** @type {HTMLButtonElement} */ (make("button", { type: "button", class: name }, text));
  made.addEventListener("click", onClick);
  return made;
}

/** Resolves once the browser has painted what stands in the page now, and done what waited for that; soon, where it paints nothing, as in a hidden tab. */
export function painted() {
  const frame = new Promise((done) => requestAnimationFrame(() => setTimeout(() => setTimeout(done))));
  return Promise.race([frame, new Promise((done) => setTimeout(done, 150))]);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}
