"""How the modules of the package hang together."""

from __future__ import annotations

import graphlib

import pytest

KNOWN: list[set[str]] = []


def test_no_modules_import_each_other_in_a_circle():
    grimp = pytest.importorskip("grimp", reason="the extra dev is not installed")
    graph = grimp.build_graph("headstart", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    for circle in KNOWN:  # cut open, so that it hides no other
        for module in circle & imports.keys():
            imports[module] = imports[module] - circle
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))
