from __future__ import annotations

from pathlib import Path

import yaml

from openpose_ros.ros.node.transport import OUTPUTS

CONFIG = Path(__file__).parents[2] / 'config' / 'openpose.rviz'
TYPES = {  # display: what it shows, by the name of the output
    'rviz_default_plugins/Image': 'image_annotated',
    'rviz_default_plugins/MarkerArray': 'markers',
}
RELIABILITY = {'image_annotated': 'Best Effort', 'markers': 'Reliable'}


def test_displays_show_what_the_node_publishes() -> None:
    manager = yaml.safe_load(CONFIG.read_text(encoding='utf-8'))['Visualization Manager']
    shown = {}
    for display in manager['Displays']:
        if 'Topic' in display:
            shown[display['Class']] = display['Topic']
            assert display['Enabled'] is True
    assert shown.keys() == TYPES.keys()
    for kind, output in TYPES.items():
        assert output in OUTPUTS
        assert shown[kind]['Value'] == f'/openpose/{output}'
        # a display that asks for more than is offered shows nothing
        assert shown[kind]['Reliability Policy'] == RELIABILITY[output]
        assert shown[kind]['Durability Policy'] == 'Volatile'
