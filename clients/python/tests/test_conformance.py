"""The scenarios of all languages: what Python sees is what is expected, or its own known difference."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import hangup

from .processes import CHECKOUT


def test_each_scenario_is_seen_as_expected() -> None:
    scenarios = CHECKOUT / "test" / "conformance" / "scenarios" / "scenarios.json"
    program = Path(__file__).parents[1] / "conformance.py"
    with hangup.fixture():  # there is a daemon
        ran = subprocess.run(
            [sys.executable, str(program), str(scenarios)],
            env={"HANGUP_ADDRESS": hangup.daemon().address},
            capture_output=True,
            text=True,
        )
    assert (ran.returncode, ran.stderr) == (0, "")
    head, *lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert head["language"] == "python"
    expected = {
        scenario["name"]: scenario.get("differences", {}).get("python", {}).get("expect")
        or [step["expect"] for step in scenario["steps"] if "expect" in step]
        for scenario in json.loads(scenarios.read_text())
    }
    assert {line["scenario"]: [step["outcome"] for step in line["steps"]] for line in lines} == expected
