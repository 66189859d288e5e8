"""The configuration as files laid over the catalogue, without Snakemake."""

from pathlib import Path

import pytest

from koreason.cli import main
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


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("run: 5", ["run: 5 is not accepted; accepted: a table"]),
        ("sources: x\nmixes: [1]", ['sources: "x" is not accepted; accepted: a table', "mixes: [1] is not accepted; accepted: a table"]),
        ("bases: {a: 1}", ["bases.a: 1 is not accepted; accepted: a table"]),
        ("run: {experiments: {}}", ["run.experiments: {} is not accepted; accepted: a list"]),
        ("run: {experiments: [5]}", ["run.experiments[0]: 5 is not accepted; accepted: a table"]),
    ],
)
def test_what_has_entries_is_a_table_whoever_asks(text: str, lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that read a configuration and do not check it ended in tracebacks."""
    mine = tmp_path / "my.yaml"
    mine.write_text(text, encoding="utf-8")
    for words in (["config"], ["mirror", "--into", str(tmp_path / "m")], ["source", "fetch", "forum"]):
        assert main([*words, "--configfile", str(mine)]) == 2
        assert capsys.readouterr().err.splitlines() == [f"koreason: {line}" for line in lines]
