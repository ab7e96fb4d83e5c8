"""Names as ROS 2 has them: a node's own, those of its topics, and remapping rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
import re

from openpose_ros.errors import ParameterError
from openpose_ros.ros.node.transport import camera_info_beside

_TOKEN = r'[A-Za-z_][A-Za-z0-9_]*'
_NODE = re.compile(_TOKEN)
_NAMESPACE = re.compile(rf'/|(/{_TOKEN})+')
_TOPIC = re.compile(rf'~?(/?{_TOKEN})(/{_TOKEN})*')


@dataclass(frozen=True)
class Names:
    """
    A node's name, its namespace, and what its topics are called instead.

    Attributes
    ----------
    node, namespace : str
        'openpose' and '/', say.
    rules : tuple of (str, str)
        Full names, from and to; the first that fits is applied.

    """

    node: str
    namespace: str = '/'
    rules: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_rules(cls, node: str, rules: Iterable[str]) -> Names:
        """
        Apply what the user gave as `-r FROM:=TO`.

        Parameters
        ----------
        node : str
            The node's name, where no rule changes it.
        rules : iterable of str
            As in ROS 2: `image:=/camera/image_raw`, `~/persons:=people`, `__node:=name`,
            `__ns:=/name`; `NODE:` before a rule restricts it to the node of that name.

        Raises
        ------
        ParameterError
            If a rule or a name in it is not of ROS 2's form.

        """
        pairs = [pair for rule in rules for pair in _read_rule(rule, node)]
        given = dict(reversed(pairs))  # the first of each kind is the one that counts
        node = given.get('__node', given.get('__name', node))
        namespace = given.get('__ns', '/')
        _check(_NODE, node, 'the name of a node')
        _check(_NAMESPACE, namespace, 'a namespace, which begins with / and')
        bare = cls(node, namespace)
        topics = [pair for pair in pairs if not pair[0].startswith('__')]
        return cls(
            node,
            namespace,
            tuple((bare.resolve(old), bare.resolve(new)) for old, new in topics),
        )

    @property
    def full(self) -> str:
        """The node's name with its namespace: '/openpose'."""
        return f'{self.namespace.rstrip("/")}/{self.node}'

    @property
    def logger(self) -> str:
        """What rcl calls its logger: 'openpose', 'front.openpose'."""
        return self.full.strip('/').replace('/', '.')

    def resolve(self, name: str) -> str:
        """
        Return the full name of a topic, after the rules.

        Parameters
        ----------
        name : str
            Absolute ('/a'), relative to the namespace ('a') or to the node ('~/a').

        Raises
        ------
        ParameterError
            If it is no name of a topic.

        """
        _check(_TOPIC, name, 'the name of a topic')
        if name.startswith('~'):
            name = f'{self.full}/{name[1:].lstrip("/")}'
        elif not name.startswith('/'):
            name = f'{self.namespace.rstrip("/")}/{name}'
        return dict(reversed(self.rules)).get(name, name)

    def camera_info(self, name: str, image: str) -> str:
        """
        Return the full name of an image's camera_info: where no rule says it, beside the image.

        Parameters
        ----------
        name, image : str
            Relative to the namespace: 'camera_info' and 'image', say, or 'front/camera_info' and
            'front/image'. With the image on '/camera/image_raw' it is '/camera/camera_info'.

        """
        own = f'{self.namespace.rstrip("/")}/{name}'
        topic = self.resolve(image)
        if topic.rpartition('/')[0] != own.rpartition('/')[0]:
            beside = camera_info_beside(topic)
        else:
            beside = own
        return dict(reversed(self.rules)).get(own, beside)


def _read_rule(rule: str, node: str) -> list[tuple[str, str]]:
    """Return a rule as (from, to); nothing if it is another node's."""
    old, sign, new = rule.partition(':=')
    if not (old and sign and new):
        raise ParameterError(
            f"'{rule}' is no remapping rule FROM:=TO, image:=/camera/image_raw say"
        )
    of_node, colon, old_of_node = old.partition(':')
    if colon:
        return [(old_of_node, new)] if of_node == node else []
    return [(old, new)]


def _check(form: re.Pattern[str], name: str, what: str) -> None:
    if form.fullmatch(name) is None:
        raise ParameterError(
            f"'{name}' is not {what} in ROS 2: words of letters, digits and _, none beginning "
            'with a digit, joined by single slashes'
        )
