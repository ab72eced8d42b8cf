"""Per-image editors as oracles: what a perfect propagation of an edited key frame would show.

An editor is a function (frame, scene, t) -> edited frame; a global one looks at the frame alone. A
local one has `mask`, (frame, scene, t) -> uint8 [H, W], 255 where the edit is meant. The sets are those
of clips.py: tuning, held out of the generator's tuning (also held_out_editors.py,
everyday_editors.py and workshop_editors.py), and unseen by any tuning (unseen_editors.py).
"""
import dataclasses
from typing import Callable, Optional

import cv2
import numpy as np

cv2.setNumThreads(1)


@dataclasses.dataclass(frozen=True)
class Editor:
    name: str
    kind: str  # tone, style, environment, screen, local, object
    instruction: str
    edit: Callable
    mask: Optional[Callable] = None
    spread: Optional[Callable] = None  # (frame, scene, t) -> frame: what a local edit does, laid everywhere
    held_out: bool = False
    unseen: bool = False

    @property
    def local(self):
        return self.mask is not None

    def apply(self, frames, scene):
        return np.stack([self.edit(f, scene, t) for t, f in enumerate(frames)])

    def masks(self, frames, scene):
        return np.stack([self.mask(f, scene, t) for t, f in enumerate(frames)])


EDITORS = []


def editor(name, kind, instruction, mask=None, spread=None, held_out=False, unseen=False):
    def add(function):
        EDITORS.append(Editor(name, kind, instruction, function, mask, spread, held_out, unseen))
        return function
    return add


def local_editor(name, instruction, mask, spread, **sets):
    """An edit that is `spread` inside its `mask`."""
    editor(name, "local", instruction, mask, spread, **sets)(
        lambda f, s, t: byte(lerp(unit(f), unit(spread(f, s, t)), unit(mask(f, s, t)))))


def by_name(name):
    for e in EDITORS:
        if e.name == name:
            return e
    raise KeyError(f"no editor named {name}; there are {', '.join(e.name for e in EDITORS)}")


def tuning():
    return [e for e in EDITORS if not e.held_out and not e.unseen]


def held_out():
    return [e for e in EDITORS if e.held_out]


def unseen():
    return [e for e in EDITORS if e.unseen]


# --- helpers ----------------------------------------------------------------------------------------
def unit(frame):
    return frame.astype(np.float32) / 255


def byte(image):
    return np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)


def luma(image):
    return image @ np.float32([0.299, 0.587, 0.114])


def blur(image, sigma):
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)


def step(x, low, high):
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def lerp(a, b, weight):
    return a + (b - a) * (weight if weight.ndim == a.ndim else weight[..., None])


def screen(frame):
    """Screen positions in -1..1, x and y."""
    h, w = frame.shape[:2]
    return np.meshgrid(np.linspace(-1, 1, w, dtype=np.float32), np.linspace(-1, 1, h, dtype=np.float32))


# --- tone -------------------------------------------------------------------------------------------
@editor("grade", "tone", "Give it a teal and orange film grade")
def grade(frame, scene, t):
    x = unit(frame)
    y = luma(x)[..., None]
    x = x + (1 - y) * np.float32([-0.06, 0.02, 0.08]) + y * np.float32([0.10, 0.02, -0.10])
    return byte(step(np.clip(x, 0, 1), -0.1, 1.05))


@editor("sepia", "tone", "Make it an old sepia photograph")
def sepia(frame, scene, t):
    y = luma(unit(frame))[..., None]
    return byte(np.clip(y ** 0.9 * np.float32([1.08, 0.86, 0.62]) + 0.04, 0, 1))


@editor("posterise", "tone", "Reduce the colours to a flat poster")
def posterise(frame, scene, t):
    smooth = cv2.bilateralFilter(frame, 7, 40, 5)
    return byte(np.round(unit(smooth) * 4) / 4)


@editor("invert", "tone", "Invert all colours like a negative", held_out=True)
def invert(frame, scene, t):
    return 255 - frame


@editor("duotone", "tone", "Print it as a duotone of navy and pink", held_out=True)
def duotone(frame, scene, t):
    y = step(luma(unit(frame)), 0.05, 0.9)
    return byte(lerp(np.broadcast_to(np.float32([0.09, 0.06, 0.36]), frame.shape),
                     np.float32([1.0, 0.72, 0.76]), y))


# --- styles -----------------------------------------------------------------------------------------
@editor("pencil", "style", "Turn it into a pencil sketch")
def pencil(frame, scene, t):
    y = luma(unit(frame))
    dodge = np.clip(y / (blur(y, 6) + 0.02), 0, 1)
    return byte(np.repeat((dodge ** 2)[..., None], 3, 2) * np.float32([0.99, 0.98, 0.95]))


