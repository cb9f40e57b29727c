"""Planned memory of training against the peak that processes really held, on small models.

``python bench/memory.py`` trains each model for a few steps: on a CPU in a process of its own, whose memory it looks at
(``results/memory.md``), on a GPU with the peak of the allocator (``results/memory_gpu.md``). On a CPU twice: with every
block given back as soon as it is free, which is what tensors take, and as processes usually run, where the C library
keeps some of what was freed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from record import write

RESULTS = Path(__file__).parent / "results"
BATCH, LENGTH = 8, 128
LLAMA = dict(hidden_size=512, intermediate_size=1536, num_hidden_layers=8, num_attention_heads=8, vocab_size=8000)
CASES = {
    "Llama, 8 x 512": ("LlamaConfig", LLAMA),
    "Llama, 12 x 512, grouped queries": ("LlamaConfig", LLAMA | dict(num_hidden_layers=12, num_key_value_heads=2)),
    "Qwen2, 6 x 768": ("Qwen2Config", LLAMA | dict(hidden_size=768, num_hidden_layers=6, num_key_value_heads=8)),
    "GPT-2, 8 x 512": ("GPT2Config", dict(n_embd=512, n_layer=8, n_head=8, vocab_size=8000, n_positions=256)),
    "Llama, 4 x 1024": ("LlamaConfig", LLAMA | dict(hidden_size=1024, intermediate_size=2816, num_hidden_layers=4)),
}
GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_TOP_PAD_": "0"}  # glibc
ON_A_GPU = (  # strategy, precision, checkpointing
    ("full_finetune", "float32", False),
    ("full_finetune", "bfloat16", False),
    ("full_finetune", "bfloat16", True),
    ("lora", "bfloat16", True),
)
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
    import torch

    (on_a_gpu if torch.cuda.is_available() else on_a_cpu)()


def on_a_gpu() -> None:
    """Measure the allocator's peak."""
    import torch
    import transformers

    from headstart.knowledge import plan_memory, shape_of

    lines = [
        "# Planned and measured memory on a GPU",
        "",
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}; AdamW, batch {BATCH}, {LENGTH} tokens; the peak",
        "of the allocator, and the plan without what the driver holds. MB of 1e6 bytes.",
        "",
        "| model | strategy | precision | checkpointing | planned | measured | planned / measured |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    cases = [(name, *how) for name in CASES for how in ON_A_GPU]
    for name, strategy, precision, checkpointing in cases:
        peak = gpu_peak(name, strategy, precision, checkpointing) / 1e6
        kind, values = CASES[name]
        shape = shape_of(getattr(transformers, kind)(**values).to_dict())
        plan = plan_memory(
            shape,
            strategy,
            precision=precision,
            batch=BATCH,
            length=LENGTH,
            checkpointing=checkpointing,
            optimiser="adamw" if precision == "float32" else "adamw-16bit",
        )
        planned = (plan.total - plan.context) / 1e6
        lines.append(
            f"| {name} | {strategy} | {precision} | {'yes' if checkpointing else 'no'} | {planned:,.0f} | "
            f"{peak:,.0f} | {planned / peak:.2f} |"
        )
        print(lines[-1], flush=True)
    (RESULTS / "memory_gpu.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


def gpu_peak(name: str, strategy: str, precision: str, checkpointing: bool) -> float:
    """Bytes that the allocator held at most while a model trained for three steps, without what was there before."""
    import gc

    import peft
    import torch
    import transformers

    kind, values = CASES[name]
    torch.ones(256, 256, device="cuda") @ torch.ones(256, 256, device="cuda")  # the libraries' own workspace
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**values))
    model = model.to("cuda", getattr(torch, precision))
    if strategy == "lora":
        settings = peft.LoraConfig(r=16, target_modules="all-linear")
        model = peft.get_peft_model(model, settings, autocast_adapter_dtype=False)
        model.enable_input_require_grads()
    if checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], fused=True)
    for _ in range(3):
        tokens = torch.randint(0, 90, (BATCH, LENGTH), device="cuda")
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
    return float(torch.cuda.max_memory_allocated() - before)


def on_a_cpu() -> None:
    """Measure the memory of the process."""
    import transformers

    from headstart.knowledge import plan_memory, shape_of

    lines = [
        f"Full fine-tuning in 32 bits with AdamW, batch {BATCH}, {LENGTH} tokens, no checkpointing, on a CPU; the peak",
        "of a process over what it held before the model was built. MB of 1e6 bytes. Tensors: every block is given",
        "back as soon as it is free; process: as the C library does it, which keeps some of what was freed.",
        "",
        "| model | planned | tensors | planned / tensors | process | process / planned |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, (kind, values) in CASES.items():
        shape = shape_of(getattr(transformers, kind)(**values).to_dict())
        plan = plan_memory(shape, "full_finetune", precision="float32", batch=BATCH, length=LENGTH, checkpointing=False)
        planned = (plan.total - plan.context) / 1e6
        tensors, process = cpu_peak(kind, values, GIVEN_BACK) / 1e6, cpu_peak(kind, values, {}) / 1e6
        lines.append(
            f"| {name} | {planned:,.0f} | {tensors:,.0f} | {planned / tensors:.2f} | {process:,.0f} | "
            f"{process / planned:.2f} |"
        )
        print(lines[-1], flush=True)
    lines += ["", "GPT-2 drops out of its attention, for which torch has no fused kernel on a CPU: the matrix is kept."]
    write("memory", "Planned and measured memory", lines)


def cpu_peak(kind: str, values: dict[str, int], allocator: dict[str, str]) -> int:
    """Bytes that a process held at most, over what it held before."""
    command = [sys.executable, "-c", CHILD, json.dumps([kind, values, BATCH, LENGTH])]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | allocator)
    return int(json.loads(ran.stdout))


if __name__ == "__main__":
    main()
