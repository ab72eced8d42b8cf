"""The quality of the embedded backends, measured, as one HTML page: scripts/quality runs it.

    .deps/venv-quality/bin/python tests/quality/bench.py --binary build/release/bin/ditto --output quality.html
"""
import argparse
import dataclasses
import json
import multiprocessing
import pathlib
import time

import clips
import editors
import enhancement
import faults
import page as pages
import propagation

# Kinds of clips and editors, half of them held out of the generator's tuning; pairs of one clip are together.
PROPAGATION = (("cab", "grade"), ("cab", "star"), ("bunny", "cartoon"), ("bunny", "night"), ("box", "snow"),
               ("street", "pencil"), ("phone", "duotone"), ("phone", "watercolour"), ("man", "clarity"), ("man", "title"),
               ("hand", "splash"), ("hand", "fog"), ("bunny-late", "kuwahara"), ("bunny-late", "label"))
JUDGED_PAIRS, JUDGED_SHARE = 14, 0.35  # each unseen editor once
ENHANCED = enhancement.UNSEEN
METHOD_NAMES = {"ditto": "ditto stage generate", "copy": "copy of the source", "freeze": "edited key frame, frozen",
                "lut": "colour table of the key pair", "warp": "edited key frame, moved by optical flow"}
PARTS = ("propagation", "judge", "enhancer")


def say(started, text):
    print(f"quality: {time.monotonic() - started:4.0f} s  {text}", flush=True)


