"""A recipe that its teacher's template cannot serve is refused when the run is planned, by name."""

import json
import re

from koreason.ops.planning.templates import unfit
from koreason.ops.site import doctor

CONFIG = {
    "run": {"experiments": [{"models": ["s"], "mixes": ["m"], "schedules": ["one"], "benches": [], "base": False}]},
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
        [(what, where, do)] = unfit(CONFIG, tmp_path)
        assert where == "recipes.with.system" and do
        assert re.search(r"teacher t has no system role: .* (refused|left out)", what)
        assert not list(unfit(CONFIG, tmp_path, ["t"])), "which is made anew"
        assert not list(unfit(CONFIG | {"mixes": {"m": {"traces": [{"pool": "p", "recipe": "without"}]}}}, tmp_path))


def test_what_is_shown_or_not_known_yet_is_planned(tmp_path):
    assert not list(unfit(CONFIG, tmp_path))
    for run in ({}, {"template": {"system": "shown"}}, []):
        known(tmp_path, run)
        assert not list(unfit(CONFIG, tmp_path))


def test_a_recipe_that_translates_for_a_pool_is_one_of_them(tmp_path):
    known(tmp_path, {"template": {"system": "left out"}})
    config = CONFIG | {
        "mixes": {"m": {"traces": [{"pool": "last", "recipe": "without"}]}},
        "pools": {"last": {"sources": ["plain", "turned"]}, "first": {"sources": ["made"]}, "p": {"sources": ["plain"]}},
        "sources": {"plain": {}, "turned": {"pool": "first"}, "made": {"pool": "p", "recipe": "with"}},
    }
    assert [where for _, where, _ in unfit(config, tmp_path)] == ["recipes.with.system"]


def test_the_doctor_looks_at_templates(tmp_path):
    assert list(doctor.asked(CONFIG, tmp_path)) == [], "nothing is known of a teacher that is not there"
    known(tmp_path, {"template": {"system": "shown", "opens_thinking": True, "turn_ends_at": ["<|im_end|>", "<|endoftext|>"]}})
    [check] = doctor.asked(CONFIG, tmp_path)
    assert (check.state, check.what) == ("ok", "template t")
    assert check.finding == "a system prompt is shown, opens <think> itself, a turn ends at <|im_end|> or <|endoftext|>"
    known(tmp_path, {"template": {"system": "refused (TemplateError: no)"}})
    [check] = doctor.asked(CONFIG, tmp_path)
    assert (check.state, check.do) == ("error", "set it to null, or choose another teacher")
    assert check.finding.startswith("recipes.with.system: the chat template of its teacher t has no system role")
