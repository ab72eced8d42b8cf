"""Picture and video measures. Frames are uint8 RGB; videos [T, H, W, 3]."""
import cv2
import numpy as np

cv2.setNumThreads(1)


def mse(a, b, mask=None):
    d = (np.asarray(a, np.float32) - np.asarray(b, np.float32)) ** 2
    if mask is None:
        return float(d.mean(dtype=np.float64))
    m = np.asarray(mask) > 0
    return float(d[m].mean(dtype=np.float64)) if m.any() else float("nan")


def to_db(error):
    return float(10 * np.log10(255.0 ** 2 / max(error, 1e-3)))


def psnr(a, b, mask=None):
    """RGB PSNR in dB over all pixels given (of a whole video: from its mean squared error)."""
    return to_db(mse(a, b, mask))


def luma(frame):
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def ssim_frame(a, b):
    """Luma SSIM (Wang et al. 2004): Gaussian window, sigma 1.5, K1 0.01, K2 0.03."""
    x, y = luma(a).astype(np.float32), luma(b).astype(np.float32)
    blur = lambda i: cv2.GaussianBlur(i, (11, 11), 1.5)
    mx, my = blur(x), blur(y)
    vx, vy, vxy = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float((((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2))).mean())


def ssim(a, b):
    return float(np.mean([ssim_frame(x, y) for x, y in zip(a, b)]))


def flow(a, b):
    """Dense flow a -> b of two grey images, [H, W, 2]."""
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(a, b, None)


def warp(image, displacement, border=cv2.BORDER_REPLICATE):
    """out(p) = image(p + displacement(p))."""
    h, w = displacement.shape[:2]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return cv2.remap(image, x + displacement[..., 0], y + displacement[..., 1], cv2.INTER_LINEAR, borderMode=border)


class WarpingError:
    """Mean absolute change along the source's motion between neighbouring frames, where the motion
    is known (forward and backward flow agree within 1 px)."""

    def __init__(self, source):
        self.steps = []
        for a, b in zip(source[:-1], source[1:]):
            ga, gb = luma(a), luma(b)
            forward, backward = flow(ga, gb), flow(gb, ga)
            round_trip = np.linalg.norm(forward + warp(backward, forward), axis=2)
            self.steps.append((forward, round_trip < 1.0))
        self.source = self.of(source)

    def of(self, video):
        errors = []
        for (forward, known), a, b in zip(self.steps, video[:-1], video[1:]):
            d = np.abs(a.astype(np.float32) - warp(b, forward).astype(np.float32)).mean(axis=2)
            errors.append(d[known].mean() if known.any() else 0.0)
        return float(np.mean(errors))

    def relative(self, video):
        """As a multiple of the source's own."""
        return self.of(video) / max(self.source, 1e-6)
