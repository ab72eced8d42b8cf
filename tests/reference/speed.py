"""Time and memory of `ditto model run` beside diffusers, for Wan's networks at full width with few layers:

    python tests/reference/speed.py build/release/bin/ditto [case ...] [--threads 2] [--passes 2] [--rounds 2]

Either program runs in a process of its own, in turns, with as many threads. A round is one process of each;
the first pass of a process warms up and isn't counted. Printed are medians over all other passes, the medians
over rounds of the largest resident memory of the processes, and how far the results are apart.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

# Children of this script import torch themselves, after their memory was measured from the start.

SMALL = dict(num_attention_heads=12, attention_head_dim=128, ffn_dim=8960)   # Wan2.1 1.3B
LARGE = dict(num_attention_heads=40, attention_head_dim=128, ffn_dim=13824)  # Wan2.1 14B
TEXT = 512  # tokens

# name -> class, config, entry, shapes of the inputs. Latents of 60x104 are a frame of 832x480: 1560 tokens.
CASES = {
    "transformer-1.3b": ("WanTransformer3DModel", dict(SMALL, num_layers=2), "forward", dict(latents=(1, 60, 104))),
    "vace-1.3b": ("WanVACETransformer3DModel", dict(SMALL, num_layers=2, vace_layers=[0]), "forward",
                  dict(latents=(1, 60, 104))),
    "transformer-14b": ("WanTransformer3DModel", dict(LARGE, num_layers=1), "forward", dict(latents=(1, 40, 104))),
    "vae-encode": ("AutoencoderKLWan", {}, "encode", dict(sample=(1, 3, 9, 128, 192))),
    "vae-decode": ("AutoencoderKLWan", {}, "decode", dict(z=(1, 16, 3, 16, 24))),
}


def make_inputs(class_name, shapes):
    import torch
    random = torch.Generator().manual_seed(1)
    if "latents" not in shapes:
        return {name: torch.randn(shape, generator=random).clamp(-1, 1) for name, shape in shapes.items()}
    inputs = {"hidden_states": torch.randn((1, 16, *shapes["latents"]), generator=random),
              "timestep": torch.tensor([731]),
              "encoder_hidden_states": torch.randn((1, TEXT, 4096), generator=random)}
    if "VACE" in class_name:
        inputs["control_hidden_states"] = torch.randn((1, 96, *shapes["latents"]), generator=random)
    return inputs


def prepare(folder, class_name, config, shapes):
    """Random weights and inputs, on disk."""
    import diffusers
    import torch
    from safetensors.torch import save_file
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    with torch.no_grad():
        model = getattr(diffusers, class_name)(**config)
        model.save_pretrained(folder)
    save_file(make_inputs(class_name, shapes), folder / "inputs.safetensors")


def reference(folder, class_name, entry, threads, passes):
    """What a user of diffusers would do: its defaults, but for the number of threads."""
    import diffusers
    import torch
    from safetensors.torch import load_file, save_file
    torch.set_num_threads(threads)
    model = getattr(diffusers, class_name).from_pretrained(folder).eval()
    inputs = load_file(folder / "inputs.safetensors")
    call = {"forward": lambda: model(**inputs).sample,
            "encode": lambda: model.encode(inputs["sample"]).latent_dist.mode(),
            "decode": lambda: model.decode(inputs["z"]).sample}[entry]
    seconds = []
    with torch.inference_mode():
        for _ in range(passes):
            begin = time.perf_counter()
            result = call()
            seconds.append(time.perf_counter() - begin)
    save_file({"result": result.contiguous()}, folder / "reference.safetensors")
    print("seconds per pass:", *seconds)


def measured(command):
    """Seconds of each pass but the first, and the peak of resident memory in MB."""
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True)
    output = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    line = re.search(r"seconds per pass: ([\d. ]+)", output)
    if status or not line:
        sys.exit(output)
    return [float(word) for word in line[1].split()][1:], usage.ru_maxrss / 1024


def difference(folder):
    from safetensors.torch import load_file
    ours, theirs = (next(iter(load_file(folder / f"{name}.safetensors").values())).double()
                    for name in ("ditto", "reference"))
    return ((ours - theirs).norm() / theirs.norm()).item()


def compare(binary, name, threads, passes, rounds, kept):
    class_name, config, entry, shapes = CASES[name]
    with tempfile.TemporaryDirectory(prefix="ditto-speed-") as temporary:
        folder = pathlib.Path(kept or temporary) / name
        if not folder.exists():
            prepare(folder, class_name, config, shapes)
        commands = {
            "ditto": [binary, "model", "run", "--weights", folder, "--entry", entry, "--inputs",
                      folder / "inputs.safetensors", "--outputs", folder / "ditto.safetensors", "--threads", threads,
                      "--passes", passes + 1],
            "reference": [sys.executable, __file__, "--reference", folder, class_name, entry, threads, passes + 1],
        }
        seconds = {who: [] for who in commands}
        peak = {who: [] for who in commands}
        for _ in range(rounds):
            for who, command in commands.items():
                times, memory = measured(command)
                seconds[who] += times
                peak[who].append(memory)
        time_of = {who: statistics.median(values) for who, values in seconds.items()}
        peak_of = {who: statistics.median(values) for who, values in peak.items()}
        print(f"| {name} | {time_of['ditto']:.2f} | {time_of['reference']:.2f} | "
              f"{time_of['ditto'] / time_of['reference']:.2f} | {peak_of['ditto']:.0f} | {peak_of['reference']:.0f} | "
              f"{difference(folder):.1e} |", flush=True)
        print("   ", json.dumps({who: [round(value, 3) for value in values] for who, values in seconds.items()}),
              file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("case", nargs="*", default=list(CASES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--keep", help="a folder for the models, which are made again where it hasn't them")
    arguments = parser.parse_args()
    print("| case | ditto, s | diffusers, s | ratio | ditto, MB | diffusers, MB | difference |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    for name in arguments.case:
        compare(arguments.binary, name, arguments.threads, arguments.passes, arguments.rounds,
                arguments.keep)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reference"]:
        folder, class_name, entry, threads, passes = sys.argv[2:]
        reference(pathlib.Path(folder), class_name, entry, int(threads), int(passes))
    else:
        main()
