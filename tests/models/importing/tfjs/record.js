// Runs models in TensorFlow.js, for record.py.
//
//     node record.js JOBS
//
// JOBS is a JSON list of {model, picture, height, width, layers, maps}: the picture is float32,
// channels last; the outputs are written one after the other to the file `maps`, and the list of
// {name, shape} of each to `maps`.json.

const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

function read(file) {
  const bytes = fs.readFileSync(file);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

async function load(file, layers) {
  const document = JSON.parse(fs.readFileSync(file, 'utf-8'));
  const parts = document.weightsManifest.flatMap((group) => group.paths);
  const handler = {
    load: async () => ({
      modelTopology: document.modelTopology,
      weightSpecs: document.weightsManifest.flatMap((group) => group.weights),
      weightData: tf.io.concatenateArrayBuffers(
        parts.map((part) => read(path.join(path.dirname(file), part))),
      ),
      signature: document.signature,
      format: document.format,
    }),
  };
  return layers ? tf.loadLayersModel(handler) : tf.loadGraphModel(handler);
}

async function main([jobsPath]) {
  await tf.setBackend('cpu');
  for (const job of JSON.parse(fs.readFileSync(jobsPath, 'utf-8'))) {
    const model = await load(job.model, job.layers);
    const shape = [1, job.height, job.width, 3];
    const picture = tf.tensor4d(new Float32Array(read(job.picture)), shape);
    const names = job.layers ? model.outputNames : model.outputs.map((output) => output.name);
    const found = job.layers ? model.predict(picture) : model.execute(picture, names);
    const bytes = found.map((tensor) => Buffer.from(tensor.dataSync().buffer));
    fs.writeFileSync(job.maps, Buffer.concat(bytes));
    const told = found.map((tensor, index) => ({ name: names[index], shape: tensor.shape }));
    fs.writeFileSync(`${job.maps}.json`, JSON.stringify(told));
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
