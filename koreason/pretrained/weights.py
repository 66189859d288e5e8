"""The tensors that a configuration asks for, held against those that are there: every one is used, known to be inert, or refused by name.

weights_of(configuration)["model.norm.weight"]      # (576,)
found = check_weights(folder, configuration)
"""

import re
from collections.abc import Iterable
from pathlib import Path

from koreason.pretrained.configuration import Configuration
from koreason.pretrained.files import SINGLE, Stored, read_tensors, same_bytes
from koreason.pretrained.finding import Finding, some, value

FLOATS = ("F32", "BF16", "F16")
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
# Frequencies that transformers before 4.32 stored, and computes since.
INERT = re.compile(r"model\.layers\.(\d+)\.self_attn\.rotary_emb\.inv_freq")
# Of what a text model is wrapped in: read and written with its name, as transformers 4 and 5 spell it, and with its bytes.
CARRIED = re.compile(r"(model\.)?(vision_tower|multi_modal_projector)\..+")
WRAPPED = (("language_model.model.", "model."), ("model.language_model.", "model."), ("language_model.lm_head.", "lm_head."))
SCALES = re.compile(r".*(_scale|_scale_inv|\.scales|\.qweight|\.qzeros|\.g_idx|_packed|\.absmax|\.quant_map|quant_state.*)")


def weights_of(of: Configuration) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor by its name; matrices as [outputs, inputs]."""
    query, key = of.heads * of.head_width, of.groups * of.head_width
    layer = {
        "input_layernorm.weight": (of.hidden,),
        "self_attn.q_proj.weight": (query, of.hidden),
        "self_attn.k_proj.weight": (key, of.hidden),
        "self_attn.v_proj.weight": (key, of.hidden),
        "self_attn.o_proj.weight": (of.hidden, query),
        "post_attention_layernorm.weight": (of.hidden,),
        "mlp.gate_proj.weight": (of.mlp_width, of.hidden),
        "mlp.up_proj.weight": (of.mlp_width, of.hidden),
        "mlp.down_proj.weight": (of.hidden, of.mlp_width),
    }
    if of.gemma:
        layer |= {f"{place}_feedforward_layernorm.weight": (of.hidden,) for place in ("pre", "post")}
    if of.query_bias:
        layer |= {f"self_attn.{name}_proj.bias": (size,) for name, size in (("q", query), ("k", key), ("v", key))}
    if of.query_norm:
        layer |= {f"self_attn.{name}_norm.weight": (of.head_width,) for name in "qk"}
    layers = {f"model.layers.{index}.{name}": shape for index in range(of.layers) for name, shape in layer.items()}
    head = {} if of.tied else {HEAD: (of.vocabulary, of.hidden)}
    return {EMBEDDING: (of.vocabulary, of.hidden)} | layers | {"model.norm.weight": (of.hidden,)} | head


def named(names: Iterable[str], of: Configuration) -> dict[str, str]:
    """As which of `weights_of` each tensor is read: itself, or without what a wrapper puts before it; those carried through not at all."""
    return {name: _plain(name) if of.wrapped else name for name in names if not is_carried(name, of)}


def _plain(name: str) -> str:
    return next((plain + name.removeprefix(before) for before, plain in WRAPPED if name.startswith(before)), name)


def is_carried(name: str, of: Configuration) -> bool:
    """Whether a tensor is a wrapper's own."""
    return of.wrapped and CARRIED.fullmatch(name) is not None


def check_weights(folder: Path, configuration: Configuration | None) -> list[Finding]:
    """What is not understood of a folder's tensors; without a configuration only whether its files are whole."""
    tensors, found = read_tensors(folder)
    if configuration is None or found:
        return found
    wanted = weights_of(configuration)
    spelled = named(tensors, configuration)
    if twice := [name for name in spelled if list(spelled.values()).count(spelled[name]) > 1] if configuration.wrapped else []:
        return [Finding(f"{some(twice)} are one weight by two names", tensors[min(twice)].file)]
    there = {plain: tensors[name] for name, plain in spelled.items() if not _is_inert(plain, configuration)}
    if configuration.tied and HEAD in there:
        head = there.pop(HEAD)
        if EMBEDDING in there and not _equal(folder, head, there[EMBEDDING]):
            found.append(Finding(f"tie_word_embeddings is true, but {HEAD} differs from {EMBEDDING}", head.file))
    if missing := wanted.keys() - there.keys():
        found.append(Finding(f"lacks {len(missing)} weights, {min(missing)} first", _file(tensors)))
    if unused := there.keys() - wanted.keys():
        scales = [name for name in unused if SCALES.fullmatch(name)]
        why = "scales of quantized weights, which are not read" if scales else "tensors that nothing uses"
        found.append(Finding(f"holds {len(unused)} tensors too many, {why}: {some(scales or unused)}", there[min(scales or unused)].file))
    for name in sorted(wanted.keys() & there.keys()):
        stored = there[name]
        if stored.shape != wanted[name]:
            found.append(Finding(f"{name} is {list(stored.shape)}, its configuration asks for {list(wanted[name])}", stored.file))
        elif stored.dtype not in FLOATS:
            found.append(Finding(f"{name} holds {value(stored.dtype)}; accepted: {', '.join(FLOATS)}", stored.file))
    return found


def _is_inert(name: str, configuration: Configuration) -> bool:
    match = INERT.fullmatch(name)
    return match is not None and int(match[1]) < configuration.layers


def _equal(folder: Path, one: Stored, other: Stored) -> bool:
    return (one.dtype, one.shape) == (other.dtype, other.shape) and same_bytes(folder, one, other)


def _file(tensors: dict[str, Stored]) -> str:
    return min((stored.file for stored in tensors.values()), default=SINGLE)
