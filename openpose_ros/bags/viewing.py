"""One camera of a bag, looked at by the node's own processing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openpose_ros.bags.around import Around
from openpose_ros.bags.contents import Key, Message
from openpose_ros.bags.options import BagOptions
from openpose_ros.bags.reading import Bag
from openpose_ros.bags.recording import BagTransport, Recorded, World
from openpose_ros.bags.steps import Step
from openpose_ros.bags.topics import Camera, depth_topics
from openpose_ros.errors import FrameError, ParameterError
from openpose_ros.estimator import PoseEstimator
from openpose_ros.ros.messages.people import nanoseconds
from openpose_ros.ros.node.bodies import Bodies
from openpose_ros.ros.node.diagnostics import Recorder
from openpose_ros.ros.node.loading import skeleton_info_of
from openpose_ros.ros.node.measuring import Arrival
from openpose_ros.ros.node.names import Names
from openpose_ros.ros.node.parameters import NodeParams
from openpose_ros.ros.node.processing import Processing
from openpose_ros.ros.node.remedies import RECORDED
from openpose_ros.ros.node.throttle import Throttle, Warnings
from openpose_ros.ros.node.transport import CAMERA_INFO, camera_info_beside

WARN_EVERY_S = 5.0


class Viewing:
    """
    Looks at the images of one camera, one after the other.

    Parameters
    ----------
    camera : Camera
        Which one.
    bag : Bag
        Where it is.
    world : World
        What cameras have in common.
    options : BagOptions
        What is done.
    new_id : callable
        Names somebody new.
    say : callable
        Takes a line for the user.
    bodies : Bodies, optional
        Publishes what goes by the ids of people, of the camera before; by default it makes one.

    Attributes
    ----------
    bodies : Bodies
    keys : frozenset of (str, str)
        Topics of which it needs what is about the time of an image.
    count : int
        How many images it looked at, those that failed included.

    Raises
    ------
    ParameterError
        If depth is wanted, and the bag has none for this camera.

    """

    def __init__(
        self,
        camera: Camera,
        bag: Bag,
        world: World,
        options: BagOptions,
        new_id: Callable[[], str],
        say: Callable[[str], object],
        bodies: Bodies | None = None,
    ) -> None:
        self.camera = camera
        self.count = 0
        self._world = world
        self._params: NodeParams = options.effective
        self._prefix = f'{camera.name}/' if camera.name else ''
        self._names = options.names
        self.transport = BagTransport(
            world, camera.topic, self.resolve, self._params.optional_outputs, say
        )
        self.bodies = bodies or Bodies(self.transport, world.clock)
        self._processing = Processing(
            self.transport,
            Recorder(),
            Warnings(lambda _, text: say(text), Throttle(WARN_EVERY_S)),
            lambda: True,
            world.clock,
            self.bodies,
            new_id,
            camera=camera.name,
            remedies=RECORDED,
        )
        self._infos, self._depth_infos = Around(lasts=True), Around(lasts=True)
        self._depths = Around()
        self._told: dict[str, Any] = {}
        infos = {(self._topic('camera_info', camera.topic), self._infos)}
        depths = set()
        if self._params.depth:
            topic, plain = self._depth_topic(bag, say)
            depths.add((topic, self._depths))
            infos.add((self._topic('depth_camera_info', plain), self._depth_infos))
        self._around: dict[Key, list[Around]] = {}
        for channel in bag.channels:
            of_type = infos if channel.type_name == CAMERA_INFO else depths
            found = [around for topic, around in of_type if topic == channel.topic]
            if found:
                self._around[channel.key] = found
        self.keys = frozenset(self._around)

    def resolve(self, name: str) -> str:
        """Return the full name of an output: those of several cameras are told apart."""
        if name.startswith('~/'):
            name = f'~/{self._prefix}{name[2:]}'
        return self._names.resolve(name)

    def prepare(self) -> None:
        """Open what the parameters ask for."""
        self._processing.prepare(self._params)
        self._processing.expect(self._params)

    def close(self) -> None:
        """Give back what `prepare` opened."""
        self._processing.close()

    def hear(self, raw: Message, message: Any) -> None:
        """Take what is about the time of images."""
        for around in self._around.get(raw.key, ()):
            around.add(message, raw.log_ns)

    def look(self, step: Step, estimator: PoseEstimator) -> list[Recorded]:
        """
        Return what is found in an image, to be written.

        Raises
        ------
        Exception
            Of the image, or the network; nothing of it is to be written.

        """
        self.count += 1
        message, log_ns = step.message, step.raw.log_ns
        if message is None:
            raise FrameError('an image that cannot be unpacked')
        stamp_ns = nanoseconds(message.header.stamp)
        self._tell('info', self._infos.nearest(stamp_ns, log_ns), self._processing.on_camera_info)
        self._tell(
            'depth info',
            self._depth_infos.nearest(stamp_ns, log_ns),
            self._processing.on_depth_camera_info,
        )
        self._tell(
            'depth', self._depths.nearest(stamp_ns, log_ns), self._processing.measuring.on_depth
        )
        self.transport.frame = step.frame
        try:
            arrival = Arrival(message, self._world.clock())
            with self._world.publishing() as found:
                self._processing.work(estimator, arrival, self._params)
        finally:
            self.transport.frame = None
        return found

    def skeleton(self, estimator: PoseEstimator) -> list[Recorded]:
        """Return which keypoints there are, to be written."""
        types = self._world.types.classes
        message = skeleton_info_of(types, estimator, self._world.log_ns)
        with self._world.publishing() as found:
            self.transport.publish('skeleton_info', message)
        return found

    def _tell(self, what: str, message: Any, take: Callable[[Any], object]) -> None:
        """Hand over what is nearest, unless it is what was."""
        if message is not None and message is not self._told.get(what):
            self._told[what] = message
            take(message)

    def _topic(self, name: str, image: str) -> str:
        """Return the topic of a camera_info: where no rule says it, beside the image."""
        given = self._given(name)
        return camera_info_beside(image) if given is None else given

    def _given(self, name: str) -> str | None:
        """Return what a rule says of a topic of this camera; None where none does."""
        name = f'{self._prefix}{name}'
        found = self._names.resolve(name)
        bare = Names(self._names.node, self._names.namespace)
        return None if found == bare.resolve(name) else found

    def _depth_topic(self, bag: Bag, say: Callable[[str], object]) -> tuple[str, str]:
        """Return the topic of the depth images, and without what follows for packed ones."""
        packed = self._params.depth_transport != 'raw'
        ending = f'/{self._params.depth_transport}' if packed else ''
        plain = self._given('depth_image') or self._names.resolve(f'{self._prefix}depth_image')
        topic = f'{plain}{ending}'
        if any(channel.topic == topic for channel in bag.channels):
            return topic, plain
        known = (
            [one.topic for one in bag.channels if one.topic.endswith(ending)]
            if packed
            else depth_topics(bag, self._world.types)
        )
        if len(known) == 1 and not self._prefix and self._given('depth_image') is None:
            say(f'depth is taken from {known[0]}')
            return known[0], known[0].removesuffix(ending)
        raise ParameterError(
            f'{bag.path} has no depth on {topic}: give -r {self._prefix}depth_image:=TOPIC; '
            f'topics of depth: {", ".join(known) or "none"}'
        )
