"""How koreason is cited, in the two forms that catalogues read: CITATION.cff, and codemeta.json, which is made of it.

python -m koreason.archive.told.citing > codemeta.json
"""

import json
from typing import Any

from koreason.config.files.layers import read_yaml
from koreason.home import HOME

CFF, CODEMETA, LICENCE = "CITATION.cff", "codemeta.json", "LICENSE"


def codemeta(cff: dict[str, Any]) -> dict[str, Any]:
    """CodeMeta 3.0 of a CITATION.cff: version, licence, DOI where there is one, authors, and the paper."""
    found: dict[str, Any] = {
        "@context": "https://w3id.org/codemeta/3.0",
        "type": "SoftwareSourceCode",
        "name": cff["title"],
        "version": str(cff["version"]),
        "license": f"https://spdx.org/licenses/{cff['license']}",
        "identifier": _doi(cff),
        "programmingLanguage": ["Python", "Snakemake"],
        "author": [_author(one) for one in cff["authors"]],
        "referencePublication": [_paper(one) for one in cff.get("references", [])],
    }
    return {key: value for key, value in found.items() if value is not None}


def _doi(work: dict[str, Any]) -> str | None:
    return f"https://doi.org/{work['doi']}" if work.get("doi") else None


def _author(author: dict[str, Any]) -> dict[str, str]:
    if "name" in author:
        return {"type": "Organization", "name": author["name"]}
    return {"type": "Person", "givenName": author["given-names"], "familyName": author["family-names"]}


def _paper(paper: dict[str, Any]) -> dict[str, Any]:
    facts = {"type": "ScholarlyArticle", "name": paper["title"], "datePublished": str(paper["year"]), "url": paper["url"]}
    facts |= {"identifier": doi} if (doi := _doi(paper)) else {}
    return facts | {"author": [_author(one) for one in paper["authors"]]}


def text_of(value: Any) -> str:
    """A JSON document as it is written."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text_of(codemeta(read_yaml(HOME / CFF))), end="")
