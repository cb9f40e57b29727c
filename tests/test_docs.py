"""The documentation says what the code does: pages made from code are fresh, and nothing public is missing."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys

import pytest
import typer

import headstart
from headstart.cli import app
from headstart.strategies import strategy_names


@pytest.fixture(scope="module")
def prose(checkout) -> str:
    """All pages, one after the other."""
    return "\n".join(page.read_text(encoding="utf-8") for page in sorted((checkout / "docs").glob("*.md")))


def test_pages_made_from_code_are_up_to_date(checkout):
    spec = importlib.util.spec_from_file_location("generate_pages", checkout / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    stale = [
        name
        for name, text in generate.pages().items()
        if not (checkout / "docs" / name).exists() or (checkout / "docs" / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make pages`"


def test_every_option_is_documented(prose):
    for name, command in typer.main.get_command(app).commands.items():
        section = re.search(rf"^## `headstart {name}`$(.*?)(?=^## |\Z)", prose, flags=re.MULTILINE | re.DOTALL)
        assert section, name
        for parameter in command.params:
            words = parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]
            for word in words:
                assert f"`{word}`" in section[1], (name, word)
                assert parameter.help, (name, word)


def test_every_strategy_is_documented(checkout):
    for page in ("strategies.md", "recipes-and-sources.md"):
        text = (checkout / "docs" / page).read_text(encoding="utf-8")
        for name in strategy_names():
            assert f"`{name}`" in text, (name, page)


def test_every_public_name_is_documented(prose):
    for name in headstart.__all__:
        assert f"## `headstart.{name}`" in prose


def test_every_page_is_in_the_menu(checkout):
    menu = (checkout / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (checkout / "docs").glob("*.md"):
        assert f": {page.name}" in menu


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_into_the_checkout_lead_somewhere(checkout, name):
    text = (checkout / name).read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert target.startswith("https://") or (checkout / target).exists(), target


def test_files_that_contributing_names_exist(checkout):
    text = (checkout / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in re.findall(r"`((?:src|tests|docs|scripts|bench|recipes)/[\w/.-]+)`", text):
        assert (checkout / path).exists(), path


@pytest.mark.slow
def test_the_site_builds_without_a_warning(checkout, tmp_path):
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "cli.html").exists()
    remote = {
        address
        for page in (tmp_path / "site").glob("*.html")
        for address in re.findall(r'(?:src|href)="(https?://[^"]+\.(?:js|css|woff2?|png|svg))"', page.read_text())
    }
    assert remote == set(), "the site asks nobody for anything"
    shutil.rmtree(tmp_path / "site")
