// Charts that are tables at the same time: each bar stands in the row that says its number, so that a reader of the page and a reader of
// the screen get the same. They change in place: what is there stays there, only lengths and numbers move.

import { h } from '../ui/dom.js';

export function percent(part, whole) { return whole > 0 ? `${Math.round((part / whole) * 100)} %` : '–'; }

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }

/** Horizontal bars, one a row. `draw(rows)`: `{ key, label, count, share (0 to 1), note, tone }`; `most` is what a full bar stands for. */
export class Bars {
  #rows = new Map();

  constructor({ caption, labelled = 'Answer', counted = 'Count', testid = null }) {
    this.body = h('tbody');
    this.element = h('table', { class: 'bars', 'data-testid': testid },
      h('caption', { class: 'hidden' }, caption),
      h('thead', { class: 'hidden' }, h('tr', {}, h('th', { scope: 'col' }, labelled), h('th', { scope: 'col' }, counted), h('th', { scope: 'col' }, 'Share'))), this.body);
  }

  draw(rows, most) {
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, row] of this.#rows) if (!wanted.has(key)) { row.element.remove(); this.#rows.delete(key); }
    rows.forEach((data, index) => {
      const row = this.#rows.get(data.key) ?? this.#row(data.key);
      setText(row.label, data.label);
      setText(row.note, data.note ?? '');
      row.note.hidden = !data.note;
      setText(row.count, data.count.toLocaleString());
      setText(row.share, data.share === null || data.share === undefined ? '' : `${Math.round(data.share * 100)} %`);
      row.element.dataset.count = data.count;
      row.element.className = data.tone ?? '';
      row.bar.style.inlineSize = most > 0 ? `${(data.count / most) * 100}%` : '0%';
      if (this.body.children[index] !== row.element) this.body.insertBefore(row.element, this.body.children[index] ?? null);
    });
  }

  #row(key) {
    const row = { label: h('span', { class: 'bar-label' }), note: h('small', { hidden: true }), bar: h('i'), count: h('b'), share: h('span') };
    row.element = h('tr', { 'data-key': key, 'data-testid': 'bar' },
      h('th', { scope: 'row' }, row.label, row.note, h('span', { class: 'bar', 'aria-hidden': 'true' }, row.bar)),
      h('td', { class: 'number' }, row.count), h('td', { class: 'number share' }, row.share));
    this.#rows.set(key, row);
    return row;
  }
}

/** Standing bars for what has an order: numbers and months. Below it the same as a table, folded away. */
export class Columns {
  #columns = new Map(); #table;

  constructor({ caption, labelled, testid = null }) {
    this.picture = h('div', { class: 'columns', role: 'img', 'aria-label': caption, 'data-testid': testid });
    this.#table = new Bars({ caption, labelled });
    this.element = h('div', { class: 'histogram' }, this.picture, h('details', {}, h('summary', {}, 'As a table'), this.#table.element));
    this.caption = caption;
  }

  /** `{ key, label, count }`, ascending. */
  draw(columns) {
    const most = Math.max(1, ...columns.map(({ count }) => count));
    const all = columns.reduce((sum, { count }) => sum + count, 0);
    const wanted = new Set(columns.map(({ key }) => key));
    for (const [key, column] of this.#columns) if (!wanted.has(key)) { column.element.remove(); this.#columns.delete(key); }
    columns.forEach((data, index) => {
      const column = this.#columns.get(data.key) ?? this.#column(data.key);
      setText(column.label, data.label);
      setText(column.count, data.count ? data.count.toLocaleString() : '');
      column.element.dataset.count = data.count;
      column.bar.style.blockSize = `calc((100% - 18px) * ${data.count / most})`;
      if (this.picture.children[index] !== column.element) this.picture.insertBefore(column.element, this.picture.children[index] ?? null);
    });
    this.picture.setAttribute('aria-label', `${this.caption}: ${columns.filter(({ count }) => count).map(({ label, count }) => `${label}: ${count}`).join(', ') || 'nothing yet'}`);
    this.#table.draw(columns.map((data) => ({ ...data, share: all ? data.count / all : null })), most);
  }

  #column(key) {
    const column = { label: h('span', { class: 'column-label' }), count: h('b'), bar: h('i') };
    column.element = h('div', { class: 'column', 'data-key': key, 'data-testid': 'column' }, h('span', { class: 'shaft' }, column.count, column.bar), column.label);
    this.#columns.set(key, column);
    return column;
  }
}

/** One bar of several parts, with a legend that says their numbers. */
export class Parts {
  #parts = new Map();

  constructor({ caption, testid = null }) {
    this.bar = h('div', { class: 'parts', 'aria-hidden': 'true' });
    this.legend = h('ul', { class: 'parts-legend', 'aria-label': caption, 'data-testid': testid });
    this.element = h('div', {}, this.bar, this.legend);
  }

  /** `{ key, label, count, tone }` */
  draw(parts) {
    const all = parts.reduce((sum, { count }) => sum + count, 0);
    for (const { key, label, count, tone } of parts) {
      const part = this.#parts.get(key) ?? this.#part(key, tone);
      part.bar.style.flexGrow = count;
      part.bar.hidden = count === 0;
      part.item.hidden = count === 0 && all > 0 && key !== parts[0].key;
      part.item.dataset.count = count;
      setText(part.text, `${label} ${count.toLocaleString()}`);
    }
    this.bar.classList.toggle('none', all === 0);
  }

  #part(key, tone) {
    const part = { bar: h('i', { class: tone }), text: h('span') };
    part.item = h('li', { 'data-key': key }, h('i', { class: tone, 'aria-hidden': 'true' }), part.text);
    this.bar.append(part.bar);
    this.legend.append(part.item);
    this.#parts.set(key, part);
    return part;
  }
}
