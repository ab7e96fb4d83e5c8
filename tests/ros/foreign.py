"""
A process beside the node under test: it plays cameras, and tells what the node publishes.

`python -m tests.ros.foreign TRANSPORT CAMERA [OTHER…]` takes a command a line on stdin, and writes
an event a line on stdout, both JSON. It ends with its stdin. Commands and events are of the first
camera, whose name is '' where it is the only one; the others play all the while.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
import json
import queue
import sys
import threading
import time
from typing import Any, Protocol

import cv2
import numpy as np

_OTHERS_EVERY_S = 0.1


def topic_of(camera: str, name: str) -> str:
    """Return the topic of a camera: '/front/image', '/front/left/image'."""
    return f'/front/{camera}/{name}' if camera else f'/front/{name}'


def output_of(camera: str, name: str) -> str:
    """Return the topic of a camera's results."""
    return f'/front/openpose/{camera}/{name}' if camera else f'/front/openpose/{name}'


class World(Protocol):
    """What a transport must offer to be foreign."""

    types: Any
    cameras: list[Callable[[Any], None]]  # each publishes an Image of the first, reliably
    others: list[Callable[[Any], None]]  # each publishes an Image of another

    def matched(self) -> bool:
        """Tell whether the node listens to every camera, and is listened to."""
        ...

    def spin(self, seconds: float) -> None:
        """Wait at most so long, and hand a message to its callback if one came."""
        ...

    def listen(self, topic: str, type_name: str, callback: Callable[[Any], None]) -> None:
        """Subscribe to a topic, reliably; 'std_msgs/msg/Header' is a type."""
        ...

    def publishers(self, topic: str) -> int:
        """Return how many publish on a topic that is listened to."""
        ...

    def kind(self, type_name: str) -> Any:
        """Return the class of a message."""
        ...

    def offer(self, topic: str, type_name: str, *, latched: bool) -> Callable[[Any], None]:
        """Return what publishes on a topic, reliably."""
        ...

    def subscribers(self, topic: str) -> int:
        """Return how many listen to a topic that is offered."""
        ...


def dds_world(on_persons: Callable[[Any], None], first: str, *others: str) -> World:
    """Join the network by DDS."""
    from openpose_ros.ros.dds.participant import Participant, Profile
    from openpose_ros.ros.node.names import Names

    class DdsWorld:
        def __init__(self) -> None:
            self._participant = Participant(Names.from_rules('foreign', []))
            self.types = self._participant.types.classes
            self._publishers = [
                self._participant.publisher(
                    topic_of(name, 'image'), 'sensor_msgs/msg/Image', Profile(5)
                )
                for name in (first, first, *others)
            ]
            publish = [publisher.publish for publisher in self._publishers]
            self.cameras, self.others = publish[:2], publish[2:]
            self._heard: dict[str, Any] = {}
            self._offered: dict[str, Any] = {}
            self._persons = self._participant.subscribe(
                output_of(first, 'persons'),
                'openpose_ros/msg/PersonArray',
                Profile(50),
                on_persons,
            )

        def matched(self) -> bool:
            heard = all(publisher.subscribers() == 1 for publisher in self._publishers)
            return heard and self._persons.publishers() == 1

        def spin(self, seconds: float) -> None:
            self._participant.spin(seconds)

        def listen(self, topic: str, type_name: str, callback: Callable[[Any], None]) -> None:
            self._participant.types.package(type_name.partition('/')[0])
            self._heard[topic] = self._participant.subscribe(
                topic, type_name, Profile(50), callback
            )

        def publishers(self, topic: str) -> int:
            return self._heard[topic].publishers()

        def kind(self, type_name: str) -> Any:
            return self._participant.types.store.types[type_name]

        def offer(self, topic: str, type_name: str, *, latched: bool) -> Callable[[Any], None]:
            profile = Profile(5, latched=latched)
            self._offered[topic] = self._participant.publisher(topic, type_name, profile)
            return self._offered[topic].publish

        def subscribers(self, topic: str) -> int:
            return self._offered[topic].subscribers()

    return DdsWorld()


