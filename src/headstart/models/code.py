"""Code that a saved model names: found and compared without being run, and run only where the user allows it."""

from __future__ import annotations

import ast
import hashlib
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from headstart.core import BundleError

# Headstart's own examples, which the conformance suites save and load: not code that comes from elsewhere.
SHIPPED = frozenset(f"headstart.testing.architectures:{name}" for name in ("cnn", "densenet"))


def check_code(path: str, saved_hash: str, *, allow_code: bool) -> None:
    """Refuse code that the user has not allowed, or that is not the code the model was saved with.

    Nothing of it is imported: its file is found, read and hashed.

    Args:
        path: ``package.module:factory``, as the model's card names it.
        saved_hash: What the card says of the file.
        allow_code: Whether the user trusts it.

    Raises:
        BundleError: It is not allowed, not to be found, or changed.
    """
    if not allow_code and path not in SHIPPED:
        raise BundleError(
            f"the model needs code that is not part of it, {path}",
            hint="Read that code first. If you trust it: --allow-code, or allow_code=True in Python",
        )
    module = path.partition(":")[0]
    if find_source(path) is None and module not in sys.modules:
        raise BundleError(
            f"the model needs code that cannot be found here, {path}",
            hint="Name the folder it lies in: PYTHONPATH=FOLDER headstart ...",
        )
    if not saved_hash or code_hash(path) != saved_hash:
        raise BundleError(
            f"the file of {path} is not as it was when the model was saved", hint="Restore it, or train the model again"
        )


def code_hash(path: str) -> str:
    """Content hash of the file that defines a factory, found without importing it."""
    digest = hashlib.blake2b(path.encode(), digest_size=12)
    file = find_source(path)
    if file is not None:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def find_source(path: str) -> Path | None:
    """The file that defines ``package.module:factory``; a name that is imported from elsewhere is followed there."""
    module, _, name = path.partition(":")
    file = _file_of(module)
    seen: set[tuple[Path, str]] = set()
    while file is not None and (file, name) not in seen:
        seen.add((file, name))
        elsewhere = _imported_from(file, module, name)
        further = _file_of(elsewhere[0]) if elsewhere else None
        if elsewhere is None or further is None:
            break
        (module, name), file = elsewhere, further
    return file


def _file_of(module: str) -> Path | None:
    """The file of a module, which is not imported, nor are the packages that it is in."""
    if module in sys.modules:
        known = getattr(sys.modules[module], "__file__", None)
        return Path(known) if known and Path(known).is_file() else None
    spec: ModuleSpec | None = None
    places: list[str] | None = None
    name = ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _spec(name, places)
        if spec is None:
            return None
        places = list(spec.submodule_search_locations or [])
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin and Path(origin).is_file() else None


def _spec(name: str, places: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, places)
        except (ImportError, ValueError, AttributeError, TypeError):  # a name such as "" or "a..b"
            continue
        if spec is not None:
            return spec
    return None


def _imported_from(file: Path, module: str, name: str) -> tuple[str, str] | None:
    """The module and name behind ``from module import name`` at the top level of a file."""
    if file.suffix != ".py":
        return None
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for statement in tree.body:
        if not isinstance(statement, ast.ImportFrom):
            continue
        for alias in statement.names:
            if (alias.asname or alias.name) == name:
                return _absolute(statement, module, is_package=file.name == "__init__.py"), alias.name
    return None


def _absolute(statement: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not statement.level:
        return statement.module or ""
    steps = statement.level - (1 if is_package else 0)
    parts = module.split(".")
    base = parts[: len(parts) - steps] if steps else parts
    return ".".join([*base, *([statement.module] if statement.module else [])])
