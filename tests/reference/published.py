"""Names and shapes of the published checkpoints, as their reference classes make them on the device
meta: fixtures/published.json, from which tests make files that have a header and no data.

    {NAME: {"config": config.json, "tensors": {"blocks.[0-39].attn1.to_q.weight": [5120, 5120], ...}}}

[A-B] stands for the numbers from A to B. A NAME that ends in "(original)" has the names of Wan's own code, one
that ends in "(modules)" those of transformers' modules, which it saves a network with as part of a pipeline.
"""
import json
import re

import torch
from common import FIXTURES
from diffusers import AutoencoderKLWan, WanTransformer3DModel, WanVACETransformer3DModel
from original_names import rename_transformer, rename_vae, transformer_config, umt5_name
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, UMT5Config, UMT5EncoderModel

SMALL = dict(num_attention_heads=12, ffn_dim=8960, num_layers=30)
LARGE = dict(num_attention_heads=40, ffn_dim=13824, num_layers=40)
WAN = dict(patch_size=[1, 2, 2], attention_head_dim=128, in_channels=16, out_channels=16, text_dim=4096,
           freq_dim=256, cross_attn_norm=True, qk_norm="rms_norm_across_heads", eps=1e-6, image_dim=None,
           added_kv_proj_dim=None, rope_max_seq_len=1024, pos_embed_seq_len=None)
TRANSFORMERS = {
    "Wan2.1-T2V-1.3B": SMALL,
    "Wan2.1-T2V-14B": LARGE,
    "Wan2.1-VACE-1.3B": dict(SMALL, vace_layers=list(range(0, 30, 2)), vace_in_channels=96),
    "Wan2.1-VACE-14B": dict(LARGE, vace_layers=list(range(0, 40, 5)), vace_in_channels=96),
    "Wan2.2-T2V-A14B": LARGE,  # each of its two experts
}
UMT5_XXL = dict(vocab_size=256384, d_model=4096, d_kv=64, d_ff=10240, num_layers=24, num_heads=64,
                feed_forward_proj="gated-gelu", dropout_rate=0.1)

QWEN_VISION = dict(depth=32, hidden_act="silu", hidden_size=1280, num_heads=16, in_chans=3, patch_size=14,
                   spatial_merge_size=2, spatial_patch_size=14, window_size=112, fullatt_block_indexes=[7, 15, 23, 31],
                   tokens_per_second=2, temporal_patch_size=2)
QWEN_TEXT = dict(hidden_act="silu", max_position_embeddings=128000, rms_norm_eps=1e-6, rope_theta=1e6,
                 sliding_window=32768, use_sliding_window=False, bos_token_id=151643, eos_token_id=151645,
                 rope_scaling={"type": "mrope", "mrope_section": [16, 24, 24]})
# hidden_size, intermediate_size, layers, heads, heads of keys, layer from which windows would slide, vocabulary, and
# the vision tower's intermediate_size
QWENS = {
    "Qwen2.5-VL-3B": (2048, 11008, 36, 16, 2, 70, 151936, 3420),
    "Qwen2.5-VL-7B": (3584, 18944, 28, 28, 4, 28, 152064, 3420),
    "Qwen2.5-VL-32B": (5120, 27648, 64, 40, 8, 64, 152064, 3456),
    "Qwen2.5-VL-72B": (8192, 29568, 80, 64, 8, 80, 152064, 3456),
}


def folded(tensors):
    """Where only the first number of a name differs, and by one each time, one line for all."""
    groups = {}
    for name, shape in tensors.items():
        parts = re.fullmatch(r"(\D*)(\d+)(.*)", name)
        key = (parts[1], parts[3], tuple(shape)) if parts else (name, None, tuple(shape))
        groups.setdefault(key, []).append(int(parts[2]) if parts else None)
    lines = {}
    for (before, after, shape), numbers in groups.items():
        numbers.sort(key=lambda number: number or 0)
        consecutive = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
        if consecutive:
            lines[f"{before}[{numbers[0]}-{numbers[-1]}]{after}"] = list(shape)
        else:
            for number in numbers:
                lines[before if number is None else f"{before}{number}{after}"] = list(shape)
    return dict(sorted(lines.items()))


