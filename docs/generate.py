"""Write the pages that repeat what the code already says, so that they cannot drift from it.

Run it from anywhere: ``python docs/generate.py`` writes ``cli.md``, ``python.md``, ``strategies.md``,
``recommendation-json.md``, ``glossary.md`` and the pages of ``published_pages.py`` beside itself; ``--check`` writes
nothing and exits 1 where a page is out of date.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import re
import sys
import typing
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GENERATED = "<!-- Written by docs/generate.py; edit the code it describes instead. -->\n"


def cli_page(app: Any, name: str) -> str:
    """Describe every command of a Typer app.

    Args:
        app: A ``typer.Typer``.
        name: What people type to start it.

    Returns:
        A Markdown page: one section for each command, with its arguments and options.
    """
    import typer.main

    root = typer.main.get_command(app)
    lines = [GENERATED, "# Command line", ""]
    commands = [(name, root)] if not hasattr(root, "commands") else _commands(root, name)
    for path, command in commands:
        if command.hidden:
            continue
        lines += [f"## `{path}`", "", _text(command.help), "", "```text", _usage(path, command), "```", ""]
        rows = [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        if rows:
            lines += ["| | meaning | default |", "| --- | --- | --- |", *rows, ""]
    if name == "headstart":
        lines += [
            "## Exit codes",
            "",
            "| code | meaning |",
            "| --- | --- |",
            "| 0 | done; whether the question was decided stands in `recommendation.json` |",
            "| 1 | something you can fix: the message says what and how |",
            "| 2 | the command was not understood |",
            "| 3 | a fault of Headstart |",
            "",
            "Results go to standard output, progress to standard error. `NO_COLOR` is respected.",
            "",
        ]
    return "\n".join(lines)


def _commands(group: Any, path: str) -> list[tuple[str, Any]]:
    """All commands below a group, groups in groups included."""
    found = []
    for name, command in group.commands.items():
        here = f"{path} {name}"
        found += _commands(command, here) if hasattr(command, "commands") else [(here, command)]
    return found


def _usage(path: str, command: Any) -> str:
    words = [path]
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            word = parameter.metavar or parameter.name.upper()
            if parameter.nargs == -1 and not word.endswith("..."):
                word += "..."
            words.append(word if parameter.required else f"[{word}]")
    return " ".join([*words, "[OPTIONS]"])


def _parameter(parameter: Any) -> str:
    """One row of the table: how it is written, what it means, what holds without it."""
    if parameter.param_type_name == "argument":
        written = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        written = ", ".join(f"`{word}`" for word in (*parameter.opts, *parameter.secondary_opts))
        if not getattr(parameter, "is_flag", False):
            written += f" *{_kind(parameter)}*"
        if parameter.multiple:
            written += ", may be repeated"
    value = parameter.default
    # No default, an off switch, and click's own mark for "nothing was given" are all shown as nothing.
    absent = value is None or value is False or value == () or callable(value) or "UNSET" in str(value).upper()
    default = "" if absent else f"`{value}`"
    if parameter.required:
        default = "required"
    return f"| {written} | {_cell(getattr(parameter, 'help', None))} | {default} |"


def _kind(parameter: Any) -> str:
    """What an option takes, in a word; Typer's own parameters name a Python type, click's have a type object."""
    descriptor = getattr(parameter, "type_descriptor", None)
    if descriptor is None:
        return str(parameter.type.name)
    annotation = descriptor.annotation
    inner = typing.get_args(annotation)
    name = getattr(inner[0] if inner else annotation, "__name__", "text")
    return {"str": "text", "int": "integer", "float": "number", "Path": "path"}.get(name, name.lower())


def schema_page(schema: dict[str, Any], title: str) -> str:
    """Describe a JSON schema made by pydantic: one table for the document and one for each record inside it."""
    lines = [GENERATED, f"# {title}", "", _text(schema.get("description")), ""]
    lines += [
        "The file is UTF-8 JSON. `schema_version` changes when a field changes its meaning or disappears; new fields",
        "may come without it. A figure that was not measured is `null`. Metrics and differences are shares:",
        "`0.914` is 91.4 %. All intervals are 90 % intervals.",
        "",
        "The JSON schema itself: `headstart.report.recommendation_schema()`.",
        "",
        "## The document",
        "",
    ]
    lines += _fields(schema)
    for name, record in sorted(schema.get("$defs", {}).items()):
        lines += [f"## {name}", "", _text(record.get("description")), "", *_fields(record)]
    return "\n".join(lines)


def _fields(record: dict[str, Any]) -> list[str]:
    said = _attributes(record.get("description") or "")
    rows = ["| field | type | meaning |", "| --- | --- | --- |"]
    for name, field in record.get("properties", {}).items():
        meaning = field.get("description") or said.get(name, "")
        rows.append(f"| `{name}` | {_type(field)} | {_cell(meaning[:1].upper() + meaning[1:])} |")
    return [*rows, ""]


def _type(field: dict[str, Any]) -> str:
    """A JSON-schema type in words, with links to the records."""
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_type(option) for option in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if field.get("type") == "array":
        inner = field.get("items") or {}
        return f"list of {_type(inner)}" if inner else "list"
    return str(field.get("type", "any"))


def _attributes(description: str) -> dict[str, str]:
    """The ``Attributes:`` part of a Google docstring, by name."""
    _, _, part = description.partition("Attributes:")
    found: dict[str, str] = {}
    last = ""
    for line in part.splitlines():
        indent, words = len(line) - len(line.lstrip()), line.strip()
        name, colon, meaning = words.partition(":")
        if colon and name.isidentifier() and indent <= 4:
            last, found[name] = name, meaning.strip()
        elif words and last:
            found[last] += " " + words
    return found


def _text(description: str | None) -> str:
    """A docstring without its attribute list, on one line for each paragraph."""
    body = (description or "").partition("Attributes:")[0].strip()
    return "\n\n".join(" ".join(part.split()) for part in body.split("\n\n")).replace("``", "`")


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


def glossary_page(words: dict[str, str]) -> str:
    """The glossary of the report as a page."""
    lines = [GENERATED, "# Glossary", "", "The same words are used in the code, in these pages and in the report.", ""]
    for word, meaning in words.items():
        lines += [f"{word}", f":   {meaning}", ""]
    return "\n".join(lines)


def strategies_page(strategies: list[Any]) -> str:
    """What each strategy says about itself."""
    from headstart.strategies.registry import MADE

    lines = [
        GENERATED,
        "# Strategies",
        "",
        "What `headstart strategies` prints. [Recipes and sources]"
        "(recipes-and-sources.md) tells which recipes each tries and why.",
        "",
        "Two names are made of others:",
        "",
        *(f"- `{prefix}`{rest}" for prefix, rest in MADE.items()),
        "",
    ]
    for strategy in strategies:
        said = {
            "where the weights come from": f"{strategy.weights}; side `{strategy.paradigm}`",
            "tends to win": strategy.wins,
            "tends to lose": strategy.loses,
            "cost": strategy.cost,
            "what trains": strategy.trains,
            "in a study": "by default" if strategy.by_default else f"with `--strategy {strategy.name}`",
            "paper": strategy.paper,
        }
        lines += [f"## `{strategy.name}`", "", strategy.idea, "", "| | |", "| --- | --- |"]
        lines += [*(f"| {name} | {_cell(value)} |" for name, value in said.items()), ""]
    return "\n".join(lines)


def python_page(module: Any) -> str:
    """The public names of a package, from their signatures and Google docstrings."""
    lines = [
        GENERATED,
        "# Python",
        "",
        f"Everything public is in `{module.__name__}`, and is loaded when first used.",
        "",
    ]
    for name in module.__all__:
        found = getattr(module, name)
        if name.startswith("__"):
            lines += [f"## `{module.__name__}.{name}`", "", f"The version, as text: `{found}`.", ""]
            continue
        lines += _described(f"{module.__name__}.{name}", found, "##")
        for member, value in vars(found).items() if inspect.isclass(found) else ():
            inner = getattr(value, "fget", None) or getattr(value, "__func__", value)
            if not member.startswith("_") and inspect.isfunction(inner):
                shown = name if isinstance(value, classmethod | staticmethod) else name.lower()
                lines += _described(f"{shown}.{member}", value, "###")
    return "\n".join(lines)


def _described(title: str, found: Any, level: str) -> list[str]:
    is_property = isinstance(found, property)
    function = found.fget if is_property else getattr(found, "__func__", found)
    lines = [f"{level} `{title}`", ""]
    if inspect.isfunction(function) and not is_property:
        signature = inspect.signature(function)
        kept = [p.replace(annotation=p.empty) for n, p in signature.parameters.items() if n not in ("self", "cls")]
        lines += ["```python", f"{title}{inspect.Signature(kept)}", "```", ""]
    text = inspect.cleandoc(found.__doc__ or "")
    body, *sections = re.split(r"^(Args|Attributes|Returns|Raises):\n", text, flags=re.MULTILINE)
    lines += [_prose(body), ""]
    for heading, content in zip(sections[::2], sections[1::2], strict=True):
        entries = re.findall(r"^    (\S.*(?:\n(?: {5,}.*|\s*$))*)", content, flags=re.MULTILINE)
        lines += [f"**{heading}**", ""]
        for entry in entries:
            name, colon, meaning = _prose(entry).partition(": ")
            named = colon and heading != "Returns" and name.lstrip("*").isidentifier()
            lines.append(f"- `{name}`: {meaning}" if named else f"- {_prose(entry)}")
        lines.append("")
    return lines


def _prose(text: str) -> str:
    """Docstring text as Markdown: no roles, single backticks, one line a paragraph."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return _text(text).replace("<", "&lt;")


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    import headstart
    from headstart.report.glossary import GLOSSARY
    from headstart.report.schema import recommendation_schema
    from headstart.strategies import get_strategy, strategy_names

    app = importlib.import_module("headstart.cli.app").app
    return {
        "cli.md": cli_page(app, "headstart"),
        "python.md": python_page(headstart),
        "strategies.md": strategies_page([get_strategy(name) for name in strategy_names()]),
        "recommendation-json.md": schema_page(recommendation_schema(), "recommendation.json"),
        "glossary.md": glossary_page(GLOSSARY),
        **{name: f"{GENERATED}{text}" for name, text in _published_pages().items()},
    }


def _published_pages() -> dict[str, str]:
    """Pages on published results, from the file beside this one."""
    spec = importlib.util.spec_from_file_location("published_pages", HERE / "published_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.pages(HERE.parent / "bench" / "results"))


def main() -> int:
    """Write the pages, or check them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is out of date")
    check = arguments.parse_args().check
    stale = []
    for name, text in pages().items():
        path = HERE / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run `python docs/generate.py`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
