// The form that changes a question of a draft: its text, where it leads, whether it is required, and the same of its answers.

import { h } from '../ui/dom.js';
import { isChoice } from './model.js';
import { KINDS, api, explain, say } from './words.js';

function number(value) { return value === '' ? null : Number(value); }

export function editor(question, page, leave) {
  const choice = isChoice(question);
  const fork = question.type === 'fork';
  const failure = h('p', { class: 'failure', role: 'alert', hidden: true, 'data-testid': 'edit-failure' });
  const known = h('datalist', { id: 'qids' }, page.model.questions.slice(0, 500).map(({ qid, text }) => h('option', { value: qid }, text.slice(0, 60))), h('option', { value: -1 }, 'End'));
  const next = (value, label, name) => h('input', { type: 'number', name, step: '1', value: value ?? '', list: 'qids', 'aria-label': label, required: !choice });
  const text = h('textarea', { name: 'text', rows: '4' });
  text.value = question.text;
  const editable = (answer) => {
    const label = h('input', { type: 'text', value: answer.text, 'aria-label': `Answer ${answer.position}`, 'data-testid': 'edit-answer' });
    const target = h('input', { type: 'number', step: '1', required: true, value: answer.next_qid ?? '', list: 'qids', 'aria-label': `Where answer ${answer.position} leads`, 'data-testid': 'edit-answer-next' });
    return { row: h('li', {}, label, h('span', { 'aria-hidden': 'true' }, '→'), target), read: () => ({ ...answer, text: label.value, next_qid: number(target.value) }) };
  };
  const answers = (question.answers ?? []).map(editable);
  const list = h('ul', {}, answers.map(({ row }) => row));
  const add = h('button', { type: 'button', class: 'outline-button', 'data-testid': 'edit-add-answer', onclick: () => {
    const position = Math.max(0, ...answers.map((answer) => answer.read().position)) + 1;
    const answer = editable({ position, text: '', next_qid: -1 });
    answers.push(answer);
    list.append(answer.row);
    answer.row.querySelector('input').focus();
  } }, 'Add an answer');
  const goes = next(question.next_qid, 'Number of the next question', 'next_qid');
  const required = h('input', { type: 'checkbox', name: 'required', checked: question.required });
  const remove = h('button', { type: 'button', class: 'outline-button remove', 'data-testid': 'edit-delete', onclick: async () => {
    if (!confirm(`Delete question ${question.qid}? What leads to it will lead nowhere.`)) return;
    try {
      await api.delete(`${page.path}/questions/${question.id}`);
      page.select(null);
      await page.reload();
    } catch (error) { say(failure, explain(error)); }
  } }, 'Delete');
  const save = h('button', { type: 'submit', class: 'solid-button', 'data-testid': 'edit-save' }, 'Save');
  const form = h('form', { class: 'editor', 'data-testid': 'editor' }, known,
    h('label', { class: 'field' }, 'Text', text),
    !fork && h('label', { class: 'field' }, h('span', {}, 'Goes on to ', h('small', {}, choice ? 'in surveys, whatever is chosen; may be empty' : 'the number of a question, -1 ends')), goes),
    h('label', { class: 'check' }, required, 'Required in surveys'),
    choice && h('fieldset', { class: 'edit-answers' }, h('legend', {}, 'Answers, and where they lead'), list, add),
    failure, h('div', { class: 'buttons' }, remove, h('button', { type: 'button', class: 'outline-button', onclick: leave }, 'Cancel'), save));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const change = { text: text.value, required: required.checked };
    if (!fork) change.next_qid = number(goes.value);
    // an answer that is sent is replaced as a whole, so the whole of it goes
    if (answers.length) change.answers = answers.map((answer) => answer.read());
    save.disabled = true;
    try {
      await api.patch(`${page.path}/questions/${question.id}`, change);
      await page.reload();
    } catch (error) { say(failure, explain(error)); }
    save.disabled = false;
  });
  form.addEventListener('keydown', (event) => { if (event.key === 'Escape') { event.stopPropagation(); leave(); } });
  return form;
}

/** The form that adds a question at the end of a draft. It leads to the end until somebody says otherwise. */
export function adder(page) {
  const failure = h('p', { class: 'failure', role: 'alert', hidden: true });
  const type = h('select', { name: 'type', 'data-testid': 'add-type' }, Object.entries(KINDS).map(([value, name]) => h('option', { value }, name)));
  const text = h('input', { type: 'text', name: 'text', autocomplete: 'off', 'data-testid': 'add-text' });
  const last = (name) => Math.max(0, ...page.model.questions.map((question) => question[name])) + 1;
  return h('form', { class: 'editor part', 'data-testid': 'adder', onsubmit: async (event) => {
    event.preventDefault();
    const made = { qid: last('qid'), position: last('position'), type: type.value, text: text.value };
    if (made.type === 'fork') made.forking_rules = [['-1', '1 == 1']];
    else if (!isChoice(made)) made.next_qid = -1;
    if (made.type === 'range') Object.assign(made, { range_from: 0, range_to: 10 });
    try {
      await api.post(`${page.path}/questions`, made);
      await page.reload();
      page.select(made.qid);
    } catch (error) { say(failure, explain(error)); }
  } }, h('h3', {}, 'Add a question'), h('label', { class: 'field' }, 'Type', type), h('label', { class: 'field' }, 'Text', text), failure,
  h('div', { class: 'buttons' }, h('button', { type: 'submit', class: 'outline-button', 'data-testid': 'add-save' }, 'Add')));
}
