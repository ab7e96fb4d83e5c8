// What the page is made of, and how it hangs together.

import { Controls } from './controls.js';
import { byId, make, setText } from './dom.js';
import { countReasons } from './layers.js';
import { Playing } from './playing.js';
import { Plot } from './plots.js';
import { Stage } from './stage.js';
import { showPeople, showTimes } from './tables.js';
import { Wire } from './wire.js';

const KEPT = 'openpose_ros token';
let about = null;
let newest = null; // a frame that waits to be drawn: a newer one takes its place
let drawing = false;

const stage = new Stage();
const plot = new Plot();
const send = (name, value) => wire.send(name, value);
const controls = new Controls(send);
const playing = new Playing(send, '');

const wire = new Wire({
  connected() {
    connection('connected');
    byId('ask').close();
    sendLayers();
  },
  about(facts) {
    about = facts;
    setText(byId('model'), facts.model ?? 'the network is being loaded …');
    if (!facts.skeleton) return;
    stage.skeleton = facts.skeleton;
    controls.build(facts.controls);
    fillLists(facts);
  },
  status(facts) {
    playing.take(facts, about?.mode ?? '');
    controls.take(facts.values);
    setText(byId('line'), facts.line ?? '');
  },
  frame(frame) {
    // A held page keeps its picture; a desk's own pause is the server's.
    if (playing.held) return;
    if (newest?.jpeg && !frame.jpeg) frame.jpeg = newest.jpeg;
    newest = frame;
    draw();
  },
  line: ({ text }) => setText(byId('line'), text),
  done: () => controls.done(),
  refused({ what, text }) {
    if (what === 'set') controls.refused(text);
    else setText(byId('line'), text);
  },
  copy: ({ text, what }) => showCopy(text, what),
  refusedToken() {
    sessionStorage.removeItem(KEPT);
    connection('the token is wrong', true);
    ask();
  },
  lost: (why) => connection(why ? `not connected: ${why}` : 'not connected; trying again …', true),
});

function connection(text, bad = false) {
  setText(byId('connection'), text);
  byId('connection').className = bad ? 'bad' : '';
}

async function draw() {
  if (drawing) return;
  drawing = true;
  try {
    while (newest) {
      const frame = newest;
      newest = null;
      await stage.show(frame);
      say(frame.facts);
      await new Promise(requestAnimationFrame);
    }
  } finally {
    drawing = false;
  }
}

function say(facts) {
  setText(byId('count'), String(facts.people.length));
  setText(byId('rate'), facts.rate ? facts.rate.toFixed(1) : '–');
  setText(byId('age'), facts.age_s === null ? '–' : `${Math.round(1000 * facts.age_s)} ms`);
  plot.add(facts.people.length, facts.age_s);
  if (about?.skeleton) showPeople(facts.people, about.skeleton);
  showTimes(facts.times_ms);
  playing.frame(facts);
  sayRefused(facts.layers);
}

function sayRefused(layers) {
  const { limbs, refused } = layers ?? {};
  const all = refused > (limbs?.length ?? 0) ? `, the nearest ${limbs.length} are shown` : '';
  setText(byId('refused'), limbs ? `${refused} pairs of peaks are no limbs${all}` : '');
  byId('reasons').hidden = !limbs?.length;
  byId('reasons').replaceChildren(...countReasons(limbs ?? []).map((text) => make('li', { text })));
}

// Layers

function fillLists({ skeleton, decoder }) {
  fill(byId('layer-heatmap'), skeleton.keypoints);
  const names = skeleton.limbs.map(([start, end]) => `${skeleton.keypoints[start]} – ${skeleton.keypoints[end]}`);
  fill(byId('layer-paf'), names);
  for (const id of ['layer-paf', 'layer-peaks', 'layer-refused']) byId(id).disabled = decoder !== 'paf';
}

function fill(list, names) {
  const before = list.value;
  list.replaceChildren(make('option', { value: -1, text: 'none' }), ...names.map((name, place) => make('option', { value: place, text: name })));
  list.value = before;
  if (list.selectedIndex < 0) list.value = '-1';
}

function sendLayers() {
  const on = (id) => byId(id).checked && !byId(id).disabled;
  const number = (id) => (byId(id).disabled ? -1 : Number(byId(id).value));
  send('layers', { heatmap: number('layer-heatmap'), paf: number('layer-paf'), peaks: on('layer-peaks'), refused: on('layer-refused') });
}

for (const id of ['layer-peaks', 'layer-refused', 'layer-heatmap', 'layer-paf']) byId(id).addEventListener('change', sendLayers);
byId('layer-skeletons').addEventListener('change', ({ target }) => {
  stage.skeletons = target.checked;
  stage.draw();
});

// Keys

const flip = (id) => byId(id).click();
const nextOf = (id) => {
  const list = byId(id);
  if (list.disabled) return;
  list.selectedIndex = (list.selectedIndex + 1) % list.options.length;
  sendLayers();
};
const KEYS = {
  ' ': () => playing.toggle(),
  ArrowLeft: () => playing.step(-1),
  ArrowRight: () => playing.step(1),
  PageUp: () => playing.go(-1),
  PageDown: () => playing.go(1),
  s: () => flip('layer-skeletons'),
  p: () => flip('layer-peaks'),
  r: () => flip('layer-refused'),
  h: () => nextOf('layer-heatmap'),
  f: () => nextOf('layer-paf'),
};
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  if (target.matches('input:not([type=checkbox]), select, textarea') || (event.key === ' ' && target.matches('button, input, summary'))) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// Copies

byId('copy-yaml').addEventListener('click', () => send('copy', 'yaml'));
byId('copy-command').addEventListener('click', () => send('copy', 'command'));
byId('defaults').addEventListener('click', () => controls.reset());

async function showCopy(text, what) {
  const area = byId('copied-text');
  byId('copied').hidden = false;
  area.value = text;
  const name = what === 'yaml' ? 'YAML' : 'command line';
  try {
    await navigator.clipboard.writeText(text); // only where the browser calls the page secure
    setText(byId('copied-title'), `Copied as ${name}`);
  } catch {
    setText(byId('copied-title'), `${name}: copy it with Ctrl-C`);
    area.focus();
    area.select();
  }
}

// Pictures that are brought

async function bring(file) {
  if (!file || !playing.can('upload')) return;
  setText(byId('line'), '');
  const response = await fetch('/picture', {
    method: 'POST',
    headers: { Authorization: `Bearer ${wire.token}`, 'X-Picture-Name': encodeURIComponent(file.name) },
    body: file,
  }).catch(() => null);
  if (!response?.ok) setText(byId('line'), response ? await response.text() : `${file.name} was not taken: the connection broke`);
}

byId('bring').addEventListener('click', () => byId('file').click());
byId('file').addEventListener('change', ({ target }) => {
  bring(target.files[0]);
  target.value = '';
});
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dropping');
});
for (const name of ['dragleave', 'drop']) document.addEventListener(name, () => document.body.classList.remove('dropping'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  bring(event.dataTransfer.files[0]);
});

// The token

function ask() {
  if (!byId('ask').open) byId('ask').showModal();
}
byId('ask-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = byId('ask-token').value.trim();
  sessionStorage.setItem(KEPT, token);
  connection('connecting …');
  wire.open(token);
});

const token = location.hash.slice(1) || sessionStorage.getItem(KEPT) || '';
if (token) wire.open(token);
else {
  connection('the token is needed');
  ask();
}
