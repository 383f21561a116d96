// Runs before the first paint, so that a chosen theme does not flash the other one first.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing: the system's theme serves.
}
