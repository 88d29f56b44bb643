// The schema in words: every question with where it leads, for those who do not look at pictures.

import { h } from '../ui/dom.js';
import { sign } from './graph-look.js';
import { waysOf } from './model.js';
import { KINDS, clip, plural } from './words.js';

/** So many rows are made at once; the next ones when somebody scrolls near them. */
const AT_ONCE = 150;
const MOST_WAYS = 12;

export class Outline {
  #page; #rows = new Map(); #model = null; #made = 0; #counts = new Map(); #marks = new Map(); #selected = null;

  constructor(page) {
    this.#page = page;
    this.body = h('tbody');
    this.more = h('p', { class: 'more-rows' });
    this.element = h('div', { class: 'outline table', hidden: true, tabindex: '0', role: 'region', 'aria-label': 'Outline', 'data-testid': 'outline' },
      h('table', {}, h('caption', { class: 'hidden' }, 'All questions by position, and where each leads'),
        h('thead', {}, h('tr', {}, ['Question', 'Leads to', 'Here now'].map((name) => h('th', { scope: 'col' }, name)))), this.body), this.more);
    new IntersectionObserver(([entry]) => { if (entry.isIntersecting) this.#make(); }, { root: this.element, rootMargin: '600px' }).observe(this.more);
  }

  show(model) {
    this.#model = model;
    this.#rows.clear();
    this.#made = 0;
    this.body.replaceChildren();
    this.#make();
  }

  #make(until = this.#made + AT_ONCE) {
    for (const question of this.#model?.questions.slice(this.#made, until) ?? []) {
      const row = this.#row(question);
      this.#rows.set(question.qid, row);
      this.body.append(row);
      this.#dress(question.qid);
      this.#made += 1;
    }
    const left = (this.#model?.questions.length ?? 0) - this.#made;
    this.more.textContent = left > 0 ? `${plural(left, 'more question')}…` : '';
  }

  #row(question) {
    const ways = waysOf(question);
    const here = h('td', { class: 'here' });
    return Object.assign(h('tr', { 'data-testid': 'outline-row', 'data-qid': question.qid },
      h('th', { scope: 'row' }, h('button', { type: 'button', class: 'row-button', onclick: () => this.#page.select(question.qid) },
        sign(question.type), h('span', {}, h('b', {}, `${question.qid} `), h('span', { class: 'quiet' }, [KINDS[question.type], question.group_data?.name, question.required && 'required'].filter(Boolean).join(' · ')), h('span', { class: 'row-text' }, clip(question.text, 160) || '–')))),
      h('td', {}, h('ul', { class: 'ways' }, ways.slice(0, MOST_WAYS).map((way) => h('li', {}, way.label && h('span', { class: 'quiet' }, `${clip(way.label, 60)} → `), this.#target(way))),
        ways.length > MOST_WAYS && h('li', { class: 'quiet' }, `and ${ways.length - MOST_WAYS} more`))),
      here), { here });
  }

  #target(way) {
    if (way.target === null) return h('code', {}, way.expression);
    if (way.target < 0) return 'End';
    if (!this.#model.byQid.has(way.target)) return h('strong', { class: 'bad' }, `No question ${way.target}`);
    return h('button', { type: 'button', class: 'link-button', onclick: () => this.#page.select(way.target) }, String(way.target));
  }

  #dress(qid) {
    const row = this.#rows.get(qid);
    if (!row) return;
    const count = this.#counts.get(qid);
    const text = count ? count.toLocaleString() : '';
    if (row.here.textContent !== text) row.here.textContent = text;
    for (const [kind, ids] of this.#marks) row.classList.toggle(kind, ids.has(`q${qid}`));
    row.classList.toggle('chosen', qid === this.#selected);
    if (qid === this.#selected) row.setAttribute('aria-current', 'true'); else row.removeAttribute('aria-current');
  }

  #dressAll() { for (const qid of this.#rows.keys()) this.#dress(qid); }

  select(qid) {
    this.#selected = qid;
    if (qid !== null && !this.#rows.has(qid)) this.#make((this.#model?.questions.findIndex((question) => question.qid === qid) ?? -1) + 1);
    this.#dressAll();
    if (qid !== null && !this.element.hidden) this.#rows.get(qid)?.scrollIntoView({ block: 'nearest' });
  }

  count(counts) { this.#counts = counts; this.#dressAll(); }
  mark(kind, ids) { this.#marks.set(kind, new Set(ids)); this.#dressAll(); }
}
