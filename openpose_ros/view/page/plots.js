// People and age over the last minute.

import { byId, colourOf } from './dom.js';

const MINUTE_MS = 60000;

export class Plot {
  constructor() {
    this.canvas = byId('plot');
    this.points = [];
    setInterval(() => this.draw(), 1000);
  }

  add(people, age) {
    this.points.push({ ms: performance.now(), people, age });
  }

  draw() {
    const now = performance.now();
    while (this.points.length && this.points[0].ms < now - MINUTE_MS) this.points.shift();
    const { canvas } = this;
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    const context = canvas.getContext('2d');
    const unit = devicePixelRatio;
    context.strokeStyle = colourOf('--edge');
    context.strokeRect(0.5, 0.5, canvas.width - 1, canvas.height - 1);
    const most = Math.max(1, ...this.points.map((point) => point.people));
    const oldest = Math.max(0.05, ...this.points.map((point) => point.age ?? 0));
    this.line(context, now, 'people', most, colourOf('--people'));
    this.line(context, now, 'age', oldest, colourOf('--age'));
    context.fillStyle = colourOf('--soft');
    context.font = `${12 * unit}px system-ui, sans-serif`;
    context.fillText(`${most}`, 5 * unit, 15 * unit);
    const hasAge = this.points.some((point) => point.age !== null);
    const oldestText = `${Math.round(1000 * oldest)} ms`;
    if (hasAge) context.fillText(oldestText, canvas.width - context.measureText(oldestText).width - 5 * unit, 15 * unit);
    const last = this.points.at(-1);
    if (last) {
      canvas.setAttribute('aria-label', `over the last minute: at most ${most} people` + (hasAge ? `, at most ${Math.round(1000 * oldest)} ms old` : ''));
    }
  }

  line(context, now, field, top, colour) {
    const { width, height } = this.canvas;
    context.strokeStyle = colour;
    context.lineWidth = 1.5 * devicePixelRatio;
    context.beginPath();
    let begun = false;
    for (const point of this.points) {
      const value = point[field];
      if (value === null) continue;
      const x = width * (1 - (now - point.ms) / MINUTE_MS);
      const y = height - 4 - (height - 12) * (value / top);
      if (begun) context.lineTo(x, y);
      else context.moveTo(x, y);
      begun = true;
    }
    context.stroke();
  }
}
