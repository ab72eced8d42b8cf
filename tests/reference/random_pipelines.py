"""Compares pipelines of random configurations, on random inputs, with `ditto model run`:

    VENV/bin/python tests/reference/random_pipelines.py DITTO [--first SEED] [--count N] [--keep FOLDER]

Makes no fixtures. Prints a line for each case, and fails when one is above the tolerance of pipelines.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import diffusers
import torch
from common import FIXTURES, PIPELINE, normal, relative_l2
from diffusers import (FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel,
                       WanVACEPipeline, WanVACETransformer3DModel)
from safetensors.torch import load_file, save_file
import transformers
from transformers import T5Tokenizer
import lora
import pipeline
from scheduler import FLOW

WORDS = "a green slow river under the old bridge turns to gold while people walk along".split()


def ready_tokenizer(folder):
    """The fixture's: training one each time would take longer than all the rest."""
    shutil.copytree(FIXTURES / "pipeline-wan" / "tokenizer", folder)
    return T5Tokenizer.from_pretrained(folder)


def scheduler(draw):
    shift = draw.choice([1.0, 3.0, 5.0, 8.0, 16.0])
    if draw.random() < 0.4:
        return FlowMatchEulerDiscreteScheduler(shift=shift)
    # With the solver type bh1 the reference's last step gives NaN.
    return UniPCMultistepScheduler(**FLOW, flow_shift=shift, solver_order=draw.choice([1, 2, 2, 3]))


def networks(draw, vace):
    config = dict(pipeline.TRANSFORMER, num_layers=draw.randint(1, 3), num_attention_heads=draw.randint(1, 3),
                  attention_head_dim=draw.choice([6, 8, 12]), ffn_dim=draw.choice([8, 24]))
    kind = WanTransformer3DModel
    if vace:
        kind = WanVACETransformer3DModel
        layers = [0] + [i for i in range(1, config["num_layers"]) if draw.random() < 0.5]
        config |= dict(vace_layers=layers, vace_in_channels=72)
    experts = draw.choice(["one", "one", "two", "low"])
    names = {"one": ["transformer"], "two": ["transformer", "transformer_2"], "low": ["transformer_2"]}[experts]
    boundary = None if experts == "one" else draw.choice([0.5, 0.875, 0.9])
    return {name: kind(**config) for name in names}, boundary


def prompt(draw):
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, 8)))


def texts(draw, arguments, tensors, batch):
    """Prompts or embeddings; an absent negative prompt now and then."""
    if draw.random() < 0.4:
        arguments["prompt"] = prompt(draw) if batch == 1 else [prompt(draw) for _ in range(batch)]
        if draw.random() < 0.6:
            arguments["negative_prompt"] = prompt(draw)
        arguments["max_sequence_length"] = draw.choice([9, 20, 33])
        return
    for name in ("prompt_embeds", "negative_prompt_embeds"):
        # The reference wants as many tokens in both.
        tensors[name] = normal((batch, 7, 12), draw.randint(0, 1 << 30))


def frame_size(draw, most=40):
    return draw.randint(16, most), draw.randint(16, most)


