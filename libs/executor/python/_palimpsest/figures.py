"""The screen of matplotlib: plt.show() sends a PNG to the executor. MPLBACKEND names this module.

Figures that were never shown are sent at the end of the script and at each prompt. The PNGs go through the pipe that boot.py has to
the executor: nothing is written to a disk, nothing can be exchanged on the way, and they keep their place among the events.
The caps here spare a person's program work and say what is going on; the executor has its own and does not trust these.
"""

import base64
import io
import os
import sys

import _palimpsest
from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

MOST_FIGURES = 20
MOST_BYTES = 2 * 1024 * 1024
MOST_SIDE = 4000
MOST_PIXELS = 8_000_000


class Screen:
    """What this run has sent so far."""

    sent = 0
    told = set()


class FigureManager(FigureManagerBase):
    def show(self):
        emit(self.canvas.figure)


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager


def show(*args, block=None, **kwargs):
    """plt.show(): sends all figures. As after closing their windows, they are gone then; not with block=False (plt.pause)."""
    for manager in Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
        if block is not False or figure.stale or not is_shown(figure):
            emit(figure)
    if block is not False:
        Gcf.destroy_all()


def emit_unshown():
    """Sends what was drawn and never shown, once."""
    for manager in Gcf.get_all_fig_managers():
        figure = manager.canvas.figure
        if not is_shown(figure) and has_content(figure):
            emit(figure)


def is_shown(figure):
    return getattr(figure, '_palimpsest_shown', False)


def has_content(figure):
    return any(axes.has_data() or axes.texts or axes.images or axes.tables for axes in figure.axes)


def emit(figure):
    figure._palimpsest_shown = True
    if os.getpid() != _palimpsest.process:
        return
    if Screen.sent >= MOST_FIGURES:
        return say_once('count', f'Only the first {MOST_FIGURES} figures of a run are shown.')
    png = render(figure)
    if len(png) > MOST_BYTES:
        return say_once('size', f'A figure is not shown: as a picture it has more than {MOST_BYTES // 1024 // 1024} MB.')
    Screen.sent += 1
    sys.stdout.flush()
    _palimpsest.send('figure ' + base64.b64encode(png).decode('ascii'))


def render(figure):
    """As a PNG, at a lower resolution if it were too large otherwise."""
    width, height = figure.get_size_inches()
    dpi = figure.dpi
    pixels = width * height * dpi * dpi
    if pixels > MOST_PIXELS:
        dpi *= (MOST_PIXELS / pixels) ** 0.5
    dpi = min(dpi, MOST_SIDE / max(width, height))
    file = io.BytesIO()
    # Not figure.savefig: the program may have put something of its own in its place, or set a format for it.
    FigureCanvasAgg.print_figure(figure.canvas, file, format='png', dpi=dpi, bbox_inches=None)
    return file.getvalue()


def say_once(about, text):
    if about not in Screen.told:
        Screen.told.add(about)
        print(text, file=sys.stderr)
