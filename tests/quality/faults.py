"""How often the judge is right: faults planted in oracle-made samples, and clean ones.

    .deps/venv-quality/bin/python tests/quality/faults.py build/release/bin/ditto [--set unseen] [--share S]

Each sample is a stretch of a real clip with a per-image editor applied to every frame. A fault is planted at three
severities: `subtle` is hard to see and only reported, `visible` and `gross` must be found. The judge is asked in two
ways: `key` tells it the edited key frame (and the mask of a local edit), as the chain does; `text` only the two clips
and the instruction. A detection is a rejection whose first reason has one of the words that name the fault.
"""
import argparse
import collections
import json
import multiprocessing
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np

import clips
import editors
import scene

FRAMES, WIDTH, FPS = 33, 480, "25"
KEY = FRAMES // 2
SEVERITIES = ("subtle", "visible", "gross")
MODES = ("key", "text")

# What a first reason may say for each planted fault. After a lost stretch the rest is shifted in time; a wrong speed at
# the same length is a shift that grows.
WORDS = {
    "unedited": {"unedited"},
    "frozen": {"frozen"},
    "time_shift": {"time_shift"},
    "swapped_clip": {"swapped"},
    "swapped_sample": {"wrong_edit"},
    "wrong_edit": {"wrong_edit"},
    "black": {"black"},
    "missing": {"missing", "time_shift"},
    "flicker": {"flicker"},
    "blur": {"blur"},
    "blocking": {"blocking"},
    "fade": {"fade"},
    "pop": {"pop"},
    "part_pop": {"pop"},
    "area_pop": {"pop"},
    "misaligned": {"misaligned"},
    "leak": {"leak"},
    "wrong_length": {"wrong_length"},
    "wrong_rate": {"wrong_rate"},
    "wrong_speed": {"wrong_rate", "time_shift"},
}


# The criteria whose score must not rise with the fault's severity.
CRITERIA = {
    **{f: ("source",) for f in ("frozen", "time_shift", "swapped_clip", "missing", "misaligned", "leak", "wrong_length",
                                "wrong_rate", "wrong_speed")},
    **{f: ("instruction",) for f in ("unedited", "swapped_sample", "wrong_edit")},
    **{f: ("quality",) for f in ("black", "blur", "blocking")},
    **{f: ("temporal",) for f in ("flicker", "pop", "part_pop", "area_pop")},
    "fade": ("instruction", "temporal"),
}

# Two clips and a text don't tell which edit was meant, nor where.
UNSEEN_BY_TEXT = {"swapped_sample", "wrong_edit", "leak"}


class Sample:
    """An oracle-made sample and what faults are made of. Random numbers depend on its name alone."""

    def __init__(self, stretch, editor, width=WIDTH):
        self.stretch, self.editor = stretch, editor
        # A stretch has a few frames more where its file goes on, for shifts in time.
        more = stretch.more
        while True:
            try:
                frames = clips.load(stretch.name, FRAMES + more, width)
                break
            except ValueError:
                more -= 4
        self.source = frames[:FRAMES]
        self.scene = scene.Scene(frames, origin=KEY)
        self.long_edited = editor.apply(frames, self.scene)
        self.edited = self.long_edited[:FRAMES]
        self.mask = editor.mask(self.source[KEY], self.scene, KEY) if editor.local else None
        self.random = np.random.default_rng([ord(c) for c in stretch.name + editor.name])
        self.width = width
        self.made = {}

    def once(self, name, make):
        """What several severities of a fault are made of, made at the first call."""
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    def at(self, order):
        """The edited frames of these indices, or None where the file ends before."""
        return self.long_edited[order] if max(order) < len(self.long_edited) else None


def blend(a, b, weight):
    """a where weight is 0, b where it is 1; weight per frame."""
    w = np.asarray(weight, np.float32).reshape(-1, 1, 1, 1)
    return np.clip(np.rint(a * (1 - w) + b * w), 0, 255).astype(np.uint8)


def each(frames, change):
    return np.stack([change(f, t) for t, f in enumerate(frames)])


# --- the faults: (sample, severity 0..2, others) -> frames, or None where the fault can't be planted ----------------
def unedited(s, level, others):
    return [blend(s.edited, s.source, 0.93), recoded(s.source, 26), s.source][level]


def frozen(s, level, others):
    if level == 2:
        return np.repeat(s.edited[KEY:KEY + 1], FRAMES, 0)
    first, count = 7, [2, 8][level]
    order = np.arange(FRAMES)
    order[first:first + count + 1] = first
    return s.edited[order]


