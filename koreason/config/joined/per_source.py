"""What a pool says of each of its sources, by the source's name or its category; the name comes before the category.

thresholds(config, "demo", "demo_forum")      # {"max_repetition": 0.3}
"""

from typing import Any

Config = dict[str, Any]


def called(config: Config, source: str) -> list[str]:
    """The names by which a pool's tables may speak of a source, the most particular first; the configuration need not be checked."""
    return [source, config["sources"][source].get("category", "")]


def is_masked(config: Config, pool: str, source: str) -> bool:
    """Whether personal data of the source is masked."""
    return not set(config["pools"][pool].get("mask_personal_data") or ()).isdisjoint(called(config, source))


def twin_kind(config: Config, pool: str, source: str) -> str:
    """How equal prompts of the source are known."""
    kinds = config["pools"][pool].get("twins") or {}
    return next((str(kinds[name]) for name in called(config, source) if name in kinds), "text")


def thresholds(config: Config, pool: str, source: str) -> dict[str, Any]:
    """The thresholds in which the source differs from the pool."""
    by = config["pools"][pool].get("by") or {}
    return {key: value for name in reversed(called(config, source)) for key, value in by.get(name, {}).items()}
