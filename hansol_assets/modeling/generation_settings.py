"""How answers are decoded.

What belongs here: the settings alone. What does not: decoding
(`hansol_assets.modeling.generation.generator`).
"""

from pydantic import Field

from hansol_assets.settings_model import SettingsModel


class GenerationSettings(SettingsModel):
    """How answers are decoded."""

    max_new_tokens: int = Field(default=256, ge=1, description="Longest answer, in tokens.")
    max_prompt_tokens: int = Field(
        default=1024, ge=16, description="Longest prompt, in tokens; a longer one loses its start."
    )
    batch_size: int = Field(default=64, ge=1, description="Sequences decoded at once.")
    samples: int = Field(
        default=4, ge=0, description="Sampled answers a question, besides the greedy one."
    )
    temperature: float = Field(
        default=0.8, gt=0, description="Divides the logits of sampled answers."
    )
    top_p: float = Field(default=0.95, gt=0, le=1, description="Nucleus of sampled answers.")
    repetition_penalty: float = Field(
        default=1.0, gt=0, description="Above 1: penalises tokens that the answer already holds."
    )
    seed: int = Field(default=20240305, ge=0, description="Seed of the sampled answers.")
