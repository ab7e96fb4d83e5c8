// Layers drawn over the picture. Positions are pixels of the frame; `scale` takes them to the canvas.

const REASONS = {
  too_few_samples: ['too few samples', '#ff5a5a'],
  gap: ['a gap', '#ffb03b'],
  taken: ['its end is taken', '#f7f04a'],
  contradicts: ['contradicts a person', '#d98bff'],
  person_dropped: ['the person was dropped', '#6fd3ff'],
};

// From the canvas's pixel to a map cell's centre, as the server places maps on the frame.
function onGrid(context, grid, scale) {
  const [x, y] = grid.origin;
  const [width, height] = grid.cell;
  context.translate((x + 0.5 - width / 2) * scale, (y + 0.5 - height / 2) * scale);
  context.scale(width * scale, height * scale);
}

export function drawHeatmap(context, grid, values, scale) {
  const [width, height] = grid.size;
  const image = new ImageData(width, height);
  values.forEach((value, cell) => {
    const share = value / 255;
    image.data[4 * cell] = 255;
    image.data[4 * cell + 1] = Math.round(230 * (1 - share) + 40);
    image.data[4 * cell + 2] = 40;
    image.data[4 * cell + 3] = Math.round(Math.min(1, 1.5 * share) * 220);
  });
  const small = new OffscreenCanvas(width, height);
  small.getContext('2d').putImageData(image, 0, 0);
  context.save();
  onGrid(context, grid, scale);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0);
  context.restore();
}

export function drawField(context, grid, values, scale) {
  const [width, height] = grid.size;
  const cells = width * height;
  const [x0, y0] = grid.origin;
  const [cellWidth, cellHeight] = grid.cell;
  context.save();
  context.lineWidth = Math.max(1, 0.09 * cellWidth * scale);
  context.strokeStyle = '#37f0b4';
  for (let cell = 0; cell < cells; cell += 1) {
    const vx = values[cell] / 127;
    const vy = values[cells + cell] / 127;
    const long = Math.hypot(vx, vy);
    if (long < 0.05) continue;
    const x = (x0 + 0.5 + (cell % width) * cellWidth) * scale;
    const y = (y0 + 0.5 + Math.floor(cell / width) * cellHeight) * scale;
    // A field of half its greatest strength fills its cell: those of real networks are weak.
    const size = (0.95 * Math.min(1, 2 * long)) / long;
    arrow(context, x, y, vx * cellWidth * scale * size, vy * cellHeight * scale * size);
  }
  context.restore();
}

function arrow(context, x, y, dx, dy) {
  const head = 0.4;
  context.beginPath();
  context.moveTo(x - dx / 2, y - dy / 2);
  context.lineTo(x + dx / 2, y + dy / 2);
  context.lineTo(x + dx / 2 - head * (dx + dy * 0.6), y + dy / 2 - head * (dy - dx * 0.6));
  context.moveTo(x + dx / 2, y + dy / 2);
  context.lineTo(x + dx / 2 - head * (dx - dy * 0.6), y + dy / 2 - head * (dy + dx * 0.6));
  context.stroke();
}

export function drawPeaks(context, peaks, colours, scale) {
  const radius = Math.max(3, context.canvas.width / 250);
  context.save();
  context.lineWidth = Math.max(1, radius / 2.5);
  for (const [keypoint, x, y] of peaks) {
    context.strokeStyle = '#000';
    cross(context, (x + 0.5) * scale, (y + 0.5) * scale, radius + 1);
    context.strokeStyle = `rgb(${colours[keypoint].join(' ')})`;
    cross(context, (x + 0.5) * scale, (y + 0.5) * scale, radius);
  }
  context.restore();
}

function cross(context, x, y, radius) {
  context.beginPath();
  context.moveTo(x - radius, y - radius);
  context.lineTo(x + radius, y + radius);
  context.moveTo(x - radius, y + radius);
  context.lineTo(x + radius, y - radius);
  context.stroke();
}

export function drawRefused(context, limbs, scale) {
  context.save();
  const thick = Math.max(1.5, context.canvas.width / 500);
  context.setLineDash([6, 5]);
  context.globalAlpha = 0.75;
  // The nearest to acceptance comes first, and is drawn on top.
  for (const [, x1, y1, x2, y2, , reason] of limbs.toReversed()) {
    context.strokeStyle = REASONS[reason][1];
    context.lineWidth = reason === 'too_few_samples' ? thick / 2 : thick;
    context.beginPath();
    context.moveTo((x1 + 0.5) * scale, (y1 + 0.5) * scale);
    context.lineTo((x2 + 0.5) * scale, (y2 + 0.5) * scale);
    context.stroke();
  }
  context.restore();
}

export function countReasons(limbs) {
  const counts = new Map();
  for (const limb of limbs) counts.set(limb[6], (counts.get(limb[6]) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count}: ${REASONS[reason][0]}`);
}

export function sayRefused(limb, names, ends) {
  const [from, to] = ends[limb[0]];
  return `${names[from]} – ${names[to]}, score ${limb[5].toFixed(2)}, refused: ${REASONS[limb[6]][0]}`;
}
