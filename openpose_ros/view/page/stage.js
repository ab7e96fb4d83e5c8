// The picture, the people on it, and what is under the pointer.

import { byId, setText } from './dom.js';
import { drawField, drawHeatmap, drawPeaks, drawRefused, sayRefused } from './layers.js';

const PARTS = ['left_hand', 'right_hand', 'face'];

export class Stage {
  constructor() {
    this.canvas = byId('picture');
    this.context = this.canvas.getContext('2d');
    this.skeleton = null;
    this.bitmap = null;
    this.facts = null;
    this.maps = {};
    this.skeletons = true;
    this.scale = 1;
    this.pointed = null;
    this.canvas.addEventListener('pointermove', (event) => this.point(event));
    this.canvas.addEventListener('pointerleave', () => this.unpoint());
    new ResizeObserver(() => this.draw()).observe(document.body);
  }

  async show({ facts, jpeg, data }) {
    if (jpeg) {
      const bitmap = await createImageBitmap(jpeg);
      this.bitmap?.close();
      this.bitmap = bitmap;
    }
    this.facts = facts;
    this.maps = mapsIn(facts.layers, data);
    this.draw();
    const people = facts.people.length;
    this.canvas.setAttribute('aria-label', `${facts.name}: ${people} ${people === 1 ? 'person' : 'people'}`);
  }

  draw() {
    const { canvas, context, facts } = this;
    if (!facts || !this.bitmap || !this.skeleton) return;
    const [width, height] = facts.size;
    const room = Math.max(canvas.clientWidth, 240) * devicePixelRatio;
    const tall = 0.72 * innerHeight * devicePixelRatio;
    this.scale = Math.max(0.1, Math.min(room / width, tall / height));
    const size = [Math.round(width * this.scale), Math.round(height * this.scale)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    context.drawImage(this.bitmap, 0, 0, ...size);
    const { scale } = this;
    const layers = facts.layers ?? {};
    if (this.maps.heatmap) drawHeatmap(context, layers.grid, this.maps.heatmap, scale);
    if (this.maps.paf) drawField(context, layers.grid, this.maps.paf, scale);
    if (this.skeletons) for (const person of [...facts.people].reverse()) this.drawPerson(person);
    if (layers.limbs) drawRefused(context, layers.limbs, scale);
    if (layers.peaks) drawPeaks(context, layers.peaks, this.skeleton.colours, scale);
    if (this.pointed) this.drawPointed();
  }

  drawPerson(person) {
    const { keypoints, id } = person;
    const { context, skeleton, scale } = this;
    const at = keypoints.map(([x, y, score]) => (score > 0 ? [(x + 0.5) * scale, (y + 0.5) * scale] : null));
    const found = at.filter(Boolean);
    if (!found.length) return;
    const span = (axis) => Math.max(...found.map((p) => p[axis])) - Math.min(...found.map((p) => p[axis]));
    const least = Math.min(context.canvas.width, context.canvas.height);
    const thick = Math.min(Math.max(Math.max(span(0), span(1)) / 60, least / 300, 1.5), Math.max(2, least / 60));
    context.lineCap = 'round';
    for (const [extra, dark] of [[2, true], [0, false]]) {
      for (const [start, end, drawn] of skeleton.limbs) {
        if (!drawn || !at[start] || !at[end]) continue;
        context.strokeStyle = dark ? '#202020' : `rgb(${skeleton.colours[end].join(' ')})`;
        context.lineWidth = thick + extra;
        context.beginPath();
        context.moveTo(...at[start]);
        context.lineTo(...at[end]);
        context.stroke();
      }
      at.forEach((place, joint) => {
        if (!place) return;
        context.fillStyle = dark ? '#202020' : `rgb(${skeleton.colours[joint].join(' ')})`;
        context.beginPath();
        context.arc(...place, 0.75 * thick + extra / 2, 0, 2 * Math.PI);
        context.fill();
      });
    }
    context.fillStyle = '#fff';
    for (const [x, y, score] of PARTS.flatMap((part) => person[part] ?? [])) {
      if (score > 0.2) context.fillRect((x + 0.5) * scale - 1.5, (y + 0.5) * scale - 1.5, 3, 3);
    }
    if (id) this.write(id, Math.min(...found.map((p) => p[0])), Math.min(...found.map((p) => p[1])) - 1.5 * thick);
  }

  write(text, x, y) {
    const { context } = this;
    const size = Math.max(12, context.canvas.width / 60);
    context.font = `600 ${size}px system-ui, sans-serif`;
    const wide = context.measureText(text).width + 8;
    const left = Math.min(Math.max(x, 0), Math.max(context.canvas.width - wide, 0));
    const bottom = Math.max(y, size + 6);
    context.fillStyle = 'rgb(20 22 26 / 85%)';
    context.fillRect(left, bottom - size - 6, wide, size + 6);
    context.fillStyle = '#fff';
    context.fillText(text, left + 4, bottom - 6);
  }

  drawPointed() {
    const { context, pointed, scale } = this;
    const [x, y] = [(pointed.x + 0.5) * scale, (pointed.y + 0.5) * scale];
    context.strokeStyle = '#fff';
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, Math.max(7, context.canvas.width / 120), 0, 2 * Math.PI);
    context.stroke();
    this.write(pointed.text, x + 10, y - 8);
  }

