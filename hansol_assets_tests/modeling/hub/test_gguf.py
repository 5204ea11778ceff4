"""A model of llama.cpp's form, written here, as the base of an adapter."""

import shutil
from pathlib import Path

import gguf
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFWriter
from transformers import AutoModelForCausalLM, PreTrainedTokenizerBase

from hansol_assets.hub.conversion import UnreadableGgufError, gguf_file
from hansol_assets.hub.fetching import HubSettings, missing, pinned
from hansol_assets.modeling.base.base_model import fetch_base_model
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.model_folder import source_of
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets_tests.modeling.checkpoints import gemma_base_tokenizer, write_shape
from hansol_assets_tests.modeling.conftest import PAIRS

SHAPE = ModelShape(
    model_type="gemma3_text",
    vocab_size=600,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=6,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=32,
    max_position_embeddings=512,
    tie_word_embeddings=True,
)
TEXT = " ".join(answer for _, answer in PAIRS)


def metadata(writer: GGUFWriter, tokenizer: PreTrainedTokenizerBase) -> None:
    """Write sizes and vocabulary as llama.cpp's converter does for Gemma 3."""
    writer.add_context_length(SHAPE.max_position_embeddings)
    writer.add_embedding_length(SHAPE.hidden_size)
    writer.add_block_count(SHAPE.num_hidden_layers)
    writer.add_feed_forward_length(SHAPE.intermediate_size)
    writer.add_head_count(SHAPE.num_attention_heads)
    writer.add_head_count_kv(SHAPE.num_key_value_heads)
    writer.add_key_length(SHAPE.head_dim)
    writer.add_value_length(SHAPE.head_dim)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(4096)
    own, rows = len(tokenizer), range(SHAPE.vocab_size)
    names = tokenizer.convert_ids_to_tokens(list(range(own)))
    special = set(tokenizer.all_special_ids)
    tokens = [names[row] if row < own else f"[PAD{row}]" for row in rows]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(row) for row in rows])
    writer.add_token_types(
        [
            gguf.TokenType.UNUSED
            if row >= own
            else gguf.TokenType.CONTROL
            if row in special
            else gguf.TokenType.NORMAL
            for row in rows
        ]
    )
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_unk_token_id(tokenizer.unk_token_id)


