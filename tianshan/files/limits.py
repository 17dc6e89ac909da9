"""How much of somebody else's file is read at most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Roomy for a street's ledgers, far below what would hurt the server."""

    file_bytes: int = 20 * 1024**2
    unpacked_bytes: int = 200 * 1024**2
    ratio: int = 200  # unpacked to packed; not asked below ten megabytes
    parts: int = 2_000  # files inside the package
    rows: int = 200_000
    columns: int = 200
    cells: int = 5_000_000
    memory_bytes: int = 1536 * 1024**2
    cpu_seconds: int = 30
    wall_seconds: float = 60

    def for_child(self):
        return {
            "rows": self.rows,
            "columns": self.columns,
            "cells": self.cells,
            "memory_bytes": self.memory_bytes,
            "cpu_seconds": self.cpu_seconds,
        }
