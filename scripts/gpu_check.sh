#!/usr/bin/env bash
# What needs a GPU, without a network, in about ten minutes: the tests of training, a step against the plain Trainer,
# small trials that share the card, planned memory against the allocator's peak, and a study. Headstart must be
# installed for that Python. Writes bench/results/gpu*.md and memory_gpu.md.
#
#   scripts/gpu_check.sh [PYTHON] [tests] [step] [sharing] [memory] [study]
set -uo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
shift || true
parts=${*:-tests step sharing memory study}
export HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"
out=bench/results/gpu.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || { echo "torch sees no GPU here"; exit 1; }
"$python" -c 'from headstart.strategies import get_strategy; get_strategy("full_finetune")' || exit 1

describe='import platform, torch; print(torch.cuda.get_device_name() + ", torch", torch.__version__ + ", Python", platform.python_version())'
[[ $parts == *tests* || ! -e $out ]] && printf '# On a GPU\n\n%s; %s; `scripts/gpu_check.sh`\n\n' "$(date +%F)" "$("$python" -c "$describe")" >"$out"

note() { printf -- '- %s\n' "$*" | tee -a "$out"; }
timed() { # timed SECONDS WHAT COMMAND...
    local limit=$1 what=$2 start=$SECONDS
    shift 2
    if timeout "$limit" "$@" >"$work/log" 2>&1; then
        note "$what: passed in $((SECONDS - start)) s$(grep -oE ' \([0-9]+ passed[^)]*\)| [0-9]+ passed.*' "$work/log" | tail -n 1 | sed 's/ in .*//; s/^/,/')"
    else
        note "$what: FAILED (exit $?) after $((SECONDS - start)) s"
        tail -n 400 "$work/log" >&2
    fi
}

for part in $parts; do
    case $part in
    tests)
        timed 240 "tests of training on a GPU" "$python" -m pytest -q tests/training/test_training_on_gpu.py \
            tests/training/test_training_recorded.py tests/training/test_training_trial.py \
            tests/studies/test_studies_executors.py -m "not slow and not real"
        ;;
    step | sharing | study) timed 300 "bench of $part" "$python" bench/gpu.py "$part" ;;
    memory) timed 200 "bench of memory" "$python" bench/memory.py ;;
    *) echo "there is no part $part"; exit 2 ;;
    esac
done
cat "$out"
