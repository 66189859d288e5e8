"""Weights and tokenizers of a model's folder: whole, all used, and no token without a row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_model import SETTINGS, Shapes, config_of, made, tokenizer, write_tensors

from koreason.pretrained.files import parts_of
from koreason.pretrained.understood import findings

EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
ATTENTION = "model.layers.0.self_attn"
INDEX = "model.safetensors.index.json"
FIRST, SECOND = (f"model-0000{number}-of-00002.safetensors" for number in (1, 2))


def said(folder: Path, trained: bool = True) -> str:
    return "; ".join(map(str, findings(folder, trained)))


def edit(folder: Path, name: str, **changes: Any) -> None:
    facts = json.loads((folder / name).read_text()) if (folder / name).is_file() else {}
    (folder / name).write_text(json.dumps(facts | changes))


def test_what_is_whole_is_understood(tmp_path: Path) -> None:
    for family in ("llama", "qwen2", "qwen3"):
        for tied in (False, True):
            assert not said(made(tmp_path / f"{family}-{tied}", config_of(family, tie_word_embeddings=tied)))
    sharded = made(tmp_path / "sharded", shards=3, dtypes={EMBEDDING: "BF16"})
    assert not said(sharded)
    assert len(parts_of(sharded)) == 7


TENSORS: dict[str, tuple[Callable[[Shapes], object], str]] = {
    "fewer rows": (lambda t: t.update({EMBEDDING: (30, 16)}), f"{EMBEDDING} is [30, 16], its configuration asks for [40, 16]"),
    "more rows": (lambda t: t.update({EMBEDDING: (48, 16)}), f"{EMBEDDING} is [48, 16]"),
    "a head of other rows": (lambda t: t.update({HEAD: (39, 16)}), f"{HEAD} is [39, 16]"),
    "another width": (lambda t: t.update({"model.layers.1.mlp.up_proj.weight": (16, 24)}), "asks for [24, 16]"),
    "no head": (lambda t: t.pop(HEAD), f"lacks 1 weights, {HEAD} first"),
    "no layer": (lambda t: [t.pop(name) for name in list(t) if ".1." in name], "lacks 9 weights, model.layers.1.input_layernorm.weight"),
    "scales": (lambda t: t.update({f"{ATTENTION}.q_proj.weight_scale_inv": (1, 1)}), "scales of quantized weights"),
    "scales of another kind": (lambda t: t.update({f"{ATTENTION}.q_proj.weight_scale": (1,)}), "scales of quantized weights"),
    "GPTQ": (lambda t: t.update({f"{ATTENTION}.q_proj.qweight": (2, 16), f"{ATTENTION}.q_proj.g_idx": (16,)}), "scales of quantized"),
    "a bias": (lambda t: t.update({f"{ATTENTION}.q_proj.bias": (16,)}), "holds 1 tensors too many, tensors that nothing uses"),
    "a norm": (lambda t: t.update({f"{ATTENTION}.q_norm.weight": (4,)}), "tensors that nothing uses: model.layers.0.self_attn.q_norm"),
    "a layer more": (lambda t: t.update({"model.layers.2.input_layernorm.weight": (16,)}), "tensors that nothing uses"),
    "an adapter": (lambda t: t.update({"base_model.model.lora_A.weight": (2, 16)}), "tensors that nothing uses"),
}  # fmt: skip


@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_are_refused_by_name(tmp_path: Path, case: str) -> None:
    change, message = TENSORS[case]
    assert message in said(made(tmp_path / "m", change=change))


def test_frequencies_that_old_versions_stored_are_inert(tmp_path: Path) -> None:
    name = "model.layers.{}.self_attn.rotary_emb.inv_freq"
    assert not said(made(tmp_path / "two", change=lambda t: t.update({name.format(index): (2,) for index in range(2)})))
    assert "tensors that nothing uses" in said(made(tmp_path / "three", change=lambda t: t.update({name.format(2): (2,)})))


@pytest.mark.parametrize("dtype", ["F8_E4M3", "I32", "U8"])
def test_weights_of_another_type(tmp_path: Path, dtype: str) -> None:
    assert f"{ATTENTION}.q_proj.weight holds {dtype}; accepted" in said(made(tmp_path / "m", dtypes={f"{ATTENTION}.q_proj.weight": dtype}))


def test_a_tied_head_is_the_embedding(tmp_path: Path) -> None:
    tied, own = config_of(tie_word_embeddings=True), {HEAD: (40, 16)}
    assert not said(made(tmp_path / "same", tied, lambda t: t.update(own)))
    wrong = f"tie_word_embeddings is true, but {HEAD} differs from {EMBEDDING}"
    assert wrong in said(made(tmp_path / "other", tied, lambda t: t.update(own), fill={HEAD: 1}))
    assert wrong in said(made(tmp_path / "type", tied, lambda t: t.update(own), dtypes={HEAD: "BF16"}))
    assert wrong in said(made(tmp_path / "rows", tied, lambda t: t.update({HEAD: (41, 16)})))
    assert not said(made(tmp_path / "untied", config_of(), fill={HEAD: 1}))


def cut(folder: Path) -> None:
    path = folder / SECOND
    path.write_bytes(path.read_bytes()[:-8])


def to_nothing(folder: Path) -> None:
    (folder / FIRST).unlink()
    (folder / FIRST).symlink_to("/nowhere")


NOT_NAMED, NO_FILE = f"{INDEX} does not name it", "which is no safetensors file of its folder"
FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a shard less": (lambda f: (f / SECOND).unlink(), f"{SECOND}: is missing, and"),
    "a link to nothing": (to_nothing, f"{FIRST}: not readable safetensors"),
    "a shard cut": (cut, f"{SECOND}: has"),
    "no shard": (lambda f: (f / SECOND).write_bytes(b"\x80" * 40), f"{SECOND}: not readable safetensors"),
    "one more file": (lambda f: write_tensors(f / "extra.safetensors", {"x": (1,)}), f"extra.safetensors: {NOT_NAMED}"),
    "whole and in shards": (lambda f: write_tensors(f / "model.safetensors", {"x": (1,)}), f"model.safetensors: {NOT_NAMED}"),
    "a name elsewhere": (lambda f: edit(f, INDEX, weight_map={"a": "../other.safetensors"}), NO_FILE),
    "a name from the root": (lambda f: edit(f, INDEX, weight_map={"a": "/etc/x.safetensors"}), NO_FILE),
    "a hidden name": (lambda f: edit(f, INDEX, weight_map={"a": ".x.safetensors"}), NO_FILE),
    "an index of numbers": (lambda f: edit(f, INDEX, weight_map=[1]), "is no index of safetensors"),
    "a tensor that no file holds": (lambda f: renamed(f, "model.norm.weight", "model.other"), "names model.other, not in the file"),
    "a tensor in no index": (lambda f: renamed(f, "model.norm.weight", None), "does not name model.norm.weight"),
}


def renamed(folder: Path, name: str, new: str | None) -> None:
    names = json.loads((folder / INDEX).read_text())["weight_map"]
    file = names.pop(name)
    edit(folder, INDEX, weight_map=names | ({new: file} if new else {}))


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("case", FILES)
def test_files_that_are_not_whole_are_refused_of_teachers_too(tmp_path: Path, case: str, trained: bool) -> None:
    folder = made(tmp_path / "m", shards=2)
    damage, message = FILES[case]
    damage(folder)
    assert message in said(folder, trained)


def test_a_second_file_beside_the_only_one(tmp_path: Path) -> None:
    folder = made(tmp_path / "m")
    write_tensors(folder / "adapter_model.safetensors", {"x": (1,)})
    assert "adapter_model.safetensors: beside model.safetensors, and no" in said(folder)


def test_a_header_whose_tensors_overlap(tmp_path: Path) -> None:
    folder = made(tmp_path / "m")
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data.replace(b'"data_offsets": [0, 2560]', b'"data_offsets": [4, 2564]'))
    assert "overlap, or leave room" in said(folder)


TOKENIZERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (lambda f: (f / "tokenizer.json").unlink(), "tokenizer.json: is missing"),
    "no settings": (lambda f: (f / "tokenizer_config.json").unlink(), "tokenizer_config.json: is missing"),
    "more tokens than rows": (lambda f: (f / "tokenizer.json").write_text(json.dumps(tokenizer(41))), "beyond the embedding's 40 rows"),
    "one beyond": (lambda f: edit(f, "tokenizer.json", added_tokens=[{"id": 40, "content": "<x>"}]), "<x> has a number beyond"),
    "two numbers": (lambda f: edit(f, "tokenizer.json", added_tokens=[{"id": 7, "content": "<e>"}]), "gives <e> two numbers"),
    "another kind": (lambda f: edit(f, "tokenizer.json", model={"type": "Neural", "vocab": {}}), "a model of type Neural"),
    "no model": (lambda f: edit(f, "tokenizer.json", model=None), "is no tokenizer that is understood"),
    "code": (lambda f: edit(f, "tokenizer_config.json", auto_map={"AutoTokenizer": ["x.T", None]}), "auto_map: it needs code"),
    "an end that is no token": (lambda f: edit(f, "tokenizer_config.json", eos_token="<none>"), "eos_token <none> is no token of it"),
    "other content": (lambda f: edit(f, "tokenizer_config.json", added_tokens_decoder={"1": {"content": "<f>"}}), "<f> is token 1"),
    "decoder": (lambda f: edit(f, "tokenizer_config.json", added_tokens_decoder={"77": {"content": "<f>"}}), "<f> is token 77"),
    "an end beyond": (lambda f: edit(f, "generation_config.json", eos_token_id=[1, 99]), "eos_token_id [1, 99] is no token of 40"),
    "settings twice": (lambda f: (f / "tokenizer_config.json").write_text('{"a": 1, "a": 2}'), "names 'a' twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", TOKENIZERS)
def test_tokenizers_that_are_refused_by_name(tmp_path: Path, case: str) -> None:
    folder = made(tmp_path / "m")
    damage, message = TOKENIZERS[case]
    damage(folder)
    assert message in said(folder)


def test_a_teacher_is_its_engines_to_understand(tmp_path: Path) -> None:
    strange = config_of("gpt_oss", quantization_config={"quant_method": "mxfp4"})
    folder = made(tmp_path / "m", strange, lambda t: t.update({f"{ATTENTION}.q_proj.weight_scale": (1,)}))
    assert said(folder) and not said(folder, trained=False)
    (folder / "tokenizer_config.json").write_text(json.dumps(SETTINGS | {"auto_map": {}}))
    assert "needs code of its makers" in said(folder, trained=False)
    assert "needs code of its makers" in said(made(tmp_path / "n", strange | {"auto_map": {"AutoModel": "x.M"}}), trained=False)
