"""The domain: the table contract, folds, question splitting, pairing, prompts and cleaning."""
