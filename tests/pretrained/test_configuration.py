"""What of a `config.json` is understood, and what is refused by name; nothing is taken for harmless."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from made_model import LLAMA3, config_of, made

from koreason.pretrained.configuration import understand, written
from koreason.pretrained.rope import Rope
from koreason.pretrained.understood import findings

SLIDING = ["full_attention", "sliding_attention"]
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "legacy name of a rope": ({"rope_scaling": {"type": "linear", "factor": 2.0}, "rope_parameters": ...}, "rope type 'linear'"),
    "dynamic": ({"rope_scaling": {"type": "dynamic", "factor": 2.0}}, "rope type 'dynamic'"),
    "mrope": ({"rope_scaling": {"type": "mrope", "mrope_section": [1, 1]}}, "rope type 'mrope'"),
    "longrope": ({"rope_scaling": {"type": "longrope", "short_factor": [1.0]}}, "rope type 'longrope'"),
    "yarn": ({"rope_parameters": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4}}, "rope type 'yarn'"),
    "two types": ({"rope_scaling": LLAMA3 | {"rope_type": "llama3", "type": "linear"}}, "names two types, linear and llama3"),
    "two places": ({"rope_scaling": LLAMA3 | {"type": "llama3"}}, "rope_parameters and rope_scaling contradict each other"),
    "two bases": ({"rope_theta": 5e5}, "rope_theta is 500000.0, and 10000.0 in rope_parameters"),
    "a factor of nothing": ({"rope_parameters": {"rope_theta": 1e4, "factor": 2.0}}, "rope_parameters.factor is not understood"),
    "a rope for each kind of layer": ({"rope_parameters": {"full_attention": {}}}, "rope_parameters.full_attention is not understood"),
    "a part of llama3": ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "lacks the key 'low_freq_factor' of rope type 'llama3'"),
    "llama3 upside down": ({"rope_parameters": LLAMA3 | {"rope_type": "llama3", "low_freq_factor": 4.0}}, "is not below high_freq_factor"),
    "rope of a word": ({"rope_scaling": "linear"}, "rope_scaling is no object"),
    "a base of 0": ({"rope_parameters": {"rope_theta": 0}}, "rope_theta is 0; accepted: a number above 0"),
    "a base that no float holds": ({"rope_parameters": {"rope_theta": 10**400}}, "accepted: a number above 0"),
    "an epsilon that float32 takes for 0": ({"rms_norm_eps": 1e-300}, "rms_norm_eps is 1e-300; accepted: a number between 0 and 1"),
    "part of a head": ({"partial_rotary_factor": 0.5}, "partial_rotary_factor 0.5"),
    "part of a head, in the rope": ({"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.25}}, "partial_rotary_factor in"),
    "quantized": ({"quantization_config": {"quant_method": "fp8"}}, "quantization_config: its weights are quantized"),
    "compressed": ({"compression_config": {}}, "compression_config: its weights are quantized"),
    "code": ({"auto_map": {"AutoModel": "x.M"}}, "auto_map: it needs code of its makers"),
    "a sliding layer": ({"layer_types": SLIDING}, "layer_types with sliding_attention"),
    "a chunked layer": ({"layer_types": ["chunked_attention"] * 2}, "layer_types with chunked_attention"),
    "a layer too many": ({"layer_types": ["full_attention"] * 3}, "does not name the kind of each of 2 layers"),
    "a window that llama has not": ({"sliding_window": 4096}, "'sliding_window' is not understood of a model of type llama"),
    "heads that groups do not divide": ({"num_key_value_heads": 3}, "num_key_value_heads 3 does not divide num_attention_heads 4"),
    "heads that do not divide": ({"num_attention_heads": 6, "num_key_value_heads": 6}, "6 does not divide hidden_size 16"),
    "attention_bias": ({"attention_bias": True}, "attention_bias 'true' is not supported"),
    "mlp_bias": ({"mlp_bias": True}, "mlp_bias 'true' is not supported"),
    "dropout": ({"attention_dropout": 0.1}, "attention_dropout '0.1' is not supported"),
    "gelu": ({"hidden_act": "gelu_pytorch_tanh"}, "hidden_act 'gelu_pytorch_tanh' is not supported"),
    "logit_scale": ({"logit_scale": 0.0625}, "'logit_scale' is not understood"),
    "softcapping": ({"final_logit_softcapping": 30.0}, "'final_logit_softcapping' is not understood"),
    "softcapping of attention": ({"attn_logit_softcapping": 50.0}, "'attn_logit_softcapping' is not understood"),
    "multipliers": ({"embedding_multiplier": 12.0, "residual_multiplier": 0.2}, "'residual_multiplier' is not understood"),
    "experts": ({"num_local_experts": 8}, "'num_local_experts' is not understood"),
    "what nobody has heard of": ({"k_rotation": False}, "'k_rotation' is not understood"),
    "another class": ({"architectures": ["LlamaForSequenceClassification"]}, "is not LlamaForCausalLM"),
    "another family": ({"model_type": "gpt2"}, "'gpt2' cannot be trained; supported: llama, qwen2, qwen3"),
    "no family": ({"model_type": ...}, "lacks the key 'model_type'"),
    "a family of numbers": ({"model_type": [1]}, "cannot be trained"),
    "no layers": ({"num_hidden_layers": ...}, "lacks the key 'num_hidden_layers'"),
    "layers without end": ({"num_hidden_layers": 10**9}, "num_hidden_layers is 1000000000; accepted: a whole number from 1 to 1024"),
    "no heads": ({"num_attention_heads": 0}, "num_attention_heads is 0"),
    "many": ({"num_hidden_layers": "many"}, "num_hidden_layers is many"),
    "a size of truth": ({"hidden_size": True}, "hidden_size is true"),
    "a size of parts": ({"intermediate_size": 24.5}, "intermediate_size is 24.5"),
    "an epsilon of 1": ({"rms_norm_eps": 1}, "rms_norm_eps is 1"),
    "tied by a word": ({"tie_word_embeddings": "yes"}, "tie_word_embeddings is yes"),
    "eight bits": ({"torch_dtype": "float8_e4m3fn"}, "torch_dtype float8_e4m3fn"),
    "an end beyond": ({"eos_token_id": [1, 40]}, "eos_token_id [1, 40] is no token of 40"),
}  # fmt: skip
QWEN = {
    "sliding": ({"use_sliding_window": True, "sliding_window": 8}, "use_sliding_window 'true' is not supported"),
    "mrope": ({"use_mrope": True}, "use_mrope 'true' is not supported"),
    "a bias of its own": ({"attention_bias": True}, "attention_bias 'true' is not supported"),
    "groups left to the reader": ({"num_key_value_heads": ...}, "lacks the key 'num_key_value_heads'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case: str) -> None:
    changes, message = REFUSED[case]
    read, found = understand(config_of(**changes))
    assert read is None and message in "; ".join(map(str, found))


def test_heads_of_qwen2_are_what_every_reader_takes_them_for() -> None:
    assert "head_dim 8 of 4 heads is not hidden_size 16" in str(understand(config_of("qwen2", head_dim=8))[1][0])
    assert understand(config_of("qwen2", head_dim=4))[0] and understand(config_of("qwen3", head_dim=8))[0]


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
@pytest.mark.parametrize("case", QWEN)
def test_refused_of_qwen(case: str, family: str) -> None:
    changes, message = QWEN[case]
    assert message in "; ".join(map(str, understand(config_of(family, **changes))[1]))


@pytest.mark.parametrize("case", [case for case, (changes, _) in REFUSED.items() if isinstance(changes.get("model_type", ""), str)])
def test_a_folder_is_refused_as_its_configuration_is(tmp_path: Path, case: str) -> None:
    changes, message = REFUSED[case]
    assert message in "; ".join(map(str, findings(made(tmp_path / "m", config_of(**changes)))))


TEXTS = {
    "a key twice": ('{"model_type": "llama", "hidden_size": 8, "hidden_size": 16}', "names 'hidden_size' twice"),
    "no number": ('{"rms_norm_eps": NaN}', "holds NaN"),
    "infinity": ('{"rope_theta": -Infinity}', "holds -Infinity"),
    "a list": ("[1]", "is no object of JSON"),
    "nothing": ("", "is not JSON"),
    "a depth": ("[" * 100_000, "is not JSON"),
    "other letters": ("\ud800{".encode("utf-8", "surrogatepass").decode("latin-1"), "is not JSON"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_a_file_that_readers_read_each_in_their_way(tmp_path: Path, case: str) -> None:
    text, message = TEXTS[case]
    assert message in str(findings(made(tmp_path / "m", text))[0])


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = "; ".join(map(str, understand(config_of(logit_scale=2.0, mlp_bias=True, rope_scaling={"type": "linear"}))[1]))
    assert all(name in found for name in ("logit_scale", "mlp_bias", "linear"))


INERT = {"use_cache": True, "initializer_range": 0.02, "pretraining_tp": 1, "transformers_version": "4.40.0", "_name_or_path": "x",
         "attention_dropout": 0.0, "mlp_bias": False, "rope_scaling": None, "temperature": 0.6, "pad_token_id": -1}  # fmt: skip


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_what_is_inert_changes_nothing(family: str) -> None:
    assert understand(config_of(family, **INERT)) == understand(config_of(family))


def test_legacy_names_mean_the_same() -> None:
    new = understand(config_of(rope_parameters={"rope_type": "llama3", "rope_theta": 5e5, **LLAMA3}))[0]
    assert new and new.rope == Rope(5e5, "llama3", 8.0, 1.0, 4.0, 64)
    for name in ("type", "rope_type"):
        assert understand(config_of(rope_parameters=..., rope_theta=5e5, rope_scaling={name: "llama3", **LLAMA3}))[0] == new
    assert understand(config_of(rope_theta=5e5, rope_scaling={"type": "llama3", **LLAMA3}, rope_parameters=None))[0] == new


def test_a_width_of_heads_that_is_not_said_is_the_readers(tmp_path: Path) -> None:
    assert (understand(config_of(head_dim=...))[0] or 0).head_width == 4
    read = understand(config_of("qwen3", head_dim=...))[0]
    assert read and read.head_width == 128, "as transformers and vLLM take it"
    narrow = made(tmp_path / "m", config_of("qwen3"))
    (narrow / "config.json").write_text((narrow / "config.json").read_text().replace('"head_dim": 4,', "").replace(', "head_dim": 4', ""))
    assert "its configuration asks for [128]" in "; ".join(map(str, findings(narrow)))


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("rope", ["default", "llama3"])
def test_what_is_written_is_understood_as_before(family: str, rope: str) -> None:
    parameters = {"rope_type": rope, "rope_theta": 5e5, **(LLAMA3 if rope == "llama3" else {})}
    facts = config_of(family, rope_parameters=parameters, tie_word_embeddings=...)
    read = understand(facts)[0]
    assert read
    out = written(facts, read, "bfloat16")
    assert understand(out)[0] == read
    # as transformers 4 reads it
    assert understand({key: value for key, value in out.items() if key != "rope_parameters"})[0] == read
    assert out["dtype"] == out["torch_dtype"] == "bfloat16" and dataclasses.asdict(read)["tied"] is False is out["tie_word_embeddings"]
