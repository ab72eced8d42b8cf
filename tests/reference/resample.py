"""Pillow's Lanczos resampling, which pipelines of diffusers use for pictures: fixtures/resample.safetensors,
pairs of tensors N.in and N.out, u8 [1, H, W, C]."""
import numpy
import PIL.Image
import torch
from common import FIXTURES
from safetensors.torch import save_file

# Channels, from height and width, to height and width. Columns come first where the height loses more than
# twice what the width does.
CASES = [(3, (20, 24), (13, 31)), (3, (31, 20), (12, 16)), (3, (26, 23), (20, 20)), (1, (27, 23), (20, 20)),
         (3, (12, 40), (11, 9)), (1, (9, 14), (17, 14)), (3, (33, 8), (8, 30)), (3, (16, 15), (16, 32))]


def main():
    tensors = {}
    random = numpy.random.default_rng(5)
    for number, (channels, (rows, columns), (height, width)) in enumerate(CASES):
        picture = random.integers(0, 256, (rows, columns, channels), dtype=numpy.uint8)
        # Half of it black or white: sums beyond 0 and 255 are cut off.
        picture[:, : columns // 2] = picture[:, : columns // 2] // 128 * 255
        resized = PIL.Image.fromarray(picture.squeeze()).resize((width, height), PIL.Image.Resampling.LANCZOS)
        tensors[f"{number}.in"] = torch.from_numpy(picture)[None]
        tensors[f"{number}.out"] = torch.from_numpy(numpy.array(resized)).reshape(1, height, width, channels)
    save_file(tensors, FIXTURES / "resample.safetensors")


if __name__ == "__main__":
    main()
