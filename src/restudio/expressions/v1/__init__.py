"""Expressions of Data Factory version 1: ``$$Text.Format('{0:yyyy}', SliceStart)`` (reference, section 9.6)."""

from restudio.expressions.v1.expression import SliceExpression, compile_slice_expression, evaluate_slice_tree
from restudio.expressions.v1.window import Window

__all__ = ["SliceExpression", "Window", "compile_slice_expression", "evaluate_slice_tree"]
