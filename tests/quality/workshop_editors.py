"""More held-out editors: unseen until the judge had been mended after a look at them."""
import cv2
import numpy as np

import editors
from editors import blur, byte, lerp, luma, screen, step, unit
from held_out_editors import held_out, local


def cells(frame, pitch):
    """The mean colour of square cells of so many pixels, as large as the frame, 0..1."""
    h, w = frame.shape[:2]
    small = cv2.resize(frame, (max(1, round(w / pitch)), max(1, round(h / pitch))), interpolation=cv2.INTER_AREA)
    return unit(cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST))


# --- tone -------------------------------------------------------------------------------------------
@held_out("cyanotype", "tone", "Print it as a cyanotype on old paper")
def cyanotype(frame, scene, t):
    y = step(luma(unit(frame)), -0.1, 1.0)[..., None]
    return byte(np.float32([0.03, 0.14, 0.32]) + y ** np.float32([1.5, 1.1, 0.8]) * np.float32([0.90, 0.80, 0.60]))


@held_out("darkroom", "tone", "Solarise it in the darkroom")
def darkroom(frame, scene, t):
    x = unit(frame)
    return byte(np.where(x < 0.5, 1.7 * x, 1.7 * (1 - x)) * np.float32([1.0, 0.93, 0.85]) + 0.08)


# --- styles -----------------------------------------------------------------------------------------
@held_out("charcoal", "style", "Sketch it with a stick of charcoal")
def charcoal(frame, scene, t):
    y = blur(luma(unit(frame)), 1.5)
    slope = np.hypot(cv2.Sobel(y, -1, 1, 0, scale=0.25), cv2.Sobel(y, -1, 0, 1, scale=0.25))
    dark = np.clip(0.75 * (1 - y) ** 1.6 + 4 * blur(slope, 0.8), 0, 1)
    return byte(lerp(np.broadcast_to(np.float32([0.90, 0.88, 0.85]), frame.shape), np.float32([0.10, 0.10, 0.11]), dark))


@held_out("cut-paper", "style", "Lay it out of coloured cut paper")
def cut_paper(frame, scene, t):
    flat = cv2.bilateralFilter(frame, 9, 60, 5)
    y = blur(luma(unit(flat)), 1.5)
    sheet = sum(step(y, level - 0.02, level + 0.02) for level in (0.2, 0.4, 0.6, 0.8)) / 4
    colour = blur(unit(flat), 4)
    colour = colour / np.maximum(luma(colour), 0.08)[..., None]
    shadow = np.clip(blur(sheet, 2.5) - sheet, 0, 1)
    return byte(np.clip((0.15 + 0.75 * sheet)[..., None] * colour ** 1.3 * (1 - 0.9 * shadow)[..., None], 0, 1))


@held_out("scraperboard", "style", "Scratch it in white on black board")
def scraperboard(frame, scene, t):
    y = luma(unit(frame))
    line = step(np.abs(blur(y, 0.8) - blur(y, 1.9)), 0.012, 0.05)
    return byte(np.repeat(np.clip(0.04 + 0.9 * line + 0.35 * step(blur(y, 1.5), 0.55, 0.95), 0, 1)[..., None], 3, 2))


# --- environments -----------------------------------------------------------------------------------
@held_out("downpour", "environment", "Put it in a grey downpour")
def downpour(frame, scene, t):
    h, w = frame.shape[:2]
    drops = np.random.default_rng(23).random((h, w)) > 0.985
    streaks = cv2.filter2D(drops.astype(np.float32), -1, np.eye(13, dtype=np.float32) / 4)
    x = unit(frame)
    x = lerp(x, np.repeat(luma(x)[..., None], 3, 2), np.full((h, w), 0.6, np.float32))
    x = x * np.float32([0.62, 0.68, 0.75]) + np.float32([0.08, 0.09, 0.11])
    return byte(np.clip(x + 0.25 * np.clip(streaks, 0, 1)[..., None], 0, 1))


@held_out("stage-light", "environment", "Light it like a stage, magenta from the left and cyan from the right")
def stage_light(frame, scene, t):
    u, v = screen(frame)
    side = lerp(np.broadcast_to(np.float32([1.25, 0.35, 1.0]), frame.shape), np.float32([0.25, 1.0, 1.2]), (u + 1) / 2)
    return byte(np.clip(luma(unit(frame))[..., None] * side * (1.15 - 0.3 * v * v)[..., None] + 0.15 * unit(frame), 0, 1))


