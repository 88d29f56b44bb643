// One of several, or some of several, and where the question is open a few words besides.

import { h } from './dom.js';
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
    const ends = { Home: 0, End: elements.length - 1 };
    if (at < 0 || (step === undefined && ends[event.key] === undefined)) return;
    event.preventDefault();
    const to = elements[ends[event.key] ?? (at + step + elements.length) % elements.length];
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
