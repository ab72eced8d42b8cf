"""More held-out editors: unseen until the judge and the enhancer had been mended after a look at them."""
import cv2
import numpy as np

import editors
from editors import blur, byte, disc, lerp, luma, screen, step, unit


def held_out(name, kind, instruction, mask=None, spread=None):
    return editors.editor(name, kind, instruction, mask, spread, held_out=True)


def local(name, instruction, mask, spread):
    editors.local_editor(name, instruction, mask, spread, held_out=True)


def ramp(value, stops):
    """Colours along a list of (position, colour)."""
    places = [p for p, _ in stops]
    return np.stack([np.interp(value, places, [c[i] for _, c in stops]) for i in range(3)], -1).astype(np.float32)


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


@held_out("cross-process", "tone", "Develop it in the wrong chemicals, as in the nineties")
def cross_process(frame, scene, t):
    x = unit(frame)
    return byte(np.stack([step(x[..., 0], 0.02, 0.9), step(x[..., 1], 0.0, 0.95) ** 0.9,
                          0.22 + 0.5 * x[..., 2]], -1))


@held_out("thermal", "tone", "Show it as a thermal camera would")
def thermal(frame, scene, t):
    heat = blur(luma(unit(frame)), 1.0)
    return byte(ramp(heat, [(0, (0.02, 0.02, 0.2)), (0.3, (0.45, 0.05, 0.55)), (0.55, (0.9, 0.3, 0.15)),
                            (0.8, (1.0, 0.75, 0.1)), (1, (1, 1, 0.9))]))


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


@held_out("blueprint", "style", "Redraw it as an architect's blueprint")
def blueprint(frame, scene, t):
    y = luma(unit(frame))
    line = np.clip(np.abs(blur(y, 1.0) - blur(y, 2.2)) * 14 - 0.12, 0, 1)
    paper = np.float32([0.10, 0.25, 0.55]) * (0.85 + 0.3 * blur(y, 5))[..., None]
    return byte(lerp(paper, np.float32([0.88, 0.93, 1.0]), line))


@held_out("clay", "style", "Model it in coloured clay")
def clay(frame, scene, t):
    flat = frame
    for _ in range(2):
        flat = cv2.bilateralFilter(flat, 9, 35, 6)
    x = blur(unit(flat), 1.2)
    y = luma(x)
    slope = cv2.Sobel(y, -1, 1, 0, scale=0.25) + cv2.Sobel(y, -1, 0, 1, scale=0.25)
    return byte(np.clip(0.12 + 0.8 * x - 0.9 * slope[..., None] * np.float32([1.0, 0.95, 0.85]), 0, 1))


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


@held_out("autumn", "environment", "Turn the greenery to autumn leaves under a low sun")
def autumn(frame, scene, t):
    x = unit(frame)
    y = luma(x)
    green = np.clip((x[..., 1] - np.maximum(x[..., 0], x[..., 2])) * 8, 0, 1)
    leaves = np.stack([1.5 * y + 0.1, 0.75 * y + 0.03, 0.25 * y], -1)
    _, v = screen(frame)
    sun = np.float32([0.16, 0.09, 0.0]) * (0.7 - 0.3 * v)[..., None]
    return byte(np.clip(lerp(x * np.float32([1.05, 0.95, 0.8]), leaves, green) + sun, 0, 1))


@held_out("embers", "environment", "Set it in a land of glowing embers")
def embers(frame, scene, t):
    y = luma(unit(frame))
    glow = step(y, 0.45, 0.95)
    ash = (0.05 + 0.45 * y)[..., None] * np.float32([0.75, 0.62, 0.62])
    hot = ramp(glow, [(0, (0.3, 0.05, 0.03)), (0.5, (0.95, 0.35, 0.05)), (1, (1, 0.9, 0.5))])
    x = lerp(ash, hot, glow)
    return byte(np.clip(x + 0.35 * blur(x * glow[..., None], 8), 0, 1))


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


@held_out("cross-hatch", "screen", "Hatch it in brown ink, strokes over strokes")
def cross_hatch(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    tone = blur(luma(unit(frame)), 0.8)
    ink = np.zeros((h, w), np.float32)
    for angle, below in ((0.8, 0.75), (2.3, 0.5), (1.5, 0.28)):
        wave = (np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / 6 + np.sin(x / 17)) + 1) / 2
        ink = np.maximum(ink, step(wave, 0.45, 0.75) * (1 - step(tone, below - 0.15, below + 0.05)))
    return byte(lerp(np.broadcast_to(np.float32([0.96, 0.92, 0.83]), frame.shape), np.float32([0.28, 0.16, 0.09]), ink))


@held_out("stipple", "screen", "Stipple it with dots of black ink")
def stipple(frame, scene, t):
    h, w = frame.shape[:2]
    noise = blur(np.random.default_rng(11).normal(size=(h, w)).astype(np.float32), 0.9)
    rank = np.argsort(np.argsort(noise.ravel())).reshape(h, w).astype(np.float32) / (h * w)
    ink = 1 - step(blur(luma(unit(frame)), 0.8) ** 0.8 - 0.9 * (rank - 0.1), -0.06, 0.06)
    return byte(np.repeat((0.97 - 0.9 * ink)[..., None], 3, 2))


@held_out("leaded-glass", "screen", "Make it a window of leaded glass")
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


@held_out("tube", "screen", "Show it on an old television tube")
def tube(frame, scene, t):
    h, w = frame.shape[:2]
    rows = 0.72 + 0.28 * np.cos(np.arange(h, dtype=np.float32) * 2 * np.pi / 4)[:, None, None]
    u, v = screen(frame)
    x = blur(unit(frame), 0.7) * np.float32([0.95, 1.08, 1.0])
    return byte(np.clip(x * rows * 1.2, 0, 1) * np.clip(1.15 - 0.35 * (u * u + v * v), 0, 1)[..., None])


# --- local ------------------------------------------------------------------------------------------
@held_out("drain", "local", "Drain the main colour to grey", mask=editors.hue_mask)
def drain(frame, scene, t):
    x = unit(frame)
    return byte(lerp(x, 0.9 * luma(x)[..., None] + np.float32([0, 0.01, 0.03]), unit(editors.hue_mask(frame, scene, t))))


@held_out("shade", "local", "Put the moving thing in the shade", mask=editors.moving_spot)
def shade(frame, scene, t):
    x = unit(frame)
    return byte(lerp(x, x * np.float32([0.35, 0.4, 0.5]), unit(editors.moving_spot(frame, scene, t))))


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


def bubble(canvas, centre, scale):
    """See-through; colours are multiplied by their opacity."""
    overlay = np.zeros_like(canvas)
    cv2.circle(overlay, centre, int(38 * scale), (60, 95, 110, 120), -1, cv2.LINE_AA)
    cv2.circle(overlay, centre, int(37 * scale), (190, 215, 225, 235), max(1, int(3 * scale)), cv2.LINE_AA)
    cv2.circle(overlay, (centre[0] - int(14 * scale), centre[1] - int(14 * scale)), int(7 * scale), (250, 250, 250, 250), -1,
               cv2.LINE_AA)
    canvas[:] = overlay


@held_out("bubble", "object", "Let a soap bubble float along with the moving thing",
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


@held_out("poster", "object", "Hang a small poster in the background",
        mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.quiet_point, poster)[0]))
def draw_poster(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.quiet_point, poster)[1]
