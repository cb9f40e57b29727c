"""Planned memory of training against the peak that processes really held, on small models on a CPU.

``python bench/memory.py`` trains each model for two steps in a process of its own and writes ``results/memory.md``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RESULT = Path(__file__).parent / "results" / "memory.md"
BATCH, LENGTH = 8, 128
LLAMA = dict(hidden_size=512, intermediate_size=1536, num_hidden_layers=8, num_attention_heads=8, vocab_size=8000)
CASES = {
    "Llama, 8 x 512": ("LlamaConfig", LLAMA),
    "Llama, 12 x 512, grouped queries": ("LlamaConfig", LLAMA | dict(num_hidden_layers=12, num_key_value_heads=2)),
    "Qwen2, 6 x 768": ("Qwen2Config", LLAMA | dict(hidden_size=768, num_hidden_layers=6, num_key_value_heads=8)),
    "GPT-2, 8 x 512": ("GPT2Config", dict(n_embd=512, n_layer=8, n_head=8, vocab_size=8000, n_positions=256)),
    "Llama, 4 x 1024": ("LlamaConfig", LLAMA | dict(hidden_size=1024, intermediate_size=2816, num_hidden_layers=4)),
}
CHILD = """
import json, resource, sys, torch, transformers, psutil
torch.set_num_threads(1)
kind, values, batch, length = json.loads(sys.argv[1])
small = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, vocab_size=99)
warm = transformers.LlamaConfig(**small)
def train(config, batch, length):
    model = transformers.AutoModelForCausalLM.from_config(config)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), foreach=False)
    for _ in range(2):
        tokens = torch.randint(0, 90, (batch, length))
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
train(warm, 2, 8)
before = psutil.Process().memory_info().rss
train(getattr(transformers, kind)(**values), batch, length)
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before))
"""


def main() -> None:
    """Measure, and write the table."""
    import transformers

    from headstart.knowledge import plan_memory, shape_of

    lines = [
        "# Planned and measured memory",
        "",
        f"Full fine-tuning in 32 bits with AdamW, batch {BATCH}, {LENGTH} tokens, no checkpointing, on a CPU; the peak",
        "of a process over what it held before the model was built. MB of 1e6 bytes.",
        "",
        "| model | planned | measured | planned / measured |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, (kind, values) in CASES.items():
        shape = shape_of(getattr(transformers, kind)(**values).to_dict())
        plan = plan_memory(shape, "full_finetune", precision="float32", batch=BATCH, length=LENGTH, checkpointing=False)
        planned = (plan.total - plan.context) / 1e6
        command = [sys.executable, "-c", CHILD, json.dumps([kind, values, BATCH, LENGTH])]
        measured = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1e6
        lines.append(f"| {name} | {planned:,.0f} | {measured:,.0f} | {planned / measured:.2f} |")
        print(lines[-1], plan.state / 1e6, plan.activations / 1e6, plan.logits / 1e6, flush=True)
    RESULT.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
