"""What Gatescope's speed is measured by; ``python -m benchmarks``, or ``make bench``, runs it."""
