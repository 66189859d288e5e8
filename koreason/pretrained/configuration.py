"""A model's `config.json`: read whole or refused by name, and written so that every reader reads it alike.

    configuration, found = read_configuration(Path("results/bases/smollm2-135m/config.json"))
    written(facts, configuration, "bfloat16")       # the exported model's

A key that is null counts as not there, as in `transformers`. It is read without `transformers`, whose import would take a good part of a
short job in each of its processes, and which takes whatever it does not know for harmless.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from koreason.pretrained import gemma
from koreason.pretrained.finding import Finding, above_zero, read_object, value
from koreason.pretrained.keys import DTYPES, FAMILIES, FULL, GEMMA, KEYS, READ, SIZES, SLIDING, TOKENS, WHY, WRAPPER, Keys
from koreason.pretrained.rope import CONFIG, Rope, read_rope


@dataclass(frozen=True)
class Configuration:
    """Sizes of a decoder.

    Attributes:
        heads, groups: query heads, and key-value heads that they share.
        head_width: of one head.
        mlp_width: of the gated MLP.
        vocabulary: rows of the embedding.
        tied: the embedding is the head, too.
        query_bias: query, key and value have a bias.
        query_norm: queries and keys are normalized.
        rope: rotary positions, of full layers where there are others.
        local_rope: of sliding layers.
        kinds: of each layer, FULL or SLIDING.
        window: tokens that a token of a sliding layer sees, itself among them.
        scale: of attention's scores; None: one over the root of the head's width.
        logit_cap: soft limit of logits.
        wrapped: it lies in a model that sees images, whose other parts are carried through.
    """

    family: str
    layers: int
    hidden: int
    heads: int
    groups: int
    head_width: int
    mlp_width: int
    vocabulary: int
    tied: bool
    query_bias: bool
    query_norm: bool
    norm_epsilon: float
    rope: Rope
    kinds: tuple[str, ...]
    local_rope: Rope | None = None
    window: int | None = None
    scale: float | None = None
    logit_cap: float | None = None
    wrapped: bool = False

    @property
    def gemma(self) -> bool:
        """Whether it is one of Gemma's: norms around each part, whose gain is one more than their weight, GELU, scaled embeddings."""
        return self.family == GEMMA

    @property
    def ropes(self) -> dict[str, Rope]:
        """Rotary positions by the kind of layer."""
        return {FULL: self.rope} | ({SLIDING: self.local_rope} if self.local_rope else {})


def read_configuration(path: Path) -> tuple[Configuration | None, list[Finding]]:
    """Read `config.json`: what it says where all of it is understood, else all that is not."""
    facts, found = read_object(path)
    return (None, found) if found else understand(facts)


