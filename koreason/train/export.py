"""What goes with a trained model's weights: configuration, tokenizer, template, what ends a turn, each as every reader reads it.

    write(stage, base, "bfloat16")      # into the stage's folder, from the base

A test holds logits and tokens of transformers 4 and 5 and of vLLM against each other on what is written here.
"""

import json
import logging
import shutil
from typing import Any

from koreason.errors import UserError
from koreason.pretrained.configuration import read_configuration, written
from koreason.pretrained.files import CONFIG, GENERATION, TOKENIZER
from koreason.pretrained.tokenizers import SETTINGS, written_settings
from koreason.pretrained.understood import refuse
from koreason.records.held import Held
from koreason.records.stage import Stage

log = logging.getLogger(__name__)


def write(stage: Stage, base: Held, dtype: str) -> None:
    """Write and declare all but the weights.

    Raises:
        UserError: the base is not what its manifest says, or not understood.
    """
    for name in base.names:
        if name == SETTINGS:
            _write(stage, name, written_settings(_read(base, name)))
        elif name in (*TOKENIZER, GENERATION):
            shutil.copyfile(base.path(name), stage.path(name))
            stage.add(name)
    _write_ends(stage, base)
    configuration, found = read_configuration(base.path(CONFIG))
    if configuration is None:
        refuse(found, base.folder)
    else:
        _write(stage, CONFIG, written(_read(base, CONFIG), configuration, dtype))


def _write_ends(stage: Stage, base: Held) -> None:
    """Let the model's generation configuration name what it was taught to end its turn with; engines read that, and no template."""
    # here, so that `--help` answers at once
    from koreason.engine.prompts.rendering import WEIGHTS, generation_config, read_renderer

    try:
        stops = read_renderer(base.whole(*WEIGHTS)).stops
    except UserError as error:  # packed with another base's tokenizer; the weights are trained all the same
        log.warning("%s names no end of a turn: %s", GENERATION, error)
        return
    _write(stage, GENERATION, generation_config(_read(base, GENERATION) if GENERATION in base.names else {}, stops))


def _read(base: Held, name: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(base.path(name).read_text(encoding="utf-8"))
    return facts


def _write(stage: Stage, name: str, facts: dict[str, Any]) -> None:
    stage.path(name).write_text(json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    stage.add(name)
