"""Time and memory of `ditto model run` beside diffusers, for Wan's networks at full width with few layers, and
beside transformers, for a Qwen2.5-VL of half a billion parameters:

    python tests/reference/speed.py build/release/bin/ditto [case ...] [--threads 2] [--passes 2] [--rounds 2]
        [--dtype bfloat16]

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
# The sizes of Qwen2.5-0.5B's language model, and a vision tower of full width with few blocks.
HALF_BILLION = dict(
    text_config=dict(vocab_size=151936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24,
                     num_attention_heads=14, num_key_value_heads=2, rms_norm_eps=1e-6, eos_token_id=None,
                     bos_token_id=None, rope_parameters=dict(rope_theta=1e6, mrope_section=[8, 12, 12])),
    vision_config=dict(depth=4, hidden_size=1280, intermediate_size=3420, num_heads=16, out_hidden_size=896,
                       fullatt_block_indexes=[3], tokens_per_second=2),
    tie_word_embeddings=True)
QWEN = "Qwen2_5_VLForConditionalGeneration"

# name -> class, config, entry, shapes of the inputs. Latents of 60x104 are a frame of 832x480: 1560 tokens.
CASES = {
    "transformer-1.3b": ("WanTransformer3DModel", dict(SMALL, num_layers=2), "forward", dict(latents=(1, 60, 104))),
    "vace-1.3b": ("WanVACETransformer3DModel", dict(SMALL, num_layers=2, vace_layers=[0]), "forward",
                  dict(latents=(1, 60, 104))),
    "transformer-14b": ("WanTransformer3DModel", dict(LARGE, num_layers=1), "forward", dict(latents=(1, 40, 104))),
    "vae-encode": ("AutoencoderKLWan", {}, "encode", dict(sample=(1, 3, 9, 128, 192))),
    "vae-decode": ("AutoencoderKLWan", {}, "decode", dict(z=(1, 16, 3, 16, 24))),
    "qwen-prefill": (QWEN, HALF_BILLION, "forward", dict(tokens=(1, 512), logits_to_keep=1)),
    "qwen-image": (QWEN, HALF_BILLION, "forward", dict(tokens=(1, 24), patches=(24, 32), logits_to_keep=1)),
    "qwen-decode": (QWEN, HALF_BILLION, "generate", dict(tokens=(1, 16), max_new_tokens=48)),
    "qwen-decode-8": (QWEN, HALF_BILLION, "generate", dict(tokens=(8, 16), max_new_tokens=24)),
}


def make_inputs(class_name, shapes):
    import torch
    random = torch.Generator().manual_seed(1)
    if "tokens" in shapes:
        ids = torch.randint(0, 150000, shapes["tokens"], generator=random)
        inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if "patches" in shapes:  # after the first token
            height, width = shapes["patches"]
            image = torch.full((1, height * width // 4), 151655)
            ids = torch.cat([ids[:, :1], image, ids[:, 1:]], 1)
            inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids),
                      "mm_token_type_ids": (ids == 151655).int(),
                      "image_grid_thw": torch.tensor([[1, height, width]]),
                      "pixel_values": torch.randn((height * width, 1176), generator=random)}
        return inputs
    if "latents" not in shapes:
        return {name: torch.randn(shape, generator=random).clamp(-1, 1) for name, shape in shapes.items()}
    inputs = {"hidden_states": torch.randn((1, 16, *shapes["latents"]), generator=random),
              "timestep": torch.tensor([731]),
              "encoder_hidden_states": torch.randn((1, TEXT, 4096), generator=random)}
    if "VACE" in class_name:
        inputs["control_hidden_states"] = torch.randn((1, 96, *shapes["latents"]), generator=random)
    return inputs


def arguments_of(shapes):
    return {key: value for key, value in shapes.items() if key in ("logits_to_keep", "max_new_tokens")}


def prepare(folder, class_name, config, shapes):
    """Random weights and inputs, on disk."""
    import torch
    from safetensors.torch import save_file
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    with torch.no_grad():
        if class_name == QWEN:
            import transformers
            model = transformers.Qwen2_5_VLForConditionalGeneration(transformers.Qwen2_5_VLConfig(**config))
        else:
            import diffusers
            model = getattr(diffusers, class_name)(**config)
        model.save_pretrained(folder)
    save_file(make_inputs(class_name, shapes), folder / "inputs.safetensors",
              metadata={"arguments": json.dumps(arguments_of(shapes))})


def reference(folder, class_name, entry, threads, passes, dtype):
    """What a user of the library would do: its defaults, but for the number of threads."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file
    torch.set_num_threads(threads)
    dtype = getattr(torch, dtype)
    if class_name == QWEN:
        import transformers
        model = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=dtype).eval()
    else:
        import diffusers
        model = getattr(diffusers, class_name).from_pretrained(folder, torch_dtype=dtype).eval()
    inputs = {name: value.to(dtype) if value.is_floating_point() else value
              for name, value in load_file(folder / "inputs.safetensors").items()}
    arguments = json.loads(safe_open(folder / "inputs.safetensors", "pt").metadata()["arguments"])
    call = {"forward": lambda: model(**inputs, **arguments)[0],
            "generate": lambda: model.generate(**inputs, **arguments, do_sample=False),
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
    theirs = load_file(folder / "reference.safetensors")["result"].double()
    ours = next(value for value in load_file(folder / "ditto.safetensors").values()
                if value.shape == theirs.shape).double()
    return ((ours - theirs).norm() / theirs.norm()).item()


def compare(binary, name, threads, passes, rounds, dtype, kept):
    class_name, config, entry, shapes = CASES[name]
    with tempfile.TemporaryDirectory(prefix="ditto-speed-") as temporary:
        folder = pathlib.Path(kept or temporary) / name
        if not folder.exists():
            prepare(folder, class_name, config, shapes)
        commands = {
            "ditto": [binary, "model", "run", "--weights", folder, "--entry", entry, "--inputs",
                      folder / "inputs.safetensors", "--outputs", folder / "ditto.safetensors", "--threads", threads,
                      "--passes", passes + 1, "--dtype", dtype],
            "reference": [sys.executable, __file__, "--reference", folder, class_name, entry, threads, passes + 1,
                          dtype],
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
    parser.add_argument("case", nargs="*", default=[name for name in CASES if not name.startswith("qwen")])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--passes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--keep", help="a folder for the models, which are made again where it hasn't them")
    arguments = parser.parse_args()
    print("| case | ditto, s | reference, s | ratio | ditto, MB | reference, MB | difference |\n"
          "| --- | --- | --- | --- | --- | --- | --- |")
    for name in arguments.case:
        compare(arguments.binary, name, arguments.threads, arguments.passes, arguments.rounds,
                arguments.dtype, arguments.keep)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--reference"]:
        folder, class_name, entry, threads, passes, dtype = sys.argv[2:]
        reference(pathlib.Path(folder), class_name, entry, int(threads), int(passes), dtype)
    else:
        main()
