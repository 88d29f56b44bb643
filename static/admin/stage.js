// The stage: the graph or the outline, the search over both, and the marks that the panels put on them.

import { h, icon } from '../ui/dom.js';
import { Graph } from './graph.js';
import { tintOf } from './graph-look.js';
import { Outline } from './outline.js';
import { clip } from './words.js';

const MOST_FOUND = 12;

export class Stage {
  #page; #shownAs = 'graph'; #model = null;

  constructor(element, page) {
    this.#page = page;
    this.element = element;
    this.canvas = h('div', { class: 'canvas __________cytoscape_container', tabindex: '0', role: 'application', 'data-testid': 'graph',
      'aria-label': 'Graph of the schema. Down and up follow the ways, left and right go through all questions. The outline has the same in words.' });
    this.status = h('p', { class: 'placing', role: 'status' });
    this.spoken = h('p', { class: 'hidden', 'aria-live': 'polite' });
    this.legend = h('ul', { class: 'legend', 'aria-label': 'Groups' });
    this.outline = new Outline(page);
    this.nothing = h('p', { class: 'nothing', hidden: true }, 'This schema has no questions yet.');
    this.graph = new Graph(this.canvas, { select: (qid) => page.select(qid), status: (text) => { this.status.textContent = text; } });
    this.zoomers = h('div', { class: 'zoomers' },
      this.#tool('Zoom in', '+', () => this.graph.zoom(1.3)), this.#tool('Zoom out', '−', () => this.graph.zoom(1 / 1.3)), this.#tool('Show all', 'All', () => this.graph.fit()));
    this.drawn = h('div', { class: 'drawn' }, this.canvas, this.status, this.legend, this.zoomers);
    element.append(this.#bar(), this.drawn, this.outline.element, this.nothing, this.spoken);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#showLegend());
  }

  #tool(label, text, act) { return h('button', { type: 'button', 'aria-label': label, title: label, onclick: act }, text); }

  #bar() {
    this.search = h('input', { type: 'search', placeholder: 'Find a question', 'aria-label': 'Find a question', autocomplete: 'off', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'found', 'aria-autocomplete': 'list', 'data-testid': 'find' });
    this.found = h('ul', { class: 'found', id: 'found', role: 'listbox', 'aria-label': 'Questions found', hidden: true });
    this.search.addEventListener('input', () => this.#find());
    this.search.addEventListener('keydown', (event) => this.#key(event));
    this.search.addEventListener('blur', () => setTimeout(() => this.#close(), 150));
    this.found.addEventListener('pointerdown', (event) => event.preventDefault());
    const choice = (value, text) => h('label', {}, h('input', { type: 'radio', name: 'as', value, checked: value === 'graph', 'data-testid': `as-${value}`, onchange: () => this.showAs(value) }), h('span', {}, text));
    return h('div', { class: 'stage-bar' },
      h('div', { class: 'finder' }, icon('search'), this.search, this.found),
      h('fieldset', { class: 'switch' }, h('legend', { class: 'hidden' }, 'Show as'), choice('graph', 'Graph'), choice('outline', 'Outline')));
  }

  showAs(form) {
    this.#shownAs = form;
    this.#arrange();
    this.select(this.#page.selected);
  }

  #arrange() {
    const empty = !this.#model?.first;
    this.drawn.hidden = empty || this.#shownAs !== 'graph';
    this.outline.element.hidden = empty || this.#shownAs !== 'outline';
    this.nothing.hidden = !empty || !this.#model;
  }

  async show(model, again) {
    this.#model = model;
    this.outline.show(model);
    this.#arrange();
    this.#showLegend();
    this.graph.mark('broken', [...model.missing].map((qid) => `missing${qid}`));
    await this.graph.show(model, { keep: again });
    if (again && this.#page.selected !== null) this.graph.select(this.#page.selected);
  }

  #showLegend() {
    const groups = this.#model?.groups ?? [];
    this.legend.hidden = !groups.length;
    this.legend.replaceChildren(...groups.slice(0, 8).map((group, index) => {
      const dot = h('i', { 'aria-hidden': 'true' });
      dot.style.background = tintOf(index);
      return h('li', {}, dot, clip(group.name, 30));
    }), ...(groups.length > 8 ? [h('li', {}, `and ${groups.length - 8} more`)] : []));
  }

  select(qid) {
    this.graph.select(qid);
    this.outline.select(qid);
    const question = this.#model?.byQid.get(qid);
    this.spoken.textContent = question && document.activeElement === this.canvas ? `Question ${qid}: ${clip(question.text, 120)}` : '';
  }

  count(counts) { this.graph.count(counts); this.outline.count(counts); }
  mark(kind, ids) { this.graph.mark(kind, ids); this.outline.mark(kind, ids); }
  reveal(qid) { this.graph.reveal(qid); }

  // ---- search -----------------------------------------------------------------------------------------------------------

  #find() {
    const found = this.#model?.search(this.search.value) ?? [];
    const shown = found.slice(0, MOST_FOUND);
    this.found.replaceChildren(...shown.map((question, index) => h('li', { role: 'option', id: `found-${index}`, 'aria-selected': String(index === 0), onclick: () => this.#choose(question.qid) },
      h('b', {}, String(question.qid)), ' ', clip(question.text, 70))),
    ...(found.length > MOST_FOUND ? [h('li', { class: 'quiet', role: 'presentation' }, `and ${(found.length - MOST_FOUND).toLocaleString()} more`)] : []),
    ...(!found.length && this.search.value.trim() ? [h('li', { class: 'quiet', role: 'presentation' }, 'No question fits.')] : []));
    this.found.hidden = !this.search.value.trim();
    this.search.setAttribute('aria-expanded', String(!this.found.hidden && shown.length > 0));
    this.#point(0);
  }

  get #options() { return [...this.found.querySelectorAll('[role=option]')]; }

  #point(at) {
    this.#options.forEach((option, index) => option.setAttribute('aria-selected', String(index === at)));
    if (this.#options[at]) this.search.setAttribute('aria-activedescendant', `found-${at}`); else this.search.removeAttribute('aria-activedescendant');
  }

  #key(event) {
    const options = this.#options;
    const at = options.findIndex((option) => option.getAttribute('aria-selected') === 'true');
    if (event.key === 'Escape') { this.search.value = ''; this.#close(); }
    if (event.key === 'Enter' && options[at]) { event.preventDefault(); options[at].click(); }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !options.length) return;
    event.preventDefault();
    this.#point((at + step + options.length) % options.length);
  }

  #choose(qid) {
    this.#close();
    this.#page.select(qid);
    this.graph.reveal(qid, { always: true });
  }

  #close() {
    this.found.hidden = true;
    this.search.setAttribute('aria-expanded', 'false');
    this.search.removeAttribute('aria-activedescendant');
  }
}
