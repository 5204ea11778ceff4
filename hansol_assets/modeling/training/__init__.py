"""The LoRA adapter: its training, checkpoints, loss curves, model card and export."""
