"""The model against `transformers`: logits, losses, gradients and weights, on one rank and on two."""

import pytest
from train_scripts import names_of


@pytest.mark.parametrize("check", names_of("check_model.py"))
def test_one_rank(checks, check):
    assert checks("check_model.py", 1)[check] is None, checks("check_model.py", 1)[check]


@pytest.mark.slow
@pytest.mark.parametrize("check", names_of("check_model.py"))
def test_two_ranks(checks, check):
    assert checks("check_model.py", 2)[check] is None, checks("check_model.py", 2)[check]


@pytest.mark.parametrize("check", names_of("check_parts.py"))
def test_parts_on_one_rank(checks, check):
    assert checks("check_parts.py", 1)[check] is None, checks("check_parts.py", 1)[check]


@pytest.mark.slow
@pytest.mark.parametrize("check", names_of("check_parts.py"))
def test_parts_on_two_ranks(checks, check):
    assert checks("check_parts.py", 2)[check] is None, checks("check_parts.py", 2)[check]
