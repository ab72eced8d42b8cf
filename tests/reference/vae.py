"""AutoencoderKLWan: the causal video autoencoder of Wan."""
import torch
from common import FIXTURES, Fixture, normal, randomise
from diffusers import AutoencoderKLWan

TINY = dict(base_dim=4, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=1,
            temperal_downsample=[False, True, True])
# As Wan2.2-TI2V's: means and copies around each level, patches for pixels. An unequal width of the decoder.
TINY_RESIDUAL = dict(TINY, is_residual=True, patch_size=2, in_channels=12, out_channels=12, base_dim=2,
                     decoder_base_dim=3, z_dim=8, latents_mean=[0.0] * 8, latents_std=[1.0] * 8, scale_factor_spatial=16)
TILES = {f"tile_sample_{name}_{axis}": size
         for name, size in (("min", 32), ("stride", 16)) for axis in ("height", "width")}


def make(name, config, encodes, decodes, seed, root=FIXTURES):
    """`encodes`, `decodes`: case name -> shape of the video, of the latents; -tiled cases use TILES."""
    fixture = Fixture(name, root)
    model = randomise(AutoencoderKLWan(**config), seed)
    model.save_pretrained(fixture.folder)
    half = AutoencoderKLWan.from_pretrained(fixture.folder, torch_dtype=torch.bfloat16).eval()

    def add(case, entry, run, tensors):
        arguments = TILES if case.endswith("-tiled") else {}
        for network in (model, half):
            if arguments:
                network.enable_tiling(**arguments)
            else:
                network.disable_tiling()
        (key, value), = tensors.items()
        outputs = run(model, value)
        fixture.case(case, entry, tensors, outputs, arguments, bfloat16=run(half, value.bfloat16()))
        return outputs

    for case, shape in encodes.items():
        seed += 1
        x = normal(shape, seed, 0.5).clamp(-1, 1)
        add(case, "encode", lambda network, x: {"latents": network.encode(x).latent_dist.mode()}, {"sample": x})
    for case, shape in decodes.items():
        seed += 1
        z = normal(shape, seed)
        outputs = add(case, "decode", lambda network, z: {"sample": network.decode(z).sample}, {"z": z})
        clamped = (outputs["sample"].abs() == 1).double().mean().item()
        assert clamped < 0.5, f"{name} {case}: {clamped:.0%} of the output is clamped"


def main():
    make("vae", TINY,
         {"encode-1": (1, 3, 1, 32, 24), "encode-5": (2, 3, 5, 24, 16), "encode-9": (1, 3, 9, 16, 32),
          "encode-14": (1, 3, 14, 24, 40), "encode-odd": (1, 3, 5, 27, 21)},
         {"decode-1": (1, 16, 1, 3, 4), "decode-2": (2, 16, 2, 3, 2), "decode-3": (1, 16, 3, 2, 3),
          "decode-5": (1, 16, 5, 1, 2)}, seed=100)
    make("vae-residual", TINY_RESIDUAL,
         {"encode-9": (2, 3, 9, 16, 32), "encode-tiled": (1, 3, 1, 48, 80)},
         {"decode-3": (2, 8, 3, 1, 2), "decode-tiled": (1, 8, 1, 3, 3)}, seed=150)
    make("vae-tiled", dict(TINY, base_dim=2),
         {"encode-tiled": (1, 3, 1, 56, 40)}, {"decode-tiled": (1, 16, 1, 3, 6)}, seed=180)


if __name__ == "__main__":
    main()
