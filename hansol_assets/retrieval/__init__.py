"""Finding the training rows that help with a question: tokenisation, index, hybrid search.

What belongs here: the LanceDB table and everything that reads or writes it. What does not: what is
done with the rows that were found (`hansol_assets.scoring`, `hansol_assets.qa.prompts`).
"""
