"""A network of this project as a PyTorch module, whatever its architecture and its widths.

    pip install torch numpy pillow safetensors
    python examples/pytorch_model.py small.safetensors lr.png sr.png
"""

import json
import sys

import numpy
import torch
from PIL import Image
from safetensors import safe_open
from torch import nn
from torch.nn import functional


class GraphNetwork(nn.Module):
    """`[batch, 3, height, width]`, RGB in 0..255, to the super-resolved images in the same range."""

    def __init__(self, path: str):
        super().__init__()
        with safe_open(path, framework="pt") as file:
            self.graph = json.loads(file.metadata()["graph"])
            tensors = {name.removeprefix("net."): file.get_tensor(name) for name in file.keys()}
        # Modules have no dots in their names.
        self.convolutions = nn.ModuleDict(
            {
                node["name"].replace(".", "/"): convolution(node, tensors)
                for node in self.graph["nodes"]
                if node["op"] == "conv2d"
            }
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        values = {"input": images}
        for node in self.graph["nodes"]:
            values[node["name"]] = self.run(node, *(values[name] for name in node["inputs"]))
        return values[self.graph["outputs"][-1]["node"]]

    def run(self, node: dict, first: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        match node["op"]:
            case "conv2d":
                return self.convolutions[node["name"].replace(".", "/")](first)
            case "relu":
                return functional.relu(first)
            case "leaky-relu":
                return functional.leaky_relu(first, node["slope"])
            case "sigmoid":
                return torch.sigmoid(first)
            case "add":
                return first + others[0]
            case "multiply":
                return first * others[0]
            case "concat":
                return torch.cat([first, *others], dim=1)
            case "pixel-shuffle":
                return functional.pixel_shuffle(first, node["factor"])
            case "global-mean":
                return first.mean(dim=(2, 3), keepdim=True)
            case "resize":
                return functional.interpolate(first, scale_factor=node["factor"], mode="bicubic", align_corners=False)
            case "resize-to":
                return functional.interpolate(first, size=others[0].shape[2:], mode="bilinear", align_corners=False)
            case "max-pool":
                return functional.max_pool2d(first, node["kernel"], node["stride"])
            case "scale":
                return first * node["factor"]
            case "shift":
                return first + first.new_tensor(node["values"]).view(1, -1, 1, 1)
        raise ValueError(f"This script does not know the operation {node['op']}.")


def convolution(node: dict, tensors: dict[str, torch.Tensor]) -> nn.Conv2d:
    layer = nn.Conv2d(
        node["inChannels"],
        node["outChannels"],
        node["kernel"],
        node["stride"],
        node["padding"],
        bias="bias" in node,
    )
    state = {"weight": tensors[node["weight"]]}
    if "bias" in node:
        state["bias"] = tensors[node["bias"]]
    layer.load_state_dict(state)
    # The mean-shift layers are never trained.
    return layer.requires_grad_(not node.get("constant", False))


def main(model: str, source: str, target: str) -> None:
    network = GraphNetwork(model)
    pixels = numpy.asarray(Image.open(source).convert("RGB"), dtype=numpy.float32)
    with torch.inference_mode():
        output = network(torch.from_numpy(pixels).permute(2, 0, 1).unsqueeze(0))[0]
    rounded = output.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(rounded).save(target)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: pytorch_model.py MODEL.safetensors LR.png SR.png")
    main(*sys.argv[1:])