def rclpy_world(on_persons: Callable[[Any], None], first: str, *others: str) -> World:
    """Join the network by rclpy."""
    from openpose_ros.msg import PersonArray
    import rclpy
    from sensor_msgs.msg import Image

    from openpose_ros.ros.rclpy.transport import MessageTypes

    class RclpyWorld:
        def __init__(self) -> None:
            rclpy.init()
            self._offered: dict[str, Any] = {}
            self._node = rclpy.create_node('foreign')
            self.types = MessageTypes
            self._publishers = [
                self._node.create_publisher(Image, topic_of(name, 'image'), 5)
                for name in (first, first, *others)
            ]
            publish = [publisher.publish for publisher in self._publishers]
            self.cameras, self.others = publish[:2], publish[2:]
            self._persons = output_of(first, 'persons')
            self._node.create_subscription(PersonArray, self._persons, on_persons, 50)

        def matched(self) -> bool:
            heard = all(p.get_subscription_count() == 1 for p in self._publishers)
            return heard and self._node.count_publishers(self._persons) == 1

        def spin(self, seconds: float) -> None:
            rclpy.spin_once(self._node, timeout_sec=seconds)

        def listen(self, topic: str, type_name: str, callback: Callable[[Any], None]) -> None:
            self._node.create_subscription(self.kind(type_name), topic, callback, 50)

        def publishers(self, topic: str) -> int:
            return self._node.count_publishers(topic)

        def kind(self, type_name: str) -> Any:
            package, _, name = type_name.split('/')
            return getattr(import_module(f'{package}.msg'), name)

        def offer(self, topic: str, type_name: str, *, latched: bool) -> Callable[[Any], None]:
            profile = rclpy.qos.QoSProfile(depth=5)
            if latched:
                profile.durability = rclpy.qos.DurabilityPolicy.TRANSIENT_LOCAL
            self._offered[topic] = self._node.create_publisher(
                self.kind(type_name), topic, profile
            )
            return self._offered[topic].publish

        def subscribers(self, topic: str) -> int:
            return self._offered[topic].get_subscription_count()

    return RclpyWorld()


WORLDS = {'dds': dds_world, 'rclpy': rclpy_world}


def image(types: Any, fields: dict[str, Any]) -> Any:
    """Return an Image of a plain colour; what the fields leave out fits the rest."""
    width, height = fields.get('width', 320), fields.get('height', 240)
    step = fields.get('step', 3 * width)
    stamp_ns = time.time_ns()
    stamp = types.Time(sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9)
    return types.Image(
        header=types.Header(stamp=stamp, frame_id='f' * fields.get('frame_id', 6)),
        height=height,
        width=width,
        encoding=fields.get('encoding', 'bgr8'),
        is_bigendian=0,
        step=step,
        data=types.sequence(np.full(fields.get('data', step * height), 128, np.uint8)),
    )


def say(event: str, **fields: Any) -> None:
    """Write an event."""
    sys.stdout.write(json.dumps({'event': event, **fields}) + '\n')
    sys.stdout.flush()


