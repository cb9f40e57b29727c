"""Every command of the README is run as it stands there, in order, in a fresh folder.

The folder looks like a checkout (its entries are links), so that ``make`` and ``pip`` find what they need.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BUDGET = "30s"
# What is done in another way than it is written, and why.
INSTEAD = (
    # The answer is not the point here, and time is short.
    (re.compile(r"--budget \S+"), f"--budget {BUDGET}"),
    (re.compile(r'budget="\w+"'), f'budget="{BUDGET}"'),
    # The tests cannot run themselves; that the target exists is seen from its plan.
    (re.compile(r"^make test$"), "make -n test"),
    # Offline, and without replacing the installation that the tests run on.
    (re.compile(r"^pip install "), "pip install --quiet --no-deps --no-build-isolation --target installed "),
)
WORDS_ALLOWED = 600


def blocks(readme: str, *languages: str) -> list[str]:
    return re.findall(rf"^```(?:{'|'.join(languages)})\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)


def as_run(text: str) -> str:
    for pattern, instead in INSTEAD:
        text = pattern.sub(instead, text)
    return text


def pictures(root: Path, shared: Path | None) -> None:
    """``leaves`` and ``new_leaves`` with real pictures: leaves where they are at hand, else digits."""
    source = shared / "leaf_disease" if shared else None
    if source and source.is_dir():
        for name in ("healthy", "sooty_mould"):
            files = sorted((source / name).glob("*.jpg"))
            for number, file in enumerate(files[:60]):
                target = root / "leaves" / name / f"{number:02d}.jpg"
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
            (root / "new_leaves").mkdir(exist_ok=True)
            shutil.copy(files[-1], root / "new_leaves" / f"{'01' if name == 'healthy' else '02'}.jpg")
        return
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    (root / "new_leaves").mkdir()
    for label, name in enumerate(("healthy", "sooty_mould")):
        folder = root / "leaves" / name
        folder.mkdir(parents=True)
        for number, pixels in enumerate(digits.images[digits.target == label][:61]):
            target = folder / f"{number:02d}.jpg" if number < 60 else root / "new_leaves" / f"{label + 1:02d}.jpg"
            Image.fromarray((255 - pixels * 255 / 16).astype("uint8")).resize((96, 96)).save(target)


def measurements(root: Path) -> None:
    """``runs.csv``: what two arms reached with growing numbers of labels."""
    rows = [
        f"{arm},{n},{floor + fall * n**-0.5 + 0.002 * seed:.4f},{seed}"
        for arm, floor, fall in (("scratch", 0.05, 3.0), ("probe", 0.15, 1.0))
        for n in (25, 50, 100, 200, 400)
        for seed in range(3)
    ]
    (root / "runs.csv").write_text("\n".join(["arm,n,error,seed", *rows]) + "\n")


@pytest.fixture(scope="module")
def folder(checkout, tmp_path_factory, request) -> Path:
    """What a user has after ``git clone``, with the data that the README speaks of."""
    root = tmp_path_factory.mktemp("readme")
    for entry in checkout.iterdir():
        if entry.name not in (".git", ".venv", "shared", "runs", "site", "headstart-demo", "headstart-runs"):
            (root / entry.name).symlink_to(entry)
    ready = root / ".venv"  # a stamp of its own: make must never set up anew what the tests run in
    ready.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "stamp":
            (ready / entry.name).symlink_to(entry)
    (ready / "stamp").touch()
    try:
        shared = request.getfixturevalue("shared")
    except pytest.skip.Exception:
        shared = None
    pictures(root, shared)
    measurements(root)
    return root


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path}


def test_readme_is_short(checkout):
    text = (checkout / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"<!-- screen -->.*?<!-- /screen -->", "", text, flags=re.DOTALL)
    assert len(text.split()) <= WORDS_ALLOWED


def test_commands_run_as_written(checkout, folder):
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    commands = [line for block in blocks(readme, "bash", "console") for line in block.strip().splitlines()]
    commands = [line.removeprefix("$ ") for line in commands if line.strip() and not line.startswith("#")]
    assert len(commands) >= 8
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", as_run(command)],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )
        print(f"$ {as_run(command)}\n{done.stdout}")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, (command, done.stderr)
    assert (folder / "installed" / "headstart" / "builtin" / "image" / "model.safetensors").exists()
    for name in ("report.html", "recommendation.json", "model"):
        assert (folder / "studies" / "leaves" / name).exists()

    code = as_run("\n".join(blocks(readme, "python")))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, (code, done.stdout, done.stderr)
    assert "healthy" in done.stdout or "sooty_mould" in done.stdout
