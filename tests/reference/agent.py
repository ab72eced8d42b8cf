"""A whole directory of Qwen2.5-VL for the agent and the judge: a tiny random network, the tokenizer of tokenizer-bpe
(a link) and a picture processor of its patch size. Tests run the stages on it; nothing is compared with a reference,
and so this script needs nothing but Python."""
import array
import json
import math
import pathlib
import random
import struct

FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
FOLDER = FIXTURES / "qwen2_5_vl-agent"
VOCABULARY = 576  # the tokenizer's 570 filled up, as the published checkpoints' are
PATCH = 4


def config():
    values = json.loads((FIXTURES / "qwen2_5_vl-hub" / "config.json").read_text())
    ids = {token["content"]: token["id"] for token in
           json.loads((FIXTURES / "tokenizer-bpe" / "tokenizer.json").read_text())["added_tokens"]}
    values |= {"vocab_size": VOCABULARY, "image_token_id": ids["<|image_pad|>"], "video_token_id": ids["<|video_pad|>"],
               "vision_start_token_id": ids["<|vision_start|>"], "vision_end_token_id": ids["<|vision_end|>"],
               "tie_word_embeddings": False}
    values["vision_config"] |= {"patch_size": PATCH, "window_size": 6 * PATCH}
    return values, ids["<|im_end|>"]


def shapes():
    """Those of qwen2_5_vl-hub, with another vocabulary and larger patches."""
    data = (FIXTURES / "qwen2_5_vl-hub" / "model.safetensors").read_bytes()
    header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
    for name, info in sorted(header.items()):
        if name == "__metadata__":
            continue
        shape = info["shape"]
        if name == "model.embed_tokens.weight":
            shape[0] = VOCABULARY
            yield "lm_head.weight", shape
        if name == "visual.patch_embed.proj.weight":
            shape[3:] = [PATCH, PATCH]
        yield name, shape


def main():
    FOLDER.mkdir(exist_ok=True)
    values, end = config()
    write = lambda name, value: (FOLDER / name).write_text(json.dumps(value, indent=1) + "\n")
    write("config.json", values)
    write("generation_config.json", {"eos_token_id": end, "pad_token_id": end + 1})
    write("preprocessor_config.json",
          {"patch_size": PATCH, "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5, 0.4, 0.3],
           "image_std": [0.2, 0.3, 0.25], "min_pixels": 64, "max_pixels": 768,
           "image_processor_type": "Qwen2VLImageProcessor"})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (FOLDER / name).unlink(missing_ok=True)
        (FOLDER / name).symlink_to(pathlib.Path("..") / "tokenizer-bpe" / name)

    draw = random.Random(5)
    header, blob = {}, bytearray()
    for name, shape in shapes():
        norm = len(shape) == 1 and ("norm" in name or "ln_q" in name)
        spread = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.2
        # What it looks at, pictures too, has to count beside the last token, and a sampled answer not to be certain.
        if "q_proj" in name or "k_proj" in name:
            spread *= 4
        numbers = [draw.gauss(1 if norm else 0, spread) for _ in range(math.prod(shape))]
        begin = len(blob)
        blob += array.array("f", numbers).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(blob)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(blob))


if __name__ == "__main__":
    main()