@editor("cartoon", "style", "Make it a cartoon")
def cartoon(frame, scene, t):
    flat = frame
    for _ in range(3):
        flat = cv2.bilateralFilter(flat, 7, 30, 7)
    y = cv2.medianBlur(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 5)
    edges = cv2.adaptiveThreshold(y, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 4)
    quantised = np.round(unit(flat) * 7) / 7
    return byte(quantised * (0.15 + 0.85 * blur(unit(edges), 0.7))[..., None])


@editor("ink", "style", "Draw it in black ink")
def ink(frame, scene, t):
    y = luma(unit(frame))
    d = blur(y, 1.0) * 20 - blur(y, 1.8) * 19
    line = 1 + np.tanh(np.minimum(d - 0.35, 0) * 4)
    return byte(np.repeat(line[..., None], 3, 2))


@editor("oil", "style", "Paint it in oil")
def oil(frame, scene, t):
    """Winner takes all over 16 brightness levels in a 7x7 window."""
    level = (luma(frame.astype(np.float32)) / 16).astype(int)
    best = np.full(level.shape, -1, np.float32)
    out = np.zeros(frame.shape, np.float32)
    for k in range(16):
        member = (level == k).astype(np.float32)
        count = cv2.boxFilter(member, -1, (7, 7), normalize=False)
        total = cv2.boxFilter(frame.astype(np.float32) * member[..., None], -1, (7, 7), normalize=False)
        win = count > best
        best[win] = count[win]
        out[win] = total[win] / np.maximum(count[win], 1)[..., None]
    return np.clip(out, 0, 255).astype(np.uint8)


@editor("emboss", "style", "Emboss it in metal")
def emboss(frame, scene, t):
    y = blur(luma(unit(frame)), 0.8)
    relief = cv2.filter2D(y, -1, np.float32([[-2, -1, 0], [-1, 0, 1], [0, 1, 2]]))
    return byte(np.clip(0.5 + relief[..., None] * 0.9, 0, 1) * np.float32([0.9, 0.95, 1.0]))


@editor("kuwahara", "style", "Paint it with broad soft brushes", held_out=True)
def kuwahara(frame, scene, t):
    x, r = unit(frame), 4
    y = luma(x)
    size = (r + 1, r + 1)
    best = np.full(y.shape, 9, np.float32)
    out = x.copy()
    for ax in (0, r):
        for ay in (0, r):
            mean = cv2.boxFilter(x, -1, size, anchor=(ax, ay))
            variance = cv2.boxFilter(y * y, -1, size, anchor=(ax, ay)) - cv2.boxFilter(y, -1, size, anchor=(ax, ay)) ** 2
            win = variance < best
            best[win] = variance[win]
            out[win] = mean[win]
    return byte(out)


@editor("watercolour", "style", "Paint it in watercolour", held_out=True)
def watercolour(frame, scene, t):
    flat = cv2.edgePreservingFilter(frame, flags=1, sigma_s=20, sigma_r=0.35)
    x = unit(flat)
    y = luma(x)
    edge = np.clip(np.hypot(cv2.Sobel(y, -1, 1, 0, scale=0.125), cv2.Sobel(y, -1, 0, 1, scale=0.125)) * 4, 0, 0.35)
    return byte(np.clip(1 - (1 - x) * 0.8 - edge[..., None] * 0.8, 0, 1))


@editor("clarity", "style", "Bring out every detail", held_out=True)
def clarity(frame, scene, t):
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3.0, (6, 4)).apply(lab[..., 0])
    x = unit(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))
    return byte(np.clip(x + 0.7 * (x - blur(x, 2.5)), 0, 1))


@editor("stencil", "style", "Make it a stencil poster in red, blue and cream")
def stencil(frame, scene, t):
    y = luma(unit(cv2.bilateralFilter(frame, 9, 50, 7)))
    inks = np.float32([[0.05, 0.18, 0.30], [0.78, 0.14, 0.13], [0.44, 0.60, 0.62], [0.97, 0.92, 0.75]])
    x = np.broadcast_to(inks[0], frame.shape)
    for ink, cut in zip(inks[1:], (0.25, 0.45, 0.65)):
        x = lerp(x, ink, step(y, cut - 0.015, cut + 0.015))
    return byte(x)


