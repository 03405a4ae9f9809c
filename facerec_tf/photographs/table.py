"""Table of names: the folder structures of data sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from facerec_tf.core.lookup import Registry
from facerec_tf.photographs.folder_layouts import Found, casia_webface, folders, vggface2

#: Name → function that finds the photographs below a folder, and those to be left out.
FOLDER_LAYOUTS: Registry[Callable[[Path], Found]] = Registry(
    {
        "folders": folders,
        "casia_webface": casia_webface,
        "vggface2": vggface2,
    },
    "layout",
)
