// Files that were chosen and are not sent yet: shown as chips, and taken from wherever people let them fall.

import { h, icon } from './dom.js';

function megabytes(bytes) { return `${Math.max(0.1, Math.round(bytes / 104_857.6) / 10)} MB`; }

/** `complain(text)` says what is wrong with a file, `changed()` that there are others now, `focus()` where to go when one was removed. */
export class Staging {
  files = []; most = Infinity; #parts;

  constructor(parts) {
    this.#parts = parts;
    this.element = h('ul', { class: 'staged', 'aria-label': 'Files to send', hidden: true });
  }

  add(files) {
    const fitting = files.filter((file) => file.size <= this.most && file.size > 0);
    const refused = files.filter((file) => !fitting.includes(file));
    this.#parts.complain(refused.length ? `${refused.map((file) => file.name).join(', ')}: ${refused[0].size ? `larger than ${megabytes(this.most)}` : 'empty file'}.` : '');
    this.#set([...this.files, ...fitting]);
  }

  /** Hands the files over and forgets them. */
  take() {
    const { files } = this;
    this.#set([]);
    return files;
  }

  /** Files from the clipboard are taken; text is left to the field. */
  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.add(files);
  }

  #set(files) {
    this.files = files;
    this.element.replaceChildren(...files.map((file) => h('li', { class: 'chip' }, icon('file'), h('span', {}, file.name),
      h('button', { type: 'button', class: 'icon-button small', 'aria-label': `Remove ${file.name}`, onclick: () => { this.#set(this.files.filter((one) => one !== file)); this.#parts.focus(); } }, icon('close')))));
    this.element.hidden = !files.length;
    this.#parts.changed?.();
  }
}

/** The hidden field behind a button to choose files. */
export function filePicker(testid, label, take) {
  const picker = h('input', { type: 'file', multiple: true, hidden: true, tabindex: '-1', 'data-testid': testid, 'aria-label': label,
    onchange: () => { take([...picker.files]); picker.value = ''; } });
  return picker;
}

/** Files dropped on `zone` go to `take`, as long as they are `wanted()`; `mark` is the element that shows it. */
export function listenForDrops(zone, mark, wanted, take) {
  const fits = (event) => event.dataTransfer?.types.includes('Files') && wanted();
  zone.addEventListener('dragover', (event) => { if (fits(event)) { event.preventDefault(); mark.classList.add('dropping'); } });
  zone.addEventListener('dragleave', (event) => { if (!zone.contains(event.relatedTarget)) mark.classList.remove('dropping'); });
  zone.addEventListener('drop', (event) => {
    mark.classList.remove('dropping');
    if (!fits(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}
