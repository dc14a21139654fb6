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
    about_parameters = {"parameter_table.py", "scenario.py", "scenario_checks.py", "scenario_files.py"}
    return [path for path in files if path.parent.name != "parameters" and path.name not in about_parameters]


def last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def group_of(node: ast.AST, aliases: dict[str, str]) -> str | None:
    """Return the group an expression such as `state.scenario.power`, `power` or an alias of it stands for."""
    name = last_name(node) or ""
    return aliases.get(name) or (name if name in GROUPS else None)


def pairs_assigned(tree: ast.Module) -> list[tuple[ast.AST, ast.AST]]:
    pairs: list[tuple[ast.AST, ast.AST]] = []
    for node in ast.walk(tree):
        for target in node.targets if isinstance(node, ast.Assign) else []:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                pairs += zip(target.elts, node.value.elts, strict=False)
            else:
                pairs.append((target, node.value))
        if isinstance(node, ast.arg) and node.annotation:
            pairs.append((ast.Name(node.arg), node.annotation))
    return pairs


def aliases_in(tree: ast.Module) -> dict[str, str]:
    """Return what local names and attributes stand for a group, aliases of aliases included."""
    aliases: dict[str, str] = {}
    for _ in range(2):
        for target, value in pairs_assigned(tree):
            group = CLASSES.get(last_name(value) or "") or group_of(value, aliases)
            if group and (name := last_name(target)):
                aliases[name] = group
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
