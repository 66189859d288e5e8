"""What Gemma 3's text model says beside the sizes that all have: two rotations, two kinds of layers, its own scale of attention.

    own = read({"rope_scaling": {"rope_type": "linear", "factor": 8.0}}, KEYS[GEMMA].defaults)
    own.more["window"]      # 4096

transformers 5 names the rotation of each kind of layer in `rope_parameters`; 4 has the sliding layers' in `rope_local_base_freq`.
"""

from dataclasses import dataclass, field
from typing import Any

from koreason.pretrained.finding import Finding, above_zero, value
from koreason.pretrained.keys import FULL, SLIDING
from koreason.pretrained.rope import CONFIG, LINEAR, Rope, read_rope

LOCAL, PATTERN = 1e4, 6  # defaults: base of the sliding layers' rotation, and that each sixth layer is a full one


@dataclass
class Own:
    """What was read.

    Attributes:
        rope: of full layers.
        more: fields of a `Configuration`.
    """

    rope: Rope | None
    pattern: int
    more: dict[str, Any]
    found: list[Finding] = field(default_factory=list)

    def kinds(self, layers: int) -> list[str]:
        """The kind of each layer, where the configuration does not name them."""
        return [SLIDING if (index + 1) % self.pattern else FULL for index in range(layers)]


def read(config: dict[str, Any], defaults: dict[str, Any]) -> Own:
    """Read the keys of a configuration that are not null."""
    found: list[Finding] = []

    def number(key: str, default: float | None, whole: bool = False) -> Any:
        one = config.get(key, default)
        if one is not None and not above_zero(one, whole):
            found.append(Finding(f"{key} is {value(one)}; accepted: a {'whole ' * whole}number above 0", CONFIG))
            return default
        return one

    local_base, parameters = number("rope_local_base_freq", LOCAL), config.get("rope_parameters")
    patterns = {number(key, PATTERN, True) for key in ("sliding_window_pattern", "_sliding_window_pattern") if key in config}
    if len(patterns) > 1:
        found.append(Finding("sliding_window_pattern and _sliding_window_pattern contradict each other", CONFIG))
    if isinstance(parameters, dict) and parameters.keys() & {FULL, SLIDING}:
        if other := sorted(parameters.keys() - {FULL, SLIDING}):
            found.append(Finding(f"rope_parameters.{value(other[0])} is no kind of layer", CONFIG))
        rope, wrong = read_rope({"rope_parameters": parameters.get(FULL)} | _before(config), defaults["rope_theta"], LINEAR)
        said = {"rope_local_base_freq": "rope_theta"} if "rope_local_base_freq" in config else {}
        theta = {name: config[key] for key, name in said.items()}
        local, bad = read_rope({"rope_parameters": parameters.get(SLIDING)} | theta, LOCAL, {"default": ()})
        found += [*wrong, *bad]
    else:
        rope, wrong = read_rope({"rope_parameters": parameters} | _before(config), defaults["rope_theta"], LINEAR)
        local = Rope(float(local_base))
        found += wrong
    more = {
        "local_rope": local,
        "window": number("sliding_window", defaults["sliding_window"], True),
        "scale": float(number("query_pre_attn_scalar", defaults["query_pre_attn_scalar"])) ** -0.5,
        "logit_cap": number("final_logit_softcapping", None),
    }
    return Own(rope, next(iter(patterns), PATTERN), more, found)


def _before(config: dict[str, Any]) -> dict[str, Any]:
    return {key: config[key] for key in ("rope_theta", "rope_scaling", "partial_rotary_factor") if key in config}


def written(said: dict[str, Any], configuration: Any) -> dict[str, Any]:
    """What a trained model's configuration says beside `said` and its rotation, in the words of every reader."""
    full, local, scalar = configuration.rope, configuration.local_rope, round(configuration.scale**-2, 9)
    own = {key: one for key, one in said.items() if key != "hidden_act"} | {
        "hidden_activation": "gelu_pytorch_tanh",
        "num_attention_heads": configuration.heads,
        "vocab_size": configuration.vocabulary,
        "layer_types": list(configuration.kinds),
        "sliding_window": configuration.window,
        "query_pre_attn_scalar": int(scalar) if scalar == int(scalar) else scalar,
        "final_logit_softcapping": configuration.logit_cap,
        "rope_local_base_freq": local.rope_theta,
    }
    whole: dict[str, Any] = own | full.written | {"rope_parameters": {FULL: full.parameters, SLIDING: local.parameters}}
    return whole
