"""What `koreason train` refuses before it starts anything."""

import pytest
from train_scripts import names_of


@pytest.mark.parametrize("check", names_of("check_launch.py"))
def test_launch(checks, check):
    assert checks("check_launch.py", 1)[check] is None, checks("check_launch.py", 1)[check]
