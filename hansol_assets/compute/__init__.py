"""Where heavy work runs: on this machine, or on a Ray cluster.

What belongs here: both ways, and what is logged of their work. What does not: any of that work
(`hansol_assets.embedding`, `hansol_assets.modeling`); it comes as an object that can be sent.
Nothing of Ray is imported until a cluster is used.
"""
