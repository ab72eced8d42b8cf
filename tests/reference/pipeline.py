"""WanPipeline and WanVACEPipeline: whole pipelines of tiny networks."""
import shutil
import tempfile

import numpy
import PIL.Image
import sentencepiece
import torch
from common import FIXTURES, PIPELINE, Fixture, generator, normal, randomise
from diffusers import (AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler, WanPipeline,
                       WanTransformer3DModel, WanVACEPipeline, WanVACETransformer3DModel)
import lora
from safetensors.torch import save_file
from scheduler import FLOW
from transformers import T5Tokenizer, UMT5Config, UMT5EncoderModel

TEXT = dict(d_model=12, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
VAE = dict(base_dim=2, z_dim=4, dim_mult=[1, 2, 2, 2], num_res_blocks=1, temperal_downsample=[False, True, True],
           latents_mean=[0.3, -0.2, 0.1, -0.4], latents_std=[1.3, 0.8, 1.1, 0.6])
TRANSFORMER = dict(num_attention_heads=2, attention_head_dim=6, in_channels=4, out_channels=4, text_dim=12,
                   freq_dim=12, ffn_dim=16, num_layers=1)
# Few-step presets: shift of the Euler scheduler, and its sigmas.
PRESETS = {
    "lightx2v-4": (5.0, [1.0, 0.75, 0.5, 0.25]),
    "causvid-3": (1.0, [1.0, 0.757, 0.522]),
    "causvid-9": (1.0, [0.999, 0.934, 0.862, 0.756, 0.603, 0.41, 0.25, 0.14, 0.074]),
    "vdot-4": (8.0, [1.0, 0.75, 0.5, 0.25]),
}
VACE = dict(TRANSFORMER, num_layers=2, vace_layers=[0, 1], vace_in_channels=72)


def tokenizer(folder):
    """A vocabulary of single characters and a few pieces; without a normalizer, so that it is small."""
    with tempfile.TemporaryDirectory() as temporary:
        corpus = f"{temporary}/corpus.txt"
        words = "a green slow river under the old bridge turns to gold while people walk along".split()
        random = numpy.random.default_rng(1)
        with open(corpus, "w") as out:
            out.writelines(" ".join(random.choice(words, 9)) + "\n" for _ in range(300))
        sentencepiece.SentencePieceTrainer.Train(
            input=corpus, model_prefix=f"{temporary}/tiny", vocab_size=70, hard_vocab_limit=False,
            model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="identity",
            minloglevel=2)
        folder.mkdir()
        shutil.copy(f"{temporary}/tiny.model", folder / "spiece.model")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "T5Tokenizer", "extra_ids": 0}\n')
    return T5Tokenizer.from_pretrained(folder)


def text_encoder(config, vocab, seed):
    config = UMT5Config(vocab_size=vocab, feed_forward_proj="gated-gelu", dropout_rate=0.0, **config)
    return randomise(UMT5EncoderModel(config), seed)


def build(folder, kind, scheduler, networks, seed, vae=VAE, text=TEXT, **config):
    """`networks`: part name -> network. Saves the pipeline and reads it back."""
    tokens = tokenizer(folder / "tokenizer")
    parts = {name: randomise(network, seed + 10 + i) for i, (name, network) in enumerate(networks.items())}
    pipe = kind(tokenizer=tokens, text_encoder=text_encoder(text, len(tokens), seed),
                vae=randomise(AutoencoderKLWan(**vae), seed + 1), scheduler=scheduler, **parts, **config)
    pipe.save_pretrained(folder)
    # What T5Tokenizer makes of spiece.model, written out: the file alone says the same.
    for file in (folder / "tokenizer").iterdir():
        if file.name not in ("spiece.model", "tokenizer_config.json"):
            file.unlink()
    absent = {name: None for name in ("transformer", "transformer_2") if name not in networks}
    pipe = kind.from_pretrained(folder, torch_dtype=torch.float32, **absent)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def pictures(shape, seed):
    """Smooth at low resolution with detail on top, u8."""
    return (torch.rand(shape, generator=generator(seed)) * 255).to(torch.uint8)


def images(tensor):
    """A list of PIL images of u8 [N, H, W] or [N, H, W, 3]."""
    return [PIL.Image.fromarray(picture.numpy()) for picture in tensor]


