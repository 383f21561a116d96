"""Attacks on the application as it serves: at length in ``make soak``, a twentieth of it in ``make check``.

How long that is, the fixture ``length`` says (``quick.py``).
"""
