"""PyTorch on one thread: nn.Sequential, torch.optim with its multi-tensor updates, products with preallocated results."""

import itertools

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
    layers = []
    for l, (inputs, units) in enumerate(zip(widths, widths[1:])):
        layers.append(nn.Linear(inputs, units))
        word = task["lastActivation"] if l == len(widths) - 2 else task["activation"]
        if word != "identity":
            layers.append(ACTIVATIONS[word]())
    model = nn.Sequential(*layers)
    classes = task["loss"] == "softmaxCrossEntropy"
    x, y = torch.from_numpy(task["x"]), torch.from_numpy(task["y"])
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
