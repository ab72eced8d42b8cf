"""Names in the checkpoints as Wan published them, made from diffusers' names, and networks under them."""
import json
import re

from common import FIXTURES, Fixture, normal, randomise
from diffusers import AutoencoderKLWan, WanTransformer3DModel, WanVACETransformer3DModel
from diffusers.loaders.single_file_utils import (convert_wan_transformer_to_diffusers,
                                                 convert_wan_vae_to_diffusers)
from safetensors.torch import save_file
import transformer
import umt5
import vae

OUTSIDE_BLOCKS = [
    ("condition_embedder.time_embedder.linear_1", "time_embedding.0"),
    ("condition_embedder.time_embedder.linear_2", "time_embedding.2"),
    ("condition_embedder.text_embedder.linear_1", "text_embedding.0"),
    ("condition_embedder.text_embedder.linear_2", "text_embedding.2"),
    ("condition_embedder.time_proj", "time_projection.1"),
    ("scale_shift_table", "head.modulation"),
    ("proj_out", "head.head"),
]
IN_BLOCKS = [
    ("attn1.", "self_attn."), ("attn2.", "cross_attn."), ("to_out.0.", "o."), ("to_q.", "q."),
    ("to_k.", "k."), ("to_v.", "v."), ("norm2.", "norm3."), ("ffn.net.0.proj.", "ffn.0."),
    ("ffn.net.2.", "ffn.2."), ("scale_shift_table", "modulation"), ("proj_in.", "before_proj."),
    ("proj_out.", "after_proj."),
]


def transformer_name(name):
    block = re.fullmatch(r"((?:vace_)?blocks\.\d+\.)(.*)", name)
    prefix, rest = block.groups() if block else ("", name)
    for ours, theirs in IN_BLOCKS if block else OUTSIDE_BLOCKS:
        rest = re.sub(rf"(^|\.){re.escape(ours)}", rf"\g<1>{theirs}", rest, count=1)
    return prefix + rest


RESNET = [("norm1.", "residual.0."), ("conv1.", "residual.2."), ("norm2.", "residual.3."),
          ("conv2.", "residual.6."), ("conv_shortcut.", "shortcut.")]


def vae_name(name, resnets, residual):
    """`resnets`: of one block of the decoder, which is num_res_blocks + 1; `residual`: Wan2.2's."""
    for ours, theirs in [("post_quant_conv.", "conv2."), ("quant_conv.", "conv1.")]:
        if name.startswith(ours):
            return theirs + name[len(ours):]
    half, rest = name.split(".", 1)
    level = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(?:resnets\.(\d+)|(?:down|up)sampler)\.(.*)", rest)
    for ours, theirs in [("conv_in.", "conv1."), ("conv_out.", "head.2."), ("norm_out.", "head.0."),
                         ("mid_block.resnets.0.", "middle.0."), ("mid_block.attentions.0.", "middle.1."),
                         ("mid_block.resnets.1.", "middle.2."), ("down_blocks.", "downsamples.")]:
        if level and residual:
            # Wan2.2's: levels are modules, and a level's step comes after its residual blocks.
            way, number, index, leaf = level.groups()
            step = resnets if way == "up" else resnets - 1
            rest = f"{way}samples.{number}.{way}samples.{step if index is None else index}.{leaf}"
            break
        if rest.startswith(ours):
            rest = theirs + rest[len(ours):]
            break
    else:
        block, kind, index, leaf = re.fullmatch(
            r"up_blocks\.(\d+)\.(resnets|upsamplers)\.(\d+)\.(.*)", rest).groups()
        place = int(block) * (resnets + 1) + (int(index) if kind == "resnets" else resnets)
        rest = f"upsamples.{place}.{leaf}"
    if not rest.startswith(("head.", "middle.1.", "conv1.")):
        for ours, theirs in RESNET:
            rest = re.sub(rf"(^|\.){re.escape(ours)}", rf"\g<1>{theirs}", rest, count=1)
    return f"{half}.{rest}"


def umt5_name(name):
    """The names of Wan's own T5 (wan/modules/t5.py)."""
    if name == "shared.weight":
        return "token_embedding.weight"
    if name == "encoder.final_layer_norm.weight":
        return "norm.weight"
    block, rest = re.fullmatch(r"encoder\.block\.(\d+)\.layer\.(.*)", name).groups()
    rest = {
        "0.SelfAttention.relative_attention_bias.weight": "pos_embedding.embedding.weight",
        "0.layer_norm.weight": "norm1.weight", "1.layer_norm.weight": "norm2.weight",
        "1.DenseReluDense.wi_0.weight": "ffn.gate.0.weight", "1.DenseReluDense.wi_1.weight": "ffn.fc1.weight",
        "1.DenseReluDense.wo.weight": "ffn.fc2.weight",
    }.get(rest) or re.sub(r"0\.SelfAttention\.([qkvo])\.weight", r"attn.\1.weight", rest)
    return f"blocks.{block}.{rest}"


