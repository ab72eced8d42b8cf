"""Qwen2.5-VL's pictures and videos: patches, grids, sampled frames."""
import json

import torch
from common import Fixture, generator
from transformers import Qwen2VLImageProcessor, Qwen2VLVideoProcessor
from transformers.video_utils import VideoMetadata

EXACT = 1e-6  # the same resampling is used


def pixels(seed, *shape):
    """Smooth colours with noise and hard edges: what shows a wrong filter."""
    height, width = shape[-3], shape[-2]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    base = torch.stack([x * 255 // width, y * 255 // height, ((x // 5 + y // 3) % 2) * 255], -1).float()
    noise = torch.randn(shape, generator=generator(seed)) * 40
    return (base + noise).clamp(0, 255).round().to(torch.uint8)


def image_case(fixture, name, images, arguments=None, **keys):
    processor = Qwen2VLImageProcessor.from_pretrained(fixture.folder)
    out = processor([image.permute(2, 0, 1) for image in images], return_tensors="pt", **keys)
    inputs = {"images": images[0]} if len(images) == 1 else {f"images_{i}": image for i, image in enumerate(images)}
    fixture.case(name, "preprocess", inputs, {key: out[key] for key in ("pixel_values", "image_grid_thw")}, arguments,
                 tolerance=EXACT)


def video_case(fixture, name, videos, arguments=None, source_fps=None, **keys):
    processor = Qwen2VLVideoProcessor.from_pretrained(fixture.folder)
    metadata = [VideoMetadata(total_num_frames=len(video), fps=source_fps) for video in videos]
    sample = "fps" in keys or "num_frames" in keys or None
    out = processor([video.permute(0, 3, 1, 2) for video in videos], return_tensors="pt", video_metadata=metadata,
                    do_sample_frames=sample, return_metadata=True, **keys)
    seconds = [processor.temporal_patch_size / one.sampled_fps for one in out["video_metadata"]]
    inputs = {"videos": videos[0]} if len(videos) == 1 else {f"videos_{i}": video for i, video in enumerate(videos)}
    fixture.case(name, "preprocess", inputs,
                 {"pixel_values_videos": out["pixel_values_videos"], "video_grid_thw": out["video_grid_thw"],
                  "second_per_grid_ts": torch.tensor(seconds)}, arguments, tolerance=EXACT)


def put(fixture, name, values):
    (fixture.folder / name).write_text(json.dumps(values, indent=1) + "\n")


def main():
    # As published, with a smaller upper bound.
    published = Fixture("processor-published")
    put(published, "preprocessor_config.json", {
        "min_pixels": 3136, "max_pixels": 6400, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor"})
    image_case(published, "small", [pixels(1, 20, 45, 3)])
    image_case(published, "large", [pixels(2, 150, 201, 3)])
    video_case(published, "odd", [pixels(3, 3, 60, 40, 3)])

    # Small patches: many shapes in few bytes.
    small = Fixture("processor-small")
    keys = {"patch_size": 4, "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5, 0.4, 0.3],
            "image_std": [0.2, 0.3, 0.25]}
    put(small, "preprocessor_config.json", {
        **keys, "size": {"shortest_edge": 256, "longest_edge": 1600},
        "image_processor_type": "Qwen2VLImageProcessorFast"})
    put(small, "video_preprocessor_config.json", {
        **keys, "size": {"shortest_edge": 128, "longest_edge": 600}, "max_frames": 9, "cap_pixels_per_frame": True,
        "max_video_tokens": 24, "video_processor_type": "Qwen2VLVideoProcessor"})
    # Halves are rounded to even: 20 -> 16, 36 -> 32 and 28 -> 32, 12 -> 16.
    image_case(small, "halves", [pixels(4, 20, 36, 3), pixels(5, 28, 12, 3), pixels(6, 16, 24, 3)])
    image_case(small, "thin", [pixels(7, 5, 150, 3), pixels(8, 300, 2, 3)])
    image_case(small, "bounds", [pixels(9, 40, 50, 3)], {"min_pixels": 64, "max_pixels": 500},
               size={"shortest_edge": 64, "longest_edge": 500})
    video_case(small, "fps", [pixels(10, 23, 20, 24, 3)], {"fps": 2, "video_fps": 7.5}, 7.5, fps=2)
    video_case(small, "most-frames", [pixels(11, 50, 16, 16, 3)], {"fps": 8, "video_fps": 8}, 8.0, fps=8)
    video_case(small, "fewest-frames", [pixels(12, 11, 16, 24, 3)], {"fps": 1, "video_fps": 30}, 30.0, fps=1)
    video_case(small, "number", [pixels(13, 13, 24, 16, 3)], {"num_frames": 5, "video_fps": 12}, 12.0, num_frames=5)
    video_case(small, "two", [pixels(14, 4, 20, 24, 3), pixels(15, 7, 17, 31, 3)], {"video_fps": 10}, 10.0)


if __name__ == "__main__":
    main()
