"""The tasks, one file each. A file in this folder that defines a ``Task`` with a name is found by itself."""

from train.tasks.base import DenseTask, Labels, Measure, SparseTask, Task, TaskOptions
from train.tasks.registry import TASKS, build_tasks

__all__ = ["TASKS", "DenseTask", "Labels", "Measure", "SparseTask", "Task", "TaskOptions", "build_tasks"]
