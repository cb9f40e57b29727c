"""``headstart export``: a saved network in a form that other runtimes read."""

from __future__ import annotations

from pathlib import Path

from headstart.cli.lines import as_json, one_line
from headstart.core import SettingsError

NAME = "model.onnx"


def run_export(folder: Path, *, onnx: bool, out: Path | None, allow_code: bool, json_output: bool) -> None:
    """Export the model in a folder.

    Raises:
        SettingsError: No form was asked for, or the model is no network.
        HeadstartError: It cannot be exported.
    """
    if not onnx:
        raise SettingsError("no form was asked for", place="headstart export", hint="Add --onnx")
    from headstart.models import load
    from headstart.models.onnx import export_onnx

    model = load(folder, allow_code=allow_code)
    target = out or Path(str(model.card.candidate.folder)) / NAME
    exported = export_onnx(model, target)
    if json_output:
        print(as_json(exported.model_dump()))
        return
    print(
        f"{one_line(exported.file)}: inputs {', '.join(exported.inputs)}, output probabilities, opset {exported.opset}"
    )
    print(f"Checked with onnxruntime: largest difference {exported.difference:.1e}")
