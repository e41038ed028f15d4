"""The problems of a review for other programs: SARIF for code scanning, JUnit for test reports; both from the same problems and rules."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from casetable.model import Acceptance
from casetable.problems import STEERING, Problem, Rule, Severity, visible

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render_sarif(
    problems: Sequence[Problem],
    rules: Sequence[Rule],
    version: str,
    accepted: Sequence[tuple[Problem, Acceptance]] = (),
    *,
    below: str = "",
) -> bytes:
    """Returns the problems as SARIF 2.1.0 (OASIS), with every rule of the catalogue; paths are relative to the review.

    Where they are relative to a folder above it, `below` is the way from there, as "reviews/lung/".

    A result's fingerprint does not hang on its line, so that an edit above it does not make it new. What persons
    accepted are results too, suppressed outside of the file that they are in (3.35), with the reason.
    """
    places = {rule.code: at for at, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "casetable",
                "semanticVersion": version,
                "rules": [_sarif_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"REVIEW": {"description": {"text": f"the folder that holds {below}review.yaml"}}},
        "results": [
            # Where some result has suppressions every one has them (3.27.23).
            *(_result(problem, places) | ({"suppressions": []} if accepted else {}) for problem in problems),
            *(_result(problem, places) | {"suppressions": [_suppression(entry)]} for problem, entry in accepted),
        ],
    }
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return (json.dumps(log, ensure_ascii=True, indent=2) + "\n").encode()


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(problem: Problem, places: dict[str, int]) -> dict[str, Any]:
    location: dict[str, Any] = {
        "artifactLocation": {"uri": quote(problem.place.path, safe="/", errors="replace"), "uriBaseId": "REVIEW"}
    }
    if problem.place.line:
        column = {"startColumn": problem.place.column} if problem.place.column else {}
        location["region"] = {"startLine": problem.place.line, **column}
    told = "\0".join((problem.place.path, problem.code, problem.field, problem.message))
    result = {
        "ruleId": problem.code,
        "level": _LEVELS[problem.severity],
        "message": {"text": _told(problem)},
        "locations": [{"physicalLocation": location}],
        "partialFingerprints": {"casetable/v1": sha256(told.encode("utf-8", "replace")).hexdigest()},
    }
    return {**result, "ruleIndex": places[problem.code]} if problem.code in places else result


def _suppression(entry: Acceptance) -> dict[str, str]:
    why = f"{entry.reason} ({entry.by}, {entry.when.isoformat()})"
    return {"kind": "external", "status": "accepted", "justification": visible(why)}


def _told(problem: Problem) -> str:
    field = f"{problem.field}: " if problem.field else ""
    return visible(field + problem.message + (f"; {problem.hint}" if problem.hint else ""))


def render_junit(problems: Sequence[Problem], rules: Sequence[Rule]) -> bytes:
    """Returns the problems as a JUnit report: every rule is a test of each file in which it found something, or one of all.

    An error fails its test; a warning or note leaves it passed, and stands in its output.
    """
    found: dict[str, dict[str, list[Problem]]] = defaultdict(lambda: defaultdict(list))
    for problem in problems:
        found[problem.code][problem.place.path].append(problem)
    suite = ElementTree.Element("testsuite", name="casetable check")
    failures = 0
    for rule in rules:
        for path, listed in sorted(found.pop(rule.code, {"review": []}).items()):
            failures += _test(suite, path, f"{rule.code} {rule.name}", listed)
    for code, paths in sorted(found.items()):
        for path, listed in sorted(paths.items()):
            failures += _test(suite, path, code, listed)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.set("skipped", "0")
    suites = ElementTree.Element("testsuites", tests=str(len(suite)), failures=str(failures))
    suites.append(suite)
    ElementTree.indent(suites)
    text: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _test(suite: ElementTree.Element, path: str, name: str, problems: Sequence[Problem]) -> int:
    test = ElementTree.SubElement(suite, "testcase", classname=_plain(path), name=name, time="0")
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    others = [problem for problem in problems if problem.severity is not Severity.ERROR]
    if errors:
        count = f"{len(errors)} errors" if len(errors) > 1 else _told(errors[0])
        failure = ElementTree.SubElement(test, "failure", type=errors[0].code, message=_plain(count))
        failure.text = _plain("\n".join(map(str, errors)))
    if others:
        ElementTree.SubElement(test, "system-out").text = _plain("\n".join(map(str, others)))
    return 1 if errors else 0


def _plain(text: str) -> str:
    """Returns a text without what XML cannot hold."""
    return "\n".join(STEERING.sub("�", line) for line in text.split("\n"))
