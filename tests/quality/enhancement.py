"""What the enhancer gains per artefact, on oracle-edited clips: PSNR against the clean video before and
after `ditto stage enhance`, both encoded as the program does by default.

    enhancement.py build/release/bin/ditto [--set unseen] [--fault NAME]... [--frames N] [--width N]
"""
import argparse
import dataclasses
import pathlib
import resource
import statistics
import subprocess
import tempfile
from typing import Callable, Optional

import cv2
import numpy as np

import clips
import editors
import metrics
import scene

cv2.setNumThreads(1)

CRF = 12


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    kind: str  # clean, flicker, blocking, propagation
    spoil: Callable  # (clean frames, source frames, random) -> frames
    about: str


FAULTS = []


def fault(name, kind, about):
    def add(function):
        FAULTS.append(Fault(name, kind, function, about))
        return function
    return add


def byte(x):
    return np.clip(np.rint(x), 0, 255).astype(np.uint8)


def blobs(shape, random, coverage, scale):
    """A soft mask in 0..1 of smooth blobs about `scale` pixels wide that cover a share of the frame."""
    h, w = shape
    noise = random.normal(size=(max(4, h // scale + 3), max(4, w // scale + 3))).astype(np.float32)
    field = cv2.resize(noise, (w, h), interpolation=cv2.INTER_CUBIC)
    cut = np.quantile(field, 1 - coverage)
    return np.clip((field - cut) / 0.25, 0, 1)[..., None]


def smooth_noise(shape, random, sigma, amplitude):
    noise = cv2.GaussianBlur(random.normal(size=shape + (3,)).astype(np.float32), (0, 0), sigma)
    return noise * (amplitude / max(1e-6, float(noise.std())))


# --- clean ------------------------------------------------------------------------------------------
@fault("clean", "clean", "nothing is wrong")
def clean(frames, source, random):
    return frames


@fault("clean-23", "clean", "encoded at crf 23 before, as videos are")
def clean_encoded(frames, source, random):
    return through(frames, ["-c:v", "libx264", "-crf", "23", "-pix_fmt", "yuv420p"], "mp4")


# --- flicker ----------------------------------------------------------------------------------------
@fault("flicker-offset", "flicker", "each frame brighter or darker by up to 12 grey levels")
def flicker_offset(frames, source, random):
    return byte(frames + random.uniform(-12, 12, (len(frames), 1, 1, 1)))


@fault("flicker-gain", "flicker", "each frame's brightness times 1 +- 0.08 (deviation)")
def flicker_gain(frames, source, random):
    return byte(frames * (1 + 0.08 * random.normal(size=(len(frames), 1, 1, 1))))


@fault("flicker-pulse", "flicker", "one frame in six brighter by 15 grey levels")
def flicker_pulse(frames, source, random):
    return byte(frames + 15.0 * (np.arange(len(frames)) % 6 == 2)[:, None, None, None])


@fault("flicker-wave", "flicker", "brightness swings by 10 grey levels with a period of 8 frames")
def flicker_wave(frames, source, random):
    return byte(frames + (10 * np.sin(np.arange(len(frames)) * 2 * np.pi / 8))[:, None, None, None])


@fault("flicker-local", "flicker", "a smooth field of +-9 grey levels (deviation), new each frame")
def flicker_local(frames, source, random):
    h, w = frames.shape[1:3]
    field = random.normal(size=(len(frames), 3, 4)).astype(np.float32) * 9
    return byte(np.stack([f + cv2.resize(g, (w, h), interpolation=cv2.INTER_CUBIC)[..., None]
                          for f, g in zip(frames, field)]))


# --- blocking ---------------------------------------------------------------------------------------
def through(frames, codec, container):
    """Encoded and decoded again."""
    _, h, w, _ = frames.shape
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"v.{container}"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{w}x{h}", "-r", "25", "-i",
                        "-", "-vf", clips.FROM_RGB, *codec, "-threads", "1", str(path)],
                       input=np.ascontiguousarray(frames).tobytes(), check=True)
        return clips.read_video(path)


def jpeg(frames, quality):
    out = []
    for f in frames:
        _, data = cv2.imencode(".jpg", f[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        out.append(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    return np.stack(out)


@fault("jpeg-15", "blocking", "each frame as a JPEG of quality 15")
def jpeg_15(frames, source, random):
    return jpeg(frames, 15)


@fault("jpeg-30", "blocking", "each frame as a JPEG of quality 30")
def jpeg_30(frames, source, random):
    return jpeg(frames, 30)


@fault("mpeg2", "blocking", "MPEG-2 with a quantiser of 16")
def mpeg2(frames, source, random):
    return through(frames, ["-c:v", "mpeg2video", "-q:v", "16", "-g", "12", "-pix_fmt", "yuv420p"], "mpg")


@fault("mpeg4", "blocking", "MPEG-4 with a quantiser of 16")
def mpeg4(frames, source, random):
    return through(frames, ["-c:v", "mpeg4", "-q:v", "16", "-pix_fmt", "yuv420p"], "mp4")


@fault("x264-38", "blocking", "H.264 at crf 38 without its own deblocking filter")
def x264_38(frames, source, random):
    return through(frames, ["-c:v", "libx264", "-crf", "38", "-x264-params", "no-deblock=1", "-pix_fmt", "yuv420p"], "mp4")


@fault("block-means", "blocking", "half-way to the mean of each 8x8 block")
def block_means(frames, source, random):
    h, w = frames.shape[1:3]

    def means(f):  # blocks of exactly 8 px, those at the right and bottom as if the frame went on
        whole = cv2.copyMakeBorder(f, 0, -h % 8, 0, -w % 8, cv2.BORDER_REPLICATE)
        small = cv2.resize(whole, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
        return cv2.resize(small, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)[:h, :w]
    return byte(np.stack([(f.astype(np.float32) + means(f)) / 2 for f in frames]))


# --- propagation ------------------------------------------------------------------------------------
@fault("patches", "propagation", "blobs that flash up for a frame, off by 20 grey levels")
def patches(frames, source, random):
    return byte(np.stack([f + blobs(f.shape[:2], random, 0.05, 24) * random.choice([-20, 20]) for f in frames]))


@fault("noisy-residual", "propagation", "blobs with coarse noise, new each frame, where a residual was carried badly")
def noisy_residual(frames, source, random):
    return byte(np.stack([f + blobs(f.shape[:2], random, 0.15, 40) * smooth_noise(f.shape[:2], random, 1.5, 14)
                          for f in frames]))


@fault("misplaced", "propagation", "blobs displaced by 3 px for two frames, as of wrong flow")
def misplaced(frames, source, random):
    h, w = frames.shape[1:3]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    out = []
    for t, f in enumerate(frames):
        if t % 2 == 0:
            mask, angle = blobs((h, w), random, 0.08, 48), random.uniform(0, 2 * np.pi)
        moved = cv2.remap(f, x + 3 * np.float32(np.cos(angle)), y + 3 * np.float32(np.sin(angle)), cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REFLECT_101)
        out.append(f + mask * (moved.astype(np.float32) - f))
    return byte(np.stack(out))


# --- measuring --------------------------------------------------------------------------------------
# A pair is a stretch and an editor: each kind of edit, each kind of motion.
TUNING = (("cab", "grade"), ("bunny", "cartoon"), ("box", "snow"), ("street", "pencil"), ("lady", "recolour"),
          ("square", "bloom"), ("box", "halftone"), ("cab", "star"), ("street", "posterise"), ("bunny", "night"),
          ("phone", "duotone"), ("man", "clarity"), ("hand", "fog"), ("cup", "splash"), ("lights", "underwater"),
          ("bunny-late", "kuwahara"), ("phone", "pixelate"), ("man", "title"), ("couple", "bleach"), ("railing", "infrared"),
          ("cup-late", "dusk"), ("phone-late", "pastel"), ("box-late", "engraving"), ("square-near", "drain"),
          ("bunny-mid", "sandstorm"), ("lady-late", "badge"), ("square-last", "stipple"), ("cup-first", "cross-process"), ("box-first", "clay"),
          ("lady-first", "embers"), ("square-first", "poster"), ("phone-first", "mint"), ("box-mid", "autumn"),
          ("cup-last", "tube"))
UNSEEN = (("cup-between", "gouache"), ("box-before", "street-lamps"), ("square-a", "infrared-film"),
          ("square-c", "felt-tip"), ("square-e", "pink-lights"), ("box-before", "heat"))


def enhanced(binary, source, frames, folder, options=()):
    """The frames that come back, and the CPU seconds of the process."""
    clips.write_lossless(folder / "edited.mkv", frames)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(binary), "stage", "enhance", "--quiet", "--source", str(source), "--video",
                    str(folder / "edited.mkv"), "--output", str(folder / "enhanced.mp4"), "--crf", str(CRF), *options],
                   check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clips.read_video(folder / "enhanced.mp4"), seconds


def run(binary, pairs=TUNING, faults: Optional[list] = None, frames=33, width=480, options=(), keep=None):
    """One row per pair and fault: dict of clip, editor, fault, kind, before, after, gain (dB), seconds
    (CPU, the whole process). `keep(row, source, clean, spoiled, result)` may look at the pictures."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for clip, editor in pairs:
            source = clips.load(clip, frames, width)
            oracle = editors.by_name(editor).apply(source, scene.Scene(source))
            clips.write_lossless(folder / "source.mkv", source)
            for f in FAULTS:
                if faults and f.name not in faults and f.kind not in faults:
                    continue
                random = np.random.default_rng(sum(map(ord, clip + editor + f.name)))
                spoiled = f.spoil(oracle, source, random)
                result, seconds = enhanced(binary, folder / "source.mkv", spoiled, folder, options)
                # Written by the same encoder, so that the difference is the enhancer's.
                untouched, _ = enhanced(binary, folder / "source.mkv", spoiled, folder, ["--backend", "none"])
                before = metrics.psnr(untouched, oracle)
                after = metrics.psnr(result, oracle)
                rows.append({"clip": clip, "editor": editor, "fault": f.name, "kind": f.kind, "before": before,
                             "after": after, "gain": after - before, "seconds": seconds})
                if keep:
                    keep(rows[-1], source, oracle, spoiled, result)
    return rows


def summary(rows):
    """One row per fault: means over the pairs, and the worst gain."""
    out = []
    for f in FAULTS:
        of = [r for r in rows if r["fault"] == f.name]
        if of:
            out.append({"fault": f.name, "kind": f.kind, "about": f.about, "pairs": len(of),
                        **{k: statistics.mean(r[k] for r in of) for k in ("before", "after", "gain", "seconds")},
                        "worst": min(r["gain"] for r in of)})
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("--set", choices=("tuning", "unseen"), default="tuning",
                        help="of clips and editors; nothing is tuned on the unseen ones")
    parser.add_argument("--fault", action="append", help="a fault's name or kind; default all")
    parser.add_argument("--pairs", type=int, default=99, help="only the first pairs")
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--each", action="store_true", help="print each pair too")
    args = parser.parse_args()
    pairs = (UNSEEN if args.set == "unseen" else TUNING)[:args.pairs]
    rows = run(args.binary, pairs, args.fault, args.frames, args.width)
    if args.each:
        for r in rows:
            print(f"{r['fault']:16} {r['clip']:>10} {r['editor']:10} {r['before']:6.2f} -> {r['after']:6.2f}  {r['gain']:+6.2f}")
    print(f"{'fault':16} {'before':>6} {'after':>6} {'gain':>6} {'worst':>6}   CPU s")
    for r in summary(rows):
        print(f"{r['fault']:16} {r['before']:6.2f} {r['after']:6.2f} {r['gain']:+6.2f} {r['worst']:+6.2f}  {r['seconds']:6.2f}")


if __name__ == "__main__":
    main()
