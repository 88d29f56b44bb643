// Files as an answer: chosen, dropped or pasted; their names are the answer's text.

import { h, icon } from './dom.js';

export function files({ complain, limits }) {
  let chosen = [];
  const picker = h('input', { type: 'file', multiple: true, hidden: true, tabindex: '-1', 'data-testid': 'answer', 'aria-label': 'Files', onchange: () => { add([...picker.files]); picker.value = ''; } });
  const button = h('button', { type: 'button', class: 'drop', 'data-testid': 'choose', onclick: () => picker.click() }, icon('clip'), h('span', {}, 'Choose files', h('small', {}, 'or drop them here')));
  const list = h('ul', { class: 'staged', 'aria-label': 'Files to send', hidden: true });

  function add(more) {
    const most = limits().file ?? Infinity;
    const refused = more.find((file) => !file.size || file.size > most);
    complain(refused ? `${refused.name}: ${refused.size ? `larger than ${Math.max(0.1, Math.round(most / 104_857.6) / 10)} MB` : 'empty file'}.` : '');
    chosen.push(...more.filter((file) => file.size && file.size <= most));
    show();
  }

  function show() {
    list.replaceChildren(...chosen.map((file) => h('li', { class: 'chip' }, icon('file'), h('span', {}, file.name),
      h('button', { type: 'button', class: 'icon-button small', 'aria-label': `Remove ${file.name}`, onclick: () => { chosen = chosen.filter((one) => one !== file); show(); button.focus(); } }, icon('close')))));
    list.hidden = !chosen.length;
  }

  const element = h('div', { class: 'stack' }, button, picker, list);
  element.addEventListener('paste', (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); add([...event.clipboardData.files]); } });
  const read = () => {
    if (!chosen.length) return { problem: 'Please choose a file.' };
    return { text: chosen.map((file) => file.name).join(', '), files: chosen };
  };
  return { element, read, drop: add, focus: () => button.focus({ preventScroll: true }) };
}
