"""Has links to a source file, as read beside the code, lead to its page."""

from __future__ import annotations

import posixpath
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

PAGES = {"README": "overview", "SECURITY": "security", "CHANGES": "changes"}
"""Files beside the folder of the documentation that are pages, too."""


class LinkedFiles(SphinxTransform):
    """Makes a reference to ``bill.rst`` one to the document ``bill``."""

    default_priority = 400

    def apply(self, **_kwargs: Any) -> None:
        """Replace each; a page that is missing is then told as for ``:doc:``."""
        for found in list(self.document.findall(nodes.reference)):
            path, _, _ = found.get("refuri", "").partition("#")
            if path.endswith(".rst") and "://" not in path:
                found.replace_self(self._reference(found, path.removesuffix(".rst")))
        for unused in list(self.document.findall(nodes.target)):
            if unused.get("refuri", "").partition("#")[0].endswith(".rst"):
                unused.parent.remove(unused)

    def _reference(self, found: nodes.reference, path: str) -> addnodes.pending_xref:
        name = posixpath.basename(path)
        page = PAGES.get(name) or path.removeprefix("docs/")
        return addnodes.pending_xref(
            "",
            nodes.inline("", found.astext()),
            refdomain="std",
            reftype="doc",
            refdoc=self.env.docname,
            reftarget=page,
            refexplicit=True,
            refwarn=True,
        )


def setup(app: Any) -> dict[str, bool]:
    """Add it to Sphinx."""
    app.add_transform(LinkedFiles)
    return {"parallel_read_safe": True}
