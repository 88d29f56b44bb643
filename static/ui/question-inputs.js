// Answers that are written as text: words, dates, numbers, and a place on a scale. Sent in the forms that the server reads.

import { h } from './dom.js';
import { decode } from './text.js';

const LABELS = { date: 'Date', time: 'Time', datetime: 'Date and time', int: 'Whole number', float: 'Number', email: 'E-mail address', tel: 'Telephone number', url: 'Web address' };
const KINDS = { date: 'date', time: 'time', datetime: 'datetime-local', int: 'text', float: 'text' };

/** What is wrong with what was typed, before the server is asked. */
const FLAWS = {
  int: (text) => !/^[+-]?\d{1,18}$/.test(text) && 'Please enter a whole number, such as 7.',
  float: (text) => !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && 'Please enter a number, such as 7.5.',
  email: (text) => !/^\S+@\S+\.\S+$/.test(text) && 'Please enter an e-mail address, such as name@example.org.',
  tel: (text) => !/^\+?[\d\s()./-]{3,}$/.test(text) && 'Please enter a telephone number.',
  url: (text) => !/^(https?:\/\/)?[^\s/]+\.\S+$/i.test(text) && 'Please enter a web address, such as example.org.',
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
    const problem = FLAWS[kind]?.(text) || outside(text, numeric ? meta : {});
    return problem ? { problem } : { text, label: text };
  };
  const unit = typeof meta.unit === 'string' && h('span', { class: 'unit' }, meta.unit);
  return { element: unit ? h('div', { class: 'with-unit' }, input, unit) : input, read, focus: () => input.focus({ preventScroll: true }) };
}

function outside(text, { min, max }) {
  if (typeof min === 'number' && Number(text) < min) return `Please enter ${min} or more.`;
  return typeof max === 'number' && Number(text) > max && `Please enter ${max} or less.`;
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
  return { element, read: () => ({ text: input.value, label: input.value }), focus: () => input.focus({ preventScroll: true }) };
}
