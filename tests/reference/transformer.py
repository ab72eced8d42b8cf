"""WanTransformer3DModel and WanVACETransformer3DModel."""
import torch
from common import FIXTURES, Fixture, normal, randomise
from diffusers import WanTransformer3DModel, WanVACETransformer3DModel

# The head is 14 wide so that rotary positions split unevenly: 6 for time, 4 for height, 4 for width.
TINY = dict(num_attention_heads=2, attention_head_dim=14, in_channels=16, out_channels=16, text_dim=20,
            freq_dim=32, ffn_dim=40, num_layers=2)
TINY_VACE = dict(TINY, num_layers=5, vace_layers=[0, 2, 4], vace_in_channels=96)


def inputs(config, shape, text, timestep, seed, control=None):
    """`shape`: B, T, H, W of the latents; `text`: number of tokens; `control`: T, H, W of the control."""
    channels = config["in_channels"]
    tensors = {
        "hidden_states": normal((shape[0], channels, *shape[1:]), seed),
        "encoder_hidden_states": normal((shape[0], text, config["text_dim"]), seed + 1),
        "timestep": torch.tensor(timestep),
    }
    if control:
        tensors["control_hidden_states"] = normal((shape[0], config["vace_in_channels"], *control), seed + 2)
    return tensors


def cast(tensors):
    return {key: value.bfloat16() if value.is_floating_point() and key != "timestep" else value
            for key, value in tensors.items()}


def make(name, kind, config, cases, seed, root=FIXTURES):
    """`cases`: name -> (arguments of inputs() without the seed, scale per VACE layer or None)."""
    fixture = Fixture(name, root)
    model = randomise(kind(**config), seed)
    model.save_pretrained(fixture.folder)
    half = kind.from_pretrained(fixture.folder, torch_dtype=torch.bfloat16).eval()
    for case, (arguments, scale) in cases.items():
        seed += 10
        tensors = inputs(config, seed=seed, **arguments)
        if scale:
            tensors["control_hidden_states_scale"] = torch.tensor(scale)
        run = lambda network, tensors: {"sample": network(**tensors).sample}
        fixture.case(case, "forward", tensors, run(model, tensors), bfloat16=run(half, cast(tensors)))
    return fixture, model


def main():
    make("transformer", WanTransformer3DModel, TINY, {
        "batch": (dict(shape=(2, 3, 7, 9), text=11, timestep=[999, 250]), None),
        "float": (dict(shape=(1, 1, 4, 6), text=5, timestep=[937.5]), None),
        "single": (dict(shape=(1, 2, 8, 2), text=1, timestep=[0]), None),
    }, seed=200)
    make("vace", WanVACETransformer3DModel, TINY_VACE, {
        "default": (dict(shape=(1, 2, 6, 4), text=7, timestep=[731], control=(2, 6, 4)), None),
        "short": (dict(shape=(2, 3, 5, 7), text=9, timestep=[999, 3], control=(2, 5, 7)), [0.4, 1.3, -0.7]),
        "float": (dict(shape=(1, 3, 4, 4), text=3, timestep=[625.25], control=(3, 4, 4)), [1.0, 0.0, 2.0]),
    }, seed=300)


if __name__ == "__main__":
    main()
