"""The configuration as files laid over the catalogue, without Snakemake."""

from pathlib import Path

import pytest

from koreason.config.files.layers import layered, read_bench, read_language, read_yaml
from koreason.errors import UserError
from koreason.home import HOME


def test_layers_are_what_snakemake_makes_of_them() -> None:
    from snakemake.common.configfile import load_configfile
    from snakemake.utils import update_config

    for name in ("demo", "paper", "community"):
        config: dict = {}
        for file in ("config", name):
            update_config(config, load_configfile(str(HOME / "config" / f"{file}.yaml")))
            if file == "config":
                config["languages"] = {
                    path.stem: load_configfile(str(path))
                    | dict(item for part in path.with_suffix("").glob("*.yaml") for item in load_configfile(str(part)).items())
                    for path in (HOME / "config/languages").glob("*.yaml")
                }
                for path in (HOME / "config/benches").glob("*.yaml"):
                    config["benches"] |= read_bench(path)
        assert layered([HOME / "config" / f"{name}.yaml"]) == config


@pytest.mark.parametrize("text", ["[1]", "a: [", "\x00"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UserError, match="in YAML"):
        read_yaml(tmp_path / "a.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        layered([tmp_path / "none.yaml"])


def test_a_language_lies_in_a_file_and_in_a_folder_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "xx.yaml").write_text("name: X\nscripts: [Latin]\n")
    (tmp_path / "xx").mkdir()
    (tmp_path / "xx" / "pictures.yaml").write_text("image_phrases: [a]\n")
    assert read_language(tmp_path / "xx.yaml") == {"name": "X", "scripts": ["Latin"], "image_phrases": ["a"]}
    (tmp_path / "xx" / "names.yaml").write_text("name: Y\n")
    with pytest.raises(UserError, match=r"gives name, which another file of the language gives"):
        read_language(tmp_path / "xx.yaml")
