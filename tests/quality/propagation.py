"""How well `ditto stage generate` spreads an edited key frame, beside an oracle and simple answers.

For each pair of clip and editor: the editor is applied to the key frame, the program gets the clip and
that picture, and its video is compared with the editor applied to every frame. Other methods answer
the same question: `copy` the source, `freeze` the edited key, a colour `lut` fitted on the key pair,
the edited key moved along by optical flow (`warp`). Every answer is encoded alike. With --warped-key the
picture is displaced by 1.4 px on average, as by an editor that draws it anew. Three methods are not run
unless named: `unaligned`, the program with generate.align_key off, `recipe`, the same idea in NumPy, and
`oracle`, which shows what encoding alone takes away.

    .deps/venv-quality/bin/python tests/quality/propagation.py --binary build/release/bin/ditto
"""
import argparse
import dataclasses
import functools
import json
import os
import pathlib
import tempfile
import time

import cv2
import numpy as np

import clips
import editors as editor_set
import metrics
import recipe
import scene as scenes

METHODS = ("ditto", "copy", "freeze", "lut", "warp")
OTHER_METHODS = ("unaligned", "recipe", "oracle")


@dataclasses.dataclass
class Row:
    clip: str
    editor: str
    kind: str
    method: str
    held_out: bool  # clip or editor
    psnr: float
    ssim: float
    warp: float  # warping error as a multiple of the source's
    warp_oracle: float
    inside: float  # PSNR inside a local edit's mask, NaN for a global one
    outside: float
    seconds: float = 0.0  # wall, of the program's process; 0 for the other methods
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0

    @property
    def warp_ratio(self):
        """Warping error as a multiple of the oracle's."""
        return self.warp / max(self.warp_oracle, 1e-6)


@functools.lru_cache(maxsize=2)
def _clip(name, frames, width, step, key):
    """Frames, scene and warping error of a stretch: made once for all editors."""
    video = clips.load(name, frames * step, width)[::step]
    return video, scenes.Scene(video, key), metrics.WarpingError(video)


@functools.lru_cache(maxsize=2)
def _flow_to_key(name, frames, width, step, key):
    """Flow from each frame to the key, chained and then refined directly."""
    grey = [metrics.luma(f) for f in _clip(name, frames, width, step, key)[0]]
    flows = [np.zeros(grey[0].shape + (2,), np.float32) for _ in grey]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for direction in (1, -1):
        t = key + direction
        while 0 <= t < len(grey):
            one = dis.calc(grey[t], grey[t - direction], None)
            start = one + metrics.warp(flows[t - direction], one)
            flows[t] = dis.calc(grey[t], grey[key], start.astype(np.float32))
            t += direction
    return flows


def _terms(x):
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, r * b, g * b, r ** 3, g ** 3, b ** 3,
                     r * r * g, r * r * b, g * g * r, g * g * b, b * b * r, b * b * g, r * g * b], -1)


