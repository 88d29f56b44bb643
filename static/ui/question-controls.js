// The controls of questions: choices, and what is sent as text: words, dates, numbers, a place on a scale, the names of files.

import { h, icon } from './dom.js';
import { Staging, filePicker } from './staging.js';
import { decode } from './text.js';

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

export function choices(question, tools) {
  const options = [...(question.answers ?? [])].sort((one, other) => one.position - other.position);
  return question.type === 'choice' && !question.choice_open ? buttons(options, tools) : boxes(question, options, tools);
}

/** The arrow keys go round; `settle` is told where they came to. */
function arrows(list, elements, settle = () => {}) {
  list.addEventListener('keydown', (event) => {
    const step = STEPS[event.key];
    const at = elements.indexOf(event.target);
    if (at < 0 || !step) return;
    event.preventDefault();
    const to = elements[(at + step + elements.length) % elements.length];
    settle(to);
    to.focus();
  });
}

/** One tap answers. Arrows only walk among the choices: to answer by walking past would be a trap. */
function buttons(options, { submit }) {
  let chosen = null;
  const elements = options.map((option, index) => h('button', {
    type: 'button', class: 'option', role: 'radio', 'aria-checked': 'false', tabindex: index ? '-1' : '0', 'data-testid': 'option',
    onclick: (event) => {
      // The second tap of a double one may already meet the next question.
      if (event.detail > 1) return;
      chosen ??= option;
      event.currentTarget.setAttribute('aria-checked', 'true');
      submit();
    },
  }, decode(option.text)));
  const element = h('div', { class: 'options', role: 'radiogroup', 'aria-label': 'Choose one' }, elements);
  arrows(element, elements, (to) => elements.forEach((one) => { one.tabIndex = one === to ? 0 : -1; }));
  const read = () => {
    const answer = { answers: [chosen.id], label: decode(chosen.text) };
    // Should the answer be refused, another may be chosen.
    chosen = null;
    elements.forEach((one) => one.setAttribute('aria-checked', 'false'));
    return answer;
  };
  return { element, instant: true, read, focus: () => elements.find((one) => one.tabIndex === 0)?.focus() };
}

/** With a button to send: boxes to tick, or dots where only one goes and something may be added. */
function boxes(question, options, { submit }) {
  const single = question.type === 'choice';
  const inputs = options.map((option) => h('input', {
    type: single ? 'radio' : 'checkbox', name: `question-${question.id}`, 'data-testid': 'option', onchange: (event) => exclude(event.target, option),
  }));
  /** An answer that stands alone takes the others' ticks away, and each of them takes its. */
  function exclude(input, option) {
    if (single || !input.checked) return;
    inputs.forEach((other, index) => { if (other !== input && (option.exclusive || options[index].exclusive)) other.checked = false; });
  }
  const list = h('div', { class: 'options rows' }, inputs.map((input, index) => h('label', { class: 'option' }, input, h('span', {}, decode(options[index].text)))));
  if (!single) arrows(list, inputs);
  list.addEventListener('keydown', (event) => { if (event.key === 'Enter') { event.preventDefault(); submit(); } });
  const more = question.choice_open && h('input', { type: 'text', class: 'answer', placeholder: 'Anything to add?', 'aria-label': 'In your own words', 'data-testid': 'answer', enterkeyhint: 'send' });
  const read = () => {
    const ticked = options.filter((_, index) => inputs[index].checked);
    const text = more ? more.value.trim() : '';
    if (!ticked.length) return { problem: single ? 'Please choose an answer.' : 'Please choose at least one answer.' };
    return { answers: ticked.map((option) => option.id), text, label: [...ticked.map((option) => decode(option.text)), text].filter(Boolean).join(', ') };
  };
  return { element: h('div', { class: 'stack' }, list, more), read, focus: () => (inputs.find((input) => input.checked) ?? inputs[0])?.focus() };
}

const LABELS = { date: 'Date', time: 'Time', datetime: 'Date and time', int: 'Whole number', float: 'Number' };
const KINDS = { date: 'date', time: 'time', datetime: 'datetime-local', int: 'text', float: 'text' };

/** What is wrong with what was typed, before the server is asked. */
const FLAWS = {
  int: (text) => !/^[+-]?\d{1,18}$/.test(text) && 'Please enter a whole number, such as 7.',
  float: (text) => !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && 'Please enter a number, such as 7.5.',
  email: (text) => !/^\S+@\S+\.\S+$/.test(text) && 'Please enter an e-mail address, such as name@example.org.',
};
const EMPTY = { date: 'Please choose a date.', time: 'Please enter a time.', datetime: 'Please enter a date and a time.' };

