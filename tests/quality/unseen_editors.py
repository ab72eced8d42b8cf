"""Editors that nothing was tuned on, for reporting alone: measure with them once a change is done."""
import cv2
import numpy as np

import editors
from editors import blur, byte, lerp, luma, screen, step, unit


def unseen(name, kind, instruction, mask=None, spread=None):
    return editors.editor(name, kind, instruction, mask, spread, unseen=True)


def local(name, instruction, mask, spread):
    editors.local_editor(name, instruction, mask, spread, unseen=True)


# --- tone -------------------------------------------------------------------------------------------
@unseen("night-vision", "tone", "Show it through green night vision goggles")
def night_vision(frame, scene, t):
    u, v = screen(frame)
    y = np.clip(1.5 * luma(unit(frame)) ** 0.8, 0, 1) * np.clip(1.25 - 0.45 * (u * u + v * v), 0, 1)
    return byte(y[..., None] * np.float32([0.25, 1.0, 0.35]) + np.float32([0.0, 0.04, 0.01]))


@unseen("infrared-film", "tone", "Make it false-colour infrared film")
def infrared(frame, scene, t):
    r, g, b = np.moveaxis(unit(frame), -1, 0)
    leaf = np.clip(2 * g - r - b, 0, 1)
    return byte(np.clip(np.stack([g + 1.2 * leaf, 0.85 * r, 0.9 * b], -1) * 1.05 + 0.02, 0, 1))


# --- styles -----------------------------------------------------------------------------------------
@unseen("gouache", "style", "Paint it in gouache on tinted paper")
def gouache(frame, scene, t):
    x = frame
    for _ in range(3):
        x = cv2.bilateralFilter(x, 7, 45, 4)
    x = np.floor(unit(x) * 9 + 0.5) / 9
    y = blur(luma(unit(frame)), 1.0)
    edge = np.hypot(cv2.Sobel(y, -1, 1, 0, scale=0.25), cv2.Sobel(y, -1, 0, 1, scale=0.25))
    return byte(np.clip(blur(x, 0.6) * np.float32([0.98, 0.93, 0.84]) * (1 - np.clip(2.5 * edge, 0, 0.5))[..., None] + 0.06, 0, 1))


@unseen("aquatint", "style", "Print it as a brown aquatint")
def aquatint(frame, scene, t):
    y = blur(luma(unit(cv2.medianBlur(frame, 5))), 0.7)
    tone = sum(step(y, level - 0.05, level + 0.05) for level in (0.15, 0.3, 0.5, 0.7)) / 4
    return byte(lerp(np.broadcast_to(np.float32([0.17, 0.11, 0.07]), frame.shape), np.float32([0.95, 0.90, 0.80]), tone))


@unseen("felt-tip", "style", "Draw it with thick felt-tip pens")
def felt_tip(frame, scene, t):
    x = unit(cv2.bilateralFilter(frame, 9, 70, 5))
    y = luma(x)[..., None]
    x = np.clip(y + 1.9 * (x - y), 0, 1) ** 0.8
    dark = blur(luma(unit(frame)), 1.2)
    line = step(blur(dark, 3.0) - dark, 0.02, 0.06)
    return byte(lerp(x, np.float32([0.05, 0.05, 0.12]), line))


# --- environments -----------------------------------------------------------------------------------
@unseen("street-lamps", "environment", "Put it at night under orange street lamps")
def street_lamps(frame, scene, t):
    u, v = screen(frame)
    lamp = 0.35 + 0.75 * np.exp(-((u - 0.4) ** 2 + (v + 0.5) ** 2) / 0.6) + 0.4 * np.exp(-((u + 0.6) ** 2 + (v + 0.3) ** 2) / 0.3)
    x = unit(frame) ** 1.5
    x = lerp(x, np.repeat(luma(x)[..., None], 3, 2), np.full(x.shape[:2], 0.6, np.float32))
    return byte(np.clip(x * np.float32([1.15, 0.72, 0.30]) * lamp[..., None] + np.float32([0.01, 0.01, 0.04]), 0, 1))


