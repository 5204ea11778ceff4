"""The sizes of a language model, from which its weights and its memory follow."""

from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import Field

from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from transformers import PretrainedConfig

CONV1D_MODELS = frozenset({"gpt2"})
"""Models with a plain feed-forward of two matrices and learned positions."""


class ModelShape(SettingsModel):
    """The dimensions of a decoder-only transformer, under the names of transformers' configs."""

    model_type: str = Field(min_length=1, description="Architecture, as `config.json` names it.")
    vocab_size: int = Field(ge=1, description="Rows of the embedding.")
    hidden_size: int = Field(ge=1, description="Width of the residual stream.")
    intermediate_size: int = Field(ge=1, description="Width inside the feed-forward.")
    num_hidden_layers: int = Field(ge=1, description="Layers.")
    num_attention_heads: int = Field(ge=1, description="Query heads.")
    num_key_value_heads: int = Field(ge=1, description="Heads of keys and values.")
    head_dim: int = Field(ge=1, description="Width of a head.")
    max_position_embeddings: int = Field(ge=1, description="Longest sequence, in tokens.")
    tie_word_embeddings: bool = Field(description="Whether the output shares the embedding.")
    other_parameters: int = Field(
        0, ge=0, description="Weights beside the decoder, such as a vision tower's."
    )

    @classmethod
    def of(cls, config: "PretrainedConfig") -> Self:
        """Read the shape from a model's configuration."""
        text = config.get_text_config(decoder=True)
        heads = text.num_attention_heads
        width = getattr(text, "intermediate_size", None) or getattr(text, "n_inner", None)
        return cls(
            model_type=config.model_type,
            vocab_size=text.vocab_size,
            hidden_size=text.hidden_size,
            intermediate_size=width or 4 * text.hidden_size,
            num_hidden_layers=text.num_hidden_layers,
            num_attention_heads=heads,
            num_key_value_heads=getattr(text, "num_key_value_heads", None) or heads,
            head_dim=getattr(text, "head_dim", None) or text.hidden_size // heads,
            max_position_embeddings=text.max_position_embeddings,
            tie_word_embeddings=text.tie_word_embeddings,
        )

    @classmethod
    def of_folder(cls, directory: Path) -> Self:
        """Read the shape of a model from its folder, without its weights."""
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(
            directory, local_files_only=True, trust_remote_code=False
        )
        return cls.of(config)

    @property
    def query_size(self) -> int:
        """Width of all query heads together."""
        return self.num_attention_heads * self.head_dim

    @property
    def key_value_size(self) -> int:
        """Width of all key heads together, and of all value heads."""
        return self.num_key_value_heads * self.head_dim

    @property
    def layer_matrices(self) -> dict[str, tuple[int, int]]:
        """Name → (input width, output width) of each matrix in a layer, as its module is named."""
        hidden, inner = self.hidden_size, self.intermediate_size
        if self.model_type in CONV1D_MODELS:
            return {
                "c_attn": (hidden, 3 * hidden),
                "attn.c_proj": (hidden, hidden),
                "c_fc": (hidden, inner),
                "mlp.c_proj": (inner, hidden),
            }
        return {
            "q_proj": (hidden, self.query_size),
            "k_proj": (hidden, self.key_value_size),
            "v_proj": (hidden, self.key_value_size),
            "o_proj": (self.query_size, hidden),
            "gate_proj": (hidden, inner),
            "up_proj": (hidden, inner),
            "down_proj": (inner, hidden),
        }

    @property
    def matrix_parameters(self) -> int:
        """Weights in the layers' matrices: what 4-bit quantization shrinks."""
        layer = sum(rows * columns for rows, columns in self.layer_matrices.values())
        return self.num_hidden_layers * layer

    @property
    def embedding_parameters(self) -> int:
        """Weights in the embeddings of tokens and positions and in the output layer."""
        positions = self.max_position_embeddings if self.model_type in CONV1D_MODELS else 0
        tables = 1 if self.tie_word_embeddings else 2
        return (tables * self.vocab_size + positions) * self.hidden_size

    @property
    def parameters(self) -> int:
        """Weights in all, but for norms and biases, which are less than one in a thousand."""
        return self.matrix_parameters + self.embedding_parameters + self.other_parameters

    def lora_parameters(self, rank: int, targets: tuple[str, ...] | str) -> int:
        """Count the weights of a LoRA adapter: rank × (input + output width) a matrix.

        Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models", section 4.1.
        """
        layer = sum(rank * (rows + columns) for rows, columns in self._targeted(targets))
        return self.num_hidden_layers * layer

    def lora_inputs(self, targets: tuple[str, ...] | str) -> int:
        """Sum the input widths of the matrices of one layer that get LoRA matrices."""
        return sum(rows for rows, _ in self._targeted(targets))

    def _targeted(self, targets: tuple[str, ...] | str) -> list[tuple[int, int]]:
        return [
            widths
            for name, widths in self.layer_matrices.items()
            if isinstance(targets, str) or name.rpartition(".")[2] in targets
        ]
