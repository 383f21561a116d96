// Light and dark: the system's choice until the visitor makes another.

const system = matchMedia("(prefers-color-scheme: dark)");
/** @type {() => string | undefined} */
let chosenTheme = () => document.documentElement.dataset.theme;

/**
 * Let something other than the page say which theme is chosen.
 * @param {() => "light" | "dark"} source
 */
export function followTheme(source) {
  chosenTheme = source;
}

/** @returns {"light" | "dark"} the theme in force */
export function theme() {
  const chosen = chosenTheme();
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

/**
 * A colour of `tokens.css` as it is in the theme in force. A custom property holds both: a browser resolves
 * `light-dark()` only where a property uses it.
 * @param {Element} element
 * @param {string} name such as "muted"
 */
export function colorOf(element, name) {
  const [light, dark] = getComputedStyle(element).getPropertyValue(`--${name}`).match(/#\w+/g) ?? [];
  return (theme() === "dark" ? dark : light) ?? "";
}

/**
 * Let a button switch the theme; `onChange` is called after every change, the system's too.
 * @param {HTMLElement} button
 * @param {() => void} onChange
 */
export function watchTheme(button, onChange) {
  button.addEventListener("click", () => {
    const next = theme() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Storage is blocked: the choice holds until the page is left.
    }
    onChange();
  });
  system.addEventListener("change", onChange);
}
