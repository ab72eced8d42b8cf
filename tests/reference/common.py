"""Writes fixtures: a model directory beside pairs of input and output files."""
import json
import math
import os
import pathlib
import shutil

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from safetensors.torch import save_file

FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
NETWORK = 2e-5   # relative L2 that a network or a scheduler must reach
PIPELINE = 2e-4  # and a whole pipeline


def set_up():
    """One thread, no oneDNN, attention by its definition: what an honest float32 result is."""
    torch.set_num_threads(1)
    torch.backends.mkldnn.set_flags(False)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    torch.backends.cuda.enable_math_sdp(True)
    torch.set_grad_enabled(False)


set_up()


def generator(seed):
    return torch.Generator().manual_seed(seed)


def normal(shape, seed, scale=1.0):
    return torch.randn(shape, generator=generator(seed)) * scale


def randomise(model, seed):
    """Fills every parameter: with default values (gains of 1, biases of 0) a wrong wiring can hide."""
    random = generator(seed)
    for name, parameter in sorted(model.named_parameters()):
        value = torch.randn(parameter.shape, generator=random)
        leaf = name.rsplit(".", 1)[-1]
        if leaf == "scale_shift_table":
            value *= 0.3
        elif "relative_attention_bias" in name or "shared" in name or "embed_tokens" in name:
            pass
        elif leaf == "gamma" or (leaf == "weight" and parameter.dim() == 1):
            value = 1 + 0.25 * value
        elif parameter.dim() > 1:
            value /= math.sqrt(parameter[0].numel())
        else:
            value *= 0.2
        parameter.copy_(value)
    return model.eval()


def relative_l2(value, reference):
    value, reference = value.double(), reference.double()
    return ((value - reference).norm() / reference.norm().clamp_min(1e-300)).item()


class Fixture:
    """One folder: a model as save_pretrained writes it, and NAME's in-NAME and out-NAME files."""

    def __init__(self, name, root=FIXTURES, fresh=True):
        self.folder = pathlib.Path(root) / name
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)

    def case(self, name, entry, inputs, outputs, arguments=None, tolerance=NETWORK, bfloat16=None, weights=None,
             text=None):
        """`bfloat16`: the outputs of the reference in bfloat16, whose errors are noted. `weights`: what
        --weights names, if that isn't the folder. `text`: the argument of the output, if there is one."""
        self.inputs(name, inputs, arguments)
        about = {"entry": entry, "tolerance": str(tolerance)}
        if weights:
            about["weights"] = weights
        if bfloat16:
            errors = {key: relative_l2(bfloat16[key], outputs[key]) for key in outputs}
            about["bfloat16"] = json.dumps({key: float(f"{value:.4g}") for key, value in errors.items()})
        if text is not None:
            about["arguments"] = json.dumps({"text": text})
        for key, value in outputs.items():
            assert not value.is_floating_point() or value.isfinite().all(), f"{self.folder.name} {name} {key}"
        save_file({key: value.contiguous() for key, value in outputs.items()},
                  self.folder / f"out-{name}.safetensors", metadata=about)

    def inputs(self, name, inputs, arguments=None):
        save_file({key: value.contiguous() for key, value in inputs.items()},
                  self.folder / f"in-{name}.safetensors",
                  metadata={"arguments": json.dumps(arguments or {})})