  point(event) {
    if (!this.facts || !this.skeleton) return;
    const box = this.canvas.getBoundingClientRect();
    const fit = Math.min(box.width / this.canvas.width, box.height / this.canvas.height);
    const x = (event.clientX - box.left - (box.width - fit * this.canvas.width) / 2) / fit / this.scale - 0.5;
    const y = (event.clientY - box.top - (box.height - fit * this.canvas.height) / 2) / fit / this.scale - 0.5;
    const near = 14 / fit / this.scale;
    this.pointed = this.joint(x, y, near) ?? this.refused(x, y, near / 2);
    setText(byId('hover'), this.pointed?.text ?? 'Point at a joint to read its name and score.');
    this.draw();
  }

  unpoint() {
    this.pointed = null;
    this.draw();
  }

  joint(x, y, near) {
    let best = null;
    this.facts.people.forEach((person, place) => {
      person.keypoints.forEach(([jx, jy, score], joint) => {
        if (!(score > 0)) return;
        const distance = Math.hypot(jx - x, jy - y);
        if (distance > near || (best && distance >= best.distance)) return;
        const text = `${person.id || place}: ${this.skeleton.keypoints[joint]} ${score.toFixed(2)}`;
        best = { x: jx, y: jy, text, distance };
      });
    });
    return best;
  }

  refused(x, y, near) {
    let best = null;
    for (const limb of this.facts.layers?.limbs ?? []) {
      const [, x1, y1, x2, y2] = limb;
      const long = (x2 - x1) ** 2 + (y2 - y1) ** 2 || 1;
      const share = Math.min(1, Math.max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long));
      const at = [x1 + share * (x2 - x1), y1 + share * (y2 - y1)];
      const distance = Math.hypot(at[0] - x, at[1] - y);
      if (distance > near || (best && distance >= best.distance)) continue;
      const text = sayRefused(limb, this.skeleton.keypoints, this.skeleton.limbs);
      best = { x: at[0], y: at[1], text, distance };
    }
    return best;
  }
}

function mapsIn(layers, data) {
  const maps = {};
  if (!layers) return maps;
  const cells = layers.grid.size[0] * layers.grid.size[1];
  let at = 0;
  if (layers.heatmap !== undefined) {
    maps.heatmap = new Uint8Array(data, at, cells);
    at += cells;
  }
  if (layers.paf !== undefined) maps.paf = new Int8Array(data, at, 2 * cells);
  return maps;
}
