"""More held-out editors: unseen until the judge and the enhancer had been mended after a look at them."""
import cv2
import numpy as np

import editors
from editors import blur, byte, lerp, luma, screen, step, unit


def held_out(name, kind, instruction, mask=None):
    return editors.editor(name, kind, instruction, mask, held_out=True)


# --- tone -------------------------------------------------------------------------------------------
@held_out("bleach", "tone", "Give it the silvery look of bleached film")
def bleach(frame, scene, t):
    x = unit(frame)
    y = luma(x)[..., None]
    over = np.where(y < 0.5, 2 * x * y, 1 - 2 * (1 - x) * (1 - y))
    return byte(np.clip(0.55 * over + 0.35 * y + 0.05, 0, 1))


@held_out("infrared", "tone", "Show it as infrared film would")
def infrared(frame, scene, t):
    x = unit(frame)
    leaf = np.clip(1.6 * x[..., 1] - 0.3 * x[..., 0] - 0.3 * x[..., 2], 0, 1)
    return byte(np.clip(np.stack([leaf, 0.8 * x[..., 0], 0.9 * x[..., 2]], -1) ** 0.9, 0, 1))


# --- styles -----------------------------------------------------------------------------------------
@held_out("linocut", "style", "Print it as a linocut in two inks")
def linocut(frame, scene, t):
    y = blur(luma(unit(frame)), 1.2)
    dark, middle = 1 - step(y, 0.25, 0.35), 1 - step(y, 0.5, 0.6)
    x = lerp(np.broadcast_to(np.float32([0.95, 0.92, 0.84]), frame.shape), np.float32([0.80, 0.33, 0.22]), middle)
    return byte(lerp(x, np.float32([0.12, 0.13, 0.25]), dark))


@held_out("pastel", "style", "Draw it with soft pastels on rough paper")
def pastel(frame, scene, t):
    h, w = frame.shape[:2]
    paper = blur(np.random.default_rng(3).normal(size=(h, w)).astype(np.float32), 0.8)
    smooth = unit(cv2.bilateralFilter(frame, 9, 45, 5))
    light = 1 - (1 - smooth) * 0.7
    return byte(np.clip(light + 0.10 * paper[..., None] * (1 - luma(smooth))[..., None], 0, 1))


@held_out("glow-lines", "style", "Turn it into glowing neon lines")
def glow_lines(frame, scene, t):
    x = blur(unit(frame), 1.0)
    edge = np.stack([np.hypot(cv2.Sobel(x[..., c], -1, 1, 0, scale=0.25), cv2.Sobel(x[..., c], -1, 0, 1, scale=0.25))
                     for c in range(3)], -1)
    line = np.clip(4 * edge, 0, 1) * np.float32([1.0, 0.5, 0.9]) + np.float32([0, 0.4, 0.1]) * luma(edge)[..., None]
    return byte(np.clip(line + 0.8 * blur(line, 4) + 0.06, 0, 1))


# --- environments -----------------------------------------------------------------------------------
@held_out("sandstorm", "environment", "Let a sandstorm blow through it")
def sandstorm(frame, scene, t):
    x = unit(frame)
    u, v = screen(frame)
    weight = np.clip(0.55 + 0.12 * u - 0.10 * v, 0, 1)
    return byte(lerp(x * np.float32([1.0, 0.9, 0.7]), np.float32([0.80, 0.62, 0.38]), weight))


@held_out("dusk", "environment", "Move it to dusk, with a purple sky light")
def dusk(frame, scene, t):
    x = unit(frame)
    _, v = screen(frame)
    light = lerp(np.broadcast_to(np.float32([0.62, 0.40, 0.68]), frame.shape), np.float32([0.38, 0.30, 0.48]), (v + 1) / 2)
    return byte(np.clip(x ** 1.25 * light * 1.15 + 0.02, 0, 1))


# --- fixed to the screen ----------------------------------------------------------------------------
@held_out("engraving", "screen", "Engrave it with fine lines as on a bank note")
def engraving(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    wave = (np.sin((y + 4 * np.sin(x / 40)) * 2 * np.pi / 5) + 1) / 2
    ink = 1 - step(blur(luma(unit(frame)), 1.0) * 1.1 - 0.05 + (wave - 0.5) * 0.8, 0.35, 0.6)
    return byte(lerp(np.broadcast_to(np.float32([0.93, 0.95, 0.88]), frame.shape), np.float32([0.10, 0.27, 0.20]), ink))


@held_out("frame", "screen", "Put a wide wooden picture frame around it")
def picture_frame(frame, scene, t):
    u, v = screen(frame)
    out = np.maximum(np.abs(u), np.abs(v))
    wood = np.float32([0.42, 0.26, 0.13]) * (0.8 + 0.25 * np.sin(60 * (out - 0.85)))[..., None]
    return byte(lerp(unit(frame), np.clip(wood, 0, 1), step(out, 0.845, 0.86)))


# --- local ------------------------------------------------------------------------------------------
@held_out("drain", "local", "Drain the main colour to grey", mask=editors.hue_mask)
def drain(frame, scene, t):
    x = unit(frame)
    return byte(lerp(x, 0.9 * luma(x)[..., None] + np.float32([0, 0.01, 0.03]), unit(editors.hue_mask(frame, scene, t))))


@held_out("shade", "local", "Put the moving thing in the shade", mask=editors.moving_spot)
def shade(frame, scene, t):
    x = unit(frame)
    return byte(lerp(x, x * np.float32([0.35, 0.4, 0.5]), unit(editors.moving_spot(frame, scene, t))))


# --- drawn objects ----------------------------------------------------------------------------------
def badge(canvas, centre, scale):
    cv2.circle(canvas, centre, int(26 * scale), (20, 60, 140, 255), -1, cv2.LINE_AA)
    cv2.circle(canvas, centre, int(19 * scale), (235, 235, 240, 255), -1, cv2.LINE_AA)
    cv2.line(canvas, (centre[0] - int(10 * scale), centre[1]), (centre[0] - int(2 * scale), centre[1] + int(9 * scale)),
             (30, 140, 60, 255), max(1, int(5 * scale)), cv2.LINE_AA)
    cv2.line(canvas, (centre[0] - int(2 * scale), centre[1] + int(9 * scale)),
             (centre[0] + int(11 * scale), centre[1] - int(9 * scale)), (30, 140, 60, 255), max(1, int(5 * scale)), cv2.LINE_AA)


@held_out("badge", "object", "Pin a round badge in the background",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.quiet_point, badge)[0]))
def draw_badge(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.quiet_point, badge)[1]
