// Where live conversations stand: counts on the graph and in a table, while somebody can see them.

import { h } from '../ui/dom.js';
import { api, clip, explain, plural, say, whileVisible } from './words.js';

const PAUSE = 3_000;

export class Live {
  #page; #stop = null; #rows = new Map();

  constructor(element, page) {
    this.#page = page;
    this.element = element;
    this.total = h('p', { class: 'big', 'data-testid': 'live-total' }, '–');
    this.failure = h('p', { class: 'failure', role: 'alert', hidden: true });
    this.rows = h('tbody');
    this.empty = h('p', { class: 'quiet', hidden: true }, 'Nobody is in this script now. The numbers move by themselves when somebody begins.');
    this.table = h('table', { 'data-testid': 'live' }, h('caption', { class: 'hidden' }, 'Conversations by question'),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Question'), h('th', { scope: 'col', class: 'number' }, 'Here now'))), this.rows);
    element.append(h('h2', {}, 'Where conversations stand'), this.total, this.failure, this.empty, this.table);
  }

  shown(visible) {
    if (visible === Boolean(this.#stop) || !this.#page.model) return;
    if (visible) { this.#stop = whileVisible(PAUSE, () => this.#look()); return; }
    this.#stop();
    this.#stop = null;
    this.#page.stage?.count(new Map());
  }

  async #look() {
    try {
      const { total, questions } = await api.get(`${this.#page.path}/positions`);
      say(this.failure, '');
      if (this.#stop) this.#draw(total, questions);
    } catch (error) { say(this.failure, explain(error)); }
  }

  #draw(total, questions) {
    const { model } = this.#page;
    const counts = new Map();
    let nowhere = 0;
    for (const { qid, count } of questions) { if (model.byQid.has(qid)) counts.set(qid, (counts.get(qid) ?? 0) + count); else nowhere += count; }
    this.#page.stage.count(counts);
    setText(this.total, plural(total, 'conversation'));
    this.empty.hidden = total > 0;
    this.table.hidden = total === 0;
    const order = model.questions.filter(({ qid }) => counts.get(qid)).map((question) => ({ key: question.qid, question, count: counts.get(question.qid) }));
    if (nowhere) order.push({ key: 'nowhere', question: null, count: nowhere });
    const wanted = new Set(order.map(({ key }) => key));
    for (const [key, row] of this.#rows) if (!wanted.has(key)) { row.element.remove(); this.#rows.delete(key); }
    order.forEach(({ key, question, count }, index) => {
      const row = this.#rows.get(key) ?? this.#row(key, question);
      setText(row.count, count.toLocaleString());
      if (this.rows.children[index] !== row.element) this.rows.insertBefore(row.element, this.rows.children[index] ?? null);
    });
  }

  #row(key, question) {
    const count = h('td', { class: 'number' });
    const name = question ? h('button', { type: 'button', class: 'link-button', onclick: () => this.#page.select(question.qid) }, h('b', {}, `${question.qid} `), clip(question.text, 70)) : 'No question at hand';
    const row = { count, element: h('tr', { 'data-testid': 'live-row', 'data-qid': key }, h('th', { scope: 'row' }, name), count) };
    this.#rows.set(key, row);
    return row;
  }
}

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }
