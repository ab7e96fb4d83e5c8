"""The two types that describe a skeleton, and the facts that every skeleton obeys."""

from __future__ import annotations

from dataclasses import dataclass

from openpose_ros.errors import SkeletonError


@dataclass(frozen=True)
class Limb:
    """
    One connection between two keypoints, and where its part affinity field lies.

    Attributes
    ----------
    start, end : int
        Indices into `Skeleton.keypoint_names`; the field points from start to end.
    paf_x, paf_y : int
        Channels of the PAF tensor (2L, h, w) that hold the x and the y component.
    loose : bool
        An arm, say: parsing asks for half of the samples only (`PafParams.paf_min_count`).
    redundant : bool
        Not in the tree that spans the keypoints; an additional witness (arXiv:1812.08008, 3.5).
    drawn : bool
        Whether a drawing shows it.

    """

    start: int
    end: int
    paf_x: int
    paf_y: int
    loose: bool = False
    redundant: bool = False
    drawn: bool = True


@dataclass(frozen=True)
class Skeleton:
    """
    Keypoints, limbs and their symmetry.

    Attributes
    ----------
    name : str
        What manifests, messages and the command line call it.
    keypoint_names : tuple of str, length K
        In the order of the network's heatmaps; left and right are the person's own.
    limbs : tuple of Limb, length L
    mirror : tuple of int, length K
        Index of each keypoint's counterpart in a picture that is flipped left to right;
        keypoints on the middle line are their own counterpart.
    colours : tuple of (int, int, int), length K
        Red, green, blue, each 0 to 255. A limb is drawn in the colour of its end.
    source : str
        Where names, limbs and channels were taken from.

    """

    name: str
    keypoint_names: tuple[str, ...]
    limbs: tuple[Limb, ...]
    mirror: tuple[int, ...]
    colours: tuple[tuple[int, int, int], ...]
    source: str = ''

    def __post_init__(self) -> None:
        check_skeleton(self)

    def __hash__(self) -> int:
        # Equal skeletons have equal names; hashing every limb at each look-up costs 5 us.
        return hash(self.name)

    @property
    def num_keypoints(self) -> int:
        """K, the number of keypoints and of heatmaps without background."""
        return len(self.keypoint_names)

    @property
    def num_limbs(self) -> int:
        """L, half the number of PAF channels."""
        return len(self.limbs)

    def index(self, keypoint_name: str) -> int:
        """
        Return the place of a keypoint in every (K, ...) array.

        Raises
        ------
        SkeletonError
            If the skeleton has no keypoint of that name; the message lists those it has.

        """
        try:
            return self.keypoint_names.index(keypoint_name)
        except ValueError:
            raise SkeletonError(
                f"skeleton {self.name} has no keypoint '{keypoint_name}'; "
                f'it has {", ".join(self.keypoint_names)}'
            ) from None


def check_skeleton(skeleton: Skeleton) -> None:
    """
    Check what parsing and drawing rely on.

    Raises
    ------
    SkeletonError
        If names repeat, a limb points nowhere, two limbs share a PAF channel, the mirror is
        no involution or breaks a limb, or the non-redundant limbs are no tree over the keypoints.

    """
    where, names = f'skeleton {skeleton.name}', skeleton.keypoint_names
    count = len(names)
    if count == 0 or len(set(names)) != count:
        raise SkeletonError(f'{where}: needs keypoints, each with a name of its own, got {names}')
    if len(skeleton.mirror) != count or len(skeleton.colours) != count:
        raise SkeletonError(f'{where}: mirror and colours need one entry a keypoint ({count})')
    if any(not 0 <= channel <= 255 for rgb in skeleton.colours for channel in rgb):
        raise SkeletonError(f'{where}: colours are red, green, blue from 0 to 255')
    for here, there in enumerate(skeleton.mirror):
        if not 0 <= there < count or skeleton.mirror[there] != here:
            raise SkeletonError(f"{where}: the mirror of '{names[here]}' does not mirror back")
    _check_limbs(skeleton, where)
    _check_tree(skeleton, where)


def check_is_skeleton(skeleton: object) -> None:
    """
    Check that something is a skeleton, and not the name of one.

    Raises
    ------
    SkeletonError
        If it is not.

    """
    if not isinstance(skeleton, Skeleton):
        raise SkeletonError(
            f'the skeleton is a {type(skeleton).__name__}, but must be a Skeleton; '
            "load_skeleton('coco_18') returns one"
        )


def _check_limbs(skeleton: Skeleton, where: str) -> None:
    count, channels = skeleton.num_keypoints, 2 * skeleton.num_limbs
    pairs = {(limb.start, limb.end) for limb in skeleton.limbs}
    for limb in skeleton.limbs:
        if not (0 <= limb.start < count and 0 <= limb.end < count) or limb.start == limb.end:
            raise SkeletonError(
                f'{where}: limb {limb.start}-{limb.end} must join two of {count} keypoints'
            )
        mirrored = skeleton.mirror[limb.start], skeleton.mirror[limb.end]
        if mirrored not in pairs and mirrored[::-1] not in pairs:
            raise SkeletonError(
                f"{where}: limb '{skeleton.keypoint_names[limb.start]}' to "
                f"'{skeleton.keypoint_names[limb.end]}' has no mirrored limb"
            )
    used = sorted(c for limb in skeleton.limbs for c in (limb.paf_x, limb.paf_y))
    if used != list(range(channels)):
        raise SkeletonError(
            f'{where}: {skeleton.num_limbs} limbs must use the PAF channels 0 to {channels - 1}, '
            f'each once, got {used}'
        )


def _check_tree(skeleton: Skeleton, where: str) -> None:
    """Join keypoints limb by limb: a tree never joins two that hang together already."""
    root = list(range(skeleton.num_keypoints))
    tree = [limb for limb in skeleton.limbs if not limb.redundant]
    for limb in tree:
        start, end = root[limb.start], root[limb.end]
        if start == end:
            raise SkeletonError(
                f"{where}: limb '{skeleton.keypoint_names[limb.start]}' to "
                f"'{skeleton.keypoint_names[limb.end]}' closes a circle; mark it redundant"
            )
        root = [start if r == end else r for r in root]
    if len(set(root)) != 1:
        raise SkeletonError(
            f'{where}: the limbs that are not redundant must join all {skeleton.num_keypoints} '
            f'keypoints, they leave {len(set(root))} groups'
        )
