"""A yardstick for the generator: the same idea written plainly in NumPy, with nothing spared.

Flow from every frame to the key, a colour table, a pixel network on fifty features of a pixel's
neighbourhood, what it leaves unexplained carried along by the flow, and drawn objects pasted as layers.
It takes about three times as long as the program. propagation.py runs it as the method `recipe`.
"""
import functools

import cv2
import numpy as np

import metrics

HIDDEN, BATCH, ITERATIONS, RATE = 96, 4096, 700, 4e-3
POSITION_GAIN = 2.5  # dB on the key that the screen position must bring to be let in
CHUNK = 4096  # pixels of one pass of the network


# --- flow -------------------------------------------------------------------------------------------
def _colour_error(frame, key, flow):
    return cv2.blur(cv2.absdiff(frame, metrics.warp(key, flow)).astype(np.float32).mean(2), (5, 5))


def flows_to_key(frames, key):
    """For each frame the flow to the key and its confidence, 0..1."""
    grey = [metrics.luma(f) for f in frames]
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    still = np.zeros(grey[0].shape + (2,), np.float32)
    flows, confidence = [still] * len(frames), [np.ones(grey[0].shape, np.float32)] * len(frames)
    x, y = np.meshgrid(np.arange(still.shape[1]), np.arange(still.shape[0]))
    for step in (1, -1):
        from_key = still
        for t in range(key + step, len(frames) if step > 0 else -1, step):
            before = t - step
            one, back = dis.calc(grey[t], grey[before], None), dis.calc(grey[before], grey[t], None)
            chained = one + metrics.warp(flows[before], one)
            chained_back = from_key + metrics.warp(back, from_key)
            flow = dis.calc(grey[t], grey[key], chained.astype(np.float32))
            from_key = dis.calc(grey[key], grey[t], chained_back.astype(np.float32))
            error, other = (_colour_error(frames[t], frames[key], f) for f in (flow, chained))
            flow = np.where((other < error)[..., None], chained, flow).astype(np.float32)
            error = np.minimum(error, other)
            trip = np.linalg.norm(flow + metrics.warp(from_key, flow), axis=2)
            px, py = x + flow[..., 0], y + flow[..., 1]
            inside = (px >= 0) & (py >= 0) & (px <= x.max()) & (py <= y.max())
            length = np.linalg.norm(flow, axis=2)
            flows[t] = flow
            confidence[t] = inside * np.exp(-(trip / (0.7 + 0.03 * length)) ** 2 - (error / 12) ** 2)
    return flows, confidence


# --- colour table -----------------------------------------------------------------------------------
def _corners(colours, side):
    at = np.clip(colours, 0, 1) * (side - 1)
    cell = np.minimum(at.astype(int), side - 2)
    f = at - cell
    for k in range(8):
        bits = (k >> 2, k >> 1 & 1, k & 1)
        node = ((cell[:, 0] + bits[0]) * side + cell[:, 1] + bits[1]) * side + cell[:, 2] + bits[2]
        yield node, np.prod([f[:, c] if bit else 1 - f[:, c] for c, bit in enumerate(bits)], axis=0)


def _look_up(lattice, colours, side):
    return sum(w[:, None] * lattice[node] for node, w in _corners(colours, side))


class ColourTable:
    """A cubic polynomial and shrunk residuals on finer and finer lattices, as one lattice of 33^3."""

    def __init__(self, source, edited):
        terms = _terms(source)
        weights = np.linalg.solve(terms.T @ terms + 1e-3 * np.eye(20), terms.T @ edited)
        left, sides = edited - terms @ weights, (5, 9, 17)
        lattices = []
        for side in sides:
            total, count = np.zeros((side ** 3, 3)), np.full(side ** 3, 4.0)
            for node, w in _corners(source, side):
                count += np.bincount(node, w, side ** 3)
                total += np.stack([np.bincount(node, w * left[:, c], side ** 3) for c in range(3)], 1)
            lattices.append(total / count[:, None])
            left = left - _look_up(lattices[-1], source, side)
        axis = np.linspace(0, 1, 33)
        nodes = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
        value = _terms(nodes) @ weights + sum(_look_up(l, nodes, s) for l, s in zip(lattices, sides))
        self.nodes = np.clip(value, -0.05, 1.05).astype(np.float32)

    def __call__(self, colours):
        return _look_up(self.nodes, colours, 33)