def tell(message: Any) -> None:
    """Write what a PersonArray says."""
    stamp = message.header.stamp
    far = [point.z for person in message.persons for point in person.positions]
    known = [z for z in far if z == z]
    say(
        'persons',
        stamp_ns=stamp.sec * 10**9 + stamp.nanosec,
        age_s=(time.time_ns() - (stamp.sec * 10**9 + stamp.nanosec)) / 1e9,
        people=len(message.persons),
        size=[message.image_width, message.image_height],
        frame_id=len(message.header.frame_id),
        positions=len(far),
        hands=sum(len(person.left_hand) + len(person.right_hand) for person in message.persons),
        known=len(known),
        far=sorted(known)[len(known) // 2] if known else None,
    )


def plain(value: Any) -> Any:
    """Return a message of either transport as JSON has it."""
    fields = getattr(value, '__dataclass_fields__', None)
    if fields is None and hasattr(value, 'get_fields_and_field_types'):
        fields = value.get_fields_and_field_types()
    if fields is not None:
        return {name: plain(getattr(value, name)) for name in fields if name[:2] != '__'}
    if hasattr(value, 'tolist'):
        return value.tolist()
    return value if isinstance(value, (str, int, float)) else [plain(part) for part in value]


class Stage:
    """Plays a depth camera beside the camera of colour; what it shows is a wall."""

    def __init__(self, world: World, camera: str) -> None:
        self._world = world
        self._camera = camera
        self._publish: dict[str, Callable[[Any], None]] = {}
        self._now_ns = time.time_ns()  # of its own: people are followed however slow all is

    def show(
        self,
        *,
        far: float = 2000,
        packed: bool = False,
        frame_id: str = 'ffffff',
        infos: bool = True,
        frames: list[str] | None = None,
    ) -> None:
        """
        Publish an image and its depth.

        Parameters
        ----------
        far : float
            Millimetres; 0: no depth image at all.
        packed : bool
            As compressedDepth.
        frame_id : str
            Of the depth.
        infos : bool
            With the camera_info of both.
        frames : list of str, optional
            Parent and child: say on /tf_static that they are one.

        """
        self._now_ns += 10**8
        size, header = (320, 240), image(self._world.types, {}).header
        header.stamp = self._world.types.Time(
            sec=self._now_ns // 10**9, nanosec=self._now_ns % 10**9
        )
        if frames:
            self._send('/tf_static', 'tf2_msgs/msg/TFMessage', self._static(*frames), latched=True)
        if infos:
            for topic, frame in (('camera_info', 'ffffff'), ('depth_camera_info', frame_id)):
                info = self._camera_info(self._header(header.stamp, frame), size)
                self._send(topic_of(self._camera, topic), 'sensor_msgs/msg/CameraInfo', info)
        if far:
            pixels = np.full((240, 320), far, np.uint16)
            stamped = self._header(header.stamp, frame_id)
            if packed:
                data = bytes(12) + cv2.imencode('.png', pixels)[1].tobytes()
                message = self._world.types.CompressedImage(
                    header=stamped,
                    format='16UC1; compressedDepth png',
                    data=self._world.types.sequence(np.frombuffer(data, np.uint8)),
                )
                kind = 'sensor_msgs/msg/CompressedImage'
                topic = topic_of(self._camera, 'depth_image/compressedDepth')
                self._send(topic, kind, message)
            else:
                message = self._world.types.Image(
                    header=stamped,
                    height=240,
                    width=320,
                    encoding='16UC1',
                    is_bigendian=0,
                    step=640,
                    data=self._world.types.sequence(pixels.reshape(-1).view(np.uint8)),
                )
                topic = topic_of(self._camera, 'depth_image')
                self._send(topic, 'sensor_msgs/msg/Image', message)
        colour = image(self._world.types, {})
        colour.header.stamp = header.stamp
        self._world.cameras[0](colour)
        say('shown', stamp_ns=self._now_ns)

    def _send(self, topic: str, type_name: str, message: Any, *, latched: bool = False) -> None:
        """Publish a message, once the node listens if it is not latched."""
        if topic not in self._publish:
            self._publish[topic] = self._world.offer(topic, type_name, latched=latched)
            while not latched and not self._world.subscribers(topic):
                self._world.spin(0.02)
        self._publish[topic](message)

    def _header(self, stamp: Any, frame_id: str) -> Any:
        return self._world.types.Header(stamp=stamp, frame_id=frame_id)

    def _static(self, parent: str, child: str) -> Any:
        types = self._world.types
        transform = types.Transform(
            translation=types.Vector3(x=0.0, y=0.0, z=0.0),
            rotation=types.Quaternion(x=0.0, y=0.0, z=0.0, w=1.0),
        )
        one = types.TransformStamped(
            header=self._header(types.Time(sec=0, nanosec=0), parent),
            child_frame_id=child,
            transform=transform,
        )
        return self._world.kind('tf2_msgs/msg/TFMessage')(transforms=[one])

    def _camera_info(self, header: Any, size: tuple[int, int]) -> Any:
        k = np.array([250.0, 0, 159.5, 0, 250, 119.5, 0, 0, 1])
        roi = self._world.kind('sensor_msgs/msg/RegionOfInterest')
        return self._world.kind('sensor_msgs/msg/CameraInfo')(
            header=header,
            height=size[1],
            width=size[0],
            distortion_model='plumb_bob',
            d=self._world.types.sequence(np.zeros(5)),
            k=k,
            r=np.eye(3).reshape(-1),
            p=np.insert(k, [3, 6, 9], 0.0),
            binning_x=0,
            binning_y=0,
            roi=roi(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
        )


def main(transport: str, *cameras: str) -> None:
    """Obey until stdin ends."""
    commands: queue.Queue[Any] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            commands.put(json.loads(line))
        commands.put(None)

    threading.Thread(target=listen, daemon=True).start()
    world = WORLDS[transport](tell, *cameras)
    while not world.matched():
        world.spin(0.02)
    over = threading.Event()
    playing = threading.Thread(target=play_others, args=(world, over))
    playing.start()
    try:
        obey(world, Stage(world, cameras[0]), commands)
    finally:
        over.set()
        playing.join()


def play_others(world: World, over: threading.Event) -> None:
    """Let the other cameras publish, each a few images a second."""
    while world.others and not over.wait(_OTHERS_EVERY_S):
        for publish_one in world.others:
            publish_one(image(world.types, {}))


def obey(world: World, stage: Stage, commands: queue.Queue[Any]) -> None:
    """Do what comes, until that is None."""
    say('matched')
    while True:
        world.spin(0.005)
        try:
            command = commands.get_nowait()
        except queue.Empty:
            continue
        if command is None:
            return
        if 'listen' in command:
            topic = command['listen']
            world.listen(topic, command['type'], lambda m, t=topic: say(t, message=plain(m)))
            say('listening')
        elif 'depth' in command:
            stage.show(**command['depth'])
        elif 'count' in command:
            say('counted', publishers=world.publishers(command['count']))
        else:
            publish(world, **command)


def publish(
    world: World, times: int = 1, hz: float = 30.0, camera: int = 0, **fields: Any
) -> None:
    """Publish images at a rate, telling all the while what comes back."""
    due_s = time.monotonic()
    for _ in range(times):
        while (left_s := due_s - time.monotonic()) > 0:
            world.spin(left_s)
        due_s += 1 / hz
        world.cameras[camera](image(world.types, fields))
    say('published', times=times)


if __name__ == '__main__':
    main(*sys.argv[1:])
