// Pause, step, the time line, and the way from one source to the next.

import { byId, setText } from './dom.js';

export class Playing {
  constructor(send, mode) {
    this.send = send;
    this.mode = mode;
    this.status = { can: [], paused: false, place: 0, places: 0 };
    this.held = false; // on a node: this page alone stands still
    this.dragged = false;
    this.index = null;
    const timeline = byId('timeline');
    timeline.addEventListener('input', () => {
      this.dragged = true;
      this.seek(Number(timeline.value));
    });
    timeline.addEventListener('change', () => { this.dragged = false; });
    byId('pause').addEventListener('click', () => this.toggle());
    byId('back').addEventListener('click', () => this.step(-1));
    byId('forward').addEventListener('click', () => this.step(1));
    byId('previous').addEventListener('click', () => this.go(-1));
    byId('next').addEventListener('click', () => this.go(1));
    this.seekTimer = null;
    this.seekTo = null;
  }

  can(action) {
    return this.status.can.includes(action);
  }

  take(status, mode) {
    this.status = status;
    this.mode = mode;
    this.update();
  }

  frame(facts) {
    this.index = facts.index;
    const many = facts.total ? ` of ${facts.total}` : '';
    setText(byId('frame'), facts.index === null ? '' : `${facts.index}${many}`);
    const timeline = byId('timeline');
    if (!this.dragged && facts.index !== null) timeline.value = String(facts.index);
  }

  update() {
    const { status } = this;
    const node = this.mode === 'node';
    const moving = node || this.can('pause');
    byId('pause').hidden = !moving;
    setText(byId('pause'), (node ? this.held : status.paused) ? (node ? 'Go on' : 'Play') : (node ? 'Hold' : 'Pause'));
    byId('back').hidden = !this.can('seek');
    byId('forward').hidden = !this.can('step');
    const many = this.can('go');
    byId('previous').hidden = byId('next').hidden = !many;
    byId('previous').disabled = status.place <= 0;
    byId('next').disabled = status.place >= status.places - 1;
    byId('timeline-label').hidden = !this.can('seek');
    byId('timeline').max = String(Math.max(0, (status.total ?? 1) - 1));
    byId('bring').hidden = !this.can('upload');
    const place = status.places > 1 ? ` (${status.place + 1} of ${status.places})` : '';
    setText(byId('source'), status.name ? `${status.name}${place}` : '');
  }

  toggle() {
    if (this.mode === 'node') {
      this.held = !this.held;
      this.update();
    } else if (this.can('pause')) {
      this.send(this.status.paused ? 'play' : 'pause', 0);
    }
  }

  step(frames) {
    if (this.can('step') && (frames > 0 || this.can('seek'))) this.send('step', frames);
  }

  go(by) {
    const place = this.status.place + by;
    if (this.can('go') && place >= 0 && place < this.status.places) this.send('go', place);
  }

  // While it is dragged, some of the places; where it ends, always.
  seek(index) {
    this.seekTo = index;
    if (this.seekTimer !== null) return;
    this.send('seek', index);
    this.seekTo = null;
    this.seekTimer = setTimeout(() => {
      this.seekTimer = null;
      if (this.seekTo !== null) this.seek(this.seekTo);
    }, 100);
  }
}
