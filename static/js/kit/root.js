// The path below which the server is, as the page says.

/** What every path on this site begins with, such as /gatescope; usually empty. */
export const root = document.documentElement.dataset.root ?? "";
