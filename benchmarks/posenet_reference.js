// Decodes maps with @tensorflow-models/posenet, the reference of parsing/posenet.
//
//     node posenet_reference.js JOBS MAPS POSES
//
// JOBS is a JSON list of {height, width, stride, threshold, nmsRadius, maxPoses, single}; MAPS are
// the maps of each, one after the other, float32, channels last: heatmaps, offsets, displacements
// forward, displacements backward. POSES becomes a JSON list of [{score, keypoints: [[x, y, score]
// …]} …] for each job, x and y in pixels of the network's input. Its own heatmaps are after the
// sigmoid, as here. See posenet_reference.py.

const fs = require('fs');
const tf = require('@tensorflow/tfjs');
const posenet = require('@tensorflow-models/posenet');

const KEYPOINTS = 17;
const CHANNELS = [KEYPOINTS, 2 * KEYPOINTS, 2 * (KEYPOINTS - 1), 2 * (KEYPOINTS - 1)];

function plain({ score, keypoints }) {
  return { score, keypoints: keypoints.map((k) => [k.position.x, k.position.y, k.score]) };
}

async function main([jobsPath, mapsPath, posesPath]) {
  await tf.setBackend('cpu');
  const bytes = fs.readFileSync(mapsPath);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const results = [];
  let at = 0;
  for (const job of JSON.parse(fs.readFileSync(jobsPath, 'utf-8'))) {
    const maps = CHANNELS.map((channels) => {
      const size = job.height * job.width * channels;
      const map = tf.tensor3d(values.slice(at, at + size), [job.height, job.width, channels]);
      at += size;
      return map;
    });
    if (job.single) {
      results.push([plain(await posenet.decodeSinglePose(maps[0], maps[1], job.stride))]);
    } else {
      const buffers = await Promise.all(maps.map((map) => map.buffer()));
      const { stride, maxPoses, threshold, nmsRadius } = job;
      results.push(
        posenet.decodeMultiplePoses(...buffers, stride, maxPoses, threshold, nmsRadius).map(plain),
      );
    }
    maps.forEach((map) => map.dispose());
  }
  fs.writeFileSync(posesPath, JSON.stringify(results));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
