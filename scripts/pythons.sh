#!/usr/bin/env bash
# The fast tests on other Pythons, and once with the lowest versions that pyproject.toml allows.
#
#   scripts/pythons.sh [3.12 3.13 lowest]
#
# Each gets an environment of its own in .pythons/, with the versions of constraints.txt but for torch, whose newest
# build is taken (it may come with gigabytes of CUDA libraries).
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=("${@:-3.12 3.13}")
[ $# -gt 0 ] || wanted=(3.12 3.13)
failed=()
mkdir -p .pythons
grep -vE '^(torch|triton|timm)==' constraints.txt >.pythons/constraints.txt
for version in "${wanted[@]}"; do
    python="python$version"
    [ "$version" = lowest ] && python=python3.11
    if ! command -v "$python" >/dev/null; then
        echo "== $version: there is no $python here"
        failed+=("$version (not installed)")
        continue
    fi
    place=.pythons/$version
    [ -x "$place/bin/python" ] || "$python" -m venv "$place"
    if [ "$version" = lowest ]; then
        "$place/bin/python" -m pip install --quiet uv
        "$place/bin/uv" pip install --quiet --python "$place/bin/python" --resolution lowest-direct -e '.[dev,text]'
    else
        "$place/bin/python" -m pip install --quiet torch
        "$place/bin/python" -m pip install --quiet -c .pythons/constraints.txt -e '.[dev,text,heif,onnx]'
    fi
    "$place/bin/python" -m pip install --quiet --no-deps timm
    echo "== $version: $("$place/bin/python" --version), torch $("$place/bin/python" -c 'import torch; print(torch.__version__)')"
    OMP_NUM_THREADS=1 "$place/bin/python" -m pytest -m "not real and not slow and not browser" -n 2 --dist loadfile \
        | tail -n 15 || failed+=("$version")
done
if [ "${#failed[@]}" -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
    exit 1
fi
