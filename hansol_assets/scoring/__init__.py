"""Vectors and scores: the submission vector, composed texts, measures, intervals, the leaderboard.

What belongs here: everything that is computed from answer vectors. What does not: which rows are
found for a question (`hansol_assets.retrieval`) and how answers are generated
(`hansol_assets.modeling`).
"""
