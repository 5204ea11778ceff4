"""A Dagster platform that turns a Korean question-answer table into a scored submission."""
