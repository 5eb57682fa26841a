"""PyTorch on one thread: nn.Sequential, torch.optim with its multi-tensor updates, products with preallocated results."""

import itertools
import math

from child import serve
import torch
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def setup(task):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    return product(task) if task["kind"] == "product" else network(task)


def network(task):
    widths, batch = task["widths"], task["batchSize"]
    image = task.get("image")
    layers = image_layers(image) if image else []
    first = math.prod(image["features"]) if image else widths[0]
    for l, (inputs, units) in enumerate(zip([first, *widths[1:]], widths[1:])):
        layers.append(nn.Linear(inputs, units))
        word = task["lastActivation"] if l == len(widths) - 2 else task["activation"]
        if word != "identity":
            layers.append(ACTIVATIONS[word]())
    model = nn.Sequential(*layers)
    classes = task["loss"] == "softmaxCrossEntropy"
    x, y = torch.from_numpy(task["x"]), torch.from_numpy(task["y"])
    if image:
        # In memory the channels of a pixel stay beside each other: its convolutions are faster so.
        x = x.view(-1, *image["shape"]).permute(0, 3, 1, 2)
        start(model, image, torch.from_numpy(task["initial"]))
        model.to(memory_format=torch.channels_last)
    if classes:
        y = y.argmax(1)

    if task["kind"] == "predict":
        rows = x[: task["query"]].contiguous()

        def predict(count):
            with torch.inference_mode():
                for _ in range(count):
                    output = model(rows)
                    if classes:
                        output.softmax(1)
            return count

        return predict, None, None

    loss = nn.functional.cross_entropy if classes else nn.functional.mse_loss
    make = torch.optim.Adam if task["optimizer"] == "adam" else torch.optim.SGD
    optimizer = make(model.parameters(), lr=task["learningRate"], foreach=True)
    batches = itertools.cycle(list(zip(x.split(batch), y.split(batch))))

    def run(count):
        for _ in range(count):
            inputs, targets = next(batches)
            optimizer.zero_grad(set_to_none=True)
            loss(model(inputs), targets).backward()
            optimizer.step()
        return count

    def evaluate():
        with torch.no_grad():
            return loss(model(x), y).item()

    return run, evaluate, None


def image_layers(image):
    """The layers before the dense ones; pools that are padded at the end count what is inside, as `ceil_mode` does."""
    layers = []
    channels = image["shape"][2]
    for layer in image["layers"]:
        word = layer["type"]
        if word == "relu":
            layers.append(nn.ReLU())
        elif word == "convolution":
            layers.append(nn.Conv2d(channels, layer["filters"], layer["kernel"], padding=layer["padding"]))
            channels = layer["filters"]
        else:
            make = nn.MaxPool2d if word == "maxPool" else nn.AvgPool2d
            layers.append(make(layer["size"], layer["stride"], ceil_mode=any(layer["padding"])))
    return [*layers, nn.Flatten()]


def start(model, image, initial):
    """Takes the initial parameters. To PyTorch images are [channels, height, width], and so is what the first dense layer reads."""
    features = image["features"]
    numbers = iter(initial.split([p.numel() for p in model.parameters()]))
    with torch.no_grad():
        for layer in model:
            if not isinstance(layer, (nn.Conv2d, nn.Linear)):
                continue
            w, b = next(numbers), next(numbers)
            if isinstance(layer, nn.Conv2d):
                filters, channels, height, width = layer.weight.shape
                w = w.view(height, width, channels, filters).permute(3, 2, 0, 1)
            elif features:
                w = w.view(*features, layer.out_features).permute(3, 2, 0, 1).flatten(1)
                features = None
            else:
                w = w.view(layer.in_features, layer.out_features).t()
            layer.weight.copy_(w)
            layer.bias.copy_(b)


def product(task):
    n = task["n"]
    dtype = torch.float64 if task["precision"] == "f64" else torch.float32
    x, w, delta, out, other = (torch.randn(n, n, dtype=dtype) for _ in range(5))
    bias, sums = torch.randn(n, dtype=dtype), torch.empty(n, dtype=dtype)
    xt, wt = x.t(), w.t()

    def run(count):
        for _ in range(count):
            if task["form"] == "forward":
                torch.addmm(bias, x, w, out=out)
                continue
            torch.mm(xt, delta, out=out)
            torch.sum(delta, 0, out=sums)
            if task["form"] == "backward":
                torch.mm(delta, wt, out=other)
        return count

    return run, None, None


serve(setup)
