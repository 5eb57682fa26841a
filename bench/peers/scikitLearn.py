"""scikit-learn's perceptrons. A run is as many whole epochs of one `fit` as hold the steps, so that its checks are paid once."""

import warnings

from child import serve
import numpy
from sklearn.neural_network import MLPClassifier, MLPRegressor

WORDS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}
ROWS = 1000


def setup(task):
    warnings.simplefilter("ignore")
    batch = task["batchSize"]
    classes = task["loss"] == "softmaxCrossEntropy"
    # Sigmoids on the output are a classifier of several labels, with cross-entropy.
    labels = task["lastActivation"] == "sigmoid"
    x = task["x"]
    y = task["y"].argmax(1) if classes else task["y"].astype(int) if labels else task["y"].squeeze(1)
    # A long epoch where one is short: its overhead is scikit-learn's, but no one has to pay it that often.
    repeats = max(1, ROWS // len(x)) if batch < len(x) else 1
    rows = numpy.tile(x, (repeats, 1))
    targets = numpy.concatenate([y] * repeats)
    make = MLPClassifier if classes or labels else MLPRegressor
    model = make(
        hidden_layer_sizes=task["widths"][1:-1],
        activation=WORDS[task["activation"]],
        solver=task["optimizer"],
        alpha=0,
        batch_size=batch,
        learning_rate_init=task["learningRate"],
        max_iter=1,
        shuffle=False,
        random_state=1,
        tol=0,
        warm_start=True,
        momentum=0,
        nesterovs_momentum=False,
        n_iter_no_change=10**9,
    )
    steps = len(rows) // batch
    note = "cross-entropy" if labels else None

    if task["kind"] == "predict":
        model.fit(rows, targets)
        query = x[: task["query"]]
        predict = model.predict_proba if classes or labels else model.predict

        def call(count):
            for _ in range(count):
                predict(query)
            return count

        return call, None, None

    def run(count):
        epochs = max(1, round(count / steps))
        model.set_params(max_iter=epochs)
        # The limit counts the epochs of all calls.
        model.n_iter_ = 0
        model.fit(rows, targets)
        return epochs * steps

    def loss():
        if not (classes or labels):
            return float(numpy.mean((model.predict(x) - y) ** 2))
        p = numpy.clip(model.predict_proba(x), 1e-7, 1 - 1e-7)
        if classes:
            return float(-numpy.mean(numpy.log(p[numpy.arange(len(x)), y])))
        return float(-numpy.mean(y * numpy.log(p) + (1 - y) * numpy.log(1 - p)))

    return run, loss, note


serve(setup)
