"""The curves with which learning begins (R7): peaks over the day, one beside the other, and one without a peak.

Until the population's texts say more, each is equally likely. Texts change the shape of each curve and its share.
"""

from math import exp

# The peaks of the working day, in hours.
_FIRST_PEAK, _LAST_PEAK, _PEAKS = 8.0, 20.5, 11
# The width of a peak (its standard deviation) in hours, and its height over the rest of the day. Weekends are less
# regular.
_WIDTH, _HEIGHT = 1.6, 7.5
_WEEKEND_WIDTH, _WEEKEND_HEIGHT = 2.7, 6.0
# The waking day, over which a curve is 1 on average.
_WAKING = range(8, 21)
# The answer rates over a whole day that people have: from those who never answer to those who nearly always do.
LEVELS = (0.004, 0.04, 0.09, 0.16, 0.25, 0.36, 0.5)


def _curve(peak: float) -> tuple[float, ...]:
    return (*_day(peak, _WIDTH, _HEIGHT), *_day(peak, _WEEKEND_WIDTH, _WEEKEND_HEIGHT))


def _day(peak: float, width: float, height: float) -> tuple[float, ...]:
    # A text leaves in the first half of an hour.
    raw = [1 + height * exp(-0.5 * ((hour + 0.25 - peak) / width) ** 2) for hour in range(24)]
    mean = sum(raw[hour] for hour in _WAKING) / len(_WAKING)
    return tuple(value / mean for value in raw)


_STEP = (_LAST_PEAK - _FIRST_PEAK) / (_PEAKS - 1)
PRIOR_CURVES = (*(_curve(_FIRST_PEAK + _STEP * place) for place in range(_PEAKS)), (1.0,) * 48)
