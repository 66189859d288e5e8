"""Whether a model's folder is understood: the one function that `base`, `doctor`, `plan`, `train` and `check` ask.

    for finding in findings(Path("results/bases/smollm2-135m")):
        print(finding)

What an engine answers with may be stranger than what is trained: a teacher's files have to be whole, its configuration is its engine's.
"""

from pathlib import Path

from koreason.errors import UserError
from koreason.pretrained.configuration import Configuration, check_sizes, read_configuration
from koreason.pretrained.files import CONFIG
from koreason.pretrained.finding import Finding, read_object
from koreason.pretrained.keys import SIZES, WHY
from koreason.pretrained.tokenizers import check_tokenizer
from koreason.pretrained.weights import check_weights

SHOWN = 4


def findings(folder: Path, trained: bool = True) -> list[Finding]:
    """All that is not understood of a folder in Hugging Face's layout, empty where it can be trained; or, if not, answered with."""
    if not trained:
        return [*_of_makers(folder), *check_weights(folder, None), *check_tokenizer(folder, None)]
    configuration, found = read_configuration(folder / CONFIG)
    vocabulary = configuration.vocabulary if configuration else None
    return [*found, *check_weights(folder, configuration), *check_tokenizer(folder, vocabulary)]


def _of_makers(folder: Path) -> list[Finding]:
    """What no engine is given: code of a model's makers, and sizes that nothing would fit."""
    facts, found = read_object(folder / CONFIG)
    if "auto_map" in facts:
        found.append(Finding(f"auto_map: {WHY['auto_map']}", CONFIG))
    parts = [facts, *(part for part in facts.values() if isinstance(part, dict))]  # of several parts, such as text and pictures
    sizes = [size for part in parts for size in check_sizes({key: part[key] for key in SIZES if part.get(key) is not None})]
    return found + sizes


def refuse(found: list[Finding], folder: Path, do: str = "choose another model") -> None:
    """Raise for findings, in one line.

    Raises:
        UserError: there is one.
    """
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise UserError(f"not understood: {'; '.join(map(str, found[:SHOWN]))}{more}", folder, do)


def understood(folder: Path) -> Configuration:
    """The configuration of a folder of which all is understood.

    Raises:
        UserError: something is not.
    """
    refuse(findings(folder), folder)
    configuration, found = read_configuration(folder / CONFIG)
    if configuration is None:
        raise UserError(str(found[0]), folder)
    return configuration
