"""Text from a model: decoding settings, seeded sampling, and the generator."""
