"""How long a CUSUM runs on average: until a false alarm, and until it sees a shift."""

import math

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr

_NODES = 80
"""Of the quadrature: 6 digits up to h = 12."""


def one_sided(k: float, h: float, shift: float = 0.0, nodes: int = _NODES) -> float:
    """Return the average run length of S = max(0, S + z - k) until S > h, z normal with mean `shift`, sd 1.

    Page's integral equation L(s) = 1 + L(0) Phi(k - s - d) + int_0^h L(y) phi(y - s + k - d) dy, solved on
    Gauss-Legendre nodes (Page 1954; Crowder 1986). Observations are independent and their mean is known.

    >>> round(one_sided(0.5, 4.0), 2)
    335.37
    """
    points, weights = leggauss(nodes)
    y, w = (points + 1) * h / 2, weights * h / 2
    points = np.concatenate([[0.0], y])
    kernel = np.exp(-0.5 * (y[None, :] - points[:, None] + k - shift) ** 2) / math.sqrt(2 * math.pi) * w
    matrix = np.eye(len(points))
    matrix[:, 0] -= ndtr(k - points - shift)
    matrix[:, 1:] -= kernel
    return float(np.linalg.solve(matrix, np.ones(len(points)))[0])


def two_sided(k: float, h: float, shift: float = 0.0, nodes: int = _NODES) -> float:
    """Return the average run length of an upward and a downward CUSUM together, both begun at 0.

    1/L = 1/L+ + 1/L- (Kemp 1961; exact for k >= 0 where both cannot be above 0 for long).

    >>> round(two_sided(0.5, 4.0), 2), round(two_sided(0.5, 4.0, 1.0), 2)
    (167.68, 8.38)
    """
    return 1.0 / (1.0 / one_sided(k, h, shift, nodes) + 1.0 / one_sided(k, h, -shift, nodes))
