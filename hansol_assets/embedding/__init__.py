"""From texts to vectors: the embedders, the cache of their vectors, and the algebra of vectors.

What belongs here: everything that makes or combines vectors whatever they are used for. What does
not: searching with them (`hansol_assets.retrieval`) and scoring them (`hansol_assets.scoring`).
"""
