"""Pictures of a trace and of what its memory is made of, as SVG and HTML text: pure functions."""
