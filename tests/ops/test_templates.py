"""A recipe that its teacher's template cannot serve is refused when the run is planned, by name."""

import json

import pytest

from koreason.errors import UserError
from koreason.ops.templates import refuse_unfit

CONFIG = {
    "mixes": {"m": {"traces": [{"pool": "p", "recipe": "with"}, {"pool": "p", "recipe": "without"}]}},
    "recipes": {
        "with": {"teacher": "t", "system": "Think."},
        "without": {"teacher": "t", "system": None},
        "nobody's": {"teacher": "t", "system": "Think."},
    },
}


def known(results, run):
    (results / "bases" / "t").mkdir(parents=True, exist_ok=True)
    (results / "bases" / "t" / "run.json").write_text(json.dumps(run))


def test_a_system_prompt_that_is_not_shown(tmp_path):
    for run in ({"template": {"system": "refused (TemplateError: no)"}}, {"template": {"system": "left out"}}):
        known(tmp_path, run)
        with pytest.raises(UserError, match=r"recipes\.with\.system: .* teacher t has no system role: .* (refused|left out)"):
            refuse_unfit(CONFIG, tmp_path)
        refuse_unfit(CONFIG | {"mixes": {"m": {"traces": [{"pool": "p", "recipe": "without"}]}}}, tmp_path)


def test_what_is_shown_or_not_known_yet_is_planned(tmp_path):
    refuse_unfit(CONFIG, tmp_path)
    for run in ({}, {"template": {"system": "shown"}}, []):
        known(tmp_path, run)
        refuse_unfit(CONFIG, tmp_path)
