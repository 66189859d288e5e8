"""What others' rules say of single files, one JSON document; in the environment `validators`, without a network.

envs/run validators python tests/archive/rules.py data.cdx.json CITATION.cff codemeta.json
"""

import json
import subprocess
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

# CodeMeta 3.0, as its crosswalk names it: https://w3id.org/codemeta/3.0. Its context is the network's, so its words stand here.
CODEMETA = {
    *("@context", "type", "name", "version", "license", "identifier", "programmingLanguage", "author", "referencePublication"),
    *("description", "codeRepository", "datePublished", "url", "givenName", "familyName"),
}


def bill(path: Path) -> list[str]:
    """What CycloneDX's schema, in its strict form, has against a bill of materials."""
    text = path.read_text(encoding="utf-8")
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    return [str(error)[:500] for error in JsonStrictValidator(version).validate_str(text, all_errors=True) or []]


def citation(path: Path) -> list[str]:
    """What the schema of CITATION.cff has against one."""
    command = [str(Path(sys.executable).with_name("check-jsonschema")), "--builtin-schema", "vendor.citation-file-format", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def codemeta(path: Path) -> list[str]:
    """Keys that are none of CodeMeta's."""

    def keys(value: object) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(key for item in value.values() for key in keys(item))]
        return [key for item in value for key in keys(item)] if isinstance(value, list) else []

    found = json.loads(path.read_text(encoding="utf-8"))
    return [f"{key} is no word of CodeMeta" for key in keys(found) if key not in CODEMETA]


if __name__ == "__main__":
    kinds = {".cff": citation, ".json": bill}
    paths = [Path(name) for name in sys.argv[1:]]
    print(json.dumps({path.name: (codemeta if path.name == "codemeta.json" else kinds[path.suffix])(path) for path in paths}))
