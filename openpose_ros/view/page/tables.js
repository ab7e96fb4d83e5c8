// The people, and the time that each stage took.

import { byId, make, setText } from './dom.js';

export function showPeople(people, skeleton) {
  const body = byId('people').tBodies[0];
  while (body.rows.length > people.length) body.deleteRow(-1);
  people.forEach((person, place) => {
    const row = body.rows[place] ?? body.appendChild(newRow());
    const found = person.keypoints.filter(([, , score]) => score > 0).length;
    setText(row.cells[0], person.id || String(place));
    setText(row.cells[1], person.score.toFixed(2));
    const details = row.cells[2].firstChild;
    setText(details.firstChild, `${found} of ${person.keypoints.length}`);
    if (!details.open) return;
    details.lastChild.replaceChildren(...joints(person, skeleton));
  });
  body.joints = (place) => joints(people[place], skeleton);
}

function newRow() {
  const list = make('ul');
  const details = make('details', {}, make('summary'), list);
  const row = make('tr', {}, make('td'), make('td'), make('td', {}, details));
  details.addEventListener('toggle', () => {
    const body = row.parentElement;
    if (details.open && body) list.replaceChildren(...body.joints(row.sectionRowIndex));
  });
  return row;
}

function joints(person, skeleton) {
  return person.keypoints.flatMap(([x, y, score], joint) =>
    score > 0 ? [make('li', { text: `${skeleton.keypoints[joint]} ${score.toFixed(2)} (${x.toFixed(0)}, ${y.toFixed(0)})` })] : [],
  );
}

export function showTimes(times) {
  const body = byId('times').tBodies[0];
  const stages = Object.entries(times);
  const total = stages.reduce((sum, [, ms]) => sum + ms, 0) || 1;
  while (body.rows.length > stages.length) body.deleteRow(-1);
  stages.forEach(([stage, ms], place) => {
    const row = body.rows[place] ?? body.appendChild(make('tr', {}, make('td'), make('td', {}, make('meter', { min: 0, max: 1 })), make('td')));
    setText(row.cells[0], stage);
    const bar = row.cells[1].firstChild;
    bar.value = ms / total;
    bar.setAttribute('aria-label', `${stage}: ${Math.round((100 * ms) / total)} %`);
    setText(row.cells[2], ms.toFixed(ms < 10 ? 2 : 1));
  });
}
