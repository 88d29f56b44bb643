// A walk through the schema as a member would take it. The server keeps nothing of it: each step sends all answers so far.

import { h, icon } from '../ui/dom.js';
import { linkified } from '../ui/text.js';
import { control } from './ask.js';
import { api, explain, plural, say } from './words.js';

export class Preview {
  #page; #steps = []; #told = null; #language = ''; #ticket = 0; #begun = false; #before = {}; #ask = null;

  constructor(element, page) {
    this.#page = page;
    this.element = element;
    this.languages = h('select', { 'aria-label': 'Language', 'data-testid': 'preview-language', onchange: () => { this.#language = this.languages.value; this.#walk(this.#steps, { keep: true }); } });
    this.back = h('button', { type: 'button', class: 'outline-button', 'data-testid': 'preview-back', onclick: () => this.#walk(this.#steps.slice(0, -1)) }, icon('back'), 'Step back');
    this.restart = h('button', { type: 'button', class: 'outline-button', 'data-testid': 'preview-restart', onclick: () => this.#walk([]) }, icon('retry'), 'Restart');
    this.log = h('div', { class: 'talk', role: 'log', 'aria-label': 'Preview', tabindex: '0', 'data-testid': 'preview-log' });
    this.failure = h('p', { class: 'failure', role: 'alert', hidden: true, 'data-testid': 'preview-failure' });
    this.ended = h('p', { class: 'ended', role: 'status', hidden: true, 'data-testid': 'preview-ended' }, 'The script ends here.');
    this.variables = h('tbody');
    this.variablesTitle = h('h3', { id: 'variables-title' }, 'Variables');
    this.noVariables = h('p', { class: 'quiet' }, 'None so far.');
    this.table = h('table', { class: 'variables', 'aria-labelledby': 'variables-title', 'data-testid': 'variables' }, h('thead', { class: 'hidden' }, h('tr', {}, h('th', { scope: 'col' }, 'Name'), h('th', { scope: 'col' }, 'Value'))), this.variables);
    this.#ask = control((answer) => this.#answer(answer));
    element.append(
      h('h2', { class: 'hidden' }, 'Preview'),
      h('div', { class: 'preview-bar' }, this.back, this.restart, this.languages),
      h('div', { class: 'preview-talk' }, this.log, this.ended, this.failure, this.#ask.element),
      h('section', { class: 'part' }, this.variablesTitle, this.noVariables, this.table));
  }

  changed(again) {
    const { schema, model } = this.#page;
    const codes = new Set(model.questions.flatMap((question) => [question, ...(question.answers ?? [])]).flatMap((part) => Object.keys(part.translations ?? {})));
    const own = schema.language || 'as written';
    this.languages.replaceChildren(h('option', { value: '' }, `Language: ${own}`), ...[...codes].filter((code) => code !== schema.language).sort().map((code) => h('option', { value: code }, code)));
    this.languages.value = codes.has(this.#language) ? this.#language : '';
    this.#language = this.languages.value;
    this.languages.hidden = codes.size === 0;
    // what was walked may be another way now
    if (again && this.#begun) this.#walk(this.#steps, { keep: true });
  }

  shown(visible) {
    if (!visible) { this.#unmark(); return; }
    if (!this.#begun && this.#page.model) { this.#begun = true; this.#walk([]); } else this.#mark();
  }

  #answer({ answers, text }) {
    this.#walk([...this.#steps, { text: text ?? '', answers: answers ?? [] }]);
  }

  async #walk(steps, { keep = false } = {}) {
    const ticket = ++this.#ticket;
    const longer = steps.length > this.#steps.length;
    try {
      const told = await api.post(`${this.#page.path}/preview`, { steps, ...(this.#language && { language: this.#language }) });
      if (ticket !== this.#ticket) return;
      if (told.errors && longer) { this.#refused(told.errors); return; }
      this.#before = longer ? this.#told?.variables_pool ?? {} : {};
      this.#steps = steps;
      this.#told = told;
      this.#draw(longer, keep);
    } catch (error) {
      if (ticket !== this.#ticket) return;
      say(this.failure, explain(error));
      this.#ask.reopen();
    }
  }

  /** The answer did not hold; nothing has happened, and it can be given again. */
  #refused(errors) {
    say(this.failure, explain({ status: 400, body: errors }));
    this.#ask.reopen();
  }

  #draw(longer, keep) {
    const { messages, question_data: question, variables_pool: pool, ended, errors } = this.#told;
    say(this.failure, errors ? explain({ status: 400, body: errors }) : '');
    this.#log(messages);
    this.ended.hidden = !ended;
    this.back.disabled = this.#steps.length === 0;
    this.restart.disabled = this.#steps.length === 0;
    const within = this.element.contains(document.activeElement);
    this.#ask.show(ended || errors ? null : question, `${this.#steps.length}:${this.#language}`);
    if (within && !keep && longer) { if (ended) this.log.focus(); else this.#ask.focus(); }
    this.#variables(pool ?? {});
    this.#mark();
  }

  #log(messages) {
    const rows = messages.map(({ sender, text, question }) => {
      const qid = this.#page.model.byId.get(question)?.qid;
      return { key: `${sender}|${question}|${text}`, make: () => h('div', { class: sender === 'you' ? 'own' : 'said', 'data-testid': 'preview-message' },
        h('span', { class: 'hidden' }, sender === 'you' ? 'You: ' : 'Script: '), h('span', { class: 'bubble' }, linkified(String(text))),
        qid !== undefined && sender !== 'you' && h('button', { type: 'button', class: 'qid', title: 'Show in the graph', 'aria-label': `Question ${qid} in the graph`, onclick: () => this.#page.select(qid) }, String(qid))) };
    });
    // what was said stays as it is; only what differs is drawn
    const old = [...this.log.children];
    let same = 0;
    while (same < rows.length && old[same]?.dataset.key === rows[same].key) same += 1;
    for (const row of old.slice(same)) row.remove();
    for (const row of rows.slice(same)) { const element = row.make(); element.dataset.key = row.key; this.log.append(element); }
    this.log.scrollTop = this.log.scrollHeight;
  }

  #variables(pool) {
    const names = Object.keys(pool);
    this.noVariables.hidden = names.length > 0;
    this.table.hidden = !names.length;
    this.variables.replaceChildren(...names.map((name) => {
      const changed = this.#steps.length > 0 && JSON.stringify(this.#before[name]) !== JSON.stringify(pool[name]);
      return h('tr', { class: changed && 'fresh' }, h('th', { scope: 'row' }, h('code', {}, name)), h('td', {}, typeof pool[name] === 'string' ? pool[name] : JSON.stringify(pool[name]), changed && h('span', { class: 'hidden' }, ' (changed)')));
    }));
    this.variablesTitle.textContent = names.length ? `Variables after ${plural(this.#steps.length, 'answer')}` : 'Variables';
  }

  /** The way that was gone, on the graph. */
  #mark() {
    const { model, stage } = this.#page;
    if (!this.#told || this.element.hidden) return;
    const asked = this.#told.messages.filter(({ sender }) => sender !== 'you').map(({ question }) => model.byId.get(question)?.qid).filter((qid) => qid !== undefined);
    const current = this.#told.question_data ? model.byId.get(this.#told.question_data.id)?.qid : undefined;
    const walked = new Set(asked.map((qid) => `q${qid}`));
    const chain = [...asked, this.#told.ended ? null : current].filter((qid, index, all) => qid !== undefined && qid !== all[index - 1]);
    chain.forEach((qid, index) => {
      if (!index) return;
      for (const edge of model.between(chain[index - 1], qid)) { walked.add(edge.id); walked.add(edge.source); if (qid === null) walked.add(edge.target); }
    });
    if (model.first) { walked.add('start'); walked.add('start>'); walked.add(`q${model.first.qid}`); }
    stage.mark('walked', [...walked]);
    stage.mark('current', current === undefined ? [] : [`q${current}`]);
    if (current !== undefined) stage.reveal(current);
  }

  #unmark() {
    this.#page.stage?.mark('walked', []);
    this.#page.stage?.mark('current', []);
  }
}
