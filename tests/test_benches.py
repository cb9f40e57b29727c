"""The scripts that measured what the documentation states still find what they measure."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[1] / "bench"
SCRIPTS = sorted(path.relative_to(BENCHES).as_posix() for path in BENCHES.rglob("*.py"))


def own_imports(script: str) -> list[tuple[str, str]]:
    """Pairs of a module of the package and a name that a script takes from it."""
    found = []
    for node in ast.walk(ast.parse((BENCHES / script).read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "headstart":
            found += [(node.module, one.name) for one in node.names]
    return found


def there(module: str, name: str) -> bool:
    """Whether a module holds a name, or has a module of that name below it."""
    if hasattr(importlib.import_module(module), name):
        return True
    try:
        importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError:
        return False
    return True


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_bench_imports_of_the_package_is_there(script):
    assert not [f"{module}.{name}" for module, name in own_imports(script) if not there(module, name)]
