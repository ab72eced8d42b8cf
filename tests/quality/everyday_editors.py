"""More held-out editors, of kinds that everyone thinks of. The generator was measured on them before it was mended for
what they showed."""
import cv2
import numpy as np

import editors
from editors import blur, byte, lerp, luma, screen, step, unit
from held_out_editors import held_out


# --- tone -------------------------------------------------------------------------------------------
@held_out("faded-film", "tone", "Make it a faded holiday film with dark corners")
def faded_film(frame, scene, t):
    u, v = screen(frame)
    x = unit(frame)
    y = luma(x)[..., None]
    x = lerp(x, np.repeat(y, 3, 2), np.full(y.shape[:2], 0.35, np.float32))
    x = 0.12 + 0.78 * x * np.float32([1.08, 1.0, 0.86])
    return byte(np.clip(x, 0, 1) * np.clip(1.08 - 0.3 * (u * u + v * v), 0, 1)[..., None])


@held_out("solarise", "tone", "Solarise it")
def solarise(frame, scene, t):
    return np.where(frame < 128, frame, 255 - frame).astype(np.uint8)


@held_out("hue-turn", "tone", "Turn every colour round the wheel by a third")
def hue_turn(frame, scene, t):
    hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


# --- styles -----------------------------------------------------------------------------------------
@held_out("stylise", "style", "Smooth it into a painted animation")
def stylise(frame, scene, t):
    return np.ascontiguousarray(cv2.stylization(np.ascontiguousarray(frame[..., ::-1]), sigma_s=40, sigma_r=0.4)[..., ::-1])


@held_out("edge-glow", "style", "Show only glowing cyan outlines on black")
def edge_glow(frame, scene, t):
    edges = cv2.Canny(cv2.GaussianBlur(frame, (0, 0), 1.2), 50, 120)
    line = blur(unit(cv2.dilate(edges, np.ones((2, 2), np.uint8))), 0.7)
    return byte(np.clip(line[..., None] * np.float32([0.5, 1.0, 1.0]) +
                        1.2 * blur(line, 5)[..., None] * np.float32([0.1, 0.6, 0.9]), 0, 1))


@held_out("woodcut", "style", "Cut it in wood, printed black on brown paper")
def woodcut(frame, scene, t):
    y = luma(unit(frame))
    ink = 1 - step(y - blur(y, 9) + 0.35 * (y - 0.5), -0.04, 0.04)
    return byte(lerp(np.broadcast_to(np.float32([0.85, 0.72, 0.52]), frame.shape), np.float32([0.10, 0.07, 0.06]), ink))


@held_out("tilt-shift", "style", "Make it look like a miniature model")
def tilt_shift(frame, scene, t):
    _, v = screen(frame)
    x = unit(frame)
    y = luma(x)[..., None]
    x = np.clip(y + 1.5 * (x - y), 0, 1)
    return byte(lerp(x, blur(x, 4), step(np.abs(v), 0.2, 0.7)))


@held_out("anaglyph", "style", "Print it for red and cyan glasses")
def anaglyph(frame, scene, t):
    left, right = np.roll(frame, 4, axis=1), np.roll(frame, -4, axis=1)
    return np.stack([left[..., 0], right[..., 1], right[..., 2]], -1)


# --- fixed to the screen ----------------------------------------------------------------------------
@held_out("rain", "screen", "Let it rain hard")
def rain(frame, scene, t):
    h, w = frame.shape[:2]
    drops = (np.random.default_rng(7).random((h, w)) > 0.992).astype(np.float32)
    kernel = np.zeros((15, 15), np.float32)
    cv2.line(kernel, (9, 0), (5, 14), 1.0, 1, cv2.LINE_AA)
    streaks = np.clip(cv2.filter2D(drops, -1, kernel), 0, 1)
    x = unit(frame)
    x = lerp(x, luma(x)[..., None] * np.float32([0.85, 0.95, 1.05]), np.full((h, w), 0.6, np.float32)) * 0.7
    return byte(np.clip(x + 0.35 * streaks[..., None], 0, 1))


# --- local ------------------------------------------------------------------------------------------
def sky_mask(frame, scene, t):
    """Bright and nearly colourless, in the upper part."""
    x = blur(unit(frame), 1)
    _, v = screen(frame)
    colour = x.max(2) - x.min(2)
    return byte(step(luma(x), 0.5, 0.62) * (1 - step(colour, 0.2, 0.35)) * (1 - step(v, 0.0, 0.4)))


@held_out("sunset-sky", "local", "Give it a sky at sunset", mask=sky_mask)
def sunset_sky(frame, scene, t):
    _, v = screen(frame)
    sky = lerp(np.broadcast_to(np.float32([0.25, 0.22, 0.50]), frame.shape), np.float32([1.0, 0.55, 0.25]), step(v, -1, 0.3))
    return byte(lerp(unit(frame), sky, unit(sky_mask(frame, scene, t))))


# --- drawn objects ----------------------------------------------------------------------------------
def hat(canvas, centre, scale):
    at = lambda x, y: (centre[0] + int(x * scale), centre[1] + int(y * scale))
    cv2.rectangle(canvas, at(-20, -30), at(20, 12), (25, 22, 28, 255), -1)
    cv2.rectangle(canvas, at(-20, 2), at(20, 10), (170, 30, 40, 255), -1)
    cv2.ellipse(canvas, at(0, 13), (int(36 * scale), int(7 * scale)), 0, 0, 360, (38, 34, 42, 255), -1, cv2.LINE_AA)


@held_out("hat", "object", "Put a top hat on the moving thing",
          mask=lambda f, s, t: byte(editors.draw_on(f, s, t, s.busiest_point, hat)[0]))
def draw_hat(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.busiest_point, hat)[1]


def neon_sign(canvas, centre, scale):
    """Light: colours without opacity are added to what is behind them."""
    glow = np.zeros(canvas.shape[:2], np.uint8)
    cv2.putText(glow, "OPEN", (centre[0] - int(42 * scale), centre[1] + int(12 * scale)), cv2.FONT_HERSHEY_SIMPLEX, 1.2 * scale,
                255, max(1, int(3 * scale)), cv2.LINE_AA)
    light = np.clip(unit(glow) + 1.5 * blur(unit(glow), 6 * scale), 0, 1)
    canvas[..., :3] = byte(light[..., None] * np.float32([1.0, 0.25, 0.5]))


def under_neon(frame, scene, t):
    canvas = np.zeros(frame.shape[:2] + (4,), np.uint8)
    neon_sign(canvas, tuple(int(round(c)) for c in scene.quiet_point), frame.shape[0] / 270)
    return scene.on_object(canvas, t, scene.track(scene.quiet_point)).max(2)


@held_out("neon-sign", "object", "Hang a glowing neon sign in the background", mask=under_neon)
def draw_neon_sign(frame, scene, t):
    return editors.draw_on(frame, scene, t, scene.quiet_point, neon_sign)[1]
