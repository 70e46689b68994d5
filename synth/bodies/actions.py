"""What action a motion shows, by the words in its path or its tags: what balanced sampling goes by."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from pathlib import Path

from synth.conventions import ThfmError

# Looked for in this order, so that "walk and sit down" is the rarer of the two.
_WORDS = (
    ("dance", r"danc\w*|salsa|ballet|waltz|tango|charleston|hip ?hop|breakdance|samba|lambada|cha ?cha|indian"),
    ("fight", r"box\w*|punch\w*|kick\w*|karate|fight\w*|fenc\w*|sword\w*|kung ?fu|martial|capoeira|tai ?chi|taiji"),
    ("exercise", r"exercis\w*|squat\w*|lung\w*|push ?ups?|sit ?ups?|jumping ?jacks?|stretch\w*|yoga|gym\w*|workout|"
                 r"cartwheel|acrobat\w*|handstand|rom|warm ?up"),
    ("sport", r"basketball|soccer|football|golf|tennis|baseball|volleyball|skat\w*|ski\w*|swim\w*|row\w*|throw\w*|"
              r"catch\w*|dribbl\w*|shoot\w*"),
    ("jump", r"jump\w*|hop\w*|leap\w*|skip\w*"),
    ("climb", r"climb\w*|ladder|stairs?|upstairs|downstairs|steps?"),
    ("crawl", r"crawl\w*|lie|lying|roll\w*|fall\w*|getup|get up|creep\w*"),
    ("sit", r"sit\w*|seat\w*|chair|stool|sofa|kneel\w*"),
    ("lift", r"lift\w*|carry\w*|carri\w*|pick\w*|box(?:es)?|push\w*|pull\w*|heav\w*"),
    ("reach", r"reach\w*|grab\w*|grasp\w*|place|put|drink\w*|eat\w*|cook\w*|wash\w*|clean\w*|sweep\w*|pour\w*"),
    ("run", r"run\w*|jog\w*|sprint\w*"),
    ("gesture", r"wav\w*|point\w*|clap\w*|gestur\w*|salut\w*|greet\w*|bow|applau\w*"),
    ("talk", r"talk\w*|conversation\w*|speech|speak\w*|discuss\w*|phone\w*|argu\w*"),
    ("turn", r"turn\w*|spin\w*|rotat\w*|twist\w*"),
    ("walk", r"walk\w*|march\w*|sneak\w*|stroll\w*|sidestep\w*|gait|locomotion|stride\w*|limp\w*|treadmill|backwards?"),
    ("bend", r"bend\w*|crouch\w*|duck\w*|stoop\w*"),
    ("stand", r"stand\w*|idle|wait\w*|pose\w*|look\w*|balanc\w*|static"),
)  # fmt: skip
_PATTERNS = tuple((action, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for action, words in _WORDS)
OTHER = "other"


def action_of(words: str | Iterable[str]) -> str:
    """The action of a path or of tags, "other" if none is known: of a path, the file's name says it, else its innermost
    folder that does; of tags, the first that does."""
    parts = re.split(r"[/\\]", words)[::-1] if isinstance(words, str) else words
    for part in parts:
        # words stick together in many ways: walkForward, walk_forward, walk01
        plain = re.sub(r"([a-z])([A-Z])", r"\1 \2", part)
        plain = re.sub(r"[^a-z]+", " ", plain.lower()).replace(" poses", "").replace(" stageii", "")
        for action, pattern in _PATTERNS:
            if pattern.search(plain):
                return action
    return OTHER


def read_table(path: Path) -> dict[str, list[tuple[str, float | None, float | None]]]:
    """A table of actions: name -> (action, start, end in seconds or None for all of it), as CSV with a header.

    Columns ``file`` (the path in its folder, with or without suffix) and ``action``; ``start`` and ``end`` are for
    parts, as BABEL labels them. A file may have several rows.

    Raises:
        ThfmError: the table is missing or no CSV in UTF-8, or a row is unusable; it is named.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as source:  # spreadsheets put a mark at the start
            rows = list(csv.DictReader(source))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise ThfmError(f"{path} cannot be read ({why}): name a CSV in UTF-8 in bodies.motion_actions.") from error
    table: dict[str, list[tuple[str, float | None, float | None]]] = {}
    for number, row in enumerate(rows, 2):
        if not row.get("file") or not row.get("action"):
            raise ThfmError(f"{path}, line {number}: give file and action (and, for a part of it, start and end).")
        try:
            start, end = (float(row[k]) if row.get(k) else None for k in ("start", "end"))
        except ValueError:
            raise ThfmError(f"{path}, line {number}: start and end are seconds, or empty.") from None
        if not 0 <= (start or 0.0) < (math.inf if end is None else end):
            raise ThfmError(f"{path}, line {number}: end must come after start, and start must not be below 0.")
        name = re.sub(r"\.(npz|bvh|amc)$", "", row["file"].strip(), flags=re.IGNORECASE)
        table.setdefault(name, []).append((row["action"].strip(), start, end))
    return table
