"""Pictures of results, as markdown that any page shows.

What belongs here: drawing tables and arrays. What does not: computing them.
"""
