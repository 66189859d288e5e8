"""What others' validators say of an archive, one JSON document; in the environment `validators`, without a network.

envs/run validators python tests/archive/foreign.py run.bag
"""

import json
import sys
from pathlib import Path
from typing import Any

import bagit
import rdflib
import requests
import rocrate
from rocrate_validator import models, services
from rocrate_validator.utils import document_loader

PROFILE = "provenance-run-crate-0.5"


def from_file(session: Any, method: str, url: str, **options: Any) -> requests.Response:
    """The one context that a crate names, as the wheel of `rocrate` carries it; everything else is the network, and refused."""
    if "w3id.org/ro/crate/" not in url:
        raise ConnectionError(f"asks the network for {url}")
    found = requests.Response()
    found.status_code, found.url = 200, url
    found.headers["Content-Type"] = "application/ld+json"
    found._content = (Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld").read_bytes()
    return found


def crate(folder: Path) -> dict[str, list[str]]:
    """Issues of the crate, at the required and the recommended level: as it lies there, and as if it were published under an address."""
    facts: dict[str, Any] = {"profile_identifier": PROFILE, "requirement_severity": models.Severity.RECOMMENDED, "no_cache": True}
    here = services.validate(models.ValidationSettings(rocrate_uri=str(folder), **facts))
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    published = services.validate_metadata_as_dict(metadata, models.ValidationSettings(rocrate_uri=None, metadata_only=True, **facts))
    return {name: list(map(told, result.get_issues())) for name, result in (("here", here), ("published", published))}


def told(issue: Any) -> str:
    return f"{issue.severity.name} {issue.check.identifier} {issue.message} ({issue.violatingEntity}, {issue.violatingPropertyValue})"


def bag(folder: Path) -> list[str]:
    """What is wrong with the bag, file by file."""
    try:
        bagit.Bag(str(folder)).validate()
    except bagit.BagValidationError as error:
        return [str(detail) for detail in error.details] or [str(error)]
    return []


# The profile's competency questions, as far as a run can answer them: what was run, by which engine, when, with what, and how it ended.
QUESTIONS = {
    "workflow": "SELECT ?name ?version WHERE { ?root s:mainEntity ?w . ?w s:name ?name ; s:version ?version }",
    "engine": "SELECT ?name WHERE { ?o a s:OrganizeAction ; s:instrument/s:name ?name }",
    "times": "SELECT ?start ?end WHERE { ?root s:mainEntity ?w . ?run s:instrument ?w ; s:startTime ?start ; s:endTime ?end }",
    "steps": "SELECT ?step ?tool WHERE { ?w s:step ?s . ?s s:name ?step ; s:workExample/s:name ?tool }",
    "took": "SELECT ?action ?start ?end WHERE { ?c a s:ControlAction ; s:object ?action . ?action s:startTime ?start ; s:endTime ?end }",
    "read": "SELECT ?action ?in WHERE { ?action a s:CreateAction ; s:object ?in . ?in a s:Dataset }",
    "made": "SELECT ?file ?sha WHERE { ?action a s:CreateAction ; s:result/s:hasPart ?file . ?file <SHA> ?sha }",
    "parameters": "SELECT ?action ?value WHERE { ?action s:object ?p . ?p a s:PropertyValue ; s:value ?value }",
    "environment": "SELECT ?action ?value WHERE { ?action w:environment/s:value ?value }",
    "failed": "SELECT ?action ?error WHERE { ?action s:actionStatus 'http://schema.org/FailedActionStatus' ; s:error ?error }",
    "agents": "SELECT DISTINCT ?name WHERE { ?action a s:CreateAction ; s:agent/s:name ?name }",
    "configuration": "SELECT ?file WHERE { ?root s:mainEntity ?w . ?run s:instrument ?w ; s:object ?file }",
    "flow": "SELECT ?from ?to WHERE { ?c a w:ParameterConnection ; w:sourceParameter ?from ; w:targetParameter ?to }",
}


def answers(folder: Path) -> dict[str, list[list[str]]]:
    """The rows that answer each question."""
    graph = rdflib.Graph()
    graph.parse(str(folder / "ro-crate-metadata.json"), format="json-ld")
    names = "PREFIX s: <http://schema.org/> PREFIX w: <https://w3id.org/ro/terms/workflow-run#> "
    terms = {name: query.replace("<SHA>", "w:sha256") for name, query in QUESTIONS.items()}
    return {name: [[str(value) for value in row] for row in graph.query(names + query)] for name, query in terms.items()}


if __name__ == "__main__":
    requests.Session.request = from_file  # type: ignore[method-assign, assignment]
    document_loader.install_document_loader()
    where = Path(sys.argv[1])
    print(json.dumps({"bag": bag(where), "crate": crate(where / "data"), "answers": answers(where / "data")}))
