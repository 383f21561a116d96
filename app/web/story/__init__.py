"""The story: eight chapters, each of one place of the first screen and something to do there."""
