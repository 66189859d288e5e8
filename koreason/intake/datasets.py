"""Data sets of the Hugging Face hub and of its library, as files of known names: nothing that they say is followed or run.

    folder = snapshot("someone/something", commit, split="train", subset=None)
    files_of(folder, "train", None)          # by what its card says, else by the names of its files
    saved(Path("data"), "train")             # of a folder that `save_to_disk` wrote

`datasets` itself would take a folder of the current directory for a hub's id, and open whatever a card or a `state.json` names: absolute
paths, paths with `..`. Here a card's patterns stay below the data set's own folder, and the files are read by our own readers.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from koreason import mirrored
from koreason.config.pinned import pinned
from koreason.errors import UserError
from koreason.intake.folders import globbed, members, plain
from koreason.system import yamls

SUFFIXES = (".parquet", ".jsonl", ".csv", ".arrow")
DATA = re.compile(r".*(?:" + "|".join(map(re.escape, SUFFIXES)) + ")")
CARD = "README.md"
LARGEST_CARD = 8 << 20
WORDS = re.compile(r"[^A-Za-z0-9]+")


def snapshot(
    hub: str, revision: str | None, split: str | None, subset: str | None, digest: str | None = None, files: list[str] | None = None
) -> Path:
    """The folder with a data set at its commit, of which what is needed is fetched; with HF_HUB_OFFLINE=1 from the cache.

    Args:
        digest: of all its files, held against where they come from a mirror.
        files: patterns of those that are needed, as `globbed` takes them; none: those of the split and subset.

    Raises:
        UserError: no full commit id, or it is not to be had.
    """
    commit = pinned(hub, revision)
    if mirror := mirrored.folder_of("datasets", hub, commit, digest):
        return mirror
    from huggingface_hub import snapshot_download  # only what comes from the hub needs it
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    def bring(patterns: list[str]) -> Path:
        return Path(snapshot_download(hub, repo_type="dataset", revision=commit, allow_patterns=patterns))

    try:
        if files is not None:
            return bring([CARD, *(pattern.replace("**/", "*").replace("**", "*") for pattern in files)])
        card = bring([CARD]) / CARD
        wanted = _of_card(card, split, subset) if card.is_file() else []
        folder = bring([CARD, *(wanted or [f"*{split or ''}*{suffix}" for suffix in SUFFIXES])])
        return folder if members(folder, DATA) or wanted else bring([CARD, *(f"*{suffix}" for suffix in SUFFIXES)])
    except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        do = "check its name, and fetch it where the internet is"
        raise UserError(f"not to be had from the hub at {commit} ({first})", hub, do) from None


def files_of(folder: Path, split: str | None, subset: str | None) -> list[Path]:
    """The files of a split and subset of a data set's folder: those that its card names, else those whose names say so.

    Raises:
        UserError: there is none, or the card names what lies elsewhere.
    """
    files = members(folder, DATA)
    names = [path.relative_to(folder).as_posix() for path in files]
    card = folder / CARD
    patterns = _of_card(card, split, subset) if card.is_file() else []
    if patterns:
        found = {name for pattern in patterns for name in globbed(pattern, names, card)}
    else:
        found = {name for name in names if _belongs(Path(name), split or "train", subset)}
        if not found and split in (None, "train") and subset is None:  # a data set without splits is all for training
            found = set(names)
    if not found:
        words = f" of the subset '{subset}'" if subset else ""
        raise UserError(
            f"has no {', '.join(SUFFIXES)} file{words} for the split '{split or 'train'}'", folder, "mend its `name` or `split`"
        )
    return [path for path, name in zip(files, names, strict=True) if name in found]


def saved(folder: Path, split: str | None) -> list[Path] | None:
    """The Arrow streams of a folder that `save_to_disk` wrote, in order; None where it is none.

    Raises:
        UserError: it has other splits, or names what lies elsewhere.
    """
    splits = folder / "dataset_dict.json"
    if splits.is_file():
        named = _object(splits).get("splits")
        known = [plain(name, splits) for name in named] if isinstance(named, list) else []
        if split is None:
            raise UserError(f"needs `split`: one of {', '.join(known)}", folder)
        if split not in known:
            raise UserError(f"has no split {split}", folder, f"it has {', '.join(known)}")
        folder = folder / split
    state = folder / "state.json"
    if not state.is_file():
        return None
    facts = _object(state)
    if facts.get("_indices_data_files"):
        raise UserError("keeps its rows in an order of their own", state, "save it again after `flatten_indices()`")
    files = facts.get("_data_files")
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise UserError("is no state of a saved data set", state, "save it again")
    names = [plain(file.get("filename"), state) for file in files]
    there = {path.name: path for path in members(folder, re.compile(r"[^/]*[.]arrow"))}
    if missing := [name for name in names if name not in there]:
        raise UserError(f"names {missing[0][:80]!r}, which is no Arrow file beside it", state, "save it again")
    return [there[name] for name in names]


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes()[: LARGEST_CARD + 1])
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"is not JSON ({str(error)[:80]})", path, "save the data set again") from None
    return found if isinstance(found, dict) else {}


def _of_card(card: Path, split: str | None, subset: str | None) -> list[str]:
    """Patterns of the files that a card names for a split and subset; none where it says nothing of them."""
    with open(card, encoding="utf-8", errors="replace") as file:
        text = file.read(LARGEST_CARD)
    head = re.match(r"\s*---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    try:
        facts = yamls.read(head[1]) if head else {}
    except yaml.YAMLError:
        return []
    configs = facts.get("configs") if isinstance(facts, dict) else None
    chosen = [
        one
        for one in (configs if isinstance(configs, list) else [])
        if isinstance(one, dict) and one.get("config_name", "default") == (subset or "default")
    ]
    if not chosen and subset is None and isinstance(configs, list) and len(configs) == 1 and isinstance(configs[0], dict):
        chosen = configs
    found = [pattern for one in chosen for pattern in _patterns(one.get("data_files"), split or "train")]
    return [plain(pattern, card) for pattern in found]


def _patterns(data_files: Any, split: str) -> list[str]:
    """As cards write it: a path, a list of them, a table by split, or a list of tables with `split` and `path`."""
    if isinstance(data_files, str):
        return [data_files] if split == "train" else []
    if isinstance(data_files, dict):
        return _listed(data_files.get(split))
    if not isinstance(data_files, list):
        return []
    tables = [one for one in data_files if isinstance(one, dict)]
    if tables:
        return [path for one in tables if one.get("split") == split for path in _listed(one.get("path"))]
    return _listed(data_files) if split == "train" else []


def _listed(paths: Any) -> list[str]:
    return [str(path) for path in paths] if isinstance(paths, list) else [paths] if isinstance(paths, str) else []


def _belongs(path: Path, split: str, subset: str | None) -> bool:
    """Tell whether `path` is of the split, as `data/test-00000-of-00001.parquet` is of `test`, and of the subset.

    A subset is a folder, or the start of a file's name: `CLIcK/test.jsonl`, `CLIcK-test.jsonl`.
    """
    parts = path.with_suffix("").parts
    of_split = any(split in WORDS.split(part) for part in parts)
    of_subset = subset is None or subset in parts[:-1] or re.match(rf"{re.escape(subset)}[^A-Za-z0-9]", parts[-1]) is not None
    return of_split and of_subset
