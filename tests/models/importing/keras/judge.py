"""
What Keras makes of OpenPose's reproduction.

::

    python -m tests.models.importing.keras.judge reproduction FOLDER

writes it, at its full width, to FOLDER/net.h5, a picture, and what Keras makes of that to
FOLDER/maps.npz. See `record` for what it needs.
"""

from __future__ import annotations

from pathlib import Path
import sys

import numpy as np
import tf_keras
from tf_keras.src.saving.serialization_lib import enable_unsafe_deserialization

from tests.models.importing.keras import networks


def main(folder: Path) -> None:
    code = tf_keras.layers.Lambda(lambda x: x / 256 - 0.5).get_config()
    del code['name']
    config, held = networks.reproduction(**code)
    enable_unsafe_deserialization()
    order = [layer.name for layer in tf_keras.Model.from_config(config['config']).layers]
    path = networks.write(folder / 'net.h5', config, held, whole=True, order=order)
    model = tf_keras.models.load_model(path, compile=False, safe_mode=False)
    picture = networks.picture()
    pafs, heatmaps = (maps[0].transpose(2, 0, 1) for maps in model.predict(picture, verbose=0))
    # The Lambda is left out of an import: what it does is in the manifest.
    np.save(folder / 'picture.npy', picture.transpose(0, 3, 1, 2) / np.float32(256) - 0.5)
    np.savez(folder / 'maps.npz', heatmaps=heatmaps, pafs=pafs)
    sys.stdout.write(f'Keras {tf_keras.__version__}\n')


if __name__ == '__main__':
    main(Path(sys.argv[2]))
