"""Stretches of the real clips in .deps/clips, and lossless videos of frames.

Frames are uint8 RGB arrays [T, H, W, 3]. There are three sets. The generator is tuned on the tuning
stretches alone and reported on the held-out ones; judge and enhancer are tuned on both and reported on
the unseen ones, which share no frame with the others. Once the unseen ones have been read while mending,
they become held-out ones, and others are chosen.
"""
import dataclasses
import functools
import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ.get("DITTO_CLIPS", ROOT / ".deps" / "clips"))


@dataclasses.dataclass(frozen=True)
class Stretch:
    name: str
    file: str
    start: int  # first frame, in the file's own frames
    about: str
    held_out: bool = False  # of the generator's tuning
    unseen: bool = False  # of all tuning
    more: int = 12  # frames after the 33 usual ones that are no other stretch's, where the file goes on


STRETCHES = (
    Stretch("bunny", "bigbuckbunny.mp4", 30, "animation; a large figure moves before grass"),
    Stretch("cab", "bikes.mp4", 88, "street; a van drives through"),
    Stretch("street", "bikes.mp4", 192, "street; a pedestrian before railings"),
    Stretch("box", "box.mp4", 150, "a colourful box turned by a hand"),
    Stretch("square", "vtest.avi", 300, "fixed camera; small pedestrians"),
    Stretch("lady", "Megamind.avi", 40, "animation, dark; a gesturing figure"),
    Stretch("cup", "cup.mp4", 60, "a dark cup tilted fast before a white wall", held_out=True),
    Stretch("phone", "carphone_pristine.mp4", 40, "a talking head in a moving car, enlarged", held_out=True),
    Stretch("man", "Megamind.avi", 208, "animation; a talking head", held_out=True),
    Stretch("hand", "tree.avi", 34, "foliage; a hand comes in, few frames a second", held_out=True),
    Stretch("lights", "bikes.mp4", 36, "traffic out of focus", held_out=True),
    Stretch("bunny-late", "bigbuckbunny.mp4", 95, "animation; the figure turns", held_out=True),
    Stretch("couple", "Megamind.avi", 108, "animation, dark; a nodding man, the back of a head", held_out=True),
    Stretch("lady-late", "Megamind.avi", 155, "animation, dark; a talking figure, nearer", held_out=True),
    Stretch("railing", "bikes.mp4", 140, "a parked bicycle behind railings, traffic beyond", held_out=True),
    Stretch("box-late", "box.mp4", 340, "a colourful box carried sideways", held_out=True),
    Stretch("cup-late", "cup.mp4", 130, "a dark cup brought nearer", held_out=True),
    Stretch("phone-late", "carphone_pristine.mp4", 76, "a head that leans over, enlarged", held_out=True),
    Stretch("square-near", "vtest.avi", 525, "fixed camera; a pedestrian in front", held_out=True),
    Stretch("bunny-mid", "bigbuckbunny.mp4", 62, "animation; raised arms", held_out=True),
    Stretch("cup-first", "cup.mp4", 15, "a dark cup begins to tilt", held_out=True),
    Stretch("lady-first", "Megamind.avi", 3, "animation, dark; a figure with a glass", held_out=True, more=4),
    Stretch("box-first", "box.mp4", 90, "a colourful box brought nearer", held_out=True),
    Stretch("square-first", "vtest.avi", 100, "fixed camera; many small pedestrians", held_out=True),
    Stretch("phone-first", "carphone_pristine.mp4", 0, "a talking head before a moving window, enlarged", held_out=True, more=7),
    Stretch("box-mid", "box.mp4", 240, "a colourful box turned and carried", held_out=True),
    Stretch("square-last", "vtest.avi", 740, "fixed camera; pedestrians near and far", held_out=True),
    Stretch("cup-last", "cup.mp4", 176, "a dark cup moved, then held", held_out=True, more=8),
    Stretch("tree-first", "tree.avi", 0, "foliage, few frames a second", held_out=True, more=1),
    Stretch("box-shown", "box.mp4", 45, "a colourful box held up", held_out=True),
    Stretch("square-second", "vtest.avi", 200, "fixed camera; small pedestrians", held_out=True),
    Stretch("box-back", "box.mp4", 196, "a colourful box, its other side", held_out=True),
    Stretch("square-third", "vtest.avi", 430, "fixed camera; pedestrians, one in red", held_out=True),
    Stretch("box-turned", "box.mp4", 290, "a colourful box turned slowly", held_out=True),
    Stretch("square-fourth", "vtest.avi", 620, "fixed camera; a pedestrian near the camera", held_out=True),
    Stretch("box-end", "box.mp4", 400, "a colourful box carried away", held_out=True),
    Stretch("square-a", "vtest.avi", 20, "fixed camera; pedestrians cross", unseen=True),
    Stretch("square-b", "vtest.avi", 150, "fixed camera; a group walks on", unseen=True, more=5),
    Stretch("square-c", "vtest.avi", 350, "fixed camera; pedestrians", unseen=True),
    Stretch("square-d", "vtest.avi", 478, "fixed camera; pedestrians", unseen=True),
    Stretch("square-e", "vtest.avi", 575, "fixed camera; pedestrians", unseen=True),
    Stretch("square-f", "vtest.avi", 690, "fixed camera; pedestrians", unseen=True, more=5),
    Stretch("cup-between", "cup.mp4", 95, "a dark cup before a white wall", unseen=True, more=2),
    Stretch("box-before", "box.mp4", 0, "a colourful box brought into view", unseen=True),
)