# --- propagation --------------------------------------------------------------------------------------
def measure_propagation(binary, progress):
    rows, pictures = [], {}

    def keep(row, source, oracle, answer):
        if row.method == "ditto":
            pictures[(row.clip, row.editor)] = (source[-1], oracle[-1], answer[-1], source[len(source) // 2])

    for clip, editor in PROPAGATION:
        rows += propagation.run(binary, [clips.stretch(clip)], [editors.by_name(editor)], keep=keep)
        progress(f"propagation: {clip}, {editor}")
    return rows, pictures


def show_propagation(page, rows, pictures):
    page.heading("Propagation of an edited key frame")
    page.text("An editor is applied to the middle frame of 33 at 480 pixels' width; the program gets the clip and that one "
              "picture. The oracle is the same editor applied to every frame. Every answer is encoded at crf 12. Warping "
              "error: change along the source's motion, as a multiple of the oracle's.")
    of = {m: [r for r in rows if r.method == m] for m in propagation.METHODS}
    mean = propagation.mean
    cells = [[METHOD_NAMES[m], f"{mean(of[m], 'psnr'):.1f}", f"{mean(of[m], 'ssim'):.3f}", f"{mean(of[m], 'warp_ratio'):.2f}",
              f"{mean(of[m], 'seconds'):.1f}" if m == "ditto" else "",
              f"{mean(of[m], 'cpu_seconds'):.1f}" if m == "ditto" else ""] for m in propagation.METHODS]
    page.table([f"mean over {len(of['ditto'])} pairs", "PSNR, dB", "SSIM", "warping error", "seconds", "CPU seconds"],
               cells, ours={0})
    by_pair = {}
    for r in rows:
        by_pair.setdefault((r.clip, r.editor), {})[r.method] = r
    cells = []
    for (clip, editor), row in by_pair.items():
        best = max(row[m].psnr for m in ("copy", "freeze", "lut", "warp"))
        ours = row["ditto"]
        cells.append([(clip, "text"), (f"{editor}{' *' if ours.held_out else ''}", "text"),
                      (f"{ours.psnr:.1f}", "good" if ours.psnr > best else "bad"), f"{ours.ssim:.3f}", f"{ours.warp_ratio:.2f}",
                      "" if ours.inside != ours.inside else f"{ours.inside:.1f}",
                      *(f"{row[m].psnr:.1f}" for m in ("copy", "freeze", "lut", "warp"))])
    page.table(["clip", "editor (* held out)", "PSNR", "SSIM", "warping error", "inside the mask", "copy", "freeze", "lut", "warp"],
               cells)
    page.text("The last frame, sixteen after the key frame; nothing of it was edited but by the program.")
    for (clip, editor), (source, oracle, answer, _) in pictures.items():
        page.heading(f"{clip}: {editors.by_name(editor).instruction}", 3)
        page.pictures([("source", source), ("oracle", oracle),
                       (f"ditto, {by_pair[clip, editor]['ditto'].psnr:.1f} dB over the clip", answer)])


# --- judge --------------------------------------------------------------------------------------------
def measure_judge(binary, workers, progress):
    pairs = faults.pairs_of(clips.unseen(), editors.unseen(), JUDGED_PAIRS)
    seen = set()

    def report(row):
        if (row["stretch"], row["editor"]) not in seen:
            seen.add((row["stretch"], row["editor"]))
            progress(f"judge: {row['stretch']}, {row['editor']}")

    return faults.run(binary, pairs, share=JUDGED_SHARE, workers=workers, report=report, keep=tuple(faults.FAULTS))


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def show_judge(page, rows):
    page.heading("Judge")
    page.text("Faults planted in oracle-made samples of clips and editors on which nothing was calibrated. Subtle ones are "
              "hard to see and only reported; visible and gross ones must be rejected with the right reason first. The "
              "judge either knows the edited key frame, as in a run, or has the two clips and the text alone.")
    cells = []
    for mode in faults.MODES:
        asked, rejected, right, clean, false = faults.rates(rows, mode)
        steps, worse = faults.rises([r for r in rows if r["mode"] == mode])
        name = {"key": "knows the edited key frame", "text": "clips and text alone"}[mode]
        cells.append([name, asked, percent(rejected, asked), percent(right, asked), clean, percent(false, clean),
                      percent(steps - len(worse), steps)])
    page.table(["the judge", "visible faults", "rejected", "right reason first", "clean samples", "rejected",
                "score doesn't rise with severity"], cells)
    for mode in faults.MODES:
        page.heading({"key": "With the edited key frame: rejected with the right reason first, of those rejected, of all",
                      "text": "Clips and text alone"}[mode], 3)
        table, _ = faults.summary(rows, mode)
        cells = []
        for fault, by_severity in table.items():
            row = [(fault.replace("_", " "), "text")]
            for severity in faults.SEVERITIES:
                asked, rejected, right = by_severity.get(severity, (0, 0, 0))
                kind = "" if severity == "subtle" or not asked else "good" if right == asked else "bad"
                row.append((f"{right} of {rejected} of {asked}" if asked else "", kind))
            cells.append(row)
        page.table(["fault", *faults.SEVERITIES], cells)
    wrong = [r for r in rows if not r["right"] and r["severity"] != "subtle"]
    if wrong:
        page.heading("Where it is wrong", 3)
        page.table(["clip", "editor", "fault", "", "said"],
                   [[(r["stretch"], "text"), (r["editor"], "text"), (f"{r['severity']} {r['fault']}", "text"),
                     (r["mode"], "text"), (r["judgement"]["reason"] or "accepted", "text")] for r in wrong])
    page.heading("What was planted", 3)
    shown = set()
    for row in rows:
        if "picture" in row and row["fault"] not in shown:
            shown.add(row["fault"])
            page.pictures([(f"{row['stretch']}, {row['editor']}: clean", row["picture"][0]),
                           (f"gross {row['fault'].replace('_', ' ')}: {row['judgement']['reason'] or 'accepted'}",
                            row["picture"][1])], width=240)


# --- enhancer -----------------------------------------------------------------------------------------
def enhance_pair(job):
    binary, pair, wants_pictures = job
    pictures = []

    def keep(row, source, clean, spoiled, result):
        at = len(clean) // 2
        h, w = clean.shape[1:3]
        part = (at, slice(h // 4, h * 3 // 4), slice(w // 4, w * 3 // 4))
        pictures.append((row, spoiled[part], result[part], clean[part]))

    return enhancement.run(binary, [pair], keep=keep if wants_pictures else None), pictures


def measure_enhancer(binary, workers, progress):
    rows, pictures = [], []
    jobs = [(binary, pair, i == 0) for i, pair in enumerate(ENHANCED)]
    with multiprocessing.Pool(workers) as processes:
        for (_, pair, _), (some, kept) in zip(jobs, processes.imap(enhance_pair, jobs)):
            rows += some
            pictures += kept
            progress(f"enhancer: {pair[0]}, {pair[1]}")
    return rows, pictures


def show_enhancer(page, rows, pictures):
    page.heading("Enhancer")
    page.text(f"Artefacts added to {len(ENHANCED)} oracle-edited clips; PSNR against the clean one before and after, both "
              "encoded at crf 12. Nothing was tuned on these clips and editors.")
    page.table(["artefact", "", "before, dB", "after", "gain", "least gain", "CPU seconds"],
               [[r["fault"], (r["about"], "text"), f"{r['before']:.1f}", f"{r['after']:.1f}", f"{r['gain']:+.2f}",
                 f"{r['worst']:+.2f}", f"{r['seconds']:.1f}"] for r in enhancement.summary(rows)])
    page.text("The middle of one frame of the first clip. Flicker shows in motion only.")
    for row, spoiled, result, clean in pictures:
        if row["kind"] in ("blocking", "propagation"):
            page.heading(row["fault"], 3)
            page.pictures([(f"before, {row['before']:.1f} dB", spoiled), (f"after, {row['after']:.1f} dB", result),
                           ("clean", clean)], width=280)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("quality.html"))
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; default all")
    parser.add_argument("--workers", type=int, default=2, help="processes for judge and enhancer")
    parser.add_argument("--json", type=pathlib.Path, help="also write the measured rows here")
    args = parser.parse_args()
    started = time.monotonic()
    progress = lambda text: say(started, text)
    parts = args.part or PARTS
    page = pages.Page("Quality of the embedded backends")
    results = {}
    if "propagation" in parts:
        rows, pictures = measure_propagation(args.binary, progress)
        show_propagation(page, rows, pictures)
        results["propagation"] = [dataclasses.asdict(r) for r in rows]
        print(propagation.table(rows))
    if "judge" in parts:
        rows = measure_judge(args.binary, args.workers, progress)
        show_judge(page, rows)
        results["judge"] = [{k: v for k, v in r.items() if k != "picture"} for r in rows]
        faults.print_table(rows)
    if "enhancer" in parts:
        rows, pictures = measure_enhancer(args.binary, args.workers, progress)
        show_enhancer(page, rows, pictures)
        results["enhancer"] = rows
        for r in enhancement.summary(rows):
            print(f"{r['fault']:16} {r['before']:6.2f} {r['after']:6.2f} {r['gain']:+6.2f} {r['worst']:+6.2f}")
    page.text(f"Measured in {time.monotonic() - started:.0f} s.")
    page.write(args.output)
    if args.json:
        args.json.write_text(json.dumps(results))
    say(started, f"{args.output} ({args.output.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
