"""Every verb of `facerec`, in groups. This module imports nothing: listing the verbs is quick."""

from __future__ import annotations

#: Group → verb → what the verb does, in one line.
GROUPS: dict[str, dict[str, str]] = {
    "Train, evaluate, export": {
        "train": "train a recognizer",
        "evaluate": "verify pairs of faces and write a report",
        "export": "write a recognizer as SavedModel, LiteRT or ONNX",
    },
    "Photographs to records": {
        "align": "cut aligned faces out of a folder of photographs",
        "make-records": "write photographs as training records",
        "make-records-beam": "write photographs as records on many machines (Beam)",
        "make-synthetic": "write records of drawn faces",
    },
    "Import": {
        "import-lfw": "Labeled Faces in the Wild: records and pairs",
        "import-mxnet": "record files of InsightFace (.rec)",
        "import-bin": "verification sets of InsightFace (.bin)",
        "import-ytf": "YouTube Faces: pairs of videos",
        "import-arcface-tf2": "TFRecords of arcface-tf2",
        "import-weights": "weights in MXNet, PyTorch or ONNX files",
    },
    "Improve records": {
        "inspect-records": "count, draw and check records",
        "merge-records": "join several folders of records",
        "split-records": "split records by identity",
        "check-overlap": "find identities that are both trained and tested on",
        "find-label-errors": "list images and identities that are probably mislabelled",
        "clean-labels": "drop or relabel images far from their identity's centre",
    },
    "List": {
        "backbones": "networks, with their cost and speed on this machine",
        "losses": "margin heads and losses, with their parameters",
    },
}

#: Verb → what it does.
VERBS: dict[str, str] = {verb: text for verbs in GROUPS.values() for verb, text in verbs.items()}

#: Verb → the flag of `train` whose values it describes, and what these are called. `facerec VERB
#: NAME` prints the description of one.
DESCRIBED: dict[str, tuple[str, str]] = {
    "losses": ("loss", "loss"),
    "backbones": ("backbone", "backbone"),
}