def stretch(name):
    for s in STRETCHES:
        if s.name == name:
            return s
    raise KeyError(f"no stretch named {name}; there are {', '.join(s.name for s in STRETCHES)}")


def tuning():
    return [s for s in STRETCHES if not s.held_out and not s.unseen]


def held_out():
    return [s for s in STRETCHES if s.held_out]


def unseen():
    return [s for s in STRETCHES if s.unseen]


def _probe(path):
    text = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height,r_frame_rate",
         "-of", "csv=p=0", str(path)], capture_output=True, text=True, check=True).stdout
    width, height, rate = text.strip().split(",")[:3]
    return int(width), int(height), rate


# ffmpeg's filters between RGB and 4:2:0. H.264's and MPEG-2's chroma lies on every other luma sample of a row, and
# half-way between two rows. swscale has to be told, and asked to interpolate: left to itself it repeats chroma
# samples, which takes 2 dB from a good answer.
_INTERPOLATED = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
FROM_RGB = f"scale=out_h_chr_pos=0:out_v_chr_pos=128:{_INTERPOLATED}"
TO_RGB = f"scale=in_h_chr_pos=0:in_v_chr_pos=128:{_INTERPOLATED}"


def read_video(path):
    """All frames of a 4:2:0 video as they are."""
    width, height, _ = _probe(path)
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-vf", TO_RGB, "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f",
         "rawvideo", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


@functools.lru_cache(maxsize=4)
def load(name, frames=33, width=480):
    """The frames of a stretch, scaled to `width` and an even height. Read only."""
    s = stretch(name)
    own_width, own_height, _ = _probe(FOLDER / s.file)
    height = round(own_height * width / own_width / 2) * 2
    raw = subprocess.run(
        ["ffmpeg", "-v", "fatal", "-i", str(FOLDER / s.file), "-vf",
         f"select=between(n\\,{s.start}\\,{s.start + frames - 1}),scale={width}:{height}:flags=area", "-frames:v",
         str(frames), "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
        capture_output=True, check=True).stdout
    video = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    if len(video) != frames:
        raise ValueError(f"{s.file} has {len(video)} frames from {s.start}, expected {frames}")
    return video


def write_lossless(path, frames, fps="25"):
    """FFV1 in RGB: the program reads exactly these frames."""
    frames = np.ascontiguousarray(frames)
    _, height, width, _ = frames.shape
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps,
         "-i", "-", "-c:v", "ffv1", "-pix_fmt", "bgr0", str(path)], input=frames.tobytes(), check=True)


def write_encoded(path, frames, fps="25", crf=12):
    """H.264 as the program writes it by default, for oracles and baselines."""
    frames = np.ascontiguousarray(frames)
    _, height, width, _ = frames.shape
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", fps,
         "-i", "-", "-vf", f"{FROM_RGB}:out_color_matrix=bt709:out_range=tv", "-c:v", "libx264", "-preset", "medium",
         "-crf", str(crf), "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-threads", "2", str(path)],
        input=frames.tobytes(), check=True)