# --- environments -----------------------------------------------------------------------------------
@editor("snow", "environment", "Cover it in snow")
def snow(frame, scene, t):
    x = unit(frame)
    y = luma(x)
    up = cv2.Sobel(blur(y, 1.5), -1, 0, 1, scale=0.25)
    cover = step(blur(y, 1) + 1.5 * np.maximum(-up, 0), 0.35, 0.6)
    cold = lerp(x, luma(x)[..., None] * np.float32([0.92, 0.97, 1.05]), np.full(y.shape, 0.6, np.float32))
    return byte(np.clip(lerp(cold, np.float32([0.95, 0.97, 1.0]) - 0.1 * (1 - y[..., None]), cover * 0.9), 0, 1))


@editor("bloom", "environment", "Make it a glowing dream at golden hour")
def bloom(frame, scene, t):
    x = unit(frame) * np.float32([1.08, 0.98, 0.8])
    glow = blur(np.maximum(x - 0.55, 0), 14) * 1.6
    return byte(np.clip(1 - (1 - np.clip(x, 0, 1)) * (1 - np.clip(glow, 0, 1)), 0, 1))


@editor("night", "environment", "Turn day into night")
def night(frame, scene, t):
    x = unit(frame)
    y = luma(x)[..., None]
    lamp = step(y, 0.82, 0.97)
    dark = (0.35 * x + 0.65 * y) ** 1.7 * np.float32([0.28, 0.36, 0.62])
    return byte(np.clip(lerp(dark, np.float32([1.0, 0.85, 0.5]) * y, lamp[..., 0]), 0, 1))


@editor("fog", "environment", "Fill it with fog", held_out=True)
def fog(frame, scene, t):
    x = unit(frame)
    _, v = screen(frame)
    weight = np.clip(0.75 - 0.35 * v, 0.25, 0.9)
    return byte(lerp(blur(x, 1.2), np.float32([0.80, 0.82, 0.85]), weight))


@editor("underwater", "environment", "Sink it under water", held_out=True)
def underwater(frame, scene, t):
    x = unit(frame)
    _, v = screen(frame)
    soft = blur(x, 1.5)
    tint = np.float32([0.10, 0.42, 0.55]) * (0.75 - 0.35 * v)[..., None]
    return byte(np.clip(soft * np.float32([0.35, 0.75, 0.8]) + tint * 0.7, 0, 1))


# --- fixed to the screen ----------------------------------------------------------------------------
@editor("vignette", "screen", "Add a strong vignette")
def vignette(frame, scene, t):
    u, v = screen(frame)
    return byte(unit(frame) * np.clip(1.1 - 0.55 * (u * u + v * v), 0, 1)[..., None])


@editor("halftone", "screen", "Print it as a comic with halftone dots")
def halftone(frame, scene, t):
    h, w = frame.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    a, pitch = np.pi / 5, 6.0
    dots = (np.cos((x * np.cos(a) + y * np.sin(a)) * 2 * np.pi / pitch) *
            np.cos((y * np.cos(a) - x * np.sin(a)) * 2 * np.pi / pitch) + 1) / 2
    ink_ = step(blur(luma(unit(frame)), 1.5) + (dots - 0.5) * 0.9, 0.42, 0.58)
    flat = unit(cv2.bilateralFilter(frame, 7, 40, 5)) ** 0.8
    return byte(flat * (0.2 + 0.8 * ink_)[..., None])


@editor("pixelate", "screen", "Turn it into pixel blocks", held_out=True)
def pixelate(frame, scene, t):
    h, w = frame.shape[:2]
    small = cv2.resize(frame, (max(1, w // 8), max(1, h // 8)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)


@editor("title", "screen", "Put a title at the bottom", held_out=True)
def title(frame, scene, t):
    out = frame.copy()
    h, w = frame.shape[:2]
    cv2.rectangle(out, (0, int(h * 0.82)), (w, int(h * 0.96)), (20, 20, 30), -1)
    cv2.putText(out, "EVENING NEWS", (int(w * 0.06), int(h * 0.92)), cv2.FONT_HERSHEY_DUPLEX, h / 300, (255, 220, 60), 2,
                cv2.LINE_AA)
    return out


# --- local ------------------------------------------------------------------------------------------
def hue_mask(frame, scene, t):
    """Pixels of the clip's main hue, soft-edged."""
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV).astype(np.float32)
    d = np.abs(hsv[..., 0] - scene.hue)
    d = np.minimum(d, 180 - d)
    return byte((1 - step(d, 10, 16)) * step(hsv[..., 1], 50, 80) * step(hsv[..., 2], 30, 50))


@editor("recolour", "local", "Recolour the main colour", mask=hue_mask)
def recolour(frame, scene, t):
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 75) % 180
    other = unit(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))
    return byte(lerp(unit(frame), other, unit(hue_mask(frame, scene, t))))


