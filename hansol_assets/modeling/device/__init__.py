"""The machine that a model needs: estimates of memory, what fits, and how a device fails."""
