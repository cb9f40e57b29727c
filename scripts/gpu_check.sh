#!/usr/bin/env bash
# One call on a machine with a GPU, at most 10 minutes, without a network: the fast tests that touch training, the
# loop against a bare one, four jobs that share the card, and one study. Writes bench/results/gpu.md.
#
#   scripts/gpu_check.sh [PYTHON]
set -uo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
export PYTHONPATH="$PWD/src" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
out=bench/results/gpu.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" - <<'EOF' || { echo "torch sees no GPU here"; exit 1; }
import sys, torch
sys.exit(None if torch.cuda.is_available() else 1)
EOF

{
    echo "# On a GPU"
    echo
    echo "$(date +%F); $("$python" -c 'import platform, torch; print(torch.cuda.get_device_name(), "torch", torch.__version__, "Python", platform.python_version())'); \`scripts/gpu_check.sh\`"
    echo
} >"$out"

note() { printf -- '- %s\n' "$*" | tee -a "$out"; }
timed() { # timed SECONDS WHAT COMMAND...
    local limit=$1 what=$2 start=$SECONDS
    shift 2
    if timeout "$limit" "$@" >"$work/log" 2>&1; then
        note "$what: passed in $((SECONDS - start)) s"
    else
        note "$what: FAILED (exit $?) after $((SECONDS - start)) s: $(tail -n 1 "$work/log")"
        tail -n 30 "$work/log" >&2
    fi
}

timed 150 "fast tests of training" "$python" -m pytest -x -m "not slow and not real and not browser" tests/training
timed 60 "loop against a bare one" "$python" bench/loop_overhead.py
grep -m 1 -i "ratio" bench/results/loop_overhead.md >>"$out" 2>/dev/null
timed 120 "one study, one trial at a time" "$python" -m headstart demo --budget 60s --out "$work/one" --json --quiet
cp "$work/log" "$work/one.json" 2>/dev/null
timed 150 "the same with four jobs that share the card" "$python" - "$work/four" <<'EOF'
import sys
from pathlib import Path
import headstart.cli.studying as studying
import headstart as hs

taken = {}
real = hs.study
def study(data, budget, **options):
    return real(data, budget, **{**options, "jobs": 4})
if __name__ == "__main__":
    studying.study = study
    studying.run_demo(Path(sys.argv[1]), "60s", json_output=True, quiet=True)
EOF
for name in one four; do
    "$python" - "$work/$name" "$name" >>"$out" <<'EOF'
import sys
from pathlib import Path
from headstart.studies import Store

store = Store.open_readonly(Path(sys.argv[1]))
trials = [trial for trial in store.trials() if trial.succeeded]
compute = sum(trial.ended - trial.started for trial in trials)
print(f"- {sys.argv[2]}: {len(trials)} trials, {compute:.0f} s of trials in {store.record().spent_seconds:.0f} s of work")
EOF
done
cat "$out"