def understand(facts: dict[str, Any]) -> tuple[Configuration | None, list[Finding]]:
    """`read_configuration` of what stands in the file."""
    family = facts.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        if family is None:
            return None, [Finding("lacks the key 'model_type'", CONFIG)]
        return None, [Finding(f"model_type '{value(family)}' cannot be trained; supported: {', '.join(FAMILIES)}", CONFIG)]
    keys = KEYS[family]
    config = {key: one for key, one in facts.items() if one is not None}
    found = [Finding(f"lacks the key '{key}'", CONFIG) for key in keys.required if key not in config]
    found += _of_keys(config, keys, family)
    if family == WRAPPER:
        return _unwrapped(config, found + _of_values(config, keys))
    own = gemma.read(config, keys.defaults) if family == GEMMA else None
    rope, wrong = (own.rope, own.found) if own else read_rope(config, keys.defaults["rope_theta"])
    meant: dict[str, Any] = {key: one for key, one in keys.defaults.items() if one is not None} | config
    sizes = {key: meant[key] for key in SIZES if key in meant}
    found += [*wrong, *check_sizes(sizes), *_of_values(config, keys)]
    if found or rope is None:
        return None, found
    sizes.setdefault("num_key_value_heads", sizes["num_attention_heads"])
    sizes.setdefault("head_dim", sizes["hidden_size"] // sizes["num_attention_heads"])
    layers = sizes["num_hidden_layers"]
    found = [*_of_heads(sizes, config, family), *_of_tokens(config, sizes["vocab_size"]), *_of_layers(config, layers, family)]
    if found:
        return None, found
    return Configuration(
        family=family,
        layers=layers,
        hidden=sizes["hidden_size"],
        heads=sizes["num_attention_heads"],
        groups=sizes["num_key_value_heads"],
        head_width=sizes["head_dim"],
        mlp_width=sizes["intermediate_size"],
        vocabulary=sizes["vocab_size"],
        tied=config.get("tie_word_embeddings", keys.defaults["tie_word_embeddings"]),
        query_bias=family == "qwen2",
        query_norm=family in ("qwen3", GEMMA),
        norm_epsilon=float(config.get("rms_norm_eps", keys.defaults["rms_norm_eps"])),
        rope=rope,
        kinds=tuple(config.get("layer_types") or (own.kinds(layers) if own else [FULL] * layers)),
        **(own.more if own else {}),
    ), []


def _unwrapped(config: dict[str, Any], found: list[Finding]) -> tuple[Configuration | None, list[Finding]]:
    text = config.get("text_config")
    if not isinstance(text, dict) or text.get("model_type", GEMMA) != GEMMA:
        return None, [*found, Finding(f"text_config is none of a model of type {GEMMA}", CONFIG)]
    # what a wrapper's reader takes of it where the text says nothing
    shared = {key: config[key] for key in TOKENS if key in config and key not in text}
    configuration, wrong = understand({"model_type": GEMMA} | shared | text)
    found = [*found, *(Finding(f"text_config: {one.what}", one.where) for one in wrong)]
    return (replace(configuration, wrapped=True), []) if configuration and not found else (None, found)


def _of_keys(config: dict[str, Any], keys: Keys, family: str) -> list[Finding]:
    found = []
    for key, one in config.items():
        if key in keys.fixed and not any(one == allowed for allowed in keys.fixed[key]):
            found.append(Finding(f"{key} {value(one)!r} is not supported for training", CONFIG))
        elif key in WHY:
            found.append(Finding(f"{key}: {WHY[key]}", CONFIG))
        elif not (key in keys.fixed or key in keys.inert or key in (*READ, *keys.read)):
            found.append(Finding(f"the key {value(key)!r} is not understood of a model of type {family}", CONFIG))
    return found


def check_sizes(sizes: dict[str, Any]) -> list[Finding]:
    """Which of a configuration's sizes are none, or none that would fit anything."""
    return [
        Finding(f"{key} is {value(one)}; accepted: a whole number from 1 to {SIZES[key]}", CONFIG)
        for key, one in sizes.items()
        if isinstance(one, bool) or not isinstance(one, int) or not 1 <= one <= SIZES[key]
    ]


def _of_values(config: dict[str, Any], keys: Keys) -> list[Finding]:
    found = []
    epsilon, tied = config.get("rms_norm_eps", 0.1), config.get("tie_word_embeddings", False)
    if not above_zero(epsilon) or epsilon >= 1:
        found.append(Finding(f"rms_norm_eps is {value(epsilon)}; accepted: a number between 0 and 1", CONFIG))
    if not isinstance(tied, bool):
        found.append(Finding(f"tie_word_embeddings is {value(tied)}; accepted: true or false", CONFIG))
    if config.get("architectures", [keys.architecture]) != [keys.architecture]:
        found.append(Finding(f"architectures {value(config['architectures'])} is not {keys.architecture}", CONFIG))
    for key in ("dtype", "torch_dtype"):
        if config.get(key, DTYPES[0]) not in DTYPES:
            found.append(Finding(f"{key} {value(config[key])} is none of {', '.join(DTYPES)}", CONFIG))
    return found


def _of_heads(sizes: dict[str, int], config: dict[str, Any], family: str) -> list[Finding]:
    found = []
    heads, groups = sizes["num_attention_heads"], sizes["num_key_value_heads"]
    if heads % groups:
        found.append(Finding(f"num_key_value_heads {groups} does not divide num_attention_heads {heads}", CONFIG))
    # transformers 5 refuses it of Llama whatever the heads' width is
    if sizes["hidden_size"] % heads and ("head_dim" not in config or family == "llama"):
        found.append(Finding(f"num_attention_heads {heads} does not divide hidden_size {sizes['hidden_size']}", CONFIG))
    if family == "qwen2" and sizes["head_dim"] * heads != sizes["hidden_size"]:  # vLLM does not read the key there
        found.append(Finding(f"head_dim {sizes['head_dim']} of {heads} heads is not hidden_size {sizes['hidden_size']}", CONFIG))
    if sizes["head_dim"] % 2:
        found.append(Finding(f"the width of a head is odd, {sizes['head_dim']}", CONFIG))
    return found


def _of_tokens(config: dict[str, Any], vocabulary: int) -> list[Finding]:
    found = []
    for key in TOKENS:
        one = config.get(key, 0)
        numbers = one if isinstance(one, list) and key == "eos_token_id" else [one]
        if not all(is_token(number, vocabulary) or (number == -1 and key == "pad_token_id") for number in numbers):
            found.append(Finding(f"{key} {value(one)} is no token of {vocabulary}", CONFIG))
    return found


def _of_layers(config: dict[str, Any], layers: int, family: str) -> list[Finding]:
    kinds = config.get("layer_types", [FULL] * layers)
    if not isinstance(kinds, list) or len(kinds) != layers:
        return [Finding(f"layer_types {value(kinds)} does not name the kind of each of {layers} layers", CONFIG)]
    known = (FULL, SLIDING) if family == GEMMA else (FULL,)
    if other := sorted({value(kind) for kind in kinds if kind not in known}):
        return [Finding(f"layer_types with {', '.join(other)} is not supported for training", CONFIG)]
    return []


def is_token(number: Any, vocabulary: int) -> bool:
    """Whether something is the number of a token."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < vocabulary


def written(facts: dict[str, Any], configuration: Configuration, dtype: str) -> dict[str, Any]:
    """The `config.json` of a trained model: its base's, with all that decides arithmetic said in the words of every reader.

    Defaults differ between readers and versions, so none is left to them.
    """
    if configuration.wrapped:
        text = {key: one for key, one in facts["text_config"].items()} | {"model_type": GEMMA}
        own = written(text, replace(configuration, wrapped=False), dtype)
        return facts | {"architectures": [KEYS[WRAPPER].architecture], "text_config": own, "dtype": dtype, "torch_dtype": dtype}
    keys = KEYS[configuration.family]
    said = {
        "architectures": [keys.architecture],
        "num_key_value_heads": configuration.groups,
        "head_dim": configuration.head_width,
        "tie_word_embeddings": configuration.tied,
        "rms_norm_eps": configuration.norm_epsilon,
        "hidden_act": "silu",
        "dtype": dtype,
        "torch_dtype": dtype,  # of transformers before 4.56
    }
    if "use_sliding_window" in keys.fixed:
        said |= {"use_sliding_window": False}
    rest = {key: one for key, one in facts.items() if key != "partial_rotary_factor"}
    return rest | (gemma.written(said, configuration) if configuration.gemma else said | configuration.rope.written)