def run(pipe, tensors, arguments):
    """What the pipeline makes of the inputs of `ditto model run`. LoRA files must be in its weights already."""
    given = {name: value for name, value in arguments.items() if not name.startswith("lora")}
    sigmas = given.pop("sigmas", None)
    own = pipe.scheduler
    if "preset" in given:
        shift, sigmas = PRESETS[given.pop("preset")]
        pipe.scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
        given["guidance_scale"] = 1.0
    set_timesteps = pipe.scheduler.set_timesteps
    if sigmas is not None:
        pipe.scheduler.set_timesteps = lambda steps, device: set_timesteps(
            sigmas=numpy.array(sigmas) if isinstance(pipe.scheduler, UniPCMultistepScheduler) else sigmas, device=device)
        given["num_inference_steps"] = len(sigmas)
    if "seed" in given:
        given["generator"] = generator(given.pop("seed"))
    references = []
    for name, value in sorted(tensors.items()):
        if name in ("video", "mask"):
            given[name] = images(value)
        elif name == "reference_images":
            references += images(value)
        elif name.startswith("reference_images_"):
            references += images(value[None])
        else:
            given[name] = value
    if references:
        given["reference_images"] = references
    try:
        frames = pipe(**given).frames
    finally:
        pipe.scheduler.set_timesteps = set_timesteps
        pipe.scheduler = own
    return {"frames": frames if isinstance(frames, torch.Tensor) else torch.from_numpy(frames)}


def case(fixture, pipe, name, tensors, **arguments):
    outputs = run(pipe, tensors, arguments)
    if arguments.get("output_type") != "latent":
        frames = outputs["frames"]
        clamped = ((frames == 0) | (frames == 1)).double().mean().item()
        assert clamped < 0.3, f"{name}: {clamped:.0%} of the frames is clamped"
    fixture.case(name, "pipeline", tensors, outputs, arguments, tolerance=PIPELINE)


def text_to_video():
    fixture = Fixture("pipeline-wan")
    pipe = build(fixture.folder, WanPipeline, UniPCMultistepScheduler(**FLOW, flow_shift=3.0),
                 {"transformer": WanTransformer3DModel(**TRANSFORMER),
                  "transformer_2": WanTransformer3DModel(**TRANSFORMER)}, seed=3000, boundary_ratio=0.875)
    case(fixture, pipe, "prompts", {"latents": normal((4, 4, 1, 2, 2), 3100)},
         prompt=["the old  bridge &amp; a river", "gold"], negative_prompt=["slow", "a people under"], height=16,
         width=16, num_frames=1, num_inference_steps=5, guidance_scale=4.0, guidance_scale_2=3.0,
         num_videos_per_prompt=2, max_sequence_length=14, output_type="pt")
    case(fixture, pipe, "video", {"latents": normal((1, 4, 2, 2, 2), 3200)}, prompt="a slow river turns to gold",
         height=16, width=16, num_frames=5, num_inference_steps=3, guidance_scale=2.0, output_type="np")
    case(fixture, pipe, "embeds", {"prompt_embeds": normal((1, 7, 12), 3300)}, height=16, width=32, num_frames=7,
         num_inference_steps=4, guidance_scale=1.0, seed=11, output_type="latent")


def vace():
    fixture = Fixture("pipeline-vace")
    pipe = build(fixture.folder, WanVACEPipeline, FlowMatchEulerDiscreteScheduler(shift=5.0),
                 {"transformer": WanVACETransformer3DModel(**VACE)}, seed=3000)
    case(fixture, pipe, "references", {
        "latents": normal((1, 4, 4, 2, 4), 4100), "video": pictures((5, 17, 35, 3), 4101),
        "mask": pictures((5, 17, 35), 4102), "reference_images_0": pictures((24, 16, 3), 4103),
        "reference_images_1": pictures((19, 50, 3), 4104)},
        prompt="gold", negative_prompt="the river", height=16, width=32, num_frames=5, num_inference_steps=3,
        guidance_scale=3.0, conditioning_scale=[0.7, 1.2], output_type="np")
    case(fixture, pipe, "no-video", {"reference_images": pictures((1, 16, 16, 3), 4201),
                                     "prompt_embeds": normal((1, 5, 12), 4202)},
         sigmas=[1.0, 0.75, 0.5, 0.25], height=16, width=16, num_frames=5, guidance_scale=1.0, seed=5, output_type="pt")
    case(fixture, pipe, "video", {"latents": normal((1, 4, 3, 2, 2), 4300), "video": pictures((9, 16, 16, 3), 4301)},
         prompt="under the bridge", height=16, width=16, num_frames=9, num_inference_steps=2, guidance_scale=2.5,
         conditioning_scale=0.8, output_type="latent")
    adapter = lora.peft({key: value.clone() for key, value in pipe.transformer.state_dict().items()}, 4400)
    save_file(adapter.file, fixture.folder / "lora.safetensors")
    pipe.transformer.load_state_dict(lora.merged(adapter.weights, adapter, 0.8))
    case(fixture, pipe, "preset-lora", {"latents": normal((1, 4, 3, 2, 2), 4401), "prompt_embeds": normal((1, 4, 12), 4402),
                                        "video": pictures((5, 16, 16, 3), 4403),
                                        "reference_images": pictures((1, 41, 22, 3), 4404)},
         height=16, width=16, num_frames=5, preset="lightx2v-4", lora="lora.safetensors", lora_scale=0.8,
         output_type="np")


