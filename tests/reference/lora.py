"""LoRA files in the forms found in the wild, added to the fixture `vace`.

What a file means is computed here from its tensors: weight += scale * alpha / rank * up @ down, and
the differences .diff, .diff_b, .diff_m as they are. diffusers itself drops several of these keys
(loaders/lora_conversion_utils.py:1866-2085), so it is compared with only where it reads them all.
"""
import json

import torch
from common import FIXTURES, Fixture, generator
from diffusers import WanVACETransformer3DModel
from original_names import transformer_name
from safetensors import safe_open
from safetensors.torch import load_file, save_file
import transformer

RANK = 3


class Adapter:
    """Random changes of named layers: their file's tensors and their effect on the weights."""

    def __init__(self, weights, seed):
        self.weights = weights
        self.random = generator(seed)
        self.file = {}
        self.change = {}
        self.about = {"format": "pt"}  # the file's metadata

    def draw(self, shape, dtype=torch.float32):
        return (0.3 * torch.randn(shape, generator=self.random)).to(dtype)

    def low_rank(self, layer, name, alpha=None, words=("lora_A", "lora_B"), rank=RANK, suffix="",
                 dtype=torch.float32):
        """`layer` in diffusers' names, `name` in the file's, without `.weight`."""
        shape = self.weights[f"{layer}.weight"].shape
        kernel = shape[2:]
        down = self.draw((rank, shape[1], *kernel), dtype)
        up = self.draw((shape[0], rank, *[1 for _ in kernel]), dtype)
        self.file[f"{name}.{words[0]}{suffix}.weight"] = down
        self.file[f"{name}.{words[1]}{suffix}.weight"] = up
        if alpha is not None:
            self.file[f"{name}.alpha"] = torch.tensor(float(alpha), dtype=dtype)
        factor = 1 if alpha is None else alpha / rank
        product = (up.double().flatten(1) @ down.double().flatten(1)).view(shape)
        self.change[f"{layer}.weight"] = factor * product

    def difference(self, parameter, name, dtype=torch.float32):
        value = self.draw(self.weights[parameter].shape, dtype)
        self.file[name] = value
        self.change[parameter] = self.change.get(parameter, 0) + value.double()


def names(layer, prefix="", dots="."):
    return prefix + transformer_name(f"{layer}.weight").removesuffix(".weight").replace(".", dots)


def linear_layers(weights):
    return [name.removesuffix(".weight") for name, value in sorted(weights.items())
            if name.endswith(".weight") and value.dim() == 2]


def peft(weights, seed):
    """As diffusers and peft save it."""
    adapter = Adapter(weights, seed)
    for layer in linear_layers(weights):
        if ".attn" in layer or ".ffn." in layer:
            adapter.low_rank(layer, f"transformer.{layer}")
    return adapter


def default(weights, seed):
    """DiffSynth-Studio: the original names with peft's adapter name in them."""
    adapter = Adapter(weights, seed)
    for layer in linear_layers(weights):
        if "blocks." in layer and (".to_" in layer or ".ffn." in layer):
            adapter.low_rank(layer, names(layer), suffix=".default", dtype=torch.bfloat16)
    return adapter


def kohya(weights, seed):
    """musubi-tuner: underscores, down and up, alpha; one convolution."""
    adapter = Adapter(weights, seed)
    words = ("lora_down", "lora_up")
    for layer in linear_layers(weights):
        if "blocks." in layer:
            rank = RANK + ("ffn" in layer)
            adapter.low_rank(layer, names(layer, "lora_unet_", "_"), alpha=2, words=words, rank=rank)
    adapter.low_rank("patch_embedding", "lora_unet_patch_embedding", alpha=1, words=words)
    return adapter


