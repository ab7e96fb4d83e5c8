// A slider, a box or a list for each parameter, made from what the server says of it.

import { byId, make, setText } from './dom.js';

const LEAST_APART_MS = 34; // at most 30 a second

// Sends what was changed: one message at a time, and the last value always.
class Sender {
  constructor(send) {
    this.send = send;
    this.pending = {};
    this.waiting = false;
    this.lastMs = -LEAST_APART_MS;
    this.timer = null;
    this.sent = {};
  }

  put(values) {
    Object.assign(this.pending, values);
    this.flush();
  }

  answered() {
    this.waiting = false;
    this.flush();
  }

  reset() {
    this.waiting = false;
    this.pending = {};
  }

  isBusyWith(name) {
    return name in this.pending || (this.waiting && name in this.sent);
  }

  flush() {
    if (this.waiting || this.timer !== null || !Object.keys(this.pending).length) return;
    const early = this.lastMs + LEAST_APART_MS - performance.now();
    if (early > 0) {
      this.timer = setTimeout(() => {
        this.timer = null;
        this.flush();
      }, early);
      return;
    }
    this.sent = this.pending;
    this.pending = {};
    this.waiting = true;
    this.lastMs = performance.now();
    this.send('set', this.sent);
  }
}

export class Controls {
  constructor(send) {
    this.sender = new Sender(send);
    this.items = new Map();
    this.values = {};
  }

  build(declared) {
    const form = byId('controls');
    form.replaceChildren();
    form.addEventListener('submit', (event) => event.preventDefault());
    this.items.clear();
    this.sender.reset();
    const sections = new Map();
    for (const item of declared) {
      if (!sections.has(item.section)) {
        const section = make('fieldset', {}, make('legend', { text: item.section }));
        sections.set(item.section, section);
        form.append(section);
      }
      sections.get(item.section).append(this.buildOne(item));
    }
  }

  buildOne(item) {
    const change = (value) => {
      setText(refusal, '');
      this.mark(item.name, value);
      this.sender.put({ [item.name]: value });
    };
    const id = `set-${item.name}`;
    const refusal = make('p', { class: 'refusal', role: 'alert' });
    const was = make('button', { type: 'button', class: 'was', hidden: true, text: `default ${shown(item.default)}` });
    was.addEventListener('click', () => {
      show(item.default);
      change(item.default);
    });
    const { row, show } = (KINDS[kindOf(item)])(item, id, change);
    row.append(was);
    this.items.set(item.name, { item, show, was, refusal, row });
    return make(
      'div',
      { class: 'control' },
      make('label', { for: id, text: item.name }),
      row,
      make('p', { class: 'hint', id: `${id}-hint`, text: item.description }),
      refusal,
    );
  }

  mark(name, value) {
    const { item, was } = this.items.get(name);
    was.hidden = value === item.default;
  }

  // What holds now; who drags a slider is not contradicted meanwhile.
  take(values) {
    this.values = values;
    for (const [name, value] of Object.entries(values)) {
      const entry = this.items.get(name);
      if (!entry || this.sender.isBusyWith(name) || (isTyped(document.activeElement) && entry.row.contains(document.activeElement))) continue;
      entry.show(value);
      this.mark(name, value);
    }
  }

  done() {
    this.sender.answered();
  }

  refused(text) {
    for (const name of Object.keys(this.sender.sent)) {
      const entry = this.items.get(name);
      if (!entry) continue;
      setText(entry.refusal, text);
      if (name in this.values && !(name in this.sender.pending)) {
        entry.show(this.values[name]);
        this.mark(name, this.values[name]);
      }
    }
    this.sender.answered();
  }

  reset() {
    const values = {};
    for (const [name, { item, show, refusal }] of this.items) {
      values[name] = item.default;
      setText(refusal, '');
      show(item.default);
      this.mark(name, item.default);
    }
    this.sender.put(values);
  }
}

const shown = (value) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));
const isTyped = (element) => element?.matches?.('input[type=number]') && document.hasFocus() && element.dataset.typing === 'yes';

function kindOf(item) {
  if (item.type === 'bool') return 'switch';
  if (item.choices.length) return 'list';
  return 'number';
}

const KINDS = {
  switch(item, id, change) {
    const box = make('input', { type: 'checkbox', id, 'aria-describedby': `${id}-hint` });
    box.addEventListener('change', () => change(box.checked));
    return { row: make('div', { class: 'row' }, box), show: (value) => { box.checked = value; } };
  },

  list(item, id, change) {
    const list = make('select', { id, 'aria-describedby': `${id}-hint` });
    for (const choice of item.choices) list.append(make('option', { value: choice, text: String(choice) }));
    list.addEventListener('change', () => change(item.type === 'int' ? Number(list.value) : list.value));
    return { row: make('div', { class: 'row' }, list), show: (value) => { list.value = String(value); } };
  },

  number(item, id, change) {
    const whole = item.type === 'int';
    const span = item.slider_high - item.low;
    const step = item.step ?? (whole ? 1 : fine(span / 200));
    const hint = { 'aria-describedby': `${id}-hint` };
    const slider = make('input', { type: 'range', id, min: item.low, max: item.slider_high, step, ...hint });
    const field = make('input', {
      type: 'number', min: item.low, max: item.high, step: item.step ?? (whole ? 1 : 'any'),
      'aria-label': `${item.name}, as a number`, inputmode: whole ? 'numeric' : 'decimal',
    });
    slider.addEventListener('input', () => {
      field.value = slider.value;
      change(Number(slider.value));
    });
    field.addEventListener('input', () => { field.dataset.typing = 'yes'; });
    field.addEventListener('blur', () => { field.dataset.typing = 'no'; });
    field.addEventListener('change', () => {
      field.dataset.typing = 'no';
      if (field.value === '') return;
      slider.value = field.value;
      change(Number(field.value));
    });
    const show = (value) => {
      slider.value = String(value);
      field.value = String(value);
    };
    return { row: make('div', { class: 'row' }, slider, field), show };
  },
};

// The next of 1, 2, 5 × a power of ten.
function fine(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  const lead = [1, 2, 5, 10].find((one) => one * power >= step * 0.999);
  return Number((lead * power).toPrecision(3));
}