def time_shift(s, level, others):
    return s.at(np.arange(FRAMES) + [1, 4, 10][level])


def swapped_clip(s, level, others):
    other = others["clip"]
    frames = s.once("clip", lambda: s.editor.apply(other, scene.Scene(other)) if not s.editor.local else other)
    first = [30, 20, 0][level]
    return np.concatenate([s.edited[:first], frames[first:]])


def wrong_edit(s, level, others):
    other = s.once("similar" if level < 2 else "dissimilar", lambda: others["edit"](s, similar=level < 2))
    return blend(s.edited, other, 0.5 if level == 0 else 1.0)


def black(s, level, others):
    out = s.edited.copy()
    out[12:12 + [1, 3, 9][level]] = 0
    return out


def missing(s, level, others):
    order = np.arange(FRAMES)
    order[12:] += [2, 6, 12][level]
    return s.at(order)


def flicker(s, level, others):
    steps = s.random.normal(size=FRAMES)
    steps = (steps - steps.mean()) / steps.std() * [1.2, 5, 12][level]
    return each(s.edited, lambda f, t: np.clip(f.astype(np.float32) + steps[t], 0, 255).astype(np.uint8))


def blur(s, level, others):
    sigma = [0.6, 1.6, 3.5][level] * s.width / 480
    return each(s.edited, lambda f, t: cv2.GaussianBlur(f, (0, 0), sigma))


