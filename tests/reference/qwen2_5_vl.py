"""Qwen2_5_VLForConditionalGeneration: logits, hidden states and greedy sequences on tiny random models."""
import contextlib
import io
import json

import torch
from common import FIXTURES, Fixture, generator, normal, randomise
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

IMAGE, VIDEO, START, END = 90, 91, 92, 93  # ids of placeholders and of what encloses them
PAD, EOS = 0, 1
VOCABULARY = 96
TEXT = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, rms_norm_eps=1e-6, bos_token_id=None, eos_token_id=None, pad_token_id=PAD,
            rope_parameters=dict(rope_theta=1e4, mrope_section=[2, 1, 1], rope_type="default"))
VISION = dict(depth=3, hidden_size=24, intermediate_size=28, num_heads=2, out_hidden_size=32, patch_size=2,
              spatial_merge_size=2, temporal_patch_size=2, window_size=8, fullatt_block_indexes=[1],
              tokens_per_second=2)


def config_of(text=None, vision=None, tied=False):
    return Qwen2_5_VLConfig(text_config={**TEXT, **(text or {})}, vision_config={**VISION, **(vision or {})},
                            image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START,
                            vision_end_token_id=END, tie_word_embeddings=tied)


def hub_config(config):
    """config.json as published checkpoints have it: the language model's keys at the top."""
    full = json.loads(config.to_json_string(use_diff=False))
    text, vision = full.pop("text_config"), full.pop("vision_config")
    rope = text.pop("rope_parameters")
    flat = {key: text[key] for key in ("hidden_act", "hidden_size", "intermediate_size", "max_position_embeddings",
                                       "num_attention_heads", "num_hidden_layers", "num_key_value_heads",
                                       "rms_norm_eps", "use_sliding_window", "vocab_size", "max_window_layers")}
    flat |= {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl",
             "rope_theta": rope["rope_theta"], "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
             "sliding_window": 32768, "tie_word_embeddings": full["tie_word_embeddings"]}
    flat |= {key: full[key] for key in ("image_token_id", "video_token_id", "vision_start_token_id",
                                        "vision_end_token_id")}
    flat["vision_config"] = {key: vision[key] for key in (
        "depth", "hidden_act", "hidden_size", "intermediate_size", "num_heads", "out_hidden_size", "patch_size",
        "spatial_merge_size", "window_size", "fullatt_block_indexes", "tokens_per_second", "temporal_patch_size")}
    flat["vision_config"] |= {"in_chans": vision["in_channels"], "model_type": "qwen2_5_vl"}
    return flat


def make_model(folder, config, seed, hub=False, generation=None):
    """Saves a random model; returns it as it is loaded from there, so that both read the same files."""
    with contextlib.redirect_stderr(io.StringIO()):
        model = randomise(Qwen2_5_VLForConditionalGeneration(config), seed)
        model.generation_config.update(**(generation or {}))
        model.save_pretrained(folder)
        if hub:
            (folder / "config.json").write_text(json.dumps(hub_config(config), indent=1))
        return Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()


def prompts(rows, config, seed, left=True, seconds=True):
    """A padded batch. `rows`: for each, a list of parts: a number of text tokens, ("image", h, w) or
    ("video", t, h, w), in patches."""
    random = generator(seed)
    merge = config.vision_config.spatial_merge_size
    ids, images, videos = [], [], []
    for row in rows:
        tokens = []
        for part in row:
            if isinstance(part, int):
                tokens += torch.randint(2, IMAGE, (part,), generator=random).tolist()
                continue
            t, h, w = part[1:] if part[0] == "video" else (1, *part[1:])
            (videos if part[0] == "video" else images).append([t, h, w])
            tokens += [START] + [VIDEO if part[0] == "video" else IMAGE] * (t * h * w // merge**2) + [END]
        ids.append(tokens)
    longest = max(map(len, ids))
    pad = lambda tokens, fill: [fill] * (longest - len(tokens)) if left else []
    batch = {"input_ids": torch.tensor([pad(row, PAD) + row + ([] if left else [PAD] * (longest - len(row)))
                                        for row in ids]),
             "attention_mask": torch.tensor([pad(row, 0) + [1] * len(row) +
                                             ([] if left else [0] * (longest - len(row))) for row in ids])}
    vision = config.vision_config
    width = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
    for name, grid_name, grids in (("pixel_values", "image_grid_thw", images),
                                   ("pixel_values_videos", "video_grid_thw", videos)):
        if grids:
            seed += 1
            batch[grid_name] = torch.tensor(grids)
            batch[name] = normal((sum(t * h * w for t, h, w in grids), width), seed)
    if videos and seconds:
        batch["second_per_grid_ts"] = torch.rand(len(videos), generator=random) * 1.5 + 0.2
    return batch


def token_types(ids):
    return (ids == IMAGE).int() + 2 * (ids == VIDEO).int()


def reference_forward(model, batch, keep=0):
    out = model(**batch, mm_token_type_ids=token_types(batch["input_ids"]), logits_to_keep=keep,
                output_hidden_states=True, use_cache=False)
    return {"logits": out.logits, "last_hidden_state": out.hidden_states[-1]}


def reference_generate(model, batch, count):
    with contextlib.redirect_stderr(io.StringIO()):
        return {"sequences": model.generate(**batch, mm_token_type_ids=token_types(batch["input_ids"]),
                                            max_new_tokens=count, do_sample=False)}


CASES = {
    "text": [[9], [4], [12]],
    "images": [[2, ("image", 6, 10), 3, ("image", 2, 4), 4], [7], [1, ("image", 8, 8), 2]],
    "video": [[2, ("video", 3, 6, 10), 4], [3, ("image", 4, 4), 1, ("video", 2, 4, 6), 3, ("video", 1, 2, 2), 2]],
}


def make(name, seed, hub=False, tied=False, cases=CASES, text=None, vision=None):
    fixture = Fixture(name)
    config = config_of(text, vision, tied)
    model = make_model(fixture.folder, config, seed, hub)
    for number, (case, rows) in enumerate(cases.items()):
        seed += 10
        given = prompts(rows, config, seed)
        # Without mm_token_type_ids they follow from the ids.
        batch = given | ({"mm_token_type_ids": token_types(given["input_ids"])} if case == "images" else {})
        keep = 3 if case == "text" else 0
        fixture.case(case, "forward", batch, reference_forward(model, given, keep),
                     arguments={"logits_to_keep": keep} if keep else None)
        if hub and number == 0:
            # The first row ends with its fifth token, and another one later.
            free = reference_generate(model, given, 12)["sequences"][:, -12:].tolist()
            model.generation_config.eos_token_id = [free[0][4], free[1][7]]
            model.generation_config.save_pretrained(fixture.folder)
        fixture.case(f"generate-{case}", "generate", batch, reference_generate(model, given, 12),
                     arguments={"max_new_tokens": 12})


def main():
    make("qwen2_5_vl", 1)
    small = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
                 num_key_value_heads=1, rope_parameters=dict(rope_theta=1e6, mrope_section=[1, 2, 1]))
    tiny = dict(depth=2, hidden_size=16, intermediate_size=20, num_heads=2, out_hidden_size=16, window_size=12)
    make("qwen2_5_vl-hub", 200, hub=True, tied=True, text=small, vision=tiny,
         cases={key: CASES[key] for key in ("text", "video")})


if __name__ == "__main__":
    main()