def load_lora(pipe, folder, files, scales, adapters, second=False):
    """As a user of diffusers does; what it makes of the weights is what a merge makes of them."""
    names = [file.removesuffix(".safetensors") for file in files]
    for file, name in zip(files, names, strict=True):
        pipe.load_lora_weights(folder / file, adapter_name=name, load_into_transformer_2=second)
    network = pipe.transformer_2 if second else pipe.transformer
    network.set_adapters(names, scales)
    weights = {key: value.double() for key, value in adapters[names[0]].weights.items()}
    for name, scale in zip(names, scales, strict=True):
        for key, change in adapters[name].change.items():
            weights[key] = weights[key] + scale * change
    network.fuse_lora()
    fused = {key.replace(".base_layer.", "."): value for key, value in network.state_dict().items()}
    assert all((fused[key] - weights[key]).norm() <= 1e-6 * weights[key].norm() for key in weights)


def vace_experts():
    """Two experts with a LoRA file for both, and one for each."""
    fixture = Fixture("pipeline-vace-experts")
    pipe = build(fixture.folder, WanVACEPipeline, UniPCMultistepScheduler(**FLOW, flow_shift=5.0),
                 {"transformer": WanVACETransformer3DModel(**VACE), "transformer_2": WanVACETransformer3DModel(**VACE)},
                 seed=3000, boundary_ratio=0.875)
    bases = [{key: value.clone() for key, value in network.state_dict().items()}
             for network in (pipe.transformer, pipe.transformer_2)]
    shared = [lora.peft(base, 4400) for base in bases]  # the same file, as it has nothing of the base's values
    high, low = lora.peft(bases[0], 4500), lora.peft(bases[1], 4510)
    for name, adapter in (("lora-both", shared[0]), ("lora-high", high), ("lora-low", low)):
        save_file(adapter.file, fixture.folder / f"{name}.safetensors")
    arguments = {"lora": ["lora-both.safetensors", "lora-high.safetensors"], "lora_scale": [0.8, 0.5],
                 "lora_2": ["lora-both.safetensors", "lora-low.safetensors"], "lora_2_scale": [0.8, 1.2]}
    for second, name in enumerate(("lora", "lora_2")):
        load_lora(pipe, fixture.folder, arguments[name], arguments[f"{name}_scale"],
                  {"lora-both": shared[second], "lora-high": high, "lora-low": low}, bool(second))
    case(fixture, pipe, "lora", {"latents": normal((1, 4, 3, 2, 2), 4520), "prompt_embeds": normal((1, 4, 12), 4521),
                                 "negative_prompt_embeds": normal((1, 4, 12), 4522),
                                 "video": pictures((5, 16, 16, 3), 4523),
                                 "reference_images": pictures((1, 16, 16, 3), 4524)},
         height=16, width=16, num_frames=5, num_inference_steps=4, guidance_scale=3.0, guidance_scale_2=2.0,
         output_type="np", **arguments)


def low_noise():
    """The second expert alone takes all steps. The reference has no such thing: there it is both experts."""
    fixture = Fixture("pipeline-low-noise")
    pipe = build(fixture.folder, WanPipeline, UniPCMultistepScheduler(**FLOW, flow_shift=3.0),
                 {"transformer_2": WanTransformer3DModel(**TRANSFORMER)}, seed=3000, boundary_ratio=0.875)
    pipe.transformer = pipe.transformer_2
    embeds = {name: normal((1, 6, 12), 3500 + i) for i, name in enumerate(("prompt_embeds", "negative_prompt_embeds"))}
    case(fixture, pipe, "alone", embeds | {"latents": normal((1, 4, 1, 2, 4), 3510)}, height=16, width=32,
         num_frames=1, num_inference_steps=5, guidance_scale=4.0, guidance_scale_2=2.0, output_type="latent")


def link(target, name, source):
    """One of both: the repository stays small."""
    path = FIXTURES / target / name
    if path.is_dir():
        shutil.rmtree(path)
    else:
        assert path.read_bytes() == (path.parent / source).read_bytes()
        path.unlink()
    path.symlink_to(source)


def share(target, names):
    """`names`: in `target` -> in pipeline-wan."""
    for name, source in names.items():
        link(target, name, f"../pipeline-wan/{source}")


def main():
    text_to_video()
    vace()
    vace_experts()
    low_noise()
    parts = {name: name for name in ("vae", "text_encoder", "tokenizer")}
    share("pipeline-vace", parts)
    share("pipeline-vace-experts", parts)
    link("pipeline-vace-experts", "transformer", "../pipeline-vace/transformer")  # drawn from the same seed
    link("pipeline-vace-experts", "lora-both.safetensors", "../pipeline-vace/lora.safetensors")
    share("pipeline-low-noise", parts | {"transformer_2": "transformer"})  # drawn from the same seed


if __name__ == "__main__":
    main()
