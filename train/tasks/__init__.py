"""The tasks, one file each. A file in this folder that defines a ``Task`` with a name is found by itself."""

from train.tasks.base import DenseTask, Labels, Measure, Metric, SparseTask, Task, TaskOptions, with_extras
from train.tasks.constant import MeanAnswer
from train.tasks.registry import TASKS, build_tasks

__all__ = [
    "TASKS",
    "DenseTask",
    "Labels",
    "MeanAnswer",
    "Measure",
    "Metric",
    "SparseTask",
    "Task",
    "TaskOptions",
    "build_tasks",
    "with_extras",
]