@editor("splash", "local", "Keep one colour and make the rest black and white",
        mask=lambda f, s, t: 255 - hue_mask(f, s, t), held_out=True)
def splash(frame, scene, t):
    x = unit(frame)
    grey = np.repeat(luma(x)[..., None], 3, 2)
    return byte(lerp(grey, x, unit(hue_mask(frame, scene, t))))


def disc(scene, point, radius):
    w, h = scene.size
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return 1 - step(np.hypot(x - point[0], y - point[1]), radius - 2, radius + 2)


def moving_spot(frame, scene, t):
    """A disc that follows the busiest thing."""
    point = scene.busiest_point
    return byte(scene.on_object(disc(scene, point, scene.size[1] / 6), t, scene.track(point)))


@editor("spotlight", "local", "Light up the moving thing", mask=moving_spot)
def spotlight(frame, scene, t):
    x = unit(frame)
    return byte(lerp(x, np.clip(x * np.float32([1.7, 1.5, 1.0]) + 0.08, 0, 1), unit(moving_spot(frame, scene, t))))


@editor("privacy", "local", "Blur the moving thing", mask=moving_spot, held_out=True)
def privacy(frame, scene, t):
    x = unit(frame)
    return byte(lerp(x, blur(x, 6), unit(moving_spot(frame, scene, t))))


# --- drawn objects ----------------------------------------------------------------------------------
def draw_on(frame, scene, t, point, paint):
    """`paint(canvas, centre, scale)` draws RGBA bytes in the origin frame's coordinates."""
    w, h = scene.size
    canvas = np.zeros((h, w, 4), np.uint8)
    paint(canvas, (int(round(point[0])), int(round(point[1]))), h / 270)
    canvas = blur(unit(canvas), 0.6)
    layer = scene.on_object(canvas, t, scene.track(point))
    alpha = np.clip(layer[..., 3:], 0, 1)
    return alpha[..., 0], byte(np.clip(unit(frame) * (1 - alpha) + layer[..., :3], 0, 1))


def star(canvas, centre, scale):
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2 == 0, 34, 15) * scale
    shape = np.stack([np.cos(angle) * radius, np.sin(angle) * radius], 1) + centre
    cv2.fillPoly(canvas, [np.rint(shape).astype(np.int32)], (242, 51, 38, 255))
    shape = (shape - centre) * 0.6 + centre
    cv2.fillPoly(canvas, [np.rint(shape).astype(np.int32)], (255, 217, 51, 255))


def label(canvas, centre, scale):
    half = (int(48 * scale), int(20 * scale))
    cv2.rectangle(canvas, (centre[0] - half[0], centre[1] - half[1]), (centre[0] + half[0], centre[1] + half[1]),
                  (242, 242, 230, 255), -1)
    cv2.putText(canvas, "SALE", (centre[0] - int(40 * scale), centre[1] + int(12 * scale)), cv2.FONT_HERSHEY_DUPLEX,
                1.15 * scale, (26, 38, 153, 255), 2, cv2.LINE_AA)


@editor("star", "object", "Stick a star on the moving thing",
        mask=lambda f, s, t: byte(draw_on(f, s, t, s.busiest_point, star)[0]))
def draw_star(frame, scene, t):
    return draw_on(frame, scene, t, scene.busiest_point, star)[1]


@editor("label", "object", "Put a sign in the background",
        mask=lambda f, s, t: byte(draw_on(f, s, t, s.quiet_point, label)[0]), held_out=True)
def draw_label(frame, scene, t):
    return draw_on(frame, scene, t, scene.quiet_point, label)[1]


# --- what generative editors do to a key frame --------------------------------------------------------
def warp_key(image, mean=1.4, noise=2.0, seed=5):
    """The image displaced smoothly, `mean` pixels on average, with a little noise."""
    h, w = image.shape[:2]
    random = np.random.default_rng(seed)
    field = cv2.resize(random.normal(size=(5, 7, 2)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    field *= mean / np.linalg.norm(field, axis=2).mean()
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    out = cv2.remap(image, x + field[..., 0], y + field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.clip(out + random.normal(size=out.shape) * noise, 0, 255).astype(np.uint8)


import held_out_editors  # noqa: E402,F401  registers more, with what is defined above
import everyday_editors  # noqa: E402,F401
import workshop_editors  # noqa: E402,F401
import unseen_editors  # noqa: E402,F401