@unseen("heat", "environment", "Make it a scorching noon in the desert")
def heat(frame, scene, t):
    x = unit(frame)
    y = luma(x)[..., None]
    x = lerp(x, np.repeat(y, 3, 2), np.full(y.shape[:2], 0.45, np.float32)) * np.float32([1.30, 1.10, 0.78]) + 0.08
    glow = blur(np.clip(x - 0.7, 0, 1), 9.0)
    return byte(np.clip(x + 0.8 * glow, 0, 1))


# --- fixed to the screen ----------------------------------------------------------------------------
@unseen("canvas", "screen", "Show it on coarse canvas")
def canvas(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    weave = np.where(((x // 3) + (y // 3)) % 2 == 0, np.sin(np.pi * x / 3), np.sin(np.pi * y / 3))
    return byte(np.clip(blur(unit(frame), 1.0) * (0.90 + 0.14 * weave)[..., None], 0, 1))


@unseen("cinema-bars", "screen", "Give it cinema bars and a cold grade")
def cinema_bars(frame, scene, t):
    _, v = screen(frame)
    x = np.clip(unit(frame) * np.float32([0.86, 0.98, 1.12]), 0, 1)
    x = x * x * (3 - 2 * x)
    return byte(np.where(np.abs(v)[..., None] > 0.76, 0.0, x))


# --- local ------------------------------------------------------------------------------------------
def warm_things(frame, scene, t):
    hsv = cv2.cvtColor(unit(frame), cv2.COLOR_RGB2HSV)
    hue = np.minimum(hsv[..., 0], 360 - hsv[..., 0])
    return byte(blur(step(35 - hue, 0, 10) * step(hsv[..., 1], 0.3, 0.5) * step(hsv[..., 2], 0.15, 0.3), 1.0))


local("teal", "Make the red and orange things teal", warm_things,
      lambda f, s, t: byte(np.clip(luma(unit(f))[..., None] * np.float32([0.25, 1.25, 1.20]), 0, 1)))

local("upper-mono", "Take the colour out of the upper half",
      lambda f, s, t: byte(1 - step(screen(f)[1], -0.06, 0.06)),
      lambda f, s, t: np.repeat(byte(luma(unit(f)))[..., None], 3, 2))

local("pink-lights", "Tint the brightest parts pink",
      lambda f, s, t: byte(step(blur(luma(unit(f)), 1.5), 0.58, 0.70)),
      lambda f, s, t: byte(np.clip(unit(f) * np.float32([1.0, 0.62, 0.78]) + np.float32([0.06, 0, 0.02]), 0, 1)))


# --- drawn objects ----------------------------------------------------------------------------------
def bauble(canvas, centre, scale):
    cv2.circle(canvas, centre, int(30 * scale), (225, 60, 150, 255), -1, cv2.LINE_AA)
    cv2.circle(canvas, (centre[0] - int(10 * scale), centre[1] - int(10 * scale)), int(8 * scale), (255, 200, 230, 255), -1,
               cv2.LINE_AA)
    cv2.rectangle(canvas, (centre[0] - int(6 * scale), centre[1] - int(38 * scale)),
                  (centre[0] + int(6 * scale), centre[1] - int(28 * scale)), (210, 180, 60, 255), -1)


@unseen("bauble", "object", "Put a pink Christmas bauble on the moving thing",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.busiest_point, bauble)[0]))
def draw_bauble(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.busiest_point, bauble)[1]


def flag(canvas, centre, scale):
    x, y = centre
    cv2.line(canvas, (x, y - int(30 * scale)), (x, y + int(45 * scale)), (90, 60, 40, 255), max(2, int(4 * scale)), cv2.LINE_AA)
    for i, colour in enumerate(((200, 30, 40, 255), (245, 245, 245, 255), (30, 60, 160, 255))):
        top = y - int(30 * scale) + int(11 * i * scale)
        cv2.rectangle(canvas, (x, top), (x + int(48 * scale), top + int(11 * scale)), colour, -1, cv2.LINE_AA)


@unseen("flag", "object", "Plant a striped flag in the background",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.quiet_point, flag)[0]))
def draw_flag(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.quiet_point, flag)[1]
