"""Saves and loads models with the transformers that PYTHONPATH has: jobs come on standard input.

A job is a JSON object, one a line: {"do": "save", "name": ..., "seed": ..., "folder": ...,
"options": {...}} or {"do": "load", "name": ..., "folder": ...}. Each answers with a line: the
version, and what was amiss. The state dict of what was saved or loaded goes to FOLDER.pt.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import torch
import transformers

import model_folders


def save(job):
    build, _, _ = model_folders.ARCHITECTURES[job["name"]]
    model = model_folders.randomized(build(), job["seed"])
    model.save_pretrained(job["folder"], **job["options"])
    model_folders.tokenizer().save_pretrained(job["folder"])
    return model, []


def load(job):
    _, auto, inputs = model_folders.ARCHITECTURES[job["name"]]
    model, info = auto.from_pretrained(
        job["folder"], output_loading_info=True, torch_dtype="auto"
    )
    problems = [f"{problem}: {names}" for problem, names in info.items() if names]
    with torch.no_grad():
        result = model.eval()(
            **{key: value.to(model.dtype) if value.is_floating_point() else value
               for key, value in inputs.items()}
        )
    for tensor in result.to_tuple():
        if isinstance(tensor, torch.Tensor) and not torch.isfinite(tensor).all():
            problems.append("the output is not finite")
    if job.get("tokenizer"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(job["folder"])
        if tokenizer.encode("word1 word59") != [5, 63]:
            problems.append("the tokenizer")
    return model, problems


for line in sys.stdin:
    job = json.loads(line)
    model, problems = {"save": save, "load": load}[job["do"]](job)
    torch.save(model.state_dict(), job["folder"] + ".pt")
    print(json.dumps({"version": transformers.__version__, "problems": problems}), flush=True)
