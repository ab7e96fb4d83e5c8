"""People to vision_msgs/Detection2DArray, for whoever takes detections of anything."""

from __future__ import annotations

from typing import Any

from openpose_ros.ros.messages.seen import seen_persons

CLASS_ID = 'person'


def detections_message(vision: Any, persons: Any) -> Any:
    """
    Return the persons of an image as detections, without those who are only expected.

    Parameters
    ----------
    vision : namespace
        The message classes of vision_msgs, as `Transport.package` returns them.
    persons : openpose_ros/PersonArray
        Header, ids and poses become the detections'.

    """
    return vision.Detection2DArray(
        header=persons.header,
        detections=[
            _detection(vision, persons.header, person) for person in seen_persons(persons)
        ],
    )


def _detection(vision: Any, header: Any, person: Any) -> Any:
    x, y, width, height = (float(value) for value in person.bbox)
    middle = vision.Point2D(x=x + width / 2, y=y + height / 2)
    return vision.Detection2D(
        header=header,
        results=[
            vision.ObjectHypothesisWithPose(
                hypothesis=vision.ObjectHypothesis(class_id=CLASS_ID, score=float(person.score)),
                pose=person.pose,
            )
        ],
        bbox=vision.BoundingBox2D(
            center=vision.Pose2D(position=middle, theta=0.0), size_x=width, size_y=height
        ),
        id=person.id,
    )
