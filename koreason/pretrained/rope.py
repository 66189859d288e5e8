"""Rotary positions as a configuration gives them: by transformers 5 in `rope_parameters`, before in `rope_theta` and `rope_scaling`.

    rope, found = read_rope({"rope_theta": 5e5, "rope_scaling": {"type": "default"}}, default=1e4)

The kind's legacy name is `type`. Where two places speak of the same they have to say the same, because readers differ in which they read.
"""

from dataclasses import asdict, dataclass
from typing import Any

from koreason.pretrained.finding import Finding, above_zero, value

CONFIG = "config.json"
LLAMA3 = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
KINDS: dict[str, tuple[str, ...]] = {"default": (), "llama3": LLAMA3}
LINEAR: dict[str, tuple[str, ...]] = {"default": (), "linear": ("factor",)}  # of Gemma 3
NAMES = ("rope_type", "type")


@dataclass(frozen=True)
class Rope:
    """Rotary positions.

    Attributes:
        rope_type: `default`, `linear`, which has a factor, or `llama3` (https://arxiv.org/abs/2407.21783), which has the other four.
        rope_theta: the base whose powers are the wavelengths, in tokens over 2π.
        factor, low_freq_factor, high_freq_factor, original_max_position_embeddings: as in `transformers`.
    """

    rope_theta: float
    rope_type: str = "default"
    factor: float | None = None
    low_freq_factor: float | None = None
    high_freq_factor: float | None = None
    original_max_position_embeddings: int | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """As transformers 5 has it."""
        return {name: one for name, one in asdict(self).items() if one is not None}

    @property
    def written(self) -> dict[str, Any]:
        """As every reader reads it: for transformers 5 `rope_parameters`, for 4 `rope_theta` and `rope_scaling`."""
        scaling = {name: one for name, one in self.parameters.items() if name != "rope_theta"}
        return {
            "rope_parameters": self.parameters,
            "rope_theta": self.rope_theta,
            "rope_scaling": None if self.rope_type == "default" else scaling,
        }


def read_rope(config: dict[str, Any], default: float, kinds: dict[str, tuple[str, ...]] = KINDS) -> tuple[Rope | None, list[Finding]]:
    """Read the keys of a configuration that are not null; `default` is the family's `rope_theta`, `kinds` what it knows."""
    found: list[Finding] = []
    factor = config.get("partial_rotary_factor", 1.0)
    if factor != 1.0:
        found.append(Finding(f"partial_rotary_factor {value(factor)} is not supported for training", CONFIG))
    theta = config.get("rope_theta")
    said = [(key, config[key]) for key in ("rope_parameters", "rope_scaling") if config.get(key)]
    ropes = {key: rope for key, parameters in said if (rope := _read(key, parameters, theta, default, kinds, found))}
    if not said:
        ropes["rope_theta"] = Rope(_number("rope_theta", default if theta is None else theta, found))
    if len(set(ropes.values())) > 1:
        found.append(Finding("rope_parameters and rope_scaling contradict each other", CONFIG))
    return (None, found) if found else (next(iter(ropes.values())), [])


def _read(key: str, parameters: Any, theta: Any, default: float, kinds: dict[str, tuple[str, ...]], found: list[Finding]) -> Rope | None:
    if not isinstance(parameters, dict):
        found.append(Finding(f"{key} is no object", CONFIG))
        return None
    said = {name: one for name, one in parameters.items() if one is not None}
    named = {str(said.pop(name)) for name in NAMES if name in said}
    if len(named) > 1:
        found.append(Finding(f"{key} names two types, {value(' and '.join(sorted(named)))}", CONFIG))
        return None
    kind = next(iter(named), "default")
    if kind not in kinds:
        found.append(Finding(f"rope type '{value(kind)}' is not supported for training", CONFIG))
        return None
    if said.pop("partial_rotary_factor", 1.0) != 1.0:
        found.append(Finding(f"partial_rotary_factor in {key} is not supported for training", CONFIG))
    own = said.pop("rope_theta", theta)
    if theta is not None and own != theta:
        found.append(Finding(f"rope_theta is {value(theta)}, and {value(own)} in {key}", CONFIG))
    wanted = kinds[kind]
    found += [
        Finding(f"{key}.{value(name)} is not understood beside rope type '{kind}'", CONFIG) for name in sorted(said.keys() - set(wanted))
    ]
    found += [Finding(f"{key} lacks the key '{name}' of rope type '{kind}'", CONFIG) for name in wanted if name not in said]
    base = _number("rope_theta", default if own is None else own, found)
    numbers = {name: _number(f"{key}.{name}", said[name], found) for name in wanted if name in said}
    if kind == "llama3" and len(numbers) == len(LLAMA3):
        if not numbers["low_freq_factor"] < numbers["high_freq_factor"]:
            found.append(Finding(f"{key}.low_freq_factor is not below high_freq_factor", CONFIG))
        original = numbers.pop("original_max_position_embeddings")
        return Rope(base, kind, **numbers, original_max_position_embeddings=int(original))
    return Rope(base, kind, factor=numbers.get("factor")) if kind != "llama3" else None


def _number(name: str, thing: Any, found: list[Finding]) -> float:
    if not above_zero(thing):
        found.append(Finding(f"{name} is {value(thing)}; accepted: a number above 0", CONFIG))
        return 1.0
    return float(thing)
