"""The base model: trained from nothing or fetched, its tokenizer, and the door to its weights."""
