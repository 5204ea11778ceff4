"""`hansol …`: the platform from the command line, one module a group of commands.

What belongs here: arguments in, a readable page out. What does not: any work.
"""
