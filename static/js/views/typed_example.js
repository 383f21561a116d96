// The opening: the first sentence types itself, word by word, until the visitor does anything.

const BEAT = 380; // ms from one word to the next

/** Whether this is a first visit to the bare address, by someone who does not mind motion. */
export function opens() {
  return location.search === "" && location.hash === "" && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/**
 * Call `show` with 1, 2, … up to `count`: with the last at once when the visitor types, points or presses anything.
 * @param {number} count
 * @param {(count: number) => void} show
 */
export function typeOut(count, show) {
  let at = 1;
  const timer = setInterval(() => (at < count ? show((at += 1)) : stop()), BEAT);
  const acted = new AbortController();
  const stop = () => {
    clearInterval(timer);
    acted.abort();
    if (at < count) show(count);
  };
  for (const act of ["pointerdown", "keydown", "focusin"]) addEventListener(act, stop, { capture: true, signal: acted.signal });
  show(at);
}