# --- fixed to the screen ----------------------------------------------------------------------------
@held_out("knit", "screen", "Knit it in wool")
def knit(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    fold = np.abs((x / 7) % 1 - 0.5)
    stitch = 0.5 + 0.5 * np.cos(2 * np.pi * (y / 5 - 1.4 * fold))
    shade = 0.72 + 0.38 * stitch * step(fold, 0.02, 0.14)
    return byte(np.clip(blur(cells(frame, 5), 1.2) * shade[..., None], 0, 1))


@held_out("line-print", "screen", "Print it with slanting lines in green and orange ink")
def line_print(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    tone = blur(luma(unit(frame)), 1.0)
    page = np.broadcast_to(np.float32([0.97, 0.95, 0.90]), frame.shape)
    for angle, ink, gain in ((0.5, (0.93, 0.55, 0.20), 1.15), (2.0, (0.10, 0.40, 0.30), 0.75)):
        wave = (np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / 7) + 1) / 2
        page = lerp(page, np.float32(ink), step(gain * (1 - tone) - 0.9 * wave, -0.12, 0.12))
    return byte(page)


@held_out("viewfinder", "screen", "Show it through the viewfinder of an old video camera")
def viewfinder(frame, scene, t):
    h, w = frame.shape[:2]
    lines = np.zeros((h, w), np.uint8)
    for cx, cy in ((0.1, 0.12), (0.9, 0.12), (0.1, 0.88), (0.9, 0.88)):
        corner = (round(cx * w), round(cy * h))
        cv2.line(lines, corner, (corner[0] + round((0.5 - cx) * w * 0.2), corner[1]), 255, 2, cv2.LINE_AA)
        cv2.line(lines, corner, (corner[0], corner[1] + round((0.5 - cy) * h * 0.25)), 255, 2, cv2.LINE_AA)
    cv2.putText(lines, "REC", (round(0.14 * w), round(0.24 * h)), cv2.FONT_HERSHEY_SIMPLEX, h / 400, 255, 2, cv2.LINE_AA)
    x = luma(blur(unit(frame), 0.6))[..., None] * np.float32([0.80, 1.0, 0.88]) * 0.85
    return byte(lerp(x, np.float32([0.95, 1.0, 0.95]), unit(lines)))


# --- local ------------------------------------------------------------------------------------------
local("miniature", "Soften all but a band across the middle, as in a picture of a model railway",
      lambda f, s, t: byte(step(np.abs(screen(f)[1]), 0.35, 0.55)), lambda f, s, t: byte(blur(unit(f), 3.5)))

local("mosaic-spot", "Hide the moving thing behind a mosaic", editors.moving_spot,
      lambda f, s, t: byte(cells(f, 14)))

local("gilded", "Gild the brightest places",
      lambda f, s, t: byte(step(blur(luma(unit(f)), 1.2), 0.62, 0.74)),
      lambda f, s, t: byte(np.clip(luma(unit(f))[..., None] ** 1.4 * np.float32([1.05, 0.82, 0.30]), 0, 1)))


def rippled(frame):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    moved = cv2.remap(frame, x + 2.5 * np.sin(y / 3.5), y + np.sin(x / 9), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return byte(unit(moved) * np.float32([0.35, 0.70, 0.80]) + np.float32([0.02, 0.10, 0.14]))


local("flood", "Let clear water rise over the lower third",
      lambda f, s, t: byte(step(screen(f)[1], 0.28, 0.34)), lambda f, s, t: rippled(f))

local("violet-darks", "Tint the darkest parts violet",
      lambda f, s, t: byte(1 - step(blur(luma(unit(f)), 1.5), 0.16, 0.26)),
      lambda f, s, t: byte(np.clip(unit(f) * np.float32([0.9, 0.6, 1.0]) + np.float32([0.20, 0.04, 0.34]), 0, 1)))


# --- drawn objects ----------------------------------------------------------------------------------
def clock(canvas, centre, scale):
    cv2.circle(canvas, centre, int(34 * scale), (60, 40, 30, 255), -1, cv2.LINE_AA)
    cv2.circle(canvas, centre, int(28 * scale), (250, 246, 230, 255), -1, cv2.LINE_AA)
    for dx, dy in ((0, -20), (14, 8)):
        cv2.line(canvas, centre, (centre[0] + int(dx * scale), centre[1] + int(dy * scale)), (20, 20, 20, 255),
                 max(1, int(3 * scale)), cv2.LINE_AA)


@held_out("clock", "object", "Hang a round clock in the background",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.quiet_point, clock)[0]))
def draw_clock(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.quiet_point, clock)[1]


def balloon(canvas, centre, scale):
    cv2.line(canvas, centre, (centre[0], centre[1] + int(70 * scale)), (235, 235, 235, 255), max(1, int(2 * scale)),
             cv2.LINE_AA)
    cv2.ellipse(canvas, centre, (int(26 * scale), int(33 * scale)), 0, 0, 360, (40, 110, 215, 255), -1, cv2.LINE_AA)
    cv2.ellipse(canvas, (centre[0] - int(9 * scale), centre[1] - int(12 * scale)), (int(5 * scale), int(9 * scale)), 25, 0,
                360, (190, 215, 250, 255), -1, cv2.LINE_AA)


@held_out("balloon", "object", "Tie a blue balloon to the moving thing",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.busiest_point, balloon)[0]))
def draw_balloon(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.busiest_point, balloon)[1]
