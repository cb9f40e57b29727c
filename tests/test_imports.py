"""How the modules of the package hang together."""

from __future__ import annotations

import graphlib

import pytest


def test_no_modules_import_each_other_in_a_circle():
    grimp = pytest.importorskip("grimp", reason="the extra dev is not installed")
    graph = grimp.build_graph("headstart", cache_dir=None, exclude_type_checking_imports=True)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))
