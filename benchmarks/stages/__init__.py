"""The stages that are measured: a module each, with one function `measure` that returns its rows.

What belongs here: the work of a stage done by this project and by its peer on the same data, beside
each other in one process or in turn. What does not: the peer's code (`benchmarks/peers`), and what
becomes of the rows (`benchmarks/bench.py`).
"""