def rename_transformer(weights):
    renamed = {transformer_name(name): value for name, value in weights.items()}
    assert set(convert_wan_transformer_to_diffusers(dict(renamed))) == set(weights)
    return renamed


def rename_vae(weights, resnets, residual=False):
    renamed = {vae_name(name, resnets, residual): value for name, value in weights.items()}
    if resnets == 3 and not residual:  # diffusers reads only Wan2.1's in the published depth
        assert set(convert_wan_vae_to_diffusers(dict(renamed))) == set(weights)
    return renamed


def transformer_config(config, kind):
    """config.json as beside the published checkpoints."""
    heads = config["num_attention_heads"]
    original = {
        "_class_name": "WanModel", "_diffusers_version": "0.30.0", "dim": heads * config["attention_head_dim"],
        "eps": config.get("eps", 1e-6), "ffn_dim": config["ffn_dim"], "freq_dim": config["freq_dim"],
        "in_dim": config["in_channels"], "model_type": kind, "num_heads": heads,
        "num_layers": config["num_layers"], "out_dim": config["out_channels"], "text_len": 512,
    }
    if config["text_dim"] != 4096:
        original["text_dim"] = config["text_dim"]
    if kind == "vace":
        original |= {"_class_name": "VaceWanModel", "vace_layers": config["vace_layers"],
                     "vace_in_dim": config["vace_in_channels"]}
    return original


def in_bfloat16(model):
    """Rounds the weights, so that a file of half the size holds them exactly."""
    for parameter in model.parameters():
        parameter.copy_(parameter.bfloat16())
    return {name: value.bfloat16() for name, value in model.state_dict().items()}


def make_transformer(name, kind, config, cases, seed, prefix="", with_config=True, root=FIXTURES):
    fixture = Fixture(name, root)
    model = randomise(kind(**config), seed)
    weights = model.state_dict() if with_config else in_bfloat16(model)
    weights = {prefix + key: value for key, value in rename_transformer(weights).items()}
    file = "diffusion_pytorch_model.safetensors" if with_config else "wan.safetensors"
    save_file(weights, fixture.folder / file)
    if with_config:
        model_type = "vace" if kind is WanVACETransformer3DModel else "t2v"
        text = json.dumps(transformer_config(config, model_type), indent=2)
        (fixture.folder / "config.json").write_text(text)
    for case, arguments in cases.items():
        seed += 10
        tensors = transformer.inputs(config, seed=seed, **arguments)
        fixture.case(case, "forward", tensors, {"sample": model(**tensors).sample},
                     weights=None if with_config else file)


def make_vae(name, config, encode, decode, seed, root=FIXTURES):
    """One file without a config.json. The statistics of the latents aren't in it and stay Wan's."""
    fixture = Fixture(name, root)
    model = randomise(AutoencoderKLWan(**config), seed)
    weights = rename_vae(in_bfloat16(model), config["num_res_blocks"] + 1, config.get("is_residual", False))
    file = "wan_vae.safetensors"
    save_file(weights, fixture.folder / file)
    x, z = normal(encode, seed + 1, 0.5).clamp(-1, 1), normal(decode, seed + 2)
    fixture.case("encode", "encode", {"sample": x}, {"latents": model.encode(x).latent_dist.mode()},
                 weights=file)
    fixture.case("decode", "decode", {"z": z}, {"sample": model.decode(z).sample}, weights=file)


def main():
    # The network takes the text as it is; padding it to 512 tokens is the pipeline's part.
    make_transformer("original-transformer", WanTransformer3DModel, transformer.TINY, {
        "forward": dict(shape=(1, 2, 4, 6), text=512, timestep=[500]),
        "short-text": dict(shape=(1, 1, 4, 6), text=6, timestep=[40])}, seed=400)
    make_transformer("original-vace", WanVACETransformer3DModel, transformer.TINY_VACE, {
        "forward": dict(shape=(1, 2, 4, 6), text=12, timestep=[999], control=(1, 4, 6))}, seed=420)
    make_vae("original-vae", dict(vae.TINY, base_dim=3, num_res_blocks=2), (1, 3, 5, 16, 24), (1, 16, 3, 2, 2),
             seed=460)
    residual = dict(vae.TINY_RESIDUAL, z_dim=48, latents_mean=[0.0] * 48, latents_std=[1.0] * 48)
    make_vae("original-vae-residual", residual, (1, 3, 5, 16, 32), (1, 48, 2, 1, 2), seed=480)
    # Without a config.json everything follows from the shapes; the heads of Wan are 128 wide.
    single = dict(num_attention_heads=1, attention_head_dim=128, in_channels=16, out_channels=16, text_dim=12,
                  freq_dim=16, ffn_dim=24, num_layers=2, vace_layers=[0], vace_in_channels=96)
    make_transformer("single-file-vace", WanVACETransformer3DModel, single,
                     {"forward": dict(shape=(1, 1, 4, 4), text=9, timestep=[250], control=(1, 4, 4))}, seed=440,
                     prefix="model.diffusion_model.", with_config=False)


if __name__ == "__main__":
    main()
