"""Parquet with a card: ``data/train-*.parquet`` and ``README.md``, for ``datasets.load_dataset(folder)``.

A row is a clip: ``key``, ``caption``, ``fps``, ``frames``, ``width``, ``height``, ``people``, ``meta`` (JSON), and a
column a field with the bytes of its member as the shards hold them (docs/format.md), so that nothing is lost.
"""

from __future__ import annotations

import json
from pathlib import Path

from synth.conventions import ThfmError
from synth.export.run import Options
from synth.shards import FIELDS, Clip

_BYTES = 400_000_000  # of a file, roughly
_HEAD = "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*.parquet\n"


class Exporter:
    """Rows are gathered until a file is full."""

    def __init__(self, out: Path, options: Options):
        try:
            import pyarrow.parquet as parquet
        except ImportError:
            raise ThfmError("pyarrow is not installed: pip install 'pyarrow<26'.") from None
        self._parquet = parquet
        self.out, self.rows, self.size, self.files, self.fields = out, [], 0, 0, None

    def add(self, clip: Clip) -> None:
        """One row."""
        members = {name: clip.encoded(name)[0] for name in clip.fields()}
        meta = clip.meta if isinstance(clip.meta, dict) else {}
        row = {
            "key": clip.key, "caption": str(meta.get("caption") or ""), "fps": float(clip.fps),
            "frames": clip.num_frames, "width": clip.width, "height": clip.height, "people": clip.num_people or 0,
            "meta": json.dumps(clip.header), **members,
        }  # fmt: skip
        self.rows.append(row)
        self.size += sum(map(len, members.values()))
        if self.size > _BYTES:
            self._flush()

    def finish(self) -> None:
        """The last file, and the card."""
        self._flush()
        fields = "".join(f"| `{n}` | {FIELDS[n].member} | {FIELDS[n].about} |\n" for n in FIELDS if n in self.fields)
        text = (
            f"{_HEAD}tags: [synthetic, video, human]\nlicense: other\n---\n\n# Synthetic people\n\nA row is a clip; "
            "columns of fields hold the bytes of the members of the shards (`meta` says how to decode them).\n\n"
            f"| column | as member | meaning |\n| --- | --- | --- |\n{fields}"
        )
        (self.out / "README.md").write_text(text)

    def _flush(self) -> None:
        if not self.rows:
            return
        import pyarrow as pa

        (self.out / "data").mkdir(exist_ok=True)
        self.fields = set(self.rows[0])
        path = self.out / "data" / f"train-{self.files:05d}.parquet"
        self._parquet.write_table(pa.Table.from_pylist(self.rows), path, compression="none", row_group_size=8)
        self.rows, self.size, self.files = [], 0, self.files + 1
