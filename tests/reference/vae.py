"""AutoencoderKLWan: the causal video autoencoder of Wan."""
import torch
from common import FIXTURES, Fixture, normal, randomise
from diffusers import AutoencoderKLWan

TINY = dict(base_dim=4, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=1,
            temperal_downsample=[False, True, True])


def make(name, config, encodes, decodes, seed, root=FIXTURES):
    """`encodes`, `decodes`: case name -> shape of the video, of the latents."""
    fixture = Fixture(name, root)
    model = randomise(AutoencoderKLWan(**config), seed)
    model.save_pretrained(fixture.folder)
    half = AutoencoderKLWan.from_pretrained(fixture.folder, torch_dtype=torch.bfloat16).eval()
    for case, shape in encodes.items():
        seed += 1
        x = normal(shape, seed, 0.5).clamp(-1, 1)
        run = lambda network, x: {"latents": network.encode(x).latent_dist.mode()}
        fixture.case(case, "encode", {"sample": x}, run(model, x), bfloat16=run(half, x.bfloat16()))
    for case, shape in decodes.items():
        seed += 1
        z = normal(shape, seed)
        run = lambda network, z: {"sample": network.decode(z).sample}
        outputs = run(model, z)
        clamped = (outputs["sample"].abs() == 1).double().mean().item()
        assert clamped < 0.5, f"{name} {case}: {clamped:.0%} of the output is clamped"
        fixture.case(case, "decode", {"z": z}, outputs, bfloat16=run(half, z.bfloat16()))


def main():
    make("vae", TINY,
         {"encode-1": (1, 3, 1, 32, 24), "encode-5": (2, 3, 5, 24, 16), "encode-9": (1, 3, 9, 16, 32),
          "encode-14": (1, 3, 14, 24, 40), "encode-odd": (1, 3, 5, 27, 21)},
         {"decode-1": (1, 16, 1, 3, 4), "decode-2": (2, 16, 2, 3, 2), "decode-3": (1, 16, 3, 2, 3),
          "decode-5": (1, 16, 5, 1, 2)}, seed=100)


if __name__ == "__main__":
    main()
