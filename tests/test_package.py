"""What an installed Headstart consists of."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import defaultdict
from importlib.metadata import distribution

import pytest

import headstart


def test_versions_agree(checkout):
    assert distribution("headstart").version == headstart.__version__
    assert headstart.__version__ in (checkout / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_class_name_stands_for_one_class(checkout):
    homes = defaultdict(list)
    for file in sorted((checkout / "src").rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(file.name)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_every_dependency_is_pinned_for_the_tests(checkout):
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = dict(
        line.split("==")
        for line in (checkout / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
    wanted = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    for requirement in wanted:
        name = re.match(r"[\w.-]+", requirement)[0].lower()
        assert name in pinned, f"{name}: run `make pin`"
    assert not [version for version in pinned.values() if "+" in version], "local builds are not to be had elsewhere"


@pytest.mark.slow
def test_wheel_holds_what_the_package_needs(checkout, tmp_path):
    pytest.importorskip("hatchling", reason="the extra dev is not installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(checkout),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("headstart-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in (
        "builtin/image/model.safetensors",
        "builtin/image/config.json",
        "builtin/image/README.md",
        "report/templates/report.html.j2",
        "report/templates/report.css",
        "report/templates/curves.html.j2",
        "evidence/widening.json",
        "cli/app.py",
    ):
        assert f"headstart/{name}" in names
    assert not [name for name in names if name.startswith(("tests", "docs", "bench")) or "__pycache__" in name]
