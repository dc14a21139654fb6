"""Every parameter is read by the model: none is there for show."""

import ast
from pathlib import Path

from model.parameter_table import GROUPS, parameters

ROOT = Path(__file__).parents[2]
CLASSES = {declared.__name__: group for group, declared in GROUPS.items()}


def code_that_uses_parameters() -> list[Path]:
    files = [
        path for package in ("agents", "model", "experiments") for path in (ROOT / package).rglob("*.py")
    ]
    about_parameters = {"parameter_table.py", *(path.name for path in (ROOT / "model").glob("scenario*.py"))}
    return [path for path in files if path.parent.name != "parameters" and path.name not in about_parameters]


def group_of(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """Return the group an expression such as `state.scenario.power`, `power` or an alias of it stands for."""
    if isinstance(node, ast.Attribute):
        return node.attr if node.attr in GROUPS else None
    if isinstance(node, ast.Name):
        return aliases.get(node.id) or (node.id if node.id in GROUPS else None)
    return None


def pairs_assigned(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    if not isinstance(node, ast.Assign):
        return []
    pairs = []
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs += list(zip(target.elts, node.value.elts, strict=False))
        else:
            pairs.append((target, node.value))
    return pairs


def aliases_in(tree: ast.Module) -> dict[str, str]:
    aliases = {}
    for node in ast.walk(tree):
        for target, value in pairs_assigned(node):
            if isinstance(target, ast.Name) and (group := group_of(value, {})):
                aliases[target.id] = group
        if isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name | ast.Attribute):
            name = node.annotation.id if isinstance(node.annotation, ast.Name) else node.annotation.attr
            if name in CLASSES:
                aliases[node.arg] = CLASSES[name]
    return aliases


def used_in(text: str) -> set[str]:
    tree = ast.parse(text)
    aliases = aliases_in(tree)
    reads = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {f"{group}.{node.attr}" for node in reads if (group := group_of(node.value, aliases))}


def test_reads_are_recognised_through_every_way_of_writing_them():
    text = """
def phase(state, rules: Leases):
    power, money = state.scenario.power, state.scenario.finance
    return power.withdrawal + money.payout + state.scenario.ai.pue + rules.theta + other.volatility
"""
    assert used_in(text) & set(parameters()) == {
        "power.withdrawal",
        "finance.payout",
        "ai.pue",
        "leases.theta",
    }


def test_every_parameter_is_used():
    used = set().union(*(used_in(path.read_text()) for path in code_that_uses_parameters()))
    assert sorted(set(parameters()) - used) == []
