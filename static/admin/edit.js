// The form that changes a question of a draft: its text, where it leads, whether it is required, and the same of its answers.

import { h } from '../ui/dom.js';
import { isChoice } from './model.js';
import { api, explain, say } from './words.js';

function number(value) { return value === '' ? null : Number(value); }

export function editor(question, page, leave) {
  const choice = isChoice(question);
  const fork = question.type === 'fork';
  const failure = h('p', { class: 'failure', role: 'alert', hidden: true, 'data-testid': 'edit-failure' });
  const known = h('datalist', { id: 'qids' }, page.model.questions.slice(0, 500).map(({ qid, text }) => h('option', { value: qid }, text.slice(0, 60))), h('option', { value: -1 }, 'End'));
  const next = (value, label, name) => h('input', { type: 'number', name, step: '1', value: value ?? '', list: 'qids', 'aria-label': label, required: !choice });
  const text = h('textarea', { name: 'text', rows: '4' });
  text.value = question.text;
  const answers = (question.answers ?? []).map((answer) => {
    const label = h('input', { type: 'text', value: answer.text, 'aria-label': `Answer ${answer.position}`, 'data-testid': 'edit-answer' });
    const target = h('input', { type: 'number', step: '1', required: true, value: answer.next_qid ?? '', list: 'qids', 'aria-label': `Where answer ${answer.position} leads`, 'data-testid': 'edit-answer-next' });
    return { row: h('li', {}, label, h('span', { 'aria-hidden': 'true' }, '→'), target), read: () => ({ ...answer, text: label.value, next_qid: number(target.value) }) };
  });
  const goes = next(question.next_qid, 'Number of the next question', 'next_qid');
  const required = h('input', { type: 'checkbox', name: 'required', checked: question.required });
  const save = h('button', { type: 'submit', class: 'solid-button', 'data-testid': 'edit-save' }, 'Save');
  const form = h('form', { class: 'editor', 'data-testid': 'editor' }, known,
    h('label', { class: 'field' }, 'Text', text),
    !fork && h('label', { class: 'field' }, h('span', {}, 'Goes on to ', h('small', {}, choice ? 'in surveys, whatever is chosen; may be empty' : 'the number of a question, -1 ends')), goes),
    h('label', { class: 'check' }, required, 'Required in surveys'),
    answers.length > 0 && h('fieldset', { class: 'edit-answers' }, h('legend', {}, 'Answers, and where they lead'), h('ul', {}, answers.map(({ row }) => row))),
    failure, h('div', { class: 'buttons' }, h('button', { type: 'button', class: 'outline-button', onclick: leave }, 'Cancel'), save));
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
