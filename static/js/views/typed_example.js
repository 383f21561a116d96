// The first sentence types itself, word by word, until the visitor does anything.

const INTERVAL = 380; // ms from one word to the next

/** Whether this is the bare address, on a device whose owner does not mind motion. */
export function isFirstVisit() {
  return location.search === "" && location.hash === "" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Call `show` with 1, 2, … up to `count`, and with `count` at once when the visitor types, points or presses anything.
 * @param {number} count
 * @param {(count: number) => void} show
 */
export function typeOut(count, show) {
  let at = 1;
  const timer = setInterval(() => (at < count ? show((at += 1)) : stop()), INTERVAL);
  const interaction = new AbortController();
  const stop = () => {
    clearInterval(timer);
    interaction.abort();
    if (at < count) show(count);
  };
  for (const event of ["pointerdown", "keydown", "focusin"]) addEventListener(event, stop, { capture: true, signal: interaction.signal });
  show(at);
}
