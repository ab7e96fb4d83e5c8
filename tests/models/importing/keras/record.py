"""
Records what Keras makes of the files of `networks`, for the tests.

It is large and no dependency, so this runs in an environment of its own::

    python -m venv judge && judge/bin/pip install tensorflow-cpu==2.21.0 tf_keras h5py
    judge/bin/python -m tests.models.importing.keras.record

"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tf_keras
from tf_keras.src.saving.serialization_lib import enable_unsafe_deserialization

from tests.models.importing.keras import networks

RECORDED = Path(__file__).with_name('keras.npz')


def main() -> None:
    # Keras keeps a Lambda as bytecode of its own Python, so the code is put in here.
    layer = tf_keras.layers.Lambda(lambda x: x / 256 - 0.5)
    code = layer.get_config()
    del code['name']
    config, held = networks.reproduction(networks.EIGHTH, **code)
    enable_unsafe_deserialization()
    made = tf_keras.Model.from_config(config['config'])
    order = [layer.name for layer in made.layers]
    with TemporaryDirectory() as name:
        folder = Path(name)
        whole = networks.write(folder / 'whole.h5', config, held, whole=True, order=order)
        model = tf_keras.models.load_model(whole, compile=False, safe_mode=False)
        first = model.predict(networks.picture(), verbose=0)
        alone = networks.write(folder / 'alone.h5', config, held, whole=False, order=order)
        for layer in model.layers:
            layer.set_weights([np.zeros_like(array) for array in layer.get_weights()])
        model.load_weights(alone)
        second = model.predict(networks.picture(), verbose=0)
    for one, other in zip(first, second):
        assert np.array_equal(one, other)
    pafs, heatmaps = first
    np.savez_compressed(RECORDED, pafs=pafs[0], heatmaps=heatmaps[0])


if __name__ == '__main__':
    main()
