"""What local editors need to know of a clip: where things are in each frame.

Everything is made once per clip, from the source frames alone, by dense flow chained from frame to
frame; results are good for tens of frames, not exact.
"""
import functools

import cv2
import numpy as np

import metrics


class Scene:
    """`frames` [T, H, W, 3]. Tracks begin at frame `origin`."""

    def __init__(self, frames, origin=None):
        self.frames = frames
        self.origin = len(frames) // 2 if origin is None else origin
        self._tracks = {}
        self._grey = [metrics.luma(f) for f in frames]

    @property
    def size(self):
        return self.frames.shape[2], self.frames.shape[1]

    @functools.cached_property
    def hue(self):
        """The most frequent hue (OpenCV's 0..179) among the coloured pixels of the whole clip."""
        histogram = np.zeros(180)
        for frame in self.frames[::8]:
            hsv = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)
            weight = (hsv[..., 1] > 70) & (hsv[..., 2] > 50)
            histogram += np.bincount(hsv[..., 0][weight], minlength=180)
        return int(np.argmax(sum(np.roll(histogram, k) for k in range(-5, 6))))

    @functools.cached_property
    def busiest_point(self):
        """A point on something textured that moves, away from the edge, and that can be followed."""
        g = self._grey[self.origin].astype(np.float32)
        other = self._grey[max(0, self.origin - 4)].astype(np.float32)
        motion = cv2.boxFilter(np.abs(g - other), -1, (31, 31))
        texture = self._texture()
        return self._best_followed(np.minimum(texture, np.percentile(texture, 85)) * (1 + motion))

    @functools.cached_property
    def quiet_point(self):
        """A point on the textured background, away from the edge: the least motion."""
        spread = np.std(np.stack(self._grey[::4]).astype(np.float32), axis=0)
        texture = self._texture()
        return self._best_followed(np.minimum(texture, np.percentile(texture, 60)) /
                                   (1 + cv2.boxFilter(spread, -1, (41, 41))))

    def _texture(self):
        return cv2.boxFilter(np.abs(cv2.Laplacian(self._grey[self.origin], cv2.CV_32F)), -1, (31, 31))

    def _best_followed(self, score):
        """Of the six best places by score, the one whose surroundings change least along its track."""
        h, w = score.shape
        rest = np.zeros_like(score)
        rest[h // 5:-h // 5, w // 5:-w // 5] = score[h // 5:-h // 5, w // 5:-w // 5]
        best, best_error = None, np.inf
        for _ in range(6):
            y, x = (int(v) for v in np.unravel_index(np.argmax(rest), rest.shape))
            rest[max(0, y - 20):y + 20, max(0, x - 20):x + 20] = 0
            path = self.track((x, y))
            patch = np.s_[y - 20:y + 20, x - 20:x + 20]
            home = self._grey[self.origin][patch].astype(np.float32)
            error = np.mean([np.abs(cv2.warpAffine(self._grey[t], path[t], (w, h),
                                                   flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)[patch] - home).mean()
                             for t in range(0, len(path), 4)])
            if error < best_error:
                best, best_error = (float(x), float(y)), error
        return best

    def track(self, point, radius=20):
        """Similarity transforms origin -> t as 2x3 arrays, of the patch around `point`."""
        key = (round(point[0]), round(point[1]), radius)
        if key not in self._tracks:
            self._tracks[key] = self._make_track(point, radius)
        return self._tracks[key]

    def _make_track(self, point, radius):
        frames = len(self.frames)
        path = [None] * frames
        path[self.origin] = np.eye(2, 3)
        x, y = np.meshgrid(np.arange(-radius, radius + 1, 5.0), np.arange(-radius, radius + 1, 5.0))
        start = (np.stack([x.ravel(), y.ravel()], 1) + point).astype(np.float32)
        for step in (1, -1):
            points, alive = start.copy(), np.ones(len(start), bool)
            t = self.origin
            while 0 <= t + step < frames:
                moved, status, _ = cv2.calcOpticalFlowPyrLK(self._grey[t], self._grey[t + step], points, None,
                                                            winSize=(21, 21), maxLevel=3)
                t += step
                alive &= status.ravel() == 1
                points = moved
                matrix = None
                if alive.sum() >= 6:
                    matrix, _ = cv2.estimateAffinePartial2D(start[alive], points[alive], method=cv2.LMEDS)
                path[t] = matrix if matrix is not None else path[t - step]
                # Points that left the patch's motion are put back on it.
                home = start @ path[t][:, :2].T + path[t][:, 2]
                lost = np.linalg.norm(home - points, axis=1) > 4
                points = np.where(lost[:, None], home, points).astype(np.float32)
                alive[:] = True
        raw = np.stack(path)
        path = raw.copy()
        path[1:-1] = (raw[:-2] + 2 * raw[1:-1] + raw[2:]) / 4
        path[self.origin] = np.eye(2, 3)
        return path

    def on_object(self, layer, t, track):
        """Warps `layer`, drawn in frame `origin`'s coordinates, to frame t."""
        return cv2.warpAffine(layer, track[t], self.size, flags=cv2.INTER_LINEAR)
