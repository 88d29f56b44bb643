// What the answers add up to, drawn while they come in: asked for again every two seconds, drawn again only when something changed.

import { h } from '../ui/dom.js';
import { decode, time, when } from '../ui/text.js';
import { Bars, Columns, Parts, percent } from './charts.js';
import { sign } from './graph-look.js';
import { KINDS, clip, explain, plural, say, whileVisible } from './words.js';

const PAUSE = 2_000;
/** Cards of so many questions are made at once. */
const AT_ONCE = 60;
const SOURCES = { all: 'Surveys and conversations', surveys: 'Surveys', runs: 'Conversations' };

export class Results {
  #page; #stop = null; #tag = null; #told = null; #source = 'all'; #cards = new Map(); #most = AT_ONCE;

  constructor(element, page) {
    this.#page = page;
    this.element = element;
    this.#build();
  }

  #build() {
    this.failure = h('p', { class: 'failure', role: 'alert', hidden: true });
    this.sources = h('select', { 'aria-label': 'Answers of', 'data-testid': 'results-source', onchange: () => { this.#source = this.sources.value; this.#tag = null; this.#links(); this.#look(); } }, Object.entries(SOURCES).map(([value, name]) => h('option', { value }, name)));
    this.csv = h('a', { class: 'outline-button', download: '', 'data-testid': 'results-csv' }, 'Answers as CSV');
    this.summary = h('a', { class: 'outline-button', download: '', 'data-testid': 'results-summary' }, 'Totals as CSV');
    this.json = h('a', { class: 'outline-button', download: `results-${this.#page.path.split('/').pop()}.json`, 'data-testid': 'results-json' }, 'JSON');
    this.figures = Object.fromEntries(['started', 'completed', 'rate', 'median'].map((name) => [name, h('dd', { 'data-testid': `figure-${name}` }, '–')]));
    const figure = (name, label) => h('div', {}, h('dt', {}, label), this.figures[name]);
    this.note = h('p', { class: 'quiet', hidden: true }, 'There are more answers than are counted at once; the export has all of them.');
    this.empty = h('p', { class: 'nothing', hidden: true }, 'Nobody has answered yet. The charts appear with the first answer, by themselves.');
    this.completion = new Parts({ caption: 'Completion', testid: 'completion' });
    this.funnel = new Bars({ caption: 'How many answered each question', labelled: 'Question', counted: 'Answered', testid: 'funnel' });
    this.stops = new Bars({ caption: 'Where those stand who have not finished', labelled: 'Question', counted: 'People', testid: 'drop-off' });
    this.noStops = h('p', { class: 'quiet' }, 'Everybody has finished.');
    this.cards = h('div', { class: 'cards' });
    this.more = h('button', { type: 'button', class: 'outline-button', hidden: true, onclick: () => { this.#most += AT_ONCE; this.#drawQuestions(); } });
    this.charts = h('div', { class: 'charts', hidden: true },
      h('dl', { class: 'figures' }, figure('started', 'Started'), figure('completed', 'Completed'), figure('rate', 'Completion'), figure('median', 'Time, median')),
      this.note,
      h('div', { class: 'wide-cards' },
        h('div', { class: 'column-cards' }, card('Completion', this.completion.element), card('Where they stopped', this.noStops, this.stops.element)), card('How far they came', this.funnel.element)),
      h('h2', {}, 'Questions'), this.cards, this.more);
    this.element.append(h('div', { class: 'results-bar' }, h('h2', {}, 'Results'), this.sources, h('span', { class: 'grow' }), this.csv, this.summary, this.json), this.failure, this.empty, this.charts);
    this.#links();
  }

  #links() {
    const source = `source=${this.#source}`;
    this.csv.href = `${this.#page.path}/results.csv?kind=answers&${source}`;
    this.summary.href = `${this.#page.path}/results.csv?kind=summary&${source}`;
    this.json.href = `${this.#page.path}/results?${source}`;
  }

  shown(visible) {
    if (visible === Boolean(this.#stop) || !this.#page.model) return;
    if (visible) { this.#stop = whileVisible(PAUSE, () => this.#look()); return; }
    this.#stop();
    this.#stop = null;
  }

  async #look() {
    const source = this.#source;
    try {
      const response = await fetch(`${this.#page.path}/results?source=${source}`, { cache: 'no-store', headers: { Accept: 'application/json', ...(this.#tag && { 'If-None-Match': this.#tag }) }, signal: AbortSignal.timeout(20_000) });
      if (source !== this.#source) return;
      if (response.status === 304) return say(this.failure, '');
      const body = await response.json().catch(() => null);
      if (!response.ok) throw Object.assign(new Error(body?.detail ?? `HTTP ${response.status}`), { status: response.status, body });
      this.#tag = response.headers.get('ETag');
      this.#told = body;
      say(this.failure, '');
      this.#draw();
    } catch (error) { say(this.failure, error.status ? explain(error) : 'No connection. The numbers go on when it is back.'); }
    return undefined;
  }

  #draw() {
    const { completion, truncated, drop_off: stops, questions } = this.#told;
    const { started, completed } = completion;
    this.empty.hidden = started > 0;
    this.charts.hidden = started === 0;
    this.note.hidden = !truncated;
    setText(this.figures.started, started.toLocaleString());
    setText(this.figures.completed, completed.toLocaleString());
    setText(this.figures.rate, percent(completed, started));
    setText(this.figures.median, span(completion.median_seconds));
    this.completion.draw([{ key: 'completed', label: 'Completed', count: completed, tone: 'good' }, { key: 'open', label: 'Not completed', count: started - completed, tone: 'open' }]);
    const answerable = questions.filter(isAnswerable);
    this.funnel.draw(answerable.slice(0, 200).map((question) => ({ key: question.question, label: name(question), count: question.answered, share: started ? question.answered / started : null })), started);
    this.#drawStops(stops.filter(({ count }) => count > 0), started);
    this.#drawQuestions();
  }

  #drawStops(stops, started) {
    const most = Math.max(1, ...stops.map(({ count }) => count));
    const names = new Map(this.#told.questions.map((question) => [question.question, name(question)]));
    this.noStops.hidden = stops.length > 0;
    this.stops.element.hidden = !stops.length;
    this.stops.draw(stops.map(({ question, count }) => ({ key: question ?? 'none', label: names.get(question) ?? 'Nothing left to answer', count, share: started ? count / started : null, tone: 'open' })), most);
  }

  #drawQuestions() {
    const questions = this.#told.questions.filter(isAnswerable);
    questions.slice(0, this.#most).forEach((question) => {
      const known = this.#cards.get(question.question);
      const shown = known ?? new QuestionCard(question);
      if (!known) { this.#cards.set(question.question, shown); this.cards.append(shown.element); }
      shown.draw(question);
    });
    const left = questions.length - this.#most;
    this.more.hidden = left <= 0;
    this.more.textContent = `${plural(Math.max(0, left), 'more question')}`;
  }
}

/** One question with the chart that fits it. */
class QuestionCard {
  #charts = {};

  constructor(question) {
    const kind = KINDS[question.type] ?? question.type;
    this.parts = new Parts({ caption: `Question ${question.qid}: who answered` });
    this.facts = h('p', { class: 'quiet facts' });
    this.body = h('div', { class: 'card-body' });
    this.element = h('section', { class: 'card', 'data-testid': 'result', 'data-qid': question.qid },
      h('h3', {}, sign(question.type), h('span', {}, h('b', {}, `${question.qid} `), question.text ? clip(question.text, 140) : kind)), this.facts, this.body, this.parts.element);
    this.kind = kind;
  }

  draw(question) {
    setText(this.facts, [this.kind, question.required && 'required', `${question.answered.toLocaleString()} of ${plural(question.seen, 'person', 'people')} answered`].filter(Boolean).join(' · '));
    this.parts.draw([
      { key: 'answered', label: 'Answered', count: question.answered, tone: 'good' }, { key: 'skipped', label: 'Skipped', count: question.skipped, tone: 'skipped' },
      { key: 'waiting', label: 'Waiting', count: question.waiting, tone: 'open' },
    ]);
    if (question.answers) {
      this.#chart('answers', () => new Bars({ caption: `Answers to question ${question.qid}`, testid: 'distribution' }))
        .draw(question.answers.map(({ answer, text, count, share }) => ({ key: answer, label: text, count, share })), Math.max(1, question.answered));
    }
    if (question.numbers) this.#numbers(question);
    if (question.months) this.#chart('months', () => new Columns({ caption: `Months of question ${question.qid}`, labelled: 'Month' })).draw(question.months.map(({ month, count }) => ({ key: month, label: month, count })));
    if (question.texts) this.#texts(question.texts);
  }

  #chart(key, make) {
    if (!this.#charts[key]) {
      this.#charts[key] = make();
      this.body.append(this.#charts[key].element);
    }
    return this.#charts[key];
  }

  #numbers({ qid, numbers }) {
    const line = this.#chart('line', () => ({ element: h('p', { class: 'quiet facts', 'data-testid': 'numbers' }) })).element;
    setText(line, numbers.count ? `Mean ${short(numbers.mean)} · median ${short(numbers.median)} · from ${short(numbers.min)} to ${short(numbers.max)}` : '');
    this.#chart('histogram', () => new Columns({ caption: `Numbers of question ${qid}`, labelled: 'Value', testid: 'histogram' }))
      .draw(numbers.histogram.map(({ from, to, count }) => ({ key: `${from}:${to}`, label: from === to ? short(from) : `${short(from)}–${short(to)}`, count })));
  }

  #texts({ total, results }) {
    const list = this.#chart('texts', () => ({ element: h('ul', { class: 'texts', tabindex: '0', 'aria-label': 'Newest texts', 'data-testid': 'texts' }) })).element;
    const rest = this.#chart('rest', () => ({ element: h('p', { class: 'quiet facts' }) })).element;
    const key = JSON.stringify(results);
    // the newest stand above; whoever reads further down is not pushed about while nothing changed
    if (list.dataset.key !== key) {
      list.dataset.key = key;
      list.replaceChildren(...results.map(({ text, created }) => h('li', {}, h('span', {}, decode(text)), h('time', { datetime: created }, `${when(created)} ${time(created)}`))));
    }
    list.hidden = !results.length;
    setText(rest, total > results.length ? `The newest ${results.length} of ${total.toLocaleString()}` : '');
    rest.hidden = total <= results.length;
  }
}

function card(title, ...content) { return h('section', { class: 'card' }, h('h3', {}, title), ...content); }

/** Messages and forks pass by without an answer. */
function isAnswerable({ type }) { return type !== 'message' && type !== 'fork'; }

function name({ qid, text }) { return `${qid} ${clip(text, 60)}`; }

function short(number) {
  if (number === null || number === undefined) return '–';
  return Number(number).toLocaleString(undefined, { maximumFractionDigits: Math.abs(number) < 10 ? 2 : 1 });
}

function span(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }
