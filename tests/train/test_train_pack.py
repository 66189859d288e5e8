"""`koreason pack`: what is learnt, what is dropped, and templates that are in the way."""

import pytest
from train_scripts import names_of


@pytest.mark.parametrize("check", names_of("check_pack.py"))
def test_pack(checks, check):
    assert checks("check_pack.py", 1)[check] is None, checks("check_pack.py", 1)[check]
