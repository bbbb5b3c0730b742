"""How long a CUSUM runs on average: until a false alarm, and until it sees a shift."""

import math
from typing import TypeAlias

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import ndtr

Floats: TypeAlias = NDArray[np.float64]

_NODES, _FEW_NODES = 80, 20
"""Of the quadrature: 6 digits up to h = 12."""


def one_sided(k: float, h: float, shift: float = 0.0) -> float:
    """Return the average run length of S = max(0, S + z - k) until S > h, z normal with mean `shift`, sd 1.

    Page's integral equation L(s) = 1 + L(0) Phi(k - s - d) + int_0^h L(y) phi(y - s + k - d) dy, solved on
    Gauss-Legendre nodes (Page 1954; Crowder 1986). Observations are independent and their mean is known.

    >>> round(one_sided(0.5, 4.0), 2)
    335.37
    """
    return float(_solved(np.array([k]), np.array([h]), np.array([shift]), _NODES)[0])


def two_sided(k: float, h: float, shift: float = 0.0) -> float:
    """Return the average run length of an upward and a downward CUSUM together, both begun at 0.

    1/L = 1/L+ + 1/L- (Kemp 1961; exact for k >= 0 where both cannot be above 0 for long).

    >>> round(two_sided(0.5, 4.0), 2), round(two_sided(0.5, 4.0, 1.0), 2)
    (167.68, 8.38)
    """
    return 1.0 / (1.0 / one_sided(k, h, shift) + 1.0 / one_sided(k, h, -shift))


def two_sided_each(k: Floats, h: Floats, shift: Floats) -> Floats:
    """The same for many charts at once, to about three digits."""
    up, down = _solved(k, h, shift, _FEW_NODES), _solved(k, h, -shift, _FEW_NODES)
    return np.asarray(1.0 / (1.0 / up + 1.0 / down), dtype=np.float64)


def _solved(k: Floats, h: Floats, shift: Floats, count: int) -> Floats:
    nodes, weights = leggauss(count)
    y, w = (nodes + 1) * h[:, None] / 2, weights * h[:, None] / 2
    start = np.column_stack([np.zeros(len(h)), y])
    d = (k - shift)[:, None]
    density = np.exp(-0.5 * (y[:, None, :] - start[:, :, None] + d[:, :, None]) ** 2) / math.sqrt(2 * math.pi)
    matrix = np.broadcast_to(np.eye(count + 1), (len(h), count + 1, count + 1)).copy()
    matrix[:, :, 0] -= ndtr(d - start)
    matrix[:, :, 1:] -= density * w[:, None, :]
    found = np.linalg.solve(matrix, np.ones((len(h), count + 1, 1)))
    return np.asarray(found[:, 0, 0], dtype=np.float64)
