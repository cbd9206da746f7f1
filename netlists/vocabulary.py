"""The cards there are: those that are kept, those that only ask for output, and those not there yet."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Kept for elaboration.
CARDS = _words(
    ".param .func .model .global .ic .nodeset .options .option .temp .save .print .plot .op .dc .tran "
    ".bus .input .output .nudge .data .learn .train .protocol .set"
)

#: Read here: they say where cards come from and what belongs together.
STRUCTURE = _words(".subckt .ends .include .inc .lib .endl .control .endc .end .title")

#: They change no answer: skipped, with a note.
OUTPUT = _words(".probe .width .four .fourier .acct .backanno .list")

#: Known to other programs, or to come.
NOT_YET = _words(
    ".step .ac .noise .tf .meas .measure .sens .pz .disto .sp .pss .hb .mc .if .elseif .else "
    ".endif .csparam .global_param .alter .del .loadbias .savebias .wave .machine .macro .eom .connect .lin "
    ".net .hdl .stim .distribution .preprocess .sampling"
)

#: Commands of a .control block that show, store or end, but change no answer.
COMMANDS = _words(
    "run print plot write wrdata save echo display quit exit asciiplot gnuplot hardcopy listing status "
    "show showmod rusage setplot destroy let linearize fourier spec fft psd version inventory iplot bug help"
)

#: What `set` may set there.
SETTINGS = _words(
    "filetype noaskquit noprintscale nobreak nomoremode width height wr_singlescale wr_vecnames numdgt "
    "plotwinsize gridsize gridstyle plotstyle pointstyle xbrushwidth hcopydevtype hcopypscolor "
    "hcopywidth hcopyheight hcopyscale hcopydev appendwrite curplottitle color0 color1 color2 color3 "
    "color4 color5 color6 color7 color8"
)
