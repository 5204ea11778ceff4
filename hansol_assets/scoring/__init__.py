"""Vectors and scores: embedders, the submission vector, the choice of text, baselines, intervals.

What belongs here: everything that is computed from answer vectors. What does not: which rows are
found for a question (`hansol_assets.retrieval`) and how answers are generated
(`hansol_assets.modeling`).
"""
