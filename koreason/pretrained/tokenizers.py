"""A model's tokenizer as its files describe it: one reading, and no token that the embedding has no row for.

    found = check_tokenizer(folder, vocabulary=49152)

What `transformers` makes of these files, and of the chat template in them, is tried where it is at hand (`koreason.bases`).
"""

from pathlib import Path
from typing import Any

from koreason.pretrained.configuration import is_token
from koreason.pretrained.files import GENERATION
from koreason.pretrained.finding import Finding, read_object, some, value
from koreason.pretrained.keys import WHY

FILE, SETTINGS = "tokenizer.json", "tokenizer_config.json"
MODELS = ("BPE", "Unigram", "WordPiece", "WordLevel")
SAVED = ("backend", "is_local", "local_files_only", "name_or_path")  # how it was saved, and where it lay
NAMED = ("bos_token", "eos_token", "pad_token", "unk_token")


def check_tokenizer(folder: Path, vocabulary: int | None) -> list[Finding]:
    """What is not understood; `vocabulary` is the number of the embedding's rows, None where it is not known."""
    facts, found = read_object(folder / FILE)
    if found:
        return found
    try:
        tokens, added = _tokens(facts), _added(facts.get("added_tokens") or [])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return [Finding("is no tokenizer that is understood", FILE)]
    kind = facts["model"].get("type", "BPE")
    if kind not in MODELS:
        found.append(Finding(f"a model of type {value(kind)} is not understood; accepted: {', '.join(MODELS)}", FILE))
    for number, content in added.items():
        if tokens.setdefault(content, number) != number:
            found.append(Finding(f"gives {value(content)} two numbers, {tokens[content]} and {value(number)}", FILE))
    most = vocabulary if vocabulary is not None else 2**31
    if beyond := [token for token, number in tokens.items() if not is_token(number, most)]:
        found.append(Finding(f"{some(beyond)} has a number beyond the embedding's {most} rows", FILE))
    return found + _of_settings(folder, tokens, added, most) + _of_generation(folder, most)


def _added(tokens: Any) -> dict[int, str]:
    """Tokens beside the model's by their numbers.

    Raises:
        TypeError: a number or a token is none.
    """
    added = {one["id"]: one["content"] for one in tokens}
    if not all(isinstance(number, int) and isinstance(content, str) for number, content in added.items()):
        raise TypeError
    return added


def _tokens(facts: dict[str, Any]) -> dict[str, Any]:
    vocab = facts["model"]["vocab"]
    return dict(vocab) if isinstance(vocab, dict) else {token: number for number, (token, _) in enumerate(vocab)}


def _of_settings(folder: Path, tokens: dict[str, Any], added: dict[Any, str], most: int) -> list[Finding]:
    settings, found = read_object(folder / SETTINGS)
    if found:
        return found
    if "auto_map" in settings:
        found.append(Finding(f"auto_map: {WHY['auto_map']}", SETTINGS))
    decoder = settings.get("added_tokens_decoder") or {}
    try:
        own = _added([{"id": int(number), "content": one["content"]} for number, one in decoder.items()])
    except (AttributeError, KeyError, TypeError, ValueError):
        return [*found, Finding("added_tokens_decoder is not understood", SETTINGS)]
    for number, content in own.items():
        if not is_token(number, most) or added.get(number, content) != content or tokens.get(content, number) != number:
            found.append(Finding(f"{value(content)} is token {number} here, and not in {FILE}, or beyond the embedding", SETTINGS))
    for name in NAMED:
        token = settings.get(name)
        text = token.get("content") if isinstance(token, dict) else token
        if text is not None and not isinstance(text, str):
            found.append(Finding(f"{name} {value(text)} is no text", SETTINGS))
        elif text is not None and text not in tokens and text not in own.values():
            found.append(Finding(f"{name} {value(text)} is no token of it", SETTINGS))
    return found


def _of_generation(folder: Path, most: int) -> list[Finding]:
    if not (folder / GENERATION).is_file():
        return []
    facts, found = read_object(folder / GENERATION)
    ends = facts.get("eos_token_id")
    if not all(one is None or is_token(one, most) for one in (ends if isinstance(ends, list) else [ends])):
        found.append(Finding(f"eos_token_id {value(ends)} is no token of {most}", GENERATION))
    return found


def written_settings(facts: dict[str, Any]) -> dict[str, Any]:
    """The settings of a trained model: its base's, in words that transformers 4 knows, too."""
    said = dict(facts)
    if said.get("tokenizer_class") == "TokenizersBackend":  # as transformers 5 calls it
        said["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(said.get("extra_special_tokens"), list):  # a list in 5, names and tokens in 4
        said["additional_special_tokens"] = [*(said.get("additional_special_tokens") or []), *said.pop("extra_special_tokens")]
    return {key: one for key, one in said.items() if key not in SAVED}
