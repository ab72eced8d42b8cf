"""Editors that nothing was tuned on, for reporting alone: measure with them once a change is done."""
import cv2
import numpy as np

import editors
from editors import blur, byte, disc, lerp, luma, screen, step, unit


def unseen(name, kind, instruction, mask=None, spread=None):
    return editors.editor(name, kind, instruction, mask, spread, unseen=True)


def local(name, instruction, mask, spread, kind="local"):
    """An edit that is `spread` inside its `mask`."""
    unseen(name, kind, instruction, mask, spread)(
        lambda f, s, t: byte(lerp(unit(f), unit(spread(f, s, t)), unit(mask(f, s, t)))))


def ramp(value, stops):
    """Colours along a list of (position, colour)."""
    places = [p for p, _ in stops]
    return np.stack([np.interp(value, places, [c[i] for _, c in stops]) for i in range(3)], -1).astype(np.float32)


# --- tone -------------------------------------------------------------------------------------------
@unseen("cross-process", "tone", "Develop it in the wrong chemicals, as in the nineties")
def cross_process(frame, scene, t):
    x = unit(frame)
    return byte(np.stack([step(x[..., 0], 0.02, 0.9), step(x[..., 1], 0.0, 0.95) ** 0.9,
                          0.22 + 0.5 * x[..., 2]], -1))


@unseen("thermal", "tone", "Show it as a thermal camera would")
def thermal(frame, scene, t):
    heat = blur(luma(unit(frame)), 1.0)
    return byte(ramp(heat, [(0, (0.02, 0.02, 0.2)), (0.3, (0.45, 0.05, 0.55)), (0.55, (0.9, 0.3, 0.15)),
                            (0.8, (1.0, 0.75, 0.1)), (1, (1, 1, 0.9))]))


# --- styles -----------------------------------------------------------------------------------------
@unseen("blueprint", "style", "Redraw it as an architect's blueprint")
def blueprint(frame, scene, t):
    y = luma(unit(frame))
    line = np.clip(np.abs(blur(y, 1.0) - blur(y, 2.2)) * 14 - 0.12, 0, 1)
    paper = np.float32([0.10, 0.25, 0.55]) * (0.85 + 0.3 * blur(y, 5))[..., None]
    return byte(lerp(paper, np.float32([0.88, 0.93, 1.0]), line))


@unseen("clay", "style", "Model it in coloured clay")
def clay(frame, scene, t):
    flat = frame
    for _ in range(2):
        flat = cv2.bilateralFilter(flat, 9, 35, 6)
    x = blur(unit(flat), 1.2)
    y = luma(x)
    slope = cv2.Sobel(y, -1, 1, 0, scale=0.25) + cv2.Sobel(y, -1, 0, 1, scale=0.25)
    return byte(np.clip(0.12 + 0.8 * x - 0.9 * slope[..., None] * np.float32([1.0, 0.95, 0.85]), 0, 1))


# --- environments -----------------------------------------------------------------------------------
@unseen("autumn", "environment", "Turn the greenery to autumn leaves under a low sun")
def autumn(frame, scene, t):
    x = unit(frame)
    y = luma(x)
    green = np.clip((x[..., 1] - np.maximum(x[..., 0], x[..., 2])) * 8, 0, 1)
    leaves = np.stack([1.5 * y + 0.1, 0.75 * y + 0.03, 0.25 * y], -1)
    _, v = screen(frame)
    sun = np.float32([0.16, 0.09, 0.0]) * (0.7 - 0.3 * v)[..., None]
    return byte(np.clip(lerp(x * np.float32([1.05, 0.95, 0.8]), leaves, green) + sun, 0, 1))


@unseen("embers", "environment", "Set it in a land of glowing embers")
def embers(frame, scene, t):
    y = luma(unit(frame))
    glow = step(y, 0.45, 0.95)
    ash = (0.05 + 0.45 * y)[..., None] * np.float32([0.75, 0.62, 0.62])
    hot = ramp(glow, [(0, (0.3, 0.05, 0.03)), (0.5, (0.95, 0.35, 0.05)), (1, (1, 0.9, 0.5))])
    x = lerp(ash, hot, glow)
    return byte(np.clip(x + 0.35 * blur(x * glow[..., None], 8), 0, 1))


# --- fixed to the screen ----------------------------------------------------------------------------
@unseen("cross-hatch", "screen", "Hatch it in brown ink, strokes over strokes")
def cross_hatch(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    tone = blur(luma(unit(frame)), 0.8)
    ink = np.zeros((h, w), np.float32)
    for angle, below in ((0.8, 0.75), (2.3, 0.5), (1.5, 0.28)):
        wave = (np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / 6 + np.sin(x / 17)) + 1) / 2
        ink = np.maximum(ink, step(wave, 0.45, 0.75) * (1 - step(tone, below - 0.15, below + 0.05)))
    return byte(lerp(np.broadcast_to(np.float32([0.96, 0.92, 0.83]), frame.shape), np.float32([0.28, 0.16, 0.09]), ink))


