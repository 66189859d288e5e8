"""Gemma 3's configuration, alone and in what wraps it: read as transformers 4 and 5 spell it, and refused where it means something else."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from made_model import write_tensors

from koreason.pretrained.configuration import Configuration, understand, written
from koreason.pretrained.published import PUBLISHED
from koreason.pretrained.weights import check_weights, weights_of

TEXT: dict[str, Any] = {
    "model_type": "gemma3_text", "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 7, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 4, "vocab_size": 40, "sliding_window": 16, "query_pre_attn_scalar": 4,
    "rope_scaling": {"rope_type": "linear", "factor": 8.0},
}  # fmt: skip
WRAPPED = {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"], "text_config": TEXT, "vision_config": {"x": 1},
           "eos_token_id": [1, 6], "mm_tokens_per_image": 256}  # fmt: skip
FIVE = {"full_attention": {"rope_theta": 1e6, "rope_type": "linear", "factor": 8.0}, "sliding_attention": {"rope_theta": 1e4}}
SPELLINGS = {
    "4": {},
    "5": {"rope_scaling": None, "rope_parameters": FIVE},
    "both": {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_parameters": FIVE},
    "kinds": {"layer_types": ["sliding_attention"] * 5 + ["full_attention", "sliding_attention"]},
    "pattern": {"sliding_window_pattern": 6},
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "soft limits of attention": ({"attn_logit_softcapping": 50.0}, "attn_logit_softcapping"),
    "another activation": ({"hidden_activation": "silu"}, "hidden_activation 'silu'"),
    "both ways": ({"use_bidirectional_attention": True}, "use_bidirectional_attention"),
    "yarn": ({"rope_scaling": {"rope_type": "yarn", "factor": 2.0}}, "rope type 'yarn'"),
    "two places": ({"rope_parameters": FIVE | {"full_attention": {"rope_theta": 1e6}}}, "contradict each other"),
    "two local bases": ({"rope_local_base_freq": 2e4, "rope_parameters": FIVE}, "rope_theta is 20000.0, and 10000.0"),
    "another kind of layer": ({"rope_parameters": FIVE | {"chunked_attention": {}}}, "chunked_attention is no kind of layer"),
    "no window": ({"sliding_window": 0}, "sliding_window is 0"),
    "half a window": ({"sliding_window": 1.5}, "accepted: a whole number above 0"),
    "two patterns": ({"sliding_window_pattern": 6, "_sliding_window_pattern": 2}, "contradict each other"),
    "a limit of truth": ({"final_logit_softcapping": True}, "final_logit_softcapping is true"),
    "what nobody has heard of": ({"altup_num_inputs": 4}, "'altup_num_inputs' is not understood"),
}


def read(facts: dict[str, Any]) -> Configuration:
    configuration, found = understand(facts)
    assert configuration is not None, [str(one) for one in found]
    return configuration


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_all_spellings_mean_the_same(spelling: str) -> None:
    plain = read(TEXT)
    assert read(TEXT | SPELLINGS[spelling]) == plain
    assert plain.kinds == ("sliding_attention",) * 5 + ("full_attention", "sliding_attention")
    assert (plain.window, plain.scale, plain.tied, plain.query_norm, plain.rope.factor) == (16, 0.5, True, True, 8.0)
    assert plain.local_rope is not None and (plain.rope.rope_theta, plain.local_rope.rope_theta) == (1e6, 1e4)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_understood_is_refused_by_name_wrapped_or_not(case: str) -> None:
    changes, words = REFUSED[case]
    for facts in (TEXT | changes, WRAPPED | {"text_config": TEXT | changes}):
        configuration, found = understand(facts)
        assert configuration is None and any(words in str(one) for one in found), [str(one) for one in found]


@pytest.mark.parametrize("facts", [TEXT, WRAPPED, TEXT | {"final_logit_softcapping": 30.0}, *PUBLISHED.values()])
def test_what_is_written_is_read_as_it_was(facts: dict[str, Any]) -> None:
    configuration = read(facts)
    again = written(facts, configuration, "bfloat16")
    assert read(again) == configuration and written(again, configuration, "bfloat16") == again
    assert (again["text_config"] if configuration.wrapped else again)["dtype"] == "bfloat16"


@pytest.mark.parametrize("before", ["language_model.model.", "model.language_model."])
def test_a_wrapper_s_own_weights_are_carried_and_all_else_is_asked_for(tmp_path: Path, before: str) -> None:
    configuration = read(WRAPPED)
    vision = "model.vision_tower.x" if before.startswith("model.") else "vision_tower.x"
    shapes = {name.replace("model.", before, 1): shape for name, shape in weights_of(configuration).items()} | {vision: (3,)}
    write_tensors(tmp_path / "model.safetensors", shapes)
    assert check_weights(tmp_path, configuration) == []
    assert any("too many" in str(one) for one in check_weights(tmp_path, dataclasses.replace(configuration, wrapped=False)))
    write_tensors(tmp_path / "model.safetensors", shapes | {"audio_tower.x": (1,)})
    assert "tensors that nothing uses: audio_tower.x" in str(check_weights(tmp_path, configuration)[0])
    del shapes[before + "layers.6.post_feedforward_layernorm.weight"]
    write_tensors(tmp_path / "model.safetensors", shapes)
    assert "lacks 1 weights, model.layers.6.post_feedforward_layernorm.weight first" in str(check_weights(tmp_path, configuration)[0])
