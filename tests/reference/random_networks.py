"""Compares networks of random sizes, on random inputs, with `ditto model run`, in float32 and in bfloat16:

    VENV/bin/python tests/reference/random_networks.py DITTO [--first SEED] [--count N] [--kind KIND]

Makes no fixtures. Prints a line for each case: the relative L2 error in float32, and the errors in bfloat16,
ditto's and the reference's own, and their ratio. Fails when float32 is above the tolerance of networks. A
ratio above 1 is no failure by itself: with so few numbers, luck decides among equals.
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import diffusers
import torch
from common import NETWORK, normal, randomise, relative_l2
from diffusers import AutoencoderKLWan, WanTransformer3DModel, WanVACETransformer3DModel
from safetensors.torch import load_file, save_file
import transformers
from transformers import UMT5Config, UMT5EncoderModel
import transformer


def make_umt5(draw, seed):
    config = UMT5Config(vocab_size=97, d_model=draw.choice([16, 32, 48]), d_kv=draw.choice([4, 8, 12]),
                        d_ff=draw.choice([24, 56]), num_layers=draw.randint(1, 4), num_heads=draw.randint(1, 4),
                        feed_forward_proj=draw.choice(["gated-gelu", "gated-silu", "relu"]), dropout_rate=0.0)
    length, rows = draw.randint(2, 60), draw.randint(1, 3)
    ids = torch.randint(3, 97, (rows, length), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    for row in range(1, rows):
        mask[row, draw.randint(1, length):] = 0
    return UMT5EncoderModel(config), "forward", {"input_ids": ids, "attention_mask": mask}


def make_transformer(draw, seed):
    config = dict(transformer.TINY, num_attention_heads=draw.randint(1, 4), attention_head_dim=draw.choice([6, 14, 32]),
                  ffn_dim=draw.choice([24, 96]), num_layers=draw.randint(1, 5), text_dim=draw.choice([8, 20]))
    size = dict(shape=(draw.randint(1, 2), draw.randint(1, 4), draw.randint(2, 9), draw.randint(2, 9)),
                text=draw.randint(1, 20))
    size["timestep"] = [draw.randint(0, 999) for _ in range(size["shape"][0])]
    kind = WanTransformer3DModel
    if draw.random() < 0.5:
        kind = WanVACETransformer3DModel
        layers = [0] + [i for i in range(1, config["num_layers"]) if draw.random() < 0.5]
        config |= dict(vace_layers=layers, vace_in_channels=96)
        size["control"] = size["shape"][1:]
    return kind(**config), "forward", transformer.inputs(config, seed=seed, **size)


def make_vae(draw, seed):
    residual = draw.random() < 0.3
    config = dict(base_dim=draw.choice([4, 6, 8]), z_dim=16, num_res_blocks=draw.randint(1, 2), dim_mult=[1, 2, 4, 4],
                  temperal_downsample=[False, True, True])
    if residual:
        config |= dict(is_residual=True, patch_size=2, in_channels=12, out_channels=12, scale_factor_spatial=16)
    cell = 16 if residual else 8
    rows, columns = draw.randint(1, 3), draw.randint(1, 3)
    if draw.random() < 0.5:
        frames = 1 + 4 * draw.randint(0, 2)
        return AutoencoderKLWan(**config), "encode", {
            "sample": normal((1, 3, frames, rows * cell, columns * cell), seed, 0.5).clamp(-1, 1)}
    return AutoencoderKLWan(**config), "decode", {"z": normal((1, 16, draw.randint(1, 3), rows, columns), seed)}


KINDS = {"umt5": make_umt5, "transformer": make_transformer, "vae": make_vae}


def run(model, entry, tensors):
    if entry == "encode":
        return model.encode(tensors["sample"]).latent_dist.mode()
    if entry == "decode":
        return model.decode(tensors["z"]).sample
    return model(**tensors)[0]


def compare(ditto, kind, seed, folder):
    draw = random.Random(seed)
    model, entry, tensors = KINDS[kind](draw, seed)
    randomise(model, seed)
    model.save_pretrained(folder)
    half = type(model).from_pretrained(folder, dtype=torch.bfloat16).eval()
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "in.safetensors")
    expected = run(model, entry, tensors)
    errors = [relative_l2(run(half, entry, transformer.cast(tensors)), expected)]
    for dtype in ("float32", "bfloat16"):
        out = folder / "out.safetensors"
        subprocess.run([ditto, "model", "run", "--weights", folder, "--entry", entry, "--threads", "1", "--dtype", dtype,
                        "--inputs", folder / "in.safetensors", "--outputs", out], check=True, stderr=subprocess.PIPE)
        errors.append(relative_l2(next(iter(load_file(out).values())), expected))
    return entry, *errors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ditto")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--kind", choices=KINDS)
    options = parser.parse_args()
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    failed = 0
    for kind in [options.kind] if options.kind else KINDS:
        above = 0
        for seed in range(options.first, options.first + options.count):
            with tempfile.TemporaryDirectory() as folder:
                entry, reference, full, half = compare(options.ditto, kind, seed, pathlib.Path(folder))
            failed += not full < NETWORK
            above += half > reference
            print(f"{kind} {entry} {seed}: float32 {full:.1e}, bfloat16 {half:.3e}, the reference's {reference:.3e}, "
                  f"ratio {half / reference:.3f}{'' if full < NETWORK else ' FAILED'}", flush=True)
        print(f"{kind}: bfloat16 above the reference's in {above} of {options.count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