def conditions(draw, tensors, frames):
    """VACE's. Returns how many references there are."""
    seed = draw.randint(0, 1 << 30)
    if draw.random() < 0.7:
        height, width = draw.choice([frame_size(draw), frame_size(draw, 90), (32, 32)])
        tensors["video"] = pipeline.pictures((frames, height, width, 3), seed)
        if draw.random() < 0.6:
            size = (height, width) if draw.random() < 0.6 else frame_size(draw, 70)
            tensors["mask"] = pipeline.pictures((frames, *size), seed + 1)
    references = draw.choice([0, 1, 1, 2])
    references = min(references, (frames + 3) // 4)  # the reference can't do more
    for i in range(references):
        tensors[f"reference_images_{i}"] = pipeline.pictures((*frame_size(draw, 100), 3), seed + 2 + i)
    return references


def lora_files(draw, pipe, folder, arguments):
    """Adapters for what networks there are; their weights are changed here."""
    for part, name in (("transformer", "lora"), ("transformer_2", "lora_2")):
        network = getattr(pipe, part)
        if network is None or draw.random() < 0.5:
            continue
        if part == "transformer_2" and pipe.transformer is None:
            name = "lora"
        base = {key: value.clone() for key, value in network.state_dict().items()}
        adapter = lora.peft(base, draw.randint(0, 1 << 30))
        file = folder / f"{name}.safetensors"
        save_file(adapter.file, file)
        scale = draw.choice([0.5, 1.0, 1.3])
        arguments[name], arguments[f"{name}_scale"] = str(file), scale
        network.load_state_dict(lora.merged(base, adapter, scale))


def steps(draw, pipe, arguments, tensors):
    """How many, or a preset."""
    if draw.random() < 0.35:
        arguments["preset"] = draw.choice(sorted(pipeline.PRESETS))
        tensors.pop("negative_prompt_embeds", None)
        arguments.pop("negative_prompt", None)
        return
    arguments["num_inference_steps"] = draw.randint(1, 5)
    arguments["guidance_scale"] = draw.choice([1.0, 1.5, 4.0, 6.0])
    if pipe.config.boundary_ratio is not None and draw.random() < 0.5:
        arguments["guidance_scale_2"] = draw.choice([2.0, 3.0])


def shrinks_to_nothing(video, height, width):
    """Long and narrow: less than a patch would be left."""
    rows, columns = video.shape[1:3]
    scale = min(1, width / columns, height / rows)
    return min(rows, columns) * scale < 24


def case(seed, folder):
    """Writes the pipeline and in.safetensors. Returns what was drawn and what the reference computes."""
    draw = random.Random(seed)
    vace = draw.random() < 0.7
    parts, boundary = networks(draw, vace)
    pipe = pipeline.build(folder, WanVACEPipeline if vace else WanPipeline, scheduler(draw), parts, seed,
                          boundary_ratio=boundary)
    tensors = {}
    frames = draw.choice([1, 5, 5, 9, 13])
    height, width = draw.choice([(16, 16), (32, 16), (16, 48), (32, 32)])
    arguments = dict(height=height, width=width, num_frames=frames, output_type=draw.choice(["np", "pt", "latent"]))
    batch = 1 if vace else draw.choice([1, 1, 2])
    references = conditions(draw, tensors, frames) if vace else 0
    texts(draw, arguments, tensors, batch)
    steps(draw, pipe, arguments, tensors)
    if vace and draw.random() < 0.5:
        layers = len(next(iter(parts.values())).config.vace_layers)
        arguments["conditioning_scale"] = draw.choice([0.6, [draw.uniform(-1, 2) for _ in range(layers)]])
    lora_files(draw, pipe, folder, arguments)
    if "video" in tensors and shrinks_to_nothing(tensors["video"], height, width):
        tensors.pop("video")
        tensors.pop("mask", None)
    if "video" in tensors:
        # The reference draws noise in the size asked for, whatever the video's is.
        video = pipe.preprocess_conditions(pipeline.images(tensors["video"]), height=height, width=width,
                                           dtype=torch.float32)[0]
        height, width = video.shape[-2:]
    if "video" in tensors or draw.random() < 0.5:
        tensors["latents"] = normal((batch, 4, (frames - 1) // 4 + 1 + references, height // 8, width // 8), seed)
    else:
        arguments["seed"] = draw.randint(0, 1000)
    if pipe.transformer is None:
        pipe.transformer = pipe.transformer_2  # the reference can't do without; here one does all steps
    expected = pipeline.run(pipe, tensors, arguments)["frames"]
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "in.safetensors",
              metadata={"arguments": json.dumps(arguments)})
    about = {key: value for key, value in arguments.items() if key not in ("prompt", "negative_prompt")}
    about |= {key: list(value.shape) for key, value in tensors.items()}
    about |= {"vace": vace, "parts": list(parts), "boundary": boundary,
              "scheduler": {"kind": type(pipe.scheduler).__name__} | {
                  key: pipe.scheduler.config[key] for key in ("shift", "flow_shift", "solver_order")
                  if key in pipe.scheduler.config}}
    return about, expected


def compare(ditto, seed, folder):
    about, expected = case(seed, folder)
    out = folder / "out.safetensors"
    done = subprocess.run([ditto, "model", "run", "--weights", folder, "--entry", "pipeline", "--threads", "1",
                           "--inputs", folder / "in.safetensors", "--outputs", out], capture_output=True, text=True)
    if done.returncode != 0:
        return about, done.stderr.strip()
    found = load_file(out)["frames"]
    if found.shape != expected.shape:
        return about, f"{list(found.shape)} in place of {list(expected.shape)}"
    return about, relative_l2(found, expected)


def result_is_far(result):
    """Above what rounding explains (0.1 of the tolerance)."""
    return not isinstance(result, float) or not result < PIPELINE / 10


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ditto")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--keep", type=pathlib.Path, help="where failing cases are copied to")
    options = parser.parse_args()
    pipeline.tokenizer = ready_tokenizer
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    failed = 0
    for seed in range(options.first, options.first + options.count):
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary) / "pipeline"
            folder.mkdir()
            about, result = compare(options.ditto, seed, folder)
            good = isinstance(result, float) and result < PIPELINE
            failed += not good
            shown = f"{result:.1e}" if isinstance(result, float) else result
            print(seed, "ok" if good else "FAILED", shown, json.dumps(about) if result_is_far(result) else "", flush=True)
            if not good and options.keep:
                shutil.copytree(folder, options.keep / str(seed), dirs_exist_ok=True)
    print(f"{failed} of {options.count} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
