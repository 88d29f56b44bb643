// One question in full: what it says, where it leads and why, and in drafts a form to change it.

import { h, icon } from '../ui/dom.js';
import { adder, editor } from './edit.js';
import { sign } from './graph-look.js';
import { isChoice, targetOf } from './model.js';
import { KINDS, clip, plural } from './words.js';

export class Detail {
  #page; #shown = null; #editing = false;

  constructor(element, page) {
    this.#page = page;
    this.element = element;
  }

  changed() {
    this.#shown = null;
    this.#editing = false;
    this.selected(this.#page.selected);
  }

  selected(qid) {
    if (qid === this.#shown && this.element.childNodes.length) return;
    this.#shown = qid;
    this.#editing = false;
    this.#draw();
  }

  #draw() {
    const { model } = this.#page;
    const question = model?.byQid.get(this.#shown);
    this.element.replaceChildren(...(question ? this.#question(question) : this.#overview(model)));
  }

  #overview(model) {
    if (!model) return [];
    const kinds = new Map();
    for (const { type } of model.questions) kinds.set(type, (kinds.get(type) ?? 0) + 1);
    return [
      h('h2', {}, model.first ? 'Choose a question' : 'An empty draft'),
      model.first ? h('p', { class: 'quiet' }, 'In the graph, in the outline, or by its number in the search. With the keyboard: the graph takes the arrow keys.') : '',
      h('ul', { class: 'kinds' }, [...kinds].map(([kind, count]) => h('li', {}, sign(kind), KINDS[kind] ?? kind, h('b', {}, count.toLocaleString())))),
      ...(this.#page.edits ? [adder(this.#page)] : []),
    ];
  }

  #question(question) {
    const { model } = this.#page;
    const sources = model.sourcesOf(question.qid);
    const head = h('div', { class: 'detail-head' }, sign(question.type),
      h('h2', { tabindex: '-1', 'data-testid': 'detail' }, `Question ${question.qid}`),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close the question', onclick: () => this.#page.select(null) }, icon('close')));
    const facts = [KINDS[question.type] ?? question.type, question.group_data?.name, question === model.first && 'first', question.required && 'required', question.choice_open && 'open answers',
      question.type === 'range' && `${question.range_from} to ${question.range_to}`, question.attachments?.length && plural(question.attachments.length, 'attachment')].filter(Boolean);
    if (this.#editing) {
      const leave = () => { this.#editing = false; this.#draw(); this.element.querySelector('[data-testid=edit]')?.focus(); };
      return [head, editor(question, this.#page, leave)];
    }
    return [
      head, h('p', { class: 'quiet facts' }, facts.join(' · ')), h('p', { class: 'says' }, question.text || '–'),
      this.#page.edits && h('p', {}, h('button', { type: 'button', class: 'outline-button', 'data-testid': 'edit', onclick: () => { this.#editing = true; this.#draw(); this.element.querySelector('textarea, input')?.focus(); } }, 'Change')),
      ...this.#ways(question), ...this.#variables('When it is asked', question.variable_modifications), ...this.#languages(question),
      question.comments && section('Comments', h('p', { class: 'says' }, question.comments)),
      question.meta && section('Hints', h('pre', { tabindex: '0' }, JSON.stringify(question.meta, null, 2))),
      section('Comes from', question === model.first && h('p', {}, 'The beginning'),
        sources.length ? h('ul', { class: 'plain-list' }, sources.slice(0, 20).map((source) => h('li', {}, this.#link(source.qid)))) : question !== model.first && h('p', { class: 'bad' }, 'Nowhere'),
        sources.length > 20 && h('p', { class: 'quiet' }, `and ${sources.length - 20} more`)),
    ].filter(Boolean);
  }

  #ways(question) {
    if (question.type === 'fork') {
      return [section('Rules', h('ol', { class: 'rules' }, (question.forking_rules ?? []).map((rule) => h('li', {}, h('code', {}, String(rule[1])), ' → ', targetOf(rule) === null ? h('code', {}, String(rule[0])) : this.#link(targetOf(rule))))), h('p', { class: 'quiet' }, 'The first rule that holds is taken; without one the script ends.'))];
    }
    if (!isChoice(question)) return [section('Goes on to', h('p', {}, this.#link(question.next_qid)))];
    return [
      section('Answers', h('ul', { class: 'answers' }, (question.answers ?? []).map((answer) => h('li', {},
        h('span', {}, answer.text), h('span', { class: 'goes' }, '→ ', this.#link(answer.next_qid)),
        answer.exclusive && h('small', {}, 'only alone'), ...(answer.variable_modifications ?? []).map((pair) => modification(pair)),
        ...Object.entries(answer.translations ?? {}).map(([code, text]) => h('small', { lang: code }, `${code}: ${text}`)))))),
      question.next_qid > 0 && section('In surveys it also shows', h('p', {}, this.#link(question.next_qid))),
    ];
  }

  #variables(title, pairs) { return pairs?.length ? [section(title, h('ul', { class: 'plain-list' }, pairs.map((pair) => h('li', {}, modification(pair)))))] : []; }

  #languages(question) {
    const texts = Object.entries(question.translations ?? {});
    return texts.length ? [section('In other languages', h('dl', { class: 'languages' }, texts.flatMap(([code, text]) => [h('dt', {}, code), h('dd', { lang: code }, text)])))] : [];
  }

  #link(target) {
    if (target === null || target === undefined || target < 0) return 'End';
    const question = this.#page.model.byQid.get(target);
    if (!question) return h('strong', { class: 'bad' }, `No question ${target}`);
    return h('button', { type: 'button', class: 'link-button', onclick: () => this.#page.select(target) }, `${target} ${clip(question.text, 44)}`);
  }
}

function section(title, ...content) { return h('section', { class: 'part' }, h('h3', {}, title), ...content); }

function modification([name, expression]) { return h('code', { class: 'set' }, `${name} = ${expression}`); }