def lut(source_key, edited_key, frames):
    """A cubic polynomial of the colour, and the mean of what is left in the cells of a 16x16x16 grid."""
    x, y = source_key.reshape(-1, 3), edited_key.reshape(-1, 3).astype(np.float64)
    a = _terms(x / 255.0)
    weights = np.linalg.solve(a.T @ a + 1e-2 * np.eye(20), a.T @ y)
    cell = lambda v: (v[..., 0] // 16).astype(int) * 256 + (v[..., 1] // 16) * 16 + v[..., 2] // 16
    index, left = cell(x.astype(int)), y - a @ weights
    count = np.bincount(index, minlength=4096)[:, None] + 4.0
    grid = np.stack([np.bincount(index, left[:, c], 4096) for c in range(3)], 1) / count
    answer = lambda f: _terms(f / 255.0) @ weights + grid[cell(f.astype(int))]
    return np.stack([np.clip(np.rint(answer(f)), 0, 255).astype(np.uint8) for f in frames])


def generate(binary, frames, keys, pictures, crf, extra=()):
    """Runs the program. Returns frames, wall and CPU seconds, peak megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        clips.write_lossless(folder / "source.mkv", frames)
        command = [str(binary), "stage", "generate", "--video", str(folder / "source.mkv")]
        for index, picture in zip(keys, pictures):
            path = folder / f"key{index}.png"
            cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]))
            command += ["--keyframe-index", str(index), "--edited-keyframe", str(path)]
        command += ["--crf", str(crf), "--quiet", "--output", str(folder / "out.mp4"), *extra]
        start = time.monotonic()
        pid = os.posix_spawn(command[0], command, os.environ)
        _, status, usage = os.wait4(pid, 0)
        seconds = time.monotonic() - start
        if status != 0:
            raise RuntimeError(f"exit {os.waitstatus_to_exitcode(status)}: {' '.join(command)}")
        return (clips.read_video(folder / "out.mp4"), seconds, usage.ru_utime + usage.ru_stime,
                usage.ru_maxrss / 1024)


def _encoded(frames, crf):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "video.mp4"
        clips.write_encoded(path, frames, crf=crf)
        return clips.read_video(path)


def run(binary, stretches, editors, methods=METHODS, frames=33, width=480, step=1, keys=None, crf=12,
        key_fault=None, extra=(), progress=None, keep=None):
    """Rows of every stretch, editor and method.

    `keys`: indices of the frames that were edited (the middle one); the simple methods use the first.
    `key_fault`: function of the edited key, for what an editor does to it besides (editors.warp_key).
    `step`: takes every n-th frame, which is quicker and harder. `extra`: more options of the program.
    `progress`: called with each row. `keep(row, source, oracle, answer)` may look at the pictures.
    """
    keys = tuple(keys) if keys else (frames // 2,)
    rows = []
    for stretch in stretches:
        of_clip = (stretch.name, frames, width, step, keys[0])
        source, scene, warping = _clip(*of_clip)
        for editor in editors:
            oracle = editor.apply(source, scene)
            pictures = [oracle[k] if key_fault is None else key_fault(oracle[k]) for k in keys]
            mask = editor.masks(source, scene) > 8 if editor.local else None
            warp_oracle = warping.relative(oracle)
            for method in methods:
                costs = (0.0, 0.0, 0.0)
                if method == "ditto":
                    answer, *costs = generate(binary, source, keys, pictures, crf, extra)
                elif method == "unaligned":
                    answer, *costs = generate(binary, source, keys, pictures, crf,
                                              (*extra, "--set", "generate.align_key=false"))
                elif method == "recipe":
                    answer = _encoded(recipe.recipe(source, keys[0], pictures[0]), crf)
                elif method == "oracle":
                    answer = _encoded(oracle, crf)
                elif method == "copy":
                    answer = _encoded(source, crf)
                elif method == "freeze":
                    answer = _encoded(np.repeat(pictures[0][None], len(source), 0), crf)
                elif method == "lut":
                    answer = _encoded(lut(source[keys[0]], pictures[0], source), crf)
                elif method == "warp":
                    flows = _flow_to_key(*of_clip)
                    answer = _encoded(np.stack([metrics.warp(pictures[0], f) for f in flows]), crf)
                else:
                    raise ValueError(f"no method {method}; there are {', '.join(METHODS + OTHER_METHODS)}")
                row = Row(stretch.name, editor.name, editor.kind, method, stretch.held_out or editor.held_out,
                          metrics.psnr(answer, oracle), metrics.ssim(answer, oracle), warping.relative(answer),
                          warp_oracle, metrics.psnr(answer, oracle, mask) if editor.local else float("nan"),
                          metrics.psnr(answer, oracle, ~mask) if editor.local else float("nan"), *costs)
                rows.append(row)
                if progress:
                    progress(row)
                if keep:
                    keep(row, source, oracle, answer)
    return rows


def mean(rows, field):
    values = [getattr(r, field) for r in rows]
    values = [v for v in values if v == v]
    return float(np.mean(values)) if values else float("nan")


def table(rows):
    """Text: the program's rows beside the other methods' PSNR, then means over each kind and over all."""
    pairs = {}
    for r in rows:
        pairs.setdefault((r.clip, r.editor), {})[r.method] = r
    others_named = [m for m in METHODS[1:] + OTHER_METHODS if any(m in p for p in pairs.values())]
    lines = [f"{'clip':<11}{'editor':<14}{'psnr':>6}{'ssim':>7}{'warp':>6}{'/orcl':>6}{'in':>6}{'out':>6}{'s':>6}{'cpu':>6}"
             f"{'MB':>6}" + "".join(f"{m:>10}" for m in others_named)]

    def line(first, second, own, others):
        text = f"{first:<11}{second:<14}"
        text += "".join(f"{mean(own, f):>{w}.{d}f}" for f, w, d in (
            ("psnr", 6, 1), ("ssim", 7, 3), ("warp", 6, 2), ("warp_ratio", 6, 2), ("inside", 6, 1), ("outside", 6, 1),
            ("seconds", 6, 1), ("cpu_seconds", 6, 1), ("peak_mb", 6, 0))) if own else " " * 55
        return text + "".join(f"{mean(others[m], 'psnr'):>10.1f}" for m in others_named)

    def of(method, chosen):
        return [p[method] for p in chosen if method in p]

    for (clip, editor), pair in pairs.items():
        lines.append(line(clip, editor, of("ditto", [pair]), {m: of(m, [pair]) for m in others_named}))
    kind_of = {key: next(iter(p.values())).kind for key, p in pairs.items()}
    for kind in dict.fromkeys(kind_of.values()):
        chosen = [p for key, p in pairs.items() if kind_of[key] == kind]
        lines.append(line("mean", kind, of("ditto", chosen), {m: of(m, chosen) for m in others_named}))
    chosen = list(pairs.values())
    lines.append(line("mean", f"all {len(chosen)}", of("ditto", chosen), {m: of(m, chosen) for m in others_named}))
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--set", choices=("tuning", "held-out"), default="tuning",
                        help="of clips and editors; nothing is tuned on the held-out ones")
    parser.add_argument("--clips", help="names, comma-separated, instead of the set's")
    parser.add_argument("--editors", help="names, comma-separated, instead of the set's")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--step", type=int, default=1, help="take every n-th frame")
    parser.add_argument("--crf", type=int, default=12)
    parser.add_argument("--keys", help="indices of the edited frames, comma-separated; default the middle one")
    parser.add_argument("--warped-key", action="store_true", help="the edited key is displaced by 1.4 px on average")
    parser.add_argument("--option", action="append", default=[], metavar="WORD", help="one more word of the program's "
                        "command line, as --option=--preset --option=draft; may be repeated")
    parser.add_argument("--json", help="write the rows to this file")
    options = parser.parse_args()
    own = {"tuning": (clips.tuning, editor_set.tuning), "held-out": (clips.held_out, editor_set.held_out)}[options.set]
    stretches = [clips.stretch(n) for n in options.clips.split(",")] if options.clips else own[0]()
    chosen = [editor_set.by_name(n) for n in options.editors.split(",")] if options.editors else own[1]()
    rows = run(options.binary, stretches, chosen, options.methods.split(","), options.frames,
               options.width, options.step, [int(k) for k in options.keys.split(",")] if options.keys else None,
               options.crf, editor_set.warp_key if options.warped_key else None, options.option)
    print(table(rows))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps([dataclasses.asdict(r) for r in rows], indent=1))


if __name__ == "__main__":
    main()
