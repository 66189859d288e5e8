"""Write a mix or a trained model as others take it: a folder with its card, of which nothing is uploaded unless asked for.

    koreason publish data demo_mix --repo lab/demo-ko --redistributable
    koreason publish model smollm2 --repo lab/smollm2-ko --out published/smollm2-ko

Type it in the run's folder, or name it by --run. Rows that no licence allows to pass on stop it, by source and number; --redistributable
leaves them out. Licences of base, teacher and data that do not go together are refused with the clause. Personal data is searched once
more and told of. Look at the card first, and edit it: the same command with --upload brings the folder as it is then to the hub, into a
repository that only you see.
"""

import argparse
import filecmp
import os
import re
import shlex
import shutil
from pathlib import Path

from koreason.errors import UserError
from koreason.publish import licences
from koreason.system.neighbours import anew

KINDS = {"data": "mix", "model": "model"}
REPO_TYPES = {"data": "dataset", "model": "model"}
LONGEST = 96  # characters of a name on the hub, its owner's among them
REPO = re.compile(rf"(?=.{{3,{LONGEST}}}$)[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*")
NEVER = re.compile(r"--|\.\.|\.git$|[.-](/|$)")  # what the hub takes in no name
OTHER = "other"
EDITED = ("README.md",)  # what its publisher may have written himself
VERSION = re.compile(r"\d+\.\d+\.\d+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `data` and `model`, each with its options."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="data|model")
    for kind, what in KINDS.items():
        one = kinds.add_parser(kind, help=f"a {what} of the run")
        one.add_argument("name", metavar=what.upper(), help="of the configuration" + ("; or MODEL/MIX/SCHEDULE" if kind == "model" else ""))
        one.add_argument("--repo", required=True, metavar="OWNER/NAME", help="what it will be called on the hub")
        one.add_argument("--run", type=Path, default=Path(), metavar="FOLDER", help="of the run, finished or restored (default: this one)")
        one.add_argument("--out", type=Path, metavar="FOLDER", help=f"to be made (default: published/{kind}/NAME)")
        one.add_argument("--licence", choices=[*licences.BY_HUB, OTHER], metavar="NAME", help="as the hub writes it, such as apache-2.0")
        one.add_argument("--by", default="", metavar="WHO", help="who publishes it (default: OWNER)")
        how = one.add_mutually_exclusive_group()
        how.add_argument("--dry", action="store_true", help="write the folder and upload nothing: so it is without --upload")
        how.add_argument("--upload", action="store_true", help="and upload it, into a repository that only you see")
    data = kinds.choices["data"]
    data.add_argument("--redistributable", action="store_true", help="leave out rows that no licence allows to pass on")
    data.add_argument("--version", default="1.0.0", metavar="X.Y.Z", help="of the data set (default: 1.0.0)")


def main(arguments: argparse.Namespace) -> int:
    """Write the folder, and say what is to be known of it."""
    from koreason.publish import data, model  # their tables and figures take half a second to load
    from koreason.publish.run import read_run

    if not REPO.fullmatch(arguments.repo) or NEVER.search(arguments.repo):
        do = f"give OWNER/NAME, of letters, digits, '_', '.' and '-': {LONGEST} characters, no '--', '..' or '.git', no sign at an end"
        raise UserError("is no name on the hub", f"--repo {arguments.repo}", do)
    version = getattr(arguments, "version", "1.0.0")
    if not VERSION.fullmatch(version):
        raise UserError("is no version", f"--version {version}", "give three numbers, such as 1.0.0")
    asked = data.Asked(arguments.repo, arguments.licence or "", arguments.by, version, getattr(arguments, "redistributable", False))
    out = (arguments.out or Path("published") / arguments.kind / asked.name).absolute()
    there = os.path.lexists(out)
    if there and (not arguments.upload or out.is_symlink() or not out.is_dir()):
        raise UserError("is there already", out, "name another folder, or remove it; --upload takes it as it is, if it is this run's")
    run = read_run(arguments.run.absolute())
    if arguments.kind == "data" and arguments.name not in run.mixes:
        raise UserError(f"is no mix of this run, which has {', '.join(run.mixes) or 'none'}", arguments.name, "name one of them")
    made = anew(out.with_name(f".{out.name}.publishing"))
    try:
        lines = {"data": data.write, "model": model.write}[arguments.kind](run, arguments.name, asked, made)
        if not there:
            made.rename(out)
        elif odd := other_than(made, out):
            raise UserError(f"is there already, and its {odd} is not this run's", out, "name another folder, or remove it")
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for line in lines:
        print(line)
    files = sum(1 for path in out.rglob("*") if path.is_file())
    if arguments.upload:
        from koreason.publish.upload import upload

        print(f"{out}: {files} files, uploaded: {upload(out, asked.repo, REPO_TYPES[arguments.kind])}")
        return 0
    print(f"{out}: {files} files, none of them uploaded")
    by_hand = f"hf upload --private --repo-type {REPO_TYPES[arguments.kind]} {asked.repo} {shlex.quote(str(out))}"
    print(f"look at README.md and edit it if you like, then type the same with --upload, or: {by_hand}")
    return 0


def other_than(made: Path, out: Path) -> str:
    """The first file that a folder has in other bytes than it was made with, or has not, or has too much, but for the edited; or none."""
    names = sorted({path.relative_to(folder).as_posix() for folder in (made, out) for path in folder.rglob("*") if not path.is_dir()})
    for name in names:
        files = [folder / name for folder in (made, out)]
        if any(file.is_symlink() or not file.is_file() for file in files):
            return name
        if name not in EDITED and not filecmp.cmp(files[0], files[1], shallow=False):
            return name
    return ""
