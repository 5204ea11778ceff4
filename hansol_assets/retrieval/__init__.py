"""Finding the training rows that help with a question: tokenisation, index, hybrid search.

What belongs here: the LanceDB table, everything that reads or writes it, and the ranking of what it
finds. What does not: what is done with these rows (`hansol_assets.answering`).
"""
