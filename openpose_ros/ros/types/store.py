"""
ROS message types without a ROS installation: definitions, CDR, type hashes.

The definitions of the standard messages and the CDR functions are those of rosbags' type stores;
our own messages are read from the .msg files, which are their only definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

import openpose_ros
from openpose_ros.errors import TransportError

DEFAULT_DISTRO = 'jazzy'
OUR_MESSAGES = ('Gestures', 'Keypoint', 'Person', 'PersonArray', 'Skeleton', 'SkeletonInfo')
_DEFINITIONS = Path(__file__).with_name('definitions')
# Whose messages have a short name in `MessageTypes.classes`.
_PACKAGES = frozenset(
    {
        'builtin_interfaces',
        'diagnostic_msgs',
        'geometry_msgs',
        'openpose_ros',
        'rmw_dds_common',
        'rosgraph_msgs',
        'sensor_msgs',
        'std_msgs',
        'visualization_msgs',
    }
)


class MessageTypes:
    """
    The message types of one ROS distribution, and ours.

    Parameters
    ----------
    distro : str
        Its name in lower case; one that the installed rosbags does not know is taken for
        DEFAULT_DISTRO.

    Attributes
    ----------
    store : rosbags.typesys.store.Typestore
    classes : namespace
        The message classes by their short names: `classes.Image(header=…, …)`. Every field must
        be given. Sequences and arrays of numbers are NumPy arrays, all others are lists.
        `classes.sequence` is that of `Transport.types`.

    """

    def __init__(self, distro: str = DEFAULT_DISTRO) -> None:
        stores = {store.name: store for store in Stores}
        known = stores.get(f'ROS2_{distro.upper()}', stores[f'ROS2_{DEFAULT_DISTRO.upper()}'])
        self.store = get_typestore(known)
        for name, text in read_definitions().items():
            self.store.register(get_types_from_msg(text, name))
        short_names = {
            name.rpartition('/')[2]: kind
            for name, kind in self.store.types.items()
            if name.partition('/')[0] in _PACKAGES
        }
        self.classes = SimpleNamespace(sequence=np.asarray, **short_names)
        self._packages: dict[str, SimpleNamespace] = {}

    def package(self, name: str) -> SimpleNamespace:
        """
        Return the message classes of a package of others by their short names.

        Parameters
        ----------
        name : str
            One that the store has, tf2_msgs say, or one of those that lie in definitions/.

        """
        if name not in self._packages:
            for path in sorted((_DEFINITIONS / name / 'msg').glob('*.msg')):
                full = f'{name}/msg/{path.stem}'
                if full not in self.store.types:
                    text = path.read_text(encoding='utf-8')
                    self.store.register(get_types_from_msg(text, full))
            self._packages[name] = SimpleNamespace(
                **{
                    full.rpartition('/')[2]: kind
                    for full, kind in self.store.types.items()
                    if full.startswith(f'{name}/msg/')
                }
            )
        return self._packages[name]

    def type_hash(self, name: str) -> str:
        """Return the hash that ROS 2 nodes compare since Iron (REP-2016): 'RIHS01_…'."""
        return str(self.store.hash_rihs01(name))


@cache
def message_types(distro: str = DEFAULT_DISTRO) -> MessageTypes:
    """Return the types of a distribution."""
    return MessageTypes(distro)


def read_definitions() -> Mapping[str, str]:
    """
    Return the text of our messages by their full names, 'openpose_ros/msg/Person'.

    They lie in msg/ of a source tree, and in share/openpose_ros/msg/ of whatever pip or colcon
    installed the package into.

    Raises
    ------
    TransportError
        If the installation lacks them.

    """
    above = [parent for path in openpose_ros.__path__ for parent in Path(path).parents]
    places = [Path(path).parent / 'msg' for path in openpose_ros.__path__]
    places += [parent / 'share/openpose_ros/msg' for parent in above]
    for place in places:
        if (place / 'PersonArray.msg').is_file():
            return {
                f'openpose_ros/msg/{name}': (place / f'{name}.msg').read_text(encoding='utf-8')
                for name in OUR_MESSAGES
            }
    raise TransportError(
        f'the message definitions are missing: no share/openpose_ros/msg/ above {above[0]}; '
        'install the package again'
    )
