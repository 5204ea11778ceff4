"""From a question to what can be said about it: prompts, candidates, answers, vectors, scores.

What belongs here: putting `qa`, `retrieval`, `modeling` and `scoring` together, without Dagster.
What does not: any of their own work.
"""
