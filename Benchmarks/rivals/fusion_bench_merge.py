"""Merges safetensors files by fusion_bench's own functions, and saves the result.

fusion_bench's command line loads models by transformers' classes, which these files are not made
for; its merges take state dicts and modules just as well.

    fusion_bench_merge.py simple_average OUTPUT MODEL...
    fusion_bench_merge.py weighted_average OUTPUT --weights 0.7,0.3 MODEL...
    fusion_bench_merge.py dare_simple_average OUTPUT --base BASE --sparsity-ratio 0.9 MODEL...
"""

import argparse

import torch
from fusion_bench.method import DareSimpleAverage
from fusion_bench.method.simple_average import simple_average
from fusion_bench.utils.state_dict_arithmetic import state_dict_weighted_sum
from safetensors.torch import load_file, save_file


def module_of(state_dict):
    """A module whose parameters have the names of a state dict."""
    root = torch.nn.Module()
    for name, tensor in state_dict.items():
        *path, last = name.split(".")
        module = root
        for part in path:
            if not hasattr(module, part):
                module.add_module(part, torch.nn.Module())
            module = getattr(module, part)
        module.register_parameter(last, torch.nn.Parameter(tensor))
    return root


class Files:
    """What fusion_bench's methods ask of a model pool, for files."""

    def __init__(self, base, models):
        self.base = base
        self.model_names = models

    def __len__(self):
        return len(self.model_names)

    def load_model(self, name):
        return module_of(load_file(name))

    def load_pretrained_model(self):
        return self.load_model(self.base)


def merge(options):
    if options.method == "dare_simple_average":
        method = DareSimpleAverage(options.sparsity_ratio, only_on_linear_weights=False)
        return method.run(Files(options.base, options.models)).state_dict()
    state_dicts = [load_file(model) for model in options.models]
    if options.method == "weighted_average":
        weights = [float(weight) for weight in options.weights.split(",")]
        total = sum(weights)
        return state_dict_weighted_sum(state_dicts, [weight / total for weight in weights])
    return simple_average(state_dicts)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("method")
    parser.add_argument("output")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--base")
    parser.add_argument("--weights")
    parser.add_argument("--sparsity-ratio", type=float)
    options = parser.parse_args()
    torch.manual_seed(42)
    with torch.no_grad():
        merged = merge(options)
    save_file({name: tensor.detach() for name, tensor in merged.items()}, options.output)


if __name__ == "__main__":
    main()
