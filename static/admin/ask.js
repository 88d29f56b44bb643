// The control under the preview: that of the widget, so that one tries what members will see.

import { Ask, isFreeText } from '../ui/question.js';
import { QUESTION } from '../ui/question-style.js';
import { h } from '../ui/dom.js';

const sheet = new CSSStyleSheet();
sheet.replaceSync(QUESTION);
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

/** `answer({ answers, text })` is called with each answer. Gives `{ element, show(question or null, key), reopen(), focus() }`. */
export function control(answer) {
  const ask = new Ask({ answer: (given) => answer({ answers: given.answers, text: given.text ?? (given.files?.length ? given.files.map((file) => file.name).join(', ') : '') }), back: () => {}, limits: () => ({}) });
  const input = h('input', { type: 'text', class: 'answer', 'aria-label': 'Your answer', autocomplete: 'off', 'data-testid': 'preview-text' });
  // in the widget, free texts are written into the field for messages, which is not here
  const free = h('form', { class: 'ask free', hidden: true, onsubmit: (event) => { event.preventDefault(); if (input.value.trim()) answer({ text: input.value.trim() }); } },
    input, h('button', { type: 'submit', class: 'solid-button', 'data-testid': 'preview-send' }, 'Send'));
  let shown = null;
  const element = h('div', { class: 'preview-ask' }, ask.element, free);
  return {
    element,
    show(question, key) {
      const freely = question !== null && isFreeText(question);
      free.hidden = !freely;
      input.value = '';
      // the same question once more is a new one here
      if (key !== shown || !question) ask.clear();
      shown = key;
      if (question) ask.show(question, false);
    },
    reopen() { ask.reopen(); },
    focus() { if (!free.hidden) input.focus({ preventScroll: true }); else ask.focus(); },
  };
}
