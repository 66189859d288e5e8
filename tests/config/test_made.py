"""Sources that are made of pools: what the catalogue may say of them."""

import copy
from typing import Any

import pytest
from workflow_copy import read_config

from koreason.config.checks.check import check
from koreason.config.checks.structure import ConfigError
from koreason.config.joined.made import sources_of
from koreason.home import HOME

STYLED = {"format": "augmented", "category": "Exams", "licence": "B", "pool": "demo", "augment": {"style": {}, "seed": 1}}
TURNED = {
    **{"format": "translated", "category": "Exams", "licence": "B", "pool": "demo", "recipe": "smollm2_mixed"},
    "translate": {"min_length_ratio": 0.3, "max_length_ratio": 2.0},
}


@pytest.fixture
def config() -> dict[str, Any]:
    """The demo with two made sources in a pool of their own."""
    config = read_config(HOME / "config", "demo")
    config["sources"] |= {"styled": copy.deepcopy(STYLED), "turned": copy.deepcopy(TURNED)}
    config["pools"]["again"] = {**config["pools"]["demo"], "sources": ["styled", "turned"], "mask_personal_data": [], "by": {}, "twins": {}}
    return config


def refused(config: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as error:
        check(config)
    line = str(error.value)
    assert "\n" not in line
    return line


def test_made_sources_are_accepted(config: dict[str, Any]) -> None:
    check(config)
    config["sources"]["styled"]["of"] = ["Exams", "demo_code"]
    check(config)
    assert sources_of(config["sources"]["styled"], config) == ["demo_exams", "demo_quiz", "demo_code", "demo_styled"]


def test_a_laxer_licence_than_that_of_an_origin_is_refused(config: dict[str, Any]) -> None:
    config["sources"]["styled"]["licence"] = "A"
    assert refused(config) == ("sources.styled.licence: is A, but it is made of demo_forum (pool demo), whose licence is B; give B")
    config["sources"]["styled"]["of"] = ["Exams"]  # which are all A
    check(config)
    config["sources"] |= {"again": {**STYLED, "pool": "again", "licence": "A"}}
    assert "it is made of turned (pool again)" in refused(config)


def test_a_circle_of_pools_is_refused(config: dict[str, Any]) -> None:
    config["pools"]["demo"]["sources"].append("turned")
    line = refused(config)
    assert line.startswith("pools.demo.sources: the pool is made of itself: pool demo <- source turned <- pool demo;")
    config["pools"]["demo"]["sources"][-1] = "twice"
    config["sources"]["twice"] = {**STYLED, "pool": "again"}
    assert "pool demo <- source twice <- pool again <- source styled <- pool demo;" in refused(config)


@pytest.mark.parametrize(
    ("source", "change", "line"),
    [
        ("styled", {"pool": "nowhere"}, "sources.styled.pool: 'nowhere' is not in pools"),
        ("turned", {"recipe": "nothing"}, "sources.turned.recipe: 'nothing' is not in recipes"),
        ("styled", {"pool": None}, "sources.styled.pool: is missing"),
        ("styled", {"augment": None}, "sources.styled.augment: is missing"),
        ("styled", {"augment": {"seed": 1}}, "sources.styled.augment: has neither 'style' nor 'options'"),
        ("turned", {"recipe": None}, "sources.turned.recipe: is missing"),
        ("turned", {"augment": {"style": {}}}, "sources.turned.augment: a source of the format 'translated' has none"),
        ("styled", {"recipe": "smollm2_mixed"}, "sources.styled.recipe: a source of the format 'augmented' has none"),
        ("styled", {"files": {"a": "b"}}, "sources.styled.files: a source of the format 'augmented' reads no dump"),
        ("styled", {"of": ["Exam"]}, "sources.styled.of: 'Exam' is neither a source of pool demo nor a category of one"),
        ("styled", {"augment": {"options": {"most": 11}}}, "sources.styled.augment.options.most: 11 is not accepted"),
        ("demo_quiz", {"pool": "again"}, "sources.demo_quiz.pool: a source of the format 'tsv' has none"),
        ("demo_quiz", {"of": ["Exams"]}, "sources.demo_quiz.of: a source of the format 'tsv' has none"),
        ("demo_quiz", {"columns": {}}, "sources.demo_quiz.columns: lacks the key 'question'"),
        ("turned", {"translate": {"min_length_ratio": 2.0, "max_length_ratio": 1.0}}, "sources.turned.translate: min_length_ratio is 2"),
    ],
)
def test_a_source_that_cannot_be_made_is_refused_in_a_line(config: dict[str, Any], source: str, change: dict[str, Any], line: str) -> None:
    config["sources"][source] |= change
    assert refused(config).startswith(line)
