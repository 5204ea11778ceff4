"""The language model: a base, a LoRA adapter trained on it, and the text that they generate.

What belongs here: everything that touches torch, transformers, peft or trl. What does not: what a
prompt says (`hansol_assets.qa.prompts`) and how text is cleaned (`hansol_assets.qa.answer_form`).
"""
