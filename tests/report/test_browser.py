from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from variants import ALL

from headstart.report import write_html

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--v=0",
]

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


def visit(page, folder, *more: str) -> subprocess.CompletedProcess[str]:
    """Open a page without any network and return its final source and the browser's log."""
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}"]
    return subprocess.run(
        [*command, *more, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )


def asked_by_the_page(folder) -> list[str]:
    """Addresses that the page asked for; the browser's own errands have no origin as their initiator."""
    events = json.loads((folder / "net.json").read_text())["events"]
    found = [event["params"] for event in events if isinstance(event.get("params"), dict)]
    return [row["url"] for row in found if row.get("initiator", "not an origin") != "not an origin"]


def test_the_log_would_show_a_request(tmp_path):
    page = tmp_path / "control.html"
    page.write_text('<img src="http://example.invalid/x.png">', encoding="utf-8")
    visit(page, tmp_path)
    assert asked_by_the_page(tmp_path) == ["http://example.invalid/x.png"]


@pytest.mark.parametrize("name", ["example", "hostile"])
def test_page_opens_without_requests_or_complaints(name, tmp_path):
    done = visit(write_html(ALL[name](), tmp_path / "report.html"), tmp_path)
    assert "CONSOLE" not in done.stderr, done.stderr
    assert "All trials" in done.stdout
    assert done.stdout.count("<svg") == 10
    assert asked_by_the_page(tmp_path) == []
    if name == "hostile":
        assert "alert(1)" in done.stdout
        assert "<script>alert" not in done.stdout


def test_no_side_scrolling_on_a_phone(tmp_path):
    """A page that is wider than a phone would be cut: measured inside a frame of 400 pixels."""
    write_html(ALL["hostile"](), tmp_path / "report.html")
    probe = tmp_path / "probe.html"
    probe.write_text(
        '<iframe id="f" src="report.html" style="width:400px;height:800px;border:0"></iframe><p id="out"></p>'
        "<script>f.onload=()=>{out.textContent='width '+f.contentDocument.documentElement.scrollWidth}</script>",
        encoding="utf-8",
    )
    done = visit(probe, tmp_path, "--allow-file-access-from-files", "--virtual-time-budget=3000")
    assert "width 400" in done.stdout, done.stdout[-300:]