def _terms(x):
    r, g, b = x[..., 0], x[..., 1], x[..., 2]
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, r * b, g * b, r ** 3, g ** 3, b ** 3,
                     r * r * g, r * r * b, g * g * r, g * g * b, b * b * r, b * b * g, r * g * b], -1)


# --- features ---------------------------------------------------------------------------------------
def features(frame, table, position):
    """[H * W, n] in about 0..1; columns 3 to 5 are the colour table's answer."""
    x = frame.astype(np.float32) / 255
    y = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY)
    blur = lambda image, sigma: cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    soft = {s: blur(y, s) for s in (1, 2, 4, 8, 16)}
    slope = lambda image: (cv2.Sobel(image, -1, 1, 0, scale=0.125), cv2.Sobel(image, -1, 0, 1, scale=0.125))
    deviation = lambda n: np.sqrt(np.maximum(cv2.blur(y * y, (n, n)) - cv2.blur(y, (n, n)) ** 2, 0))
    padded = cv2.copyMakeBorder(y, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    h, w = y.shape
    three = np.ones((3, 3), np.uint8)
    maps = [x, table(x.reshape(-1, 3)).reshape(x.shape)]
    maps += [y - soft[s] for s in soft]
    maps += [np.log((y + 0.03) / (soft[s] + 0.03)) for s in (2, 8, 16)]
    maps += [np.hypot(*slope(y)), np.hypot(*slope(soft[2])), np.hypot(*slope(soft[4])), *slope(y), *slope(soft[1])]
    maps += [deviation(3), deviation(5), deviation(9)]
    maps += [cv2.bilateralFilter(x, 7, 0.15, 4), blur(x, 2), blur(x, 5)]
    maps += [padded[1 + dy:h + 1 + dy, 1 + dx:w + 1 + dx] - y for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dx or dy]
    maps += [cv2.blur(y, (5, 5)) - y, cv2.erode(y, three) - y, cv2.dilate(y, three) - y]
    maps.append(cv2.medianBlur(frame, 5).astype(np.float32) / 255)
    if position:
        maps += [*np.meshgrid((np.arange(w) + 0.5) / w, (np.arange(h) + 0.5) / h)]
    return np.concatenate([m.reshape(h * w, -1) for m in maps], 1).astype(np.float32)


# --- network ----------------------------------------------------------------------------------------
class Network:
    """n-96-96-3 with ReLU, added to the colour table's answer; L1, Adam, cosine."""

    def __init__(self, samples, target, seed=0):
        random = np.random.default_rng(seed)
        self.mean, self.scale = samples.mean(0), 1 / np.maximum(samples.std(0), 1e-5)
        sizes = (samples.shape[1], HIDDEN, HIDDEN, 3)
        self.p = []
        for i, (a, b) in enumerate(zip(sizes[:-1], sizes[1:])):
            w = random.normal(size=(a, b)) * np.sqrt(2 / a) if i < 2 else np.zeros((a, b))
            self.p += [w.astype(np.float32), np.zeros(b, np.float32)]
        x, want = self._inputs(samples), target - samples[:, 3:6]
        first, second = [0 * p for p in self.p], [0 * p for p in self.p]
        for step in range(ITERATIONS):
            pick = random.integers(0, len(x), BATCH)
            rate = RATE * min(1, (step + 1) / 30) * 0.5 * (1 + np.cos(np.pi * step / ITERATIONS))
            for i, g in enumerate(self._gradient(x[pick], want[pick])):
                first[i] += 0.1 * (g - first[i])
                second[i] += 0.001 * (g * g - second[i])
                bias1, bias2 = 1 - 0.9 ** (step + 1), 1 - 0.999 ** (step + 1)
                self.p[i] -= np.float32(rate) * (first[i] / bias1) / (np.sqrt(second[i] / bias2) + 1e-8)

    def _inputs(self, samples):
        return np.clip((samples - self.mean) * self.scale, -4, 4)

    def _gradient(self, x, want):
        w1, b1, w2, b2, w3, b3 = self.p
        h1 = np.maximum(x @ w1 + b1, 0)
        h2 = np.maximum(h1 @ w2 + b2, 0)
        g = np.sign(h2 @ w3 + b3 - want) / np.float32(want.size)
        g2 = (g @ w3.T) * (h2 > 0)
        g1 = (g2 @ w2.T) * (h1 > 0)
        return x.T @ g1, g1.sum(0), h1.T @ g2, g2.sum(0), h2.T @ g, g.sum(0)

    def __call__(self, samples):
        w1, b1, w2, b2, w3, b3 = self.p
        out = samples[:, 3:6].copy()
        for at in range(0, len(samples), CHUNK):
            x = self._inputs(samples[at:at + CHUNK])
            out[at:at + CHUNK] += np.maximum(np.maximum(x @ w1 + b1, 0) @ w2 + b2, 0) @ w3 + b3
        return out


class Model:
    """The edit as a function of a pixel's neighbourhood, learned from the pixels where `use`."""

    def __init__(self, source, edited, use):
        use, target = use.ravel(), edited.reshape(-1, 3).astype(np.float32) / 255
        self.table = ColourTable(source.reshape(-1, 3)[use] / 255.0, target[use])
        self.position = False
        self.network = self._fit(source, target, use)
        error = self._error(source, target, use)
        left = edited - self(source)
        at_best = ((left - cv2.blur(left, (61, 61))).reshape(-1, 3)[use] ** 2).mean()
        gain = 10 ** (POSITION_GAIN / 10)
        if error > gain * at_best:
            without, self.position = self.network, True
            self.network = self._fit(source, target, use)
            if error < gain * self._error(source, target, use):
                self.network, self.position = without, False

    def _fit(self, source, target, use):
        return Network(features(source, self.table, self.position)[use], target[use])

    def _error(self, source, target, use):
        return ((self(source).reshape(-1, 3) - 255 * target) ** 2)[use].mean()

    def __call__(self, frame):
        """Levels of 255, not clamped."""
        return 255 * self.network(features(frame, self.table, self.position)).reshape(frame.shape)


# --- drawn objects ----------------------------------------------------------------------------------
def find_objects(residual):
    """Soft masks of compact blobs of the residual, none unless they hold most of its energy."""
    energy = (residual ** 2).sum(2)
    blobs = cv2.morphologyEx((cv2.blur(np.abs(residual).max(2), (5, 5)) > 18).astype(np.uint8), cv2.MORPH_CLOSE,
                             cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(blobs)
    compact = [n for n in range(1, count) if 100 < stats[n, 4] < 0.2 * labels.size and
               stats[n, 4] > 0.3 * stats[n, 2] * stats[n, 3]]
    masks = [labels == n for n in compact]
    if sum(energy[m].sum() for m in masks) < 0.6 * energy.sum():
        return []
    grown = [cv2.dilate(m.astype(np.float32), np.ones((5, 5))) for m in masks]
    return [cv2.GaussianBlur(m, (0, 0), 0.8) for m in grown]


def track(mask, flow, confidence):
    """Similarity key -> frame of what lies under the mask, None where too little agrees."""
    h, w = mask.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    under = (metrics.warp(mask, flow, cv2.BORDER_CONSTANT) > 0.5) & (confidence > 0.3)
    if under.sum() < 30:
        return None
    here = np.stack([x[under], y[under]], 1)
    return cv2.estimateAffinePartial2D(here + flow[under], here, method=cv2.RANSAC, ransacReprojThreshold=1.0)[0]


# --- all together -----------------------------------------------------------------------------------
@functools.lru_cache(maxsize=1)
def _flows(data, shape, key):
    return flows_to_key(np.frombuffer(data, np.uint8).reshape(shape), key)


def recipe(frames, key, picture):
    """The frames [T, H, W, 3] edited as `picture` has it for frame `key`."""
    flows, confidence = _flows(frames.tobytes(), frames.shape, key)
    use = np.ones(picture.shape[:2], bool)
    model = Model(frames[key], picture, use)
    objects = find_objects(picture - model(frames[key]))
    if objects:
        use = np.max(objects, 0) < 0.01
        model = Model(frames[key], picture, use)
    residual = ((picture - model(frames[key])) * use[..., None]).astype(np.float32)
    paths, out = [np.eye(2, 3)] * len(objects), [None] * len(frames)
    for step in (1, -1):
        last = list(paths)
        for t in range(key + step, len(frames) if step > 0 else -1, step):
            frame = model(frames[t]) + confidence[t][..., None] * metrics.warp(residual, flows[t])
            for i, mask in enumerate(objects):
                found = track(mask, flows[t], confidence[t])
                last[i] = last[i] if found is None else found
                size = mask.shape[::-1]
                alpha = cv2.warpAffine(mask, last[i], size)[..., None]
                frame += alpha * (cv2.warpAffine(picture, last[i], size).astype(np.float32) - frame)
            out[t] = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
    out[key] = picture
    return np.stack(out)
