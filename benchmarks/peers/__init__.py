"""What each stage is measured against: what a library's own documentation has one write.

What belongs here: the other way to do a stage's work, no better and no worse than a user of that
library would do it. What does not: this project's way, and clocks (`benchmarks/stages`).
"""
