"""Clusters and members as rows, for tests that look at them one by one."""

from __future__ import annotations

from collections.abc import Sequence

from detector.model import Cluster, Document, Member
from detector.tables.columns import ClusterColumns
from detector.tables.rows import ClusterRows, MemberRows
from detector.text.texts import Texts


def rows_of(columns: ClusterColumns, documents: Sequence[Document]) -> tuple[list[Cluster], list[Member]]:
    """The rows of all clusters and of their members."""
    ids, texts = [document.id for document in documents], Texts.of(document.text for document in documents)
    return list(ClusterRows(columns, ids, texts)), list(MemberRows(columns, ids, texts))
