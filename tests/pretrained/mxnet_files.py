"""Writes MXNet's files, and runs an MXNet symbol by PyTorch: nothing here knows our networks."""

import json
import struct

import numpy as np

DTYPES = {"float32": 0, "float64": 1, "float16": 2}


def params_bytes(arrays, with_storage=True, prefix="arg:"):
    """Returns the bytes of a `.params` file, as MXNet's ndarray.cc writes it."""
    parts = [struct.pack("<QQQ", 0x112, 0, len(arrays))]
    for array in arrays.values():
        parts.append(struct.pack("<Ii", 0xF993FAC9, 0) if with_storage else b"\xc8\xfa\x93\xf9")
        parts.append(struct.pack(f"<I{array.ndim}q", array.ndim, *array.shape))
        parts.append(struct.pack("<iii", 1, 0, DTYPES[array.dtype.name]))
        parts.append(array.tobytes())
    parts.append(struct.pack("<Q", len(arrays)))
    for name in arrays:
        full = ("aux:" if "moving" in name else prefix) + name
        parts.append(struct.pack("<Q", len(full)) + full.encode())
    return b"".join(parts)


class Symbol:
    """Builds the description of a network, node by node, with random arrays."""

    def __init__(self, seed=0):
        self.nodes, self.arrays = [{"op": "null", "name": "data", "inputs": []}], {}
        self._random = np.random.default_rng(seed)

    def add(self, op, name, *inputs, shapes=(), **attributes):
        """Adds a node; `shapes` maps the ends of its arrays' names to their shapes."""
        own = []
        for ending, shape in dict(shapes).items():
            low, high = (0.5, 1.5) if ending in ("gamma", "moving_var") else (-0.2, 0.2)
            self.arrays[f"{name}_{ending}"] = self._random.uniform(low, high, shape).astype("f4")
            own.append(self._node("null", f"{name}_{ending}", [], {}))
        return self._node(op, name, [*inputs, *own], attributes)

    def _node(self, op, name, inputs, attributes):
        described = {"op": op, "name": name, "inputs": [[i, 0, 0] for i in inputs]}
        self.nodes.append({**described, "attrs": {k: str(v) for k, v in attributes.items()}})
        return len(self.nodes) - 1

    def conv(self, name, x, inputs, outputs, kernel, stride=1, bias=False):
        shapes = {"weight": (outputs, inputs, kernel, kernel), "bias": (outputs,)}
        if not bias:
            del shapes["bias"]
        options = {"stride": (stride, stride), "pad": (kernel // 2, kernel // 2), "num_group": 1}
        return self.add("Convolution", name, x, shapes=shapes, **options)

    def norm(self, name, x, width, **attributes):
        endings = ("gamma", "beta", "moving_mean", "moving_var")
        shapes = dict.fromkeys(endings, (width,))
        return self.add("BatchNorm", name, x, shapes=shapes, **attributes)

    def prelu(self, name, x, width):
        return self.add("LeakyReLU", name, x, shapes={"gamma": (width,)}, act_type="prelu")

    def write(self, folder, name="model", symbol=True, **layout):
        """Writes `NAME-0000.params` and, if asked for, `NAME-symbol.json`."""
        path = folder / f"{name}-0000.params"
        path.write_bytes(params_bytes(self.arrays, **layout))
        if symbol:
            description = {"nodes": self.nodes, "heads": [[len(self.nodes) - 1, 0, 0]]}
            (folder / f"{name}-symbol.json").write_text(json.dumps(description))
        return path


def fresnet(units, widths, embedding_size, se=False):
    """Returns InsightFace's IResNet for 112×112 images as its MXNet code describes it."""
    net, own = Symbol(), {"eps": 2e-5, "fix_gamma": False}
    x = net.add("_minus_scalar", "_minusscalar0", 0, scalar=127.5)
    x = net.add("_mul_scalar", "_mulscalar0", x, scalar=0.0078125)
    x = net.conv("conv0", x, 3, widths[0], 3)
    x = net.prelu("relu0", net.norm("bn0", x, widths[0], **own), widths[0])
    inputs = widths[0]
    for stage, (count, width) in enumerate(zip(units, widths, strict=True), 1):
        for unit in range(1, count + 1):
            name, stride = f"stage{stage}_unit{unit}", 2 if unit == 1 else 1
            y = net.norm(f"{name}_bn1", x, inputs, **own)
            y = net.conv(f"{name}_conv1", y, inputs, width, 3)
            y = net.norm(f"{name}_bn2", y, width, **own)
            y = net.prelu(f"{name}_relu1", y, width)
            y = net.conv(f"{name}_conv2", y, width, width, 3, stride)
            y = net.norm(f"{name}_bn3", y, width, **own)
            if se:
                z = net.add("Pooling", f"{name}_se_pool1", y, global_pool=True, pool_type="avg")
                z = net.conv(f"{name}_se_conv1", z, width, width // 16, 1, bias=True)
                z = net.prelu(f"{name}_se_relu1", z, width // 16)
                z = net.conv(f"{name}_se_conv2", z, width // 16, width, 1, bias=True)
                z = net.add("Activation", f"{name}_se_sigmoid", z, act_type="sigmoid")
                y = net.add("broadcast_mul", f"{name}_mul", y, z)
            if unit == 1:
                x = net.conv(f"{name}_conv1sc", x, inputs, width, 1, stride)
                x = net.norm(f"{name}_sc", x, width, **own)
            x, inputs = net.add("elemwise_add", f"_plus{stage}{unit}", y, x), width
    x = net.add("Dropout", "dropout0", net.norm("bn1", x, inputs, **own))
    shapes = {"weight": (embedding_size, inputs * 49), "bias": (embedding_size,)}
    x = net.add("FullyConnected", "pre_fc1", x, shapes=shapes)
    net.norm("fc1", x, embedding_size, eps=2e-5, fix_gamma=True)
    return net


def run_symbol(nodes, arrays, pixels):
    """Returns what the last node gives for pixels 0–255 `[n, h, w, 3]`."""
    import torch
    from torch.nn import functional

    def conv(x, weight, bias=None, *, stride, pad, num_group, **_):
        options = {"stride": eval(stride), "padding": eval(pad), "groups": int(num_group)}
        return functional.conv2d(x, weight, bias, **options)

    def norm(x, gamma, beta, mean, variance, *, eps="1e-3", fix_gamma="True", **_):
        gamma = torch.ones_like(gamma) if eval(fix_gamma) else gamma
        return functional.batch_norm(x, mean, variance, gamma, beta, eps=float(eps))

    operators = {
        "_minus_scalar": lambda x, scalar: x - float(scalar),
        "_mul_scalar": lambda x, scalar: x * float(scalar),
        "Convolution": conv,
        "BatchNorm": norm,
        "LeakyReLU": lambda x, slopes, **_: functional.prelu(x, slopes),
        "Activation": lambda x, **_: torch.sigmoid(x),
        "Pooling": lambda x, **_: x.mean((2, 3), keepdim=True),
        "broadcast_mul": lambda x, y: x * y,
        "elemwise_add": lambda x, y: x + y,
        "Dropout": lambda x: x,
        "FullyConnected": lambda x, w, b, **_: functional.linear(x.flatten(1), w, b),
    }
    values = []
    for node in nodes:
        if node["op"] != "null":
            given = [values[i] for i, *_ in node["inputs"]]
            attributes = node.get("attrs") or {}
            if node["op"] in ("Convolution", "BatchNorm", "LeakyReLU", "FullyConnected"):
                unused = {"num_filter", "no_bias", "kernel", "num_hidden", "momentum"}
                attributes = {k: v for k, v in attributes.items() if k not in unused}
            values.append(operators[node["op"]](*given, **attributes))
        elif node["name"] == "data":
            values.append(torch.from_numpy(pixels).permute(0, 3, 1, 2))
        else:
            values.append(torch.from_numpy(arrays[node["name"]]))
    return values[-1].numpy()
