// A question that waits for its answer: the fitting control, what is wrong with an answer, and the ways on and back.
// Loaded when the first question comes; whoever only chats never fetches it.

import { h, icon } from './dom.js';
import { choices, field, files, range } from './question-controls.js';
import { listenForDrops } from './staging.js';
import { decode } from './text.js';

/** Questions that nobody answers: a message runs on by itself, and a fork is never seen. */
const UNASKED = new Set(['message', 'fork']);

/** The hints of a question; anything may stand in `meta`. */
export function hints({ meta }) { return meta && typeof meta === 'object' && !Array.isArray(meta) ? meta : {}; }

/** Whether an ordinary field for messages is the right place for the answer. */
export function isFreeText(question) {
  return question.type === 'text' && !['textarea', 'email', 'tel', 'url', 'file'].includes(hints(question).input);
}

/**
 * What a control is: `element`; `read()` gives `{ answers, text, label, files }` or `{ problem }`; `focus()`; `drop(files)` where files are
 * wanted; `verb` for its button, or `instant` when choosing is answering and no button is needed.
 */
function controlFor(question, tools) {
  const meta = hints(question);
  switch (question.type) {
    case 'choice':
    case 'multichoice': return choices(question, tools);
    case 'range': return range(question, meta);
    case 'control': return { element: null, read: () => ({ text: '', silent: true, label: meta.label ?? 'Continue' }), verb: meta.label ?? 'Continue' };
    default: return meta.input === 'file' ? files(tools) : field(question, meta);
  }
}

export class Ask {
  #options; #control = null; #asked = null; #answered = false;

  /** Options: `answer(answer)`, `back()`, `limits()` (the server's), `dropZone` (element that takes dropped files). */
  constructor(options) {
    this.#options = options;
    this.legend = h('legend', { class: 'hidden' });
    this.problem = h('p', { class: 'problem', role: 'alert', 'data-testid': 'question-problem', hidden: true });
    this.hint = h('p', { class: 'hint', hidden: true });
    this.body = h('div', { class: 'ask-body' });
    this.back = h('button', { type: 'button', class: 'text-button back', 'data-testid': 'back', onclick: () => options.back() }, icon('back'), 'Back');
    this.send = h('button', { type: 'submit', class: 'solid-button', 'data-testid': 'answer-send',
      // The second tap of a double one may already meet the next question.
      onclick: (event) => { if (event.detail > 1) event.preventDefault(); } });
    this.row = h('div', { class: 'ask-row' }, this.back, this.send);
    this.fields = h('fieldset', {}, this.legend, this.hint, this.body, this.problem, this.row);
    this.element = h('form', { class: 'ask', novalidate: true, tabindex: '-1', hidden: true, 'data-testid': 'question',
      onsubmit: (event) => { event.preventDefault(); this.#submit(); } }, this.fields);
    // On a small screen the keyboard takes half of it; what is written in must stay in sight.
    this.element.addEventListener('focusin', ({ target }) => setTimeout(() => target.scrollIntoView?.({ block: 'nearest' }), 150));
    const zone = options.dropZone ?? this.element;
    listenForDrops(zone, this.element, () => this.#control?.drop && !this.element.hidden, (dropped) => this.#control.drop(dropped));
  }

  /** Shows a question. The same one again leaves what was typed alone; true when it is a new one. */
  show(question, mayGoBack) {
    const isNew = question.id !== this.#asked;
    if (isNew) this.#build(question);
    this.back.hidden = !mayGoBack;
    this.row.hidden = this.back.hidden && this.send.hidden;
    // A free text without a way back needs nothing here: the field below is enough.
    this.element.hidden = !this.#control && !this.#hasWords && this.back.hidden;
    return isNew;
  }

  hide() { this.element.hidden = true; }

  /** The answer did not hold: the control is back as it was. */
  reopen() { this.#answered = false; }

  /** Nothing is asked any more. */
  clear() {
    this.#asked = this.#control = null;
    this.body.replaceChildren();
    this.hide();
  }

  complain(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
    if (this.#asked !== null) this.element.hidden = !text && this.element.hidden;
  }

  /** False when there is nothing here to focus. Where fingers point, no keyboard is called up before somebody asks for it. */
  focus() {
    if (!this.#control || this.element.hidden) return false;
    if (matchMedia('(pointer: coarse)').matches) this.element.focus({ preventScroll: true });
    else (this.#control.focus ?? (() => this.send.focus()))();
    return true;
  }

  get #hasWords() { return !this.hint.hidden || !this.problem.hidden; }

  #build(question) {
    const meta = hints(question);
    this.#asked = question.id;
    this.#answered = false;
    this.#control = isFreeText(question) || UNASKED.has(question.type) ? null : controlFor(question, {
      submit: () => this.#submit(), complain: (text) => this.complain(text), limits: this.#options.limits,
    });
    this.element.dataset.type = question.type;
    this.legend.textContent = decode(question.text);
    this.hint.textContent = typeof meta.hint === 'string' ? meta.hint : '';
    this.hint.hidden = !this.hint.textContent;
    this.body.replaceChildren(...(this.#control?.element ? [this.#control.element] : []));
    this.send.textContent = this.#control?.verb ?? 'Send';
    this.send.hidden = !this.#control || Boolean(this.#control.instant);
    this.complain('');
    // A long list begins at its beginning.
    this.element.scrollTop = 0;
  }

  #submit() {
    // The second tap of a double one finds the answer given already.
    if (!this.#control || this.#answered) return;
    const { problem, ...answer } = this.#control.read();
    this.complain(problem ?? '');
    if (problem) return this.#control.focus?.();
    this.#answered = true;
    this.#options.answer(answer);
  }
}

// ---- what the server's codes about an answer mean, in words for the person who answered ----

const WRONG_VALUE = {
  date: 'This is not a date. Please choose one, such as 31 March 2026.',
  time: 'This is not a time. Please enter one, such as 14:30.',
  datetime: 'This is not a date with a time. Please enter both.',
  int: 'This is not a whole number, such as 7.',
  float: 'This is not a number, such as 7.5.',
};
const ANSWERS = {
  REQUIRED: 'Please choose an answer.',
  TOO_MANY: 'Please choose one answer only.',
  EXCLUSIVE: 'One of these answers goes only by itself.',
  WRONG_VALUE: 'This answer is not among the choices any more.',
};
const ELSEWHERE = {
  NO_SUCH_QUESTION: 'There is no next question: the script is broken here. Your answer was not stored.',
  WRONG_STATE: 'There is nothing to go back to.',
  AT_THE_BEGINNING: 'This is the first question.',
};

function aboutText(code, question) {
  if (code === 'REQUIRED') return 'Please write an answer.';
  if (code === 'WRONG_STATE') return 'Words of one’s own are not taken here.';
  if (code === 'WRONG_VALUE' && question.type === 'range') return `Please choose a value between ${question.range_from} and ${question.range_to}.`;
  return code === 'WRONG_VALUE' ? WRONG_VALUE[question.type] ?? 'This answer does not fit.' : null;
}

/** What to say about `fields`, the complaints by field; `otherwise` when no code in them is known. */
export function complaint(fields, question, otherwise = 'That did not work. Please try again.') {
  const first = (name) => [fields?.[name]].flat()[0];
  const words = [
    ANSWERS[first('answers')], aboutText(first('text'), question ?? {}),
    first('question') && 'This question is not asked any more.',
    ELSEWHERE[first('non_field_errors')], ELSEWHERE[first('non_fields_errors')],
  ];
  return words.filter(Boolean).join(' ') || otherwise;
}