def blocking(s, level, others):
    if s.editor.name == "pixelate":  # nothing but blocks
        return None
    quality = [45, 12, 5][level]
    return each(s.edited, lambda f, t: cv2.imdecode(
        cv2.imencode(".jpg", f, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_UNCHANGED))


def fade(s, level, others):
    rise = np.clip((np.arange(FRAMES) - KEY) / (FRAMES - 1 - KEY), 0, 1)
    return blend(s.edited, s.source, rise * [0.25, 0.65, 1.0][level])


def pop(s, level, others):
    gone = np.zeros(FRAMES)
    gone[20:20 + [2, 3, 8][level]] = [0.3, 1.0, 1.0][level]
    return blend(s.edited, s.source, gone)


def part_pop(s, level, others):
    """In one part of the picture the edit is gone for three frames, twice: of some parts, that where it is strongest."""
    h, w = s.edited.shape[1:3]
    side = [0.12, 0.4, 0.7][level]
    change = np.abs(s.edited[5].astype(np.float32) - s.source[5]).mean(2)
    best = None
    for _ in range(8):
        y, x = int(h * s.random.uniform(0, 1 - side)), int(w * s.random.uniform(0, 1 - side))
        place = np.s_[y:y + int(h * side), x:x + int(w * side)]
        if best is None or change[place].mean() > change[best].mean():
            best = place
    part = np.zeros((h, w, 1), np.float32)
    part[best] = 1
    gone = np.isin(np.arange(FRAMES), [5, 6, 7, 22, 23, 24])[:, None, None, None]
    return np.rint(s.edited + (s.source.astype(np.float32) - s.edited) * part * gone).astype(np.uint8)


def area_pop(s, level, others):
    """Areas grow and shrink in a colour that the edit gives to other places, as in a flat look whose thresholds waver.
    (Beside a local edit they would be a leak.)"""
    if s.editor.local:
        return None
    h, w = s.edited.shape[1:3]
    size = [0.01, 0.06, 0.15][level]  # of the picture, at most

    def areas():
        noise = cv2.resize(s.random.normal(size=(5, 7)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
        rank = np.argsort(np.argsort(noise.ravel())).reshape(h, w) / (h * w)
        colours = s.edited[KEY].reshape(-1, 3)
        order = colours.mean(1).argsort()
        inks = [colours[some].mean(0) for some in (order[:len(order) // 10], order[-len(order) // 10:])]
        here = s.edited[KEY][rank > 1 - size].mean(0)
        return rank, max(inks, key=lambda ink: np.abs(ink - here).max()), here
    rank, ink, here = s.once("areas", areas)
    if np.abs(ink - here).max() < 80:
        return None  # the look has no two colours that differ so much

    def change(f, t):
        inside = (rank > 1 - size * max(0, np.sin(2 * np.pi * t / 13))).astype(np.float32)
        return np.rint(f + cv2.GaussianBlur(inside, (0, 0), 1.2)[..., None] * (ink - f)).astype(np.uint8)
    return each(s.edited, change)


def misaligned(s, level, others):
    h, w = s.edited.shape[1:3]
    angle = s.random.uniform(0, 2 * np.pi)
    size = [0.003, 0.013, 0.04][level] * w
    matrix = np.float32([[1, 0, size * np.cos(angle)], [0, 1, size * np.sin(angle)]])
    return each(s.edited, lambda f, t: cv2.warpAffine(f, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE))


def leak(s, level, others):
    """The edit lies outside its region, too, in a part of the picture; of an editor that has no `spread`, a tint does."""
    if not s.editor.local:
        return None
    masks = s.editor.masks(s.source, s.scene)
    h, w = masks.shape[1:]
    amount, side = [(0.25, 0.3), (0.6, 0.5), (1.0, 1.0)][level]
    place = np.zeros((h, w), np.float32)
    place[int(h * (1 - side)):, :int(w * side)] = amount
    if level > 0 and ((place > 0) & (masks < 8)).mean() < 0.05:
        return None  # the region leaves nothing to leak to
    tint = np.float32([1.25, 1.0, 0.7])

    def tinted(f):
        return np.clip(f.astype(np.float32) * tint + np.float32([20, 5, -5]), 0, 255)

    def change(f, t):
        outside = place * (masks[t] < 8)
        other = s.editor.spread(s.source[t], s.scene, t) if s.editor.spread else tinted(f)
        return np.rint(f + (other - f) * cv2.GaussianBlur(outside, (0, 0), 1.5)[..., None]).astype(np.uint8)
    return each(s.edited, change)


def wrong_length(s, level, others):
    return s.edited[:FRAMES - [1, 3, 16][level]]


def wrong_rate(s, level, others):
    return s.edited


def wrong_speed(s, level, others):
    return s.at(np.rint(np.arange(FRAMES) * [1.06, 1.2, 1.36][level]).astype(int))


FAULTS = {
    "unedited": unedited, "frozen": frozen, "time_shift": time_shift, "swapped_clip": swapped_clip,
    "swapped_sample": wrong_edit, "wrong_edit": wrong_edit, "black": black, "missing": missing, "flicker": flicker,
    "blur": blur, "blocking": blocking, "fade": fade, "pop": pop, "part_pop": part_pop, "area_pop": area_pop, "misaligned": misaligned, "leak": leak,
    "wrong_length": wrong_length, "wrong_rate": wrong_rate, "wrong_speed": wrong_speed,
}


# --- clean ones -----------------------------------------------------------------------------------------------------
def recoded(frames, crf):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "v.mp4"
        clips.write_encoded(path, frames, FPS, crf)
        return clips.read_video(path)


CLEAN = {
    "exact": lambda s: s.edited,
    "crf 12": lambda s: recoded(s.edited, 12),
    "crf 23": lambda s: recoded(s.edited, 23),
    "soft": lambda s: each(s.edited, lambda f, t: cv2.GaussianBlur(f, (0, 0), 0.5)),
}


# --- running ----------------------------------------------------------------------------------------------------------
class Judge:
    """`ditto stage judge` on frames in memory: one process for all that is asked of a clip in one way."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)

    def source(self, frames):
        clips.write_lossless(self.folder / "source.mkv", frames, FPS)

    def key(self, image, mask):
        cv2.imwrite(str(self.folder / "key.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        mask = np.full(image.shape[:2], 255, np.uint8) if mask is None else np.where(mask > 20, 255, 0).astype(np.uint8)
        cv2.imwrite(str(self.folder / "mask.png"), mask)

    def edited(self, name, frames, fps=FPS):
        path = self.folder / f"{name}.mkv"
        clips.write_lossless(path, frames, fps)
        return path

    def ask(self, mode, instruction, edited):
        """The judgements of the edited videos."""
        if not edited:
            return []
        more = []
        if mode == "key":
            more = ["--keyframe-index", str(KEY), "--edited-keyframe", self.folder / "key.png", "--mask",
                    self.folder / "mask.png"]
        result = subprocess.run(
            [self.binary, "stage", "judge", "--source", self.folder / "source.mkv", "--instruction", instruction, *more,
             *(part for path in edited for part in ("--edited", path))], capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]


def turns(share):
    """True for that share of calls, evenly spread."""
    due = 0.0
    while True:
        due += share
        yield due >= 1
        due -= due >= 1


def other_edit_of(pool):
    """Another editor's edit of the same clip: of the same kind where `similar`, else of another kind."""
    def changes_something(editor, sample):
        frame = sample.source[KEY]
        change = np.abs(cv2.blur(editor.edit(frame, sample.scene, KEY).astype(np.float32) - frame, (9, 9))).max(2)
        return np.quantile(change, 0.995) > 25

    def make(sample, similar):
        others = [editors.by_name(n) for n in pool if n != sample.editor.name]
        others = [e for e in others if changes_something(e, sample)]
        alike = [e for e in others if e.kind == sample.editor.kind]
        choice = alike if similar and alike else [e for e in others if e not in alike] or others
        return choice[sample.random.integers(len(choice))].apply(sample.source, sample.scene)
    return make


def run_pair(job):
    """The rows of one pair: (binary, stretch, editor, far clip, pool of editors, faults by mode, width, keep)."""
    binary, stretch, editor, far, pool, asked, width, keep = job
    stretch, editor = clips.stretch(stretch), editors.by_name(editor)
    rows, pictures = [], {}
    with tempfile.TemporaryDirectory() as folder:
        judge = Judge(binary, folder)
        sample = Sample(stretch, editor, width)
        judge.source(sample.source)
        judge.key(sample.edited[KEY], sample.mask)
        h, w = sample.source.shape[1:3]
        others = {"edit": other_edit_of(pool),
                  "clip": np.stack([cv2.resize(f, (w, h)) for f in clips.load(far, FRAMES, width)])}

        planted = []  # (fault, severity, ways to ask, file)

        def plant(fault, severity, make, fps=FPS):
            modes = [m for m, faults in asked.items() if fault == "clean" or fault in faults]
            frames = make() if modes else None
            if frames is None:
                return
            planted.append((fault, severity, modes, judge.edited(f"{fault}-{severity}", frames, fps)))
            if fault in keep and severity == "gross":
                pictures[fault] = (sample.edited[KEY + 6], frames[min(KEY + 6, len(frames) - 1)])

        for variant, make in CLEAN.items():
            plant("clean", variant, lambda: make(sample))
        for name, make in FAULTS.items():
            for level, severity in enumerate(SEVERITIES):
                plant(name, severity, lambda: make(sample, level, others),
                      ["24", "30", "12"][level] if name == "wrong_rate" else FPS)
        for mode in asked:
            some = [p for p in planted if mode in p[2]]
            for (fault, severity, _, _), judgement in zip(some, judge.ask(mode, editor.instruction, [p[3] for p in some]),
                                                          strict=True):
                word = judgement["fault"]
                right = judgement["accepted"] if fault == "clean" else word in WORDS[fault]
                rows.append(dict(mode=mode, stretch=stretch.name, editor=editor.name, fault=fault, severity=severity,
                                 accepted=judgement["accepted"], right=right, word=word, judgement=judgement))
                if severity == "gross" and fault in pictures:
                    rows[-1]["picture"] = pictures.pop(fault)
    return rows


def run(binary, pairs, modes=MODES, share=1.0, faults=None, width=WIDTH, report=lambda row: None, workers=1, keep=()):
    """Judges clean and faulty samples of (stretch, editor) pairs. `share`: of the faults for each pair, in turn; each in
    all its severities; a leak for all local ones. Rows: mode, stretch, editor, fault ("clean" with its variant as severity), severity, accepted,
    right, word, judgement; and of the faults in `keep` a picture of a gross one with its oracle."""
    pool = sorted({e.name for _, e in pairs})
    names = sorted({s.name for s, _ in pairs})
    turn = {mode: turns(share) for mode in modes}
    jobs = []
    for stretch, editor in pairs:
        far = names[(names.index(stretch.name) + len(names) // 2) % len(names)]
        local = editor.local  # which few are: a leak is asked for all of them
        asked = {mode: {f for f in FAULTS if (not faults or f in faults) and not (mode == "text" and f in UNSEEN_BY_TEXT)
                        and (local if f == "leak" else next(turn[mode]))} for mode in modes}
        jobs.append((binary, stretch.name, editor.name, far, pool, asked, width, keep))
    rows = []
    with multiprocessing.Pool(workers) as processes:
        for some in processes.imap(run_pair, jobs):
            rows += some
            for row in some:
                report(row)
    return rows


def score_of(row):
    """The score of the criterion that the fault belongs to, or 10 where it wasn't assessed."""
    values = {s["criterion"]: s["value"] for s in row["judgement"]["scores"]}
    criteria = CRITERIA[row["fault"]]
    return min((values[c] for c in criteria if values[c] is not None), default=10.0)


def rises(rows, tolerance=0.05):
    """Steps to the next severity, and of these the ones in which the score of the fault's criterion rises, as
    (row, next row) pairs."""
    found = {(r["mode"], r["stretch"], r["editor"], r["fault"], r["severity"]): r for r in rows}
    steps, worse = 0, []
    for row in rows:
        if row["fault"] != "clean" and row["severity"] != SEVERITIES[-1]:
            key = (row["mode"], row["stretch"], row["editor"], row["fault"])
            after = found.get((*key, SEVERITIES[SEVERITIES.index(row["severity"]) + 1]))
            if after is not None:
                steps += 1
                if score_of(after) > score_of(row) + tolerance:
                    worse.append((row, after))
    return steps, worse


def summary(rows, mode):
    """{fault: {severity: (asked, rejected, right first)}} and (clean asked, rejected)."""
    table = collections.defaultdict(dict)
    clean = [r for r in rows if r["mode"] == mode and r["fault"] == "clean"]
    for fault in FAULTS:
        for severity in SEVERITIES:
            some = [r for r in rows if (r["mode"], r["fault"], r["severity"]) == (mode, fault, severity)]
            if some:
                table[fault][severity] = (len(some), sum(not r["accepted"] for r in some), sum(r["right"] for r in some))
    return table, (len(clean), sum(not r["accepted"] for r in clean))


def rates(rows, mode):
    """Over the visible and gross ones: asked, rejected, right first; and clean asked, rejected."""
    bad = [r for r in rows if r["mode"] == mode and r["fault"] != "clean" and r["severity"] != "subtle"]
    clean = [r for r in rows if r["mode"] == mode and r["fault"] == "clean"]
    return (len(bad), sum(not r["accepted"] for r in bad), sum(r["right"] for r in bad), len(clean),
            sum(not r["accepted"] for r in clean))


def print_table(rows):
    for mode in MODES:
        if not any(r["mode"] == mode for r in rows):
            continue
        table, clean = summary(rows, mode)
        print(f"\n{mode}: fault            " + "".join(f"{s:>22}" for s in SEVERITIES))
        for fault, by_severity in table.items():
            cells = "".join("{:>22}".format("{1}/{0} rejected, {2} right".format(*by_severity[s])
                                            if s in by_severity else "") for s in SEVERITIES)
            print(f"     {fault:<16} {cells}")
        asked, rejected, right, clean_asked, clean_rejected = rates(rows, mode)
        if asked:
            print(f"     visible and gross: {rejected}/{asked} rejected ({100 * rejected / asked:.1f} %), "
                  f"{right} with the right reason first ({100 * right / asked:.1f} %)")
        if clean_asked:
            print(f"     clean: {clean_rejected}/{clean_asked} rejected ({100 * clean_rejected / clean_asked:.1f} %)")


def pairs_of(stretches, some_editors, count):
    """`count` pairs in which every stretch and editor has its turn."""
    return [(stretches[(i + i // len(some_editors)) % len(stretches)], some_editors[i % len(some_editors)])
            for i in range(count)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("--set", choices=("tuning", "unseen"), default="tuning",
                        help="of clips and editors; nothing is tuned on the unseen ones")
    parser.add_argument("--clips", help="only these stretches, with commas")
    parser.add_argument("--editors", help="only these, with commas")
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--share", type=float, default=0.5, help="of the faults for each pair")
    parser.add_argument("--faults", help="only these, with commas")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rows", type=pathlib.Path, help="also write every judgement here, as JSON lines")
    args = parser.parse_args()
    pick = (lambda m: m.unseen()) if args.set == "unseen" else (lambda m: m.tuning() + m.held_out())
    stretches = [clips.stretch(n) for n in args.clips.split(",")] if args.clips else pick(clips)
    chosen = [editors.by_name(n) for n in args.editors.split(",")] if args.editors else pick(editors)
    pairs = pairs_of(stretches, chosen, args.pairs)

    def report(row):
        if not row["right"] and row["severity"] != "subtle":
            print("{mode} {stretch} {editor}: {fault} {severity}: ".format(**row) +
                  (row["judgement"]["reason"] or "accepted"), file=sys.stderr, flush=True)

    rows = run(args.binary, pairs, args.modes.split(","), args.share, args.faults and args.faults.split(","), args.width,
               report, args.workers)
    print_table(rows)
    steps, worse = rises(rows)
    print(f"     the score of its criterion rises with a fault's severity in {len(worse)} of {steps} steps")
    for row, after in worse:
        print("       {mode} {stretch} {editor}: {fault} {severity}: ".format(**row) +
              f"{score_of(row):.2f} to {score_of(after):.2f}")
    if args.rows:
        args.rows.write_text("".join(json.dumps(r) + "\n" for r in rows))


if __name__ == "__main__":
    main()
