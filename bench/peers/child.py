"""Serves a contestant to the bench: JSON lines, as bench/contestant.ts says."""

import json
import math
import sys
import time

START = time.perf_counter()


def read_task():
    """The task, with x and y as arrays [rows][columns] where it has data, and the initial parameters as one array."""
    import numpy

    with open(sys.argv[1]) as file:
        task = json.load(file)
    if "x" in task:
        for key, width in ("x", task["widths"][0]), ("y", task["widths"][-1]):
            task[key] = numpy.fromfile(task[key], dtype=numpy.float32).reshape(-1, width)
    if "initial" in task:
        task["initial"] = numpy.fromfile(task["initial"], dtype=numpy.float32)
    return task


def answer(**value):
    if not math.isfinite(value.get("loss") or 0):
        value["loss"] = None
    sys.__stdout__.write(json.dumps(value) + "\n")
    sys.__stdout__.flush()


def serve(setup):
    """Called once the library is imported. `setup(task)` returns (run, loss, note): run(count) returns how often it ran."""
    sys.stdout = sys.stderr
    imported = time.perf_counter()
    run, loss, note = setup(read_task())
    created = time.perf_counter()
    run(1)
    first = time.perf_counter()
    ready = {"imported": 1e3 * (imported - START), "created": 1e3 * (created - imported), "first": 1e3 * (first - created)}
    if note:
        ready["note"] = note
    if loss:
        ready["loss"] = loss()
    answer(**ready)
    for line in sys.stdin:
        question = json.loads(line)
        if "run" in question:
            start = time.perf_counter()
            count = run(question["run"])
            answer(count=count, ms=1e3 * (time.perf_counter() - start))
        else:
            answer(loss=loss() if loss else None)
