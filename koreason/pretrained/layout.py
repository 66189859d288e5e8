"""What every stage relies on in a model's folder: a configuration, a tokenizer, safetensors, and all of it understood.

check_layout(Path("results/bases/smollm2-135m"), trained=True)
print(has_template(Path("results/bases/smollm2-135m")))
"""

from pathlib import Path
from typing import Any

from koreason.errors import UserError
from koreason.intake.folders import refuse_leaving
from koreason.pretrained.files import CONFIG, SUFFIX, TOKENIZER, parts_of
from koreason.pretrained.understood import findings, refuse

PLACES = ("hub", "path", "package")


def places(base: Any, name: str) -> str:
    """Where an entry takes its model from: `hub`, `path` or `package`.

    Raises:
        UserError: nowhere, or from several places.
    """
    given = [place for place in PLACES if getattr(base, place)]
    if len(given) != 1:
        raise UserError(f"names {' and '.join(given) or 'no place'} to take the model from", name, f"give one of {', '.join(PLACES)}")
    return given[0]


def has_template(folder: Path) -> bool:
    """Whether a model's folder has a chat template."""
    path = folder / "tokenizer_config.json"
    return any(folder.glob("chat_template*")) or (path.is_file() and '"chat_template"' in path.read_text(encoding="utf-8"))


def refuse_links(folder: Path) -> None:
    """Refuse a stranger's folder in which a file that would be taken is a link that leaves it.

    Raises:
        UserError: the first such link.
    """
    for path in parts_of(folder):
        refuse_leaving(path, folder)


def check_layout(folder: Path, trained: bool) -> None:
    """Hold a model folder to what the other stages rely on.

    Raises:
        UserError: no configuration, tokenizer or safetensors, or something of them is not understood.
    """
    names = [path.name for path in parts_of(folder)]
    for what, ends in ((CONFIG, CONFIG), ("tokenizer", tuple(TOKENIZER)), ("safetensors", SUFFIX)):
        if not any(name.endswith(ends) for name in names):
            raise UserError(f"has no {what}", folder, "koreason takes Hugging Face folders with safetensors only")
    refuse(findings(folder, trained), folder)