@unseen("stipple", "screen", "Stipple it with dots of black ink")
def stipple(frame, scene, t):
    h, w = frame.shape[:2]
    noise = blur(np.random.default_rng(11).normal(size=(h, w)).astype(np.float32), 0.9)
    rank = np.argsort(np.argsort(noise.ravel())).reshape(h, w).astype(np.float32) / (h * w)
    ink = 1 - step(blur(luma(unit(frame)), 0.8) ** 0.8 - 0.9 * (rank - 0.1), -0.06, 0.06)
    return byte(np.repeat((0.97 - 0.9 * ink)[..., None], 3, 2))


@unseen("leaded-glass", "screen", "Make it a window of leaded glass")
def leaded_glass(frame, scene, t):
    h, w = frame.shape[:2]
    pitch = w / 36
    x, y = np.meshgrid(np.arange(w, dtype=np.float32) / pitch, np.arange(h, dtype=np.float32) / pitch)
    u, v = x + y, x - y  # diamonds
    cell = np.floor(u).astype(int) * 1000 + np.floor(v).astype(int)
    _, index = np.unique(cell, return_inverse=True)
    index = index.ravel()
    count = np.bincount(index)
    glass = np.stack([(np.bincount(index, frame[..., c].ravel()) / count)[index].reshape(h, w) for c in range(3)], -1)
    edge = np.minimum(np.minimum(u % 1, 1 - u % 1), np.minimum(v % 1, 1 - v % 1)) * pitch
    bright = lerp(unit(glass), unit(frame), np.full((h, w), 0.35, np.float32))
    bright = np.clip(luma(bright)[..., None] + 1.6 * (bright - luma(bright)[..., None]), 0, 1)
    return byte(bright * (0.15 + 0.85 * step(edge, 0.5, 1.4))[..., None])


@unseen("tube", "screen", "Show it on an old television tube")
def tube(frame, scene, t):
    h, w = frame.shape[:2]
    rows = 0.72 + 0.28 * np.cos(np.arange(h, dtype=np.float32) * 2 * np.pi / 4)[:, None, None]
    u, v = screen(frame)
    x = blur(unit(frame), 0.7) * np.float32([0.95, 1.08, 1.0])
    return byte(np.clip(x * rows * 1.2, 0, 1) * np.clip(1.15 - 0.35 * (u * u + v * v), 0, 1)[..., None])


# --- local ------------------------------------------------------------------------------------------
def in_focus(frame, scene, t):
    """A wide disc around the busiest thing."""
    point = scene.busiest_point
    return scene.on_object(disc(scene, point, scene.size[1] / 3.2), t, scene.track(point))


local("portrait", "Blur and dim everything but the moving thing", lambda f, s, t: byte(1 - in_focus(f, s, t)),
      lambda f, s, t: byte(0.75 * blur(unit(f), 3)))

local("velvet", "Make all dark things dark red velvet", lambda f, s, t: byte(1 - step(blur(luma(unit(f)), 1), 0.22, 0.32)),
      lambda f, s, t: byte(np.clip(luma(unit(f))[..., None] * np.float32([0.8, 0.2, 0.25]) + np.float32([0.28, 0.03, 0.06]),
                                   0, 1)))

local("mint", "Paint the bright surfaces mint green", lambda f, s, t: byte(step(blur(luma(unit(f)), 1.5), 0.58, 0.68)),
      lambda f, s, t: byte(unit(f) * np.float32([0.68, 1.0, 0.82])))

local("split", "Make the left half black and white", lambda f, s, t: byte(1 - step(screen(f)[0], -0.03, 0.03)),
      lambda f, s, t: byte(np.repeat(luma(unit(f))[..., None], 3, 2)))

local("ceiling", "Let the top fade into a violet evening sky",
      lambda f, s, t: byte(0.85 * (1 - step(screen(f)[1], -0.7, -0.25))),
      lambda f, s, t: byte(0.35 * unit(f) + np.float32([0.42, 0.22, 0.50])))


# --- drawn objects ----------------------------------------------------------------------------------
def bubble(canvas, centre, scale):
    """See-through; colours are multiplied by their opacity."""
    overlay = np.zeros_like(canvas)
    cv2.circle(overlay, centre, int(38 * scale), (60, 95, 110, 120), -1, cv2.LINE_AA)
    cv2.circle(overlay, centre, int(37 * scale), (190, 215, 225, 235), max(1, int(3 * scale)), cv2.LINE_AA)
    cv2.circle(overlay, (centre[0] - int(14 * scale), centre[1] - int(14 * scale)), int(7 * scale), (250, 250, 250, 250), -1,
               cv2.LINE_AA)
    canvas[:] = overlay


@unseen("bubble", "object", "Let a soap bubble float along with the moving thing",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.busiest_point, bubble)[0]))
def draw_bubble(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.busiest_point, bubble)[1]


def poster(canvas, centre, scale):
    half = (int(30 * scale), int(40 * scale))
    cv2.rectangle(canvas, (centre[0] - half[0], centre[1] - half[1]), (centre[0] + half[0], centre[1] + half[1]),
                  (30, 30, 35, 255), -1)
    for i, colour in enumerate(((220, 70, 50), (240, 180, 60), (70, 150, 160))):
        cv2.circle(canvas, (centre[0], centre[1] + int((i - 1) * 20 * scale)), int((22 - 4 * i) * scale), (*colour, 255), -1,
                   cv2.LINE_AA)


@unseen("poster", "object", "Hang a small poster in the background",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.quiet_point, poster)[0]))
def draw_poster(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.quiet_point, poster)[1]