def original(weights, seed):
    """lightx2v and CausVid: low rank with alpha where a matrix is, differences for all the rest."""
    adapter = Adapter(weights, seed)
    for layer in linear_layers(weights):
        if not layer.startswith("vace"):
            alpha = 5 if "attn1" in layer else None
            adapter.low_rank(layer, names(layer, "diffusion_model."), alpha=alpha, words=("lora_down", "lora_up"))
    for parameter in sorted(weights):
        if parameter.startswith("vace"):
            continue
        name = "diffusion_model." + transformer_name(parameter)
        if name.endswith("modulation"):
            adapter.difference(parameter, name.removesuffix("modulation") + "diff_m")
        elif name.endswith(".bias"):
            adapter.difference(parameter, name.removesuffix("bias") + "diff_b", torch.float16)
        elif ".norm" in name:
            adapter.difference(parameter, name.removesuffix("weight") + "diff")
    adapter.difference("patch_embedding.weight", "diffusion_model.patch_embedding.diff")
    return adapter


def other_model(weights, seed):
    """Made for an image-to-video model, whose patch embedding is wider: that one is left out."""
    adapter = Adapter(weights, seed)
    for layer in linear_layers(weights):
        if layer.startswith("blocks.1."):
            adapter.low_rank(layer, names(layer, "model."))
    shape = list(weights["patch_embedding.weight"].shape)
    shape[1] += 20
    adapter.file["model.patch_embedding.diff"] = adapter.draw(shape)
    return adapter


def metadata(weights, seed):
    """diffusers since 0.34: the rank and alpha that peft was configured with are in the metadata."""
    adapter = Adapter(weights, seed)
    for layer in linear_layers(weights):
        if ".attn" in layer and ".to_" in layer:
            alpha = 9.0 if layer.endswith("to_v") else 6.0
            adapter.low_rank(layer, f"transformer.{layer}", alpha=alpha)
            del adapter.file[f"transformer.{layer}.alpha"]
    targets = ["to_q", "to_k", "to_v", "to_out.0"]
    config = dict(r=RANK, lora_alpha=6, target_modules=targets, alpha_pattern={"to_v": 9}, rank_pattern={},
                  lora_bias=False, use_dora=False, use_rslora=False)
    adapter.about = {"format": "pt", "lora_adapter_metadata": json.dumps(
        {f"transformer.{key}": value for key, value in config.items()}, indent=2)}
    return adapter


FORMS = dict(metadata=metadata, peft=peft, default=default, kohya=kohya, original=original,
             other_model=other_model)


def merged(base, adapter, scale):
    """A copy of the weights with the adapter in them; sums in double, then float32."""
    weights = {name: value.clone() for name, value in base.items()}
    for name, change in adapter.change.items():
        weights[name] = (weights[name].double() + scale * change).float()
    return weights


def check_with_diffusers(folder, file, scale, tensors, expected):
    model = WanVACETransformer3DModel.from_pretrained(folder)
    with safe_open(file, "pt") as opened:
        about = json.loads((opened.metadata() or {}).get("lora_adapter_metadata", "null"))
    model.load_lora_adapter(load_file(file), prefix="transformer", adapter_name="a", metadata=about)
    model.set_adapters("a", scale)
    got = model.eval()(**tensors).sample
    assert (got - expected).norm() < 1e-5 * expected.norm()


def add(folder_name, config, seed, scales, root=FIXTURES):
    fixture = Fixture(folder_name, root, fresh=False)
    model = WanVACETransformer3DModel.from_pretrained(fixture.folder).eval()
    base = {name: value.clone() for name, value in model.state_dict().items()}
    for (form, build), scale in zip(FORMS.items(), scales, strict=True):
        seed += 10
        adapter = build(base, seed)
        file = f"lora-{form.replace('_', '-')}.safetensors"
        save_file(adapter.file, fixture.folder / file, metadata=adapter.about)
        model.load_state_dict(merged(base, adapter, 1.0 if scale is None else scale))
        tensors = transformer.inputs(config, shape=(1, 2, 4, 6), text=5, timestep=[640], seed=seed + 1,
                                     control=(2, 4, 6))
        expected = model(**tensors).sample
        if form in ("peft", "metadata"):
            check_with_diffusers(fixture.folder, fixture.folder / file, scale, tensors, expected)
        arguments = {"lora": file} | ({} if scale is None else {"lora_scale": scale})
        fixture.case(f"lora-{form.replace('_', '-')}", "forward", tensors, {"sample": expected}, arguments)


def main():
    add("vace", transformer.TINY_VACE, seed=500, scales=[0.8, 0.7, None, 1.0, 0.5, 1.25])


if __name__ == "__main__":
    main()