def entry(config, tensors):
    return {"config": config, "tensors": folded({name: value.shape for name, value in tensors.items()})}


def transformer(config):
    kind = WanVACETransformer3DModel if "vace_layers" in config else WanTransformer3DModel
    with torch.device("meta"):
        tensors = kind(**WAN, **config).state_dict()
    names = {"_class_name": kind.__name__, "_diffusers_version": "0.33.0"}
    original = transformer_config({**WAN, **config}, "vace" if "vace_layers" in config else "t2v")
    return entry(names | WAN | config, tensors), entry(original, rename_transformer(tensors))


WAN22_VAE = dict(base_dim=160, decoder_base_dim=256, z_dim=48, is_residual=True, in_channels=12, out_channels=12,
                 patch_size=2, scale_factor_spatial=16, latents_mean=[0.0] * 48, latents_std=[1.0] * 48)


def autoencoder(residual=False):
    with torch.device("meta"):
        model = AutoencoderKLWan(**WAN22_VAE if residual else {})
    config = {"_class_name": "AutoencoderKLWan", "_diffusers_version": "0.33.0"}
    config |= {key: value for key, value in model.config.items() if not key.startswith("_") and key in (
        "attn_scales", "base_dim", "dim_mult", "dropout", "latents_mean", "latents_std", "num_res_blocks",
        "temperal_downsample", "z_dim") + (tuple(WAN22_VAE) if residual else ())}
    tensors = model.state_dict()
    return entry(config, tensors), entry(None, rename_vae(tensors, 3, residual))


def text_encoder():
    config = UMT5Config(**UMT5_XXL)
    with torch.device("meta"):
        tensors = UMT5EncoderModel(config).state_dict()
    tensors.pop("encoder.embed_tokens.weight", None)  # tied to shared.weight
    config = {"architectures": ["UMT5EncoderModel"], "model_type": "umt5", **UMT5_XXL}
    original = {umt5_name(name): value for name, value in tensors.items()}
    return entry(config, tensors), entry(None, original)


def vision_language(sizes):
    """With the config.json and the names of the hub, and with those of transformers 5's modules."""
    keys = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
            "max_window_layers", "vocab_size")
    text = QWEN_TEXT | dict(zip(keys, sizes))
    vision = QWEN_VISION | {"intermediate_size": sizes[-1], "out_hidden_size": sizes[0]}
    tied = sizes[0] == 2048
    hub = {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", **text,
           "vision_config": vision, "tie_word_embeddings": tied}
    config = Qwen2_5_VLConfig(**json.loads(json.dumps(hub)))
    with torch.device("meta"):
        modules = Qwen2_5_VLForConditionalGeneration(config).state_dict()
    if tied:
        modules.pop("lm_head.weight")
    saved = {re.sub(r"^model\.(visual\.)", r"\1", name.replace("model.language_model.", "model.")): value
             for name, value in modules.items()}
    full = {**config.to_diff_dict(), "architectures": hub["architectures"]}
    return entry(hub, saved), entry(full, modules)


def main():
    found = {}
    for name, config in TRANSFORMERS.items():
        found[name], found[f"{name} (original)"] = transformer(config)
    found["Wan2.1-VAE"], found["Wan2.1-VAE (original)"] = autoencoder()
    found["Wan2.2-VAE"], found["Wan2.2-VAE (original)"] = autoencoder(residual=True)
    found["umT5-XXL"], found["umT5-XXL (original)"] = text_encoder()
    for name, sizes in QWENS.items():
        found[name], found[f"{name} (modules)"] = vision_language(sizes)
    lines = []
    for name, one in found.items():
        tensors = ",\n".join(f"    {json.dumps(key)}: {json.dumps(shape)}" for key, shape in one["tensors"].items())
        lines.append(f'  {json.dumps(name)}: {{"config": {json.dumps(one["config"])}, "tensors": {{\n{tensors}}}}}')
    (FIXTURES / "published.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
