"""Runs the steps of a workflow or composite action with bash, as a runner of GitHub Actions does, with stubs of what is not here.

`uses` steps are left out. Expressions stand in `env` and `if` alone: in a script they would be commands.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# `casetable` is the one under test; `python -m pip` only notes what it was to install.
STUBS = {
    "casetable": '#!/bin/sh\nexec "{python}" -m casetable "$@"\n',
    "python": """#!{python}
import json, os, sys
arguments = sys.argv[1:]
if arguments[:2] == ["-m", "pip"]:
    with open(os.environ["STUB_NOTES"], "a") as notes:
        notes.write(json.dumps(["pip", *arguments[2:]]) + "\\n")
else:
    os.execv(sys.executable, [sys.executable, *arguments])
""",
    "gh": """#!{python}
import json, os, pathlib, sys
import jq
arguments = sys.argv[1:]
told = {{"token": os.environ.get("GH_TOKEN")}}
if "--body-file" in arguments:
    told["body"] = pathlib.Path(arguments[arguments.index("--body-file") + 1]).read_text(encoding="utf-8")
with open(os.environ["STUB_NOTES"], "a") as notes:
    notes.write(json.dumps(["gh", *arguments, told]) + "\\n")
if arguments[:2] == ["pr", "list"]:
    listed = json.loads(os.environ.get("STUB_PULL_REQUESTS", "[]"))
    print(jq.compile(arguments[arguments.index("--jq") + 1]).input_value(listed).first())
""",
}


@dataclass
class Runner:
    """Where steps run: their folder, the values of expressions, and what they wrote and told."""

    folder: Path
    scratch: Path
    environment: Mapping[str, str]
    expressions: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        self.stubs.mkdir(parents=True)
        for name, text in STUBS.items():
            path = self.stubs / name
            path.write_text(text.format(python=sys.executable))
            path.chmod(0o755)
        self.notes.touch()
        self.summary.touch()

    @property
    def stubs(self) -> Path:
        return self.scratch / "bin"

    @property
    def notes(self) -> Path:
        return self.scratch / "notes.jsonl"

    @property
    def summary(self) -> Path:
        return self.scratch / "summary.md"

    def noted(self, name: str) -> list[list[Any]]:
        """What a stub was asked, without its name."""
        lines = [json.loads(line) for line in self.notes.read_text().splitlines()]
        return [line[1:] for line in lines if line[0] == name]

    def run(self, steps: Sequence[Mapping[str, Any]]) -> int:
        """Runs the steps until one fails; returns the last one's exit code."""
        for number, step in enumerate(steps):
            if "run" not in step or not self._is_due(step.get("if", "")):
                continue
            assert "${{" not in step["run"], "an expression in a script is run as part of it"
            assert step["shell"] == "bash"
            code = self._step(number, step)
            if code:
                return code
        return 0

    def _step(self, number: int, step: Mapping[str, Any]) -> int:
        script, outputs = self.scratch / f"{number}.sh", self.scratch / f"{number}.outputs"
        script.write_text(step["run"])
        outputs.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder,
            env={
                **self.environment,
                "PATH": f"{self.stubs}{os.pathsep}{os.environ['PATH']}",
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_WORKSPACE": str(self.folder),
                "RUNNER_TEMP": str(self.scratch),
                "STUB_NOTES": str(self.notes),
                **{name: self.value(value) for name, value in step.get("env", {}).items()},
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.said += done.stdout + done.stderr
        for line in outputs.read_text().splitlines():
            name, _, value = line.partition("=")
            self.expressions[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode

    def value(self, text: str) -> str:
        """Returns a text with the values of its expressions."""
        return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: self.expressions[found[1]], str(text))

    def _is_due(self, condition: str) -> bool:
        if not condition:
            return True
        found = re.fullmatch(r"(\S+) == '(.*)'", condition)
        assert found is not None, condition
        return self.expressions[found[1]] == found[2]