export function field(question, meta) {
  const kind = question.type === 'text' ? meta.input : question.type;
  const attributes = { class: 'answer', 'aria-label': LABELS[kind] ?? 'Your answer', 'data-testid': 'answer', enterkeyhint: 'send' };
  if (kind === 'textarea') return area(attributes);
  const numeric = kind === 'int' || kind === 'float';
  const input = h('input', {
    ...attributes, type: KINDS[kind] ?? kind, min: meta.min, max: meta.max, step: numeric ? null : meta.step, autocomplete: ['email', 'tel', 'url'].includes(kind) ? kind : 'off',
    // The keyboard of numbers on an iPhone has no minus; where one may be needed the whole keyboard must come.
    inputmode: numeric && !(meta.min < 0) ? (kind === 'int' ? 'numeric' : 'decimal') : null,
  });
  const read = () => {
    let text = input.value.trim();
    if (kind === 'float') text = text.replace(',', '.');
    // Half a date has no value; the browser knows that something stands there.
    if (!text) return { problem: EMPTY[kind] ?? 'Please write an answer.' };
    // Browsers add seconds where the step asks for them.
    if (kind === 'time') text = text.slice(0, 5);
    if (kind === 'datetime') text = text.slice(0, 16);
    const problem = FLAWS[kind]?.(text) || outside(numeric ? Number(text) : text, meta, input.validity);
    return problem ? { problem } : { text };
  };
  const unit = typeof meta.unit === 'string' && h('span', { class: 'unit' }, meta.unit);
  return { element: unit ? h('div', { class: 'with-unit' }, input, unit) : input, read, focus: () => input.focus({ preventScroll: true }) };
}

/** Numbers are typed as text, so we compare them; of dates and times the browser knows whether they are too early or late. */
function outside(value, { min, max }, { rangeUnderflow, rangeOverflow }) {
  if (rangeUnderflow || value < min) return `This must not be below ${min}.`;
  return (rangeOverflow || value > max) && `This must not be above ${max}.`;
}

/** For answers of several lines Enter begins a new one, and with Ctrl or Cmd it sends. */
function area(attributes) {
  const input = h('textarea', { ...attributes, rows: '4', enterkeyhint: 'enter', onkeydown: (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing) { event.preventDefault(); input.form.requestSubmit(); }
  } });
  const read = () => (input.value.trim() ? { text: input.value.trim() } : { problem: 'Please write an answer.' });
  return { element: input, read, focus: () => input.focus({ preventScroll: true }) };
}

/** `meta.labels`: the words of both ends, or one for each step, or by value. */
function wordsOf({ labels }, from, to, step) {
  if (!labels || typeof labels !== 'object') return { ends: [], at: () => null };
  const count = Math.round((to - from) / step) + 1;
  const at = (value) => {
    if (!Array.isArray(labels)) return labels[value];
    return labels.length === count ? labels[Math.round((value - from) / step)] : null;
  };
  return { ends: Array.isArray(labels) ? [labels[0], labels.at(-1)] : [labels[from], labels[to]], at };
}

export function range(question, meta) {
  const from = question.range_from ?? 0;
  const to = question.range_to ?? from + 100;
  const whole = Number.isInteger(from) && Number.isInteger(to) && to - from > 1;
  const step = meta.step > 0 ? Number(meta.step) : whole ? 1 : (to - from) / 100 || 1;
  const words = wordsOf(meta, from, to, step);
  const input = h('input', { type: 'range', class: 'slider', min: from, max: to, step, 'aria-label': 'Value', 'data-testid': 'answer' });
  // Set after the ends: a browser keeps the middle of 0 to 100 otherwise.
  input.value = (from + to) / 2;
  const value = h('output', { class: 'value', 'data-testid': 'value', 'aria-hidden': 'true' });
  const show = () => {
    const text = [input.value + (typeof meta.unit === 'string' ? ` ${meta.unit}` : ''), words.at(Number(input.value))].filter(Boolean).join(' · ');
    value.textContent = text;
    input.setAttribute('aria-valuetext', text);
  };
  input.addEventListener('input', show);
  input.addEventListener('keydown', (event) => { if (event.key === 'Enter') { event.preventDefault(); input.form.requestSubmit(); } });
  show();
  const end = (number, word) => h('span', {}, h('b', {}, String(number)), word && h('span', {}, decode(word)));
  const element = h('div', { class: 'range' }, value, input, h('div', { class: 'ends' }, end(from, words.ends[0]), end(to, words.ends[1])));
  return { element, read: () => ({ text: input.value }), focus: () => input.focus({ preventScroll: true }) };
}

/** Files chosen, dropped or pasted; their names are the answer's text. */
export function files({ complain, limits }) {
  const focus = () => button.focus({ preventScroll: true });
  const staging = new Staging({ complain, focus });
  const add = (more) => {
    staging.most = limits().file ?? Infinity;
    staging.add(more);
  };
  const picker = filePicker('answer', 'Files', add);
  const button = h('button', { type: 'button', class: 'drop', 'data-testid': 'choose', onclick: () => picker.click() }, icon('clip'), h('span', {}, 'Choose files', h('small', {}, 'or drop them here')));
  const element = h('div', { class: 'stack', onpaste: (event) => staging.paste(event) }, button, picker, staging.element);
  const read = () => {
    if (!staging.files.length) return { problem: 'Please choose a file.' };
    return { text: staging.files.map((file) => file.name).join(', '), files: staging.files };
  };
  return { element, read, drop: add, focus };
}
