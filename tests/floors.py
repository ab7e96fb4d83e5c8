"""
The floors of docs/architecture.md, and what is wrong with modules that do not keep to them.

A module is named by its place in the package: 'parsing/paf/peaks'.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
import re
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = 'openpose_ros'


class Plan(NamedTuple):
    """
    What the page says.

    Attributes
    ----------
    floors : dict of str to int
        Of each room, 'ros/node' say, counted from the lowest.
    to_come : set of str
        The rooms that are not built yet.
    homes : dict of str to tuple of str
        Of each heavy import, a pattern, the places that may have it.

    """

    floors: dict[str, int]
    to_come: set[str]
    homes: dict[str, tuple[str, ...]]


def rows(page: str, mark: str) -> list[str]:
    """Return the rows of a table between two marks, without its head."""
    (table,) = re.findall(rf'<!-- {mark} -->\n(.*?)<!-- /{mark} -->', page, re.DOTALL)
    return [line for line in table.splitlines() if line.startswith('|')][2:]


def read_plan(page: str) -> Plan:
    floors: dict[str, int] = {}
    to_come = set()
    for floor, row in enumerate(rows(page, 'floors')):
        for room, mark in re.findall(r'`([^`]+)`( \(to come\))?', row):
            assert room not in floors, f'{room} stands on two floors'
            floors[room] = floor
            if mark:
                to_come.add(room)
    homes = {}
    for row in rows(page, 'homes'):
        names, places = row.strip('|').split('|')
        for name in re.findall('`([^`]+)`', names):
            homes[name] = tuple(re.findall('`([^`]+)`', places))
    return Plan(floors, to_come, homes)


def sources() -> dict[str, str]:
    """Return the text of every module by its place, 'parsing/paf/peaks' say."""
    package = ROOT / PACKAGE
    return {
        path.relative_to(package).with_suffix('').as_posix(): path.read_text(encoding='utf-8')
        for path in sorted(package.rglob('*.py'))
    }


def imports_of(source: str) -> Iterator[str]:
    """Yield the dotted names that a module imports, at its top, in functions, by import_module."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                yield from (f'{module}.{alias.name}' for alias in names)
            case ast.ImportFrom():
                yield 'a relative name'
            case ast.Call(
                func=ast.Name(id=called) | ast.Attribute(attr=called),
                args=[ast.Constant(value=str(name)), *_],
            ) if called in {'import_module', '__import__'}:
                yield name


def lies_in(place: str, room: str) -> bool:
    """Tell whether a place is a room or in it, by whole components; one may be `*`."""
    here, wanted = place.split('/'), room.split('/')
    return len(here) >= len(wanted) and all(map(fnmatchcase, here, wanted))


def room_of(place: str, plan: Plan) -> str | None:
    return next((room for room in plan.floors if lies_in(place, room)), None)


def target_of(name: str, places: Mapping[str, str]) -> str | None:
    """Return the module of ours that an import of a dotted name runs, if it is ours."""
    first, *rest = name.split('.')
    if first != PACKAGE:
        return None
    for end in range(len(rest), -1, -1):
        place = '/'.join(rest[:end])
        if place in places:
            return place
        front = f'{place}/__init__'.lstrip('/')
        if front in places and (place or len(rest) < 2):
            return front
    return '/'.join(rest)


def home_of(name: str, plan: Plan) -> tuple[str, ...] | None:
    """Return the places that may import a name; None if any may."""
    for pattern, places in plan.homes.items():
        length = pattern.count('.') + 1
        if fnmatchcase('.'.join(name.split('.')[:length]), pattern):
            return places
    return None


def complaints(plan: Plan, places: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the imports of modules."""
    found = []
    for place, source in places.items():
        mine = room_of(place, plan)
        for name in sorted(set(imports_of(source))):
            homes = home_of(name, plan)
            if name == 'a relative name':
                found.append(f'{place} imports a relative name: write the whole one')
            elif homes is not None:
                if not any(lies_in(place, home) for home in homes):
                    found.append(f'{place} imports {name}; its home: {", ".join(homes) or "none"}')
            elif (target := target_of(name, places)) is not None:
                theirs = room_of(target, plan)
                if mine is None or theirs is None:
                    found.append(f'{place} imports {name}: give both a floor')
                elif mine != theirs and plan.floors[theirs] == plan.floors[mine]:
                    found.append(f'{place} imports {name}, which is of its sibling {theirs}')
                elif plan.floors[theirs] > plan.floors[mine]:
                    found.append(f'{place} imports {name}, which is above it')
    return found


def circle(places: Mapping[str, str]) -> list[str]:
    """Return the modules of a circle of imports, the first once more at the end; [] if none."""
    arrows = {
        place: {target_of(name, places) for name in imports_of(source)} - {place, None}
        for place, source in places.items()
    }
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as exc:
        return list(exc.args[1])
    return []


def misplaced(plan: Plan, places: Mapping[str, str]) -> list[str]:
    """Return the rooms that are in the table or in the tree only."""
    built = set(plan.floors) - plan.to_come
    found = [
        f'{place}: no row of the floors has it'
        for place, source in places.items()
        # The front of a folder that holds nothing but rooms needs no floor.
        if room_of(place, plan) is None and not (lies_in(place, '*/__init__') and is_bare(source))
    ]
    for room in plan.floors:
        there = any(lies_in(place, room) for place in places)
        if room in built and not there:
            found.append(f'{room} has a row of the floors and is not built: (to come)?')
        elif there and room in plan.to_come:
            found.append(f'{room} is built: take (to come) from its row')
    for name, homes in plan.homes.items():
        found += [
            f'{home}, the home of {name}, is not there'
            for home in homes
            if not any(lies_in(place, home) for place in places) and home not in plan.to_come
        ]
    return found


def is_bare(source: str) -> bool:
    """Tell whether a module has a docstring and nothing else."""
    return all(isinstance(node, ast.Expr) for node in ast.parse(source).body)
