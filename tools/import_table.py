"""An import-linter contract that reads like the import table of the architecture: one line a room."""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def _table(lines: list[str]) -> dict[str, set[str]]:
    return {name.strip(): set(allowed.split()) for name, _, allowed in (line.partition(":") for line in lines)}


class RoomsContract(Contract):
    """Checks every direct import of ``package`` against a table of "room: what it may import".

    Rooms of the same package are named bare, rooms of another root package in full (``synth.shards``). Every module
    must lie in a listed room. ``external`` holds lines "library: the rooms that may import it".
    """

    package = fields.StringField()
    rooms = fields.ListField(subfield=fields.StringField())
    external = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        rooms, external = _table(self.rooms), _table(self.external or [])
        faults = []
        for importer in sorted(graph.modules):
            if not importer.startswith(f"{self.package}."):
                continue
            room = importer.split(".")[1]
            if room not in rooms:
                faults.append(f"{importer} lies in no room of the table")
                continue
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if not self._allowed(room, imported, rooms[room], external):
                    faults.extend(self._where(graph, importer, imported))
        return ContractCheck(kept=not faults, metadata={"faults": faults})

    def _allowed(self, room: str, imported: str, allowed: set[str], external: dict[str, set[str]]) -> bool:
        root, *rest = imported.split(".")
        if root not in self.session_options["root_packages"]:
            return root not in external or room in external[root]
        target = rest[0] if rest else ""
        if root == self.package:
            return target in allowed | {room, ""}
        return f"{root}.{target}" in allowed

    @staticmethod
    def _where(graph: ImportGraph, importer: str, imported: str) -> list[str]:
        details = graph.get_import_details(importer=importer, imported=imported)
        return [f"{importer}:{d['line_number']} may not import {imported}" for d in details] or [
            f"{importer} may not import {imported}"
        ]

    def render_broken_contract(self, check: ContractCheck) -> None:
        for fault in check.metadata["faults"]:
            output.print_error(fault)