def write_gguf(
    released: Path,
    file: Path,
    kind: GGMLQuantizationType,
    *,
    architecture: str = "gemma3",
    without: str = "",
    scaling: str = "",
) -> Path:
    """Write a Gemma 3 in the hub's folder form as one GGUF file, its matrices quantised."""
    model = AutoModelForCausalLM.from_pretrained(released)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GEMMA3, SHAPE.num_hidden_layers)
    writer = GGUFWriter(file, architecture)
    metadata(writer, gemma_base_tokenizer())
    if scaling:
        writer.add_string(f"{architecture}.rope.scaling.type", scaling)
    for name, weight in model.model.state_dict().items():
        stored = names.get_name(f"model.{name}", try_suffixes=(".weight",))
        if stored == without:
            continue
        values = (weight + 1 if "norm" in name else weight).float().numpy()
        own = kind if values.ndim > 1 else GGMLQuantizationType.F32
        writer.add_tensor(stored, gguf.quantize(values, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released") / "gemma"
    write_shape(SHAPE, gemma_base_tokenizer(), folder)
    return folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, released: Path) -> Path:
    file = tmp_path_factory.mktemp("packed") / "gemma-3-small.f32.gguf"
    return write_gguf(released, file, GGMLQuantizationType.F32)


def logits(folder: Path) -> torch.Tensor:
    with torch.inference_mode():
        model = load_causal_lm(folder, LoadingSettings())
        return model(input_ids=torch.tensor([token_ids(folder)])).logits


def token_ids(folder: Path) -> list[int]:
    tokenizer = load_tokenizer(folder, LoadingSettings())
    return tokenizer(TEXT, add_special_tokens=False)["input_ids"]


def test_a_gguf_file_becomes_the_model_that_it_was_made_from(
    tmp_path: Path, released: Path, packed: Path
) -> None:
    report = fetch_base_model(HubSettings(model_id=str(packed)), tmp_path / "base", "gemma")
    assert source_of(tmp_path / "base").name == report.name == "gemma-3-small.f32"
    assert source_of(tmp_path / "base").licence == "gemma"
    assert token_ids(tmp_path / "base") == token_ids(released)
    tokenizers = [load_tokenizer(one, LoadingSettings()) for one in (released, tmp_path / "base")]
    before, after = [one.special_tokens_map for one in tokenizers]
    assert {name: after[name] for name in before} == before
    torch.testing.assert_close(logits(tmp_path / "base"), logits(released), rtol=1e-5, atol=1e-5)


def test_quantised_weights_are_unpacked_once(tmp_path: Path, released: Path) -> None:
    folder = tmp_path / "packed"
    folder.mkdir()
    write_gguf(released, folder / "gemma.q8_0.gguf", GGMLQuantizationType.Q8_0)
    fetch_base_model(HubSettings(model_id=str(folder)), tmp_path / "base")
    exact, unpacked = logits(released), logits(tmp_path / "base")
    assert not torch.equal(exact, unpacked)
    torch.testing.assert_close(exact, unpacked, rtol=0.05, atol=0.05)
    assert (tmp_path / "base" / "model.safetensors").is_file()


def test_the_revision_of_a_file_is_its_content(packed: Path, tmp_path: Path) -> None:
    settings = HubSettings(model_id=str(packed))
    fetched = fetch_base_model(settings, tmp_path / "base").revision
    assert pinned(settings).revision == fetched
    assert pinned(HubSettings(model_id=str(packed.parent))).revision == fetched
    assert missing(settings) is None


def test_several_files_in_a_folder_have_to_be_told_apart(tmp_path: Path, packed: Path) -> None:
    for number in (1, 2):
        shutil.copyfile(packed, tmp_path / f"gemma-0000{number}-of-00002.gguf")
    with pytest.raises(UnreadableGgufError, match=r"has 2 GGUF files .*llama-gguf-split --merge"):
        fetch_base_model(HubSettings(model_id=str(tmp_path)), tmp_path / "base")
    assert "has 2 GGUF files" in (missing(HubSettings(model_id=str(tmp_path))) or "")


def test_safetensors_beside_a_file_come_first(tmp_path: Path, released: Path, packed: Path) -> None:
    both = tmp_path / "both"
    shutil.copytree(released, both)
    shutil.copyfile(packed, both / "gemma.gguf")
    assert gguf_file(str(both)) is None
    assert gguf_file(str(both / "gemma.gguf")) == both / "gemma.gguf"


@pytest.mark.parametrize("share", [0.0005, 0.01, 0.5, 0.999])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, packed: Path, share: float) -> None:
    content = packed.read_bytes()
    file = tmp_path / "short.gguf"
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UnreadableGgufError, match=r"short\.gguf: it cannot be read"):
        fetch_base_model(HubSettings(model_id=str(file)), tmp_path / "base")
    assert not (tmp_path / "base" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"architecture": "rwkv7"}, "cannot be read .*architecture rwkv7 is not supported"),
        ({"without": "blk.3.ffn_up.weight"}, r"1 of the model's weights .*layers\.3\.mlp\.up_proj"),
        ({"scaling": "linear"}, "positions are scaled"),
    ],
)
def test_what_cannot_be_read_whole_is_refused(
    tmp_path: Path, released: Path, changes: dict[str, str], told: str
) -> None:
    file = write_gguf(released, tmp_path / "a.gguf", GGMLQuantizationType.F32, **changes)
    with pytest.raises(UnreadableGgufError, match=told):
        fetch_base_model(HubSettings(model_id=str(file)), tmp_path / "base")
