// Where one writes: a field that grows, files by button, paste or drop, and the keys people expect.

import { h, icon } from './dom.js';

const TALLEST = 160;

export class Composer {
  #files = []; #options; #maxFile = Infinity; #held = false;

  /** Options: `label`, `send(text, files)`, `typing()`, `changed(draft)`, `dropZone` (element that takes dropped files). */
  constructor(options) {
    this.#options = options;
    this.input = h('textarea', { rows: '1', placeholder: options.label, 'aria-label': options.label, 'data-testid': 'input', enterkeyhint: 'send' });
    this.picker = h('input', { type: 'file', multiple: true, hidden: true, tabindex: '-1', 'data-testid': 'file', 'aria-label': 'Files to attach' });
    this.attach = h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Attach files', 'data-testid': 'attach', onclick: () => this.picker.click() }, icon('clip'));
    this.button = h('button', { type: 'submit', class: 'send', 'aria-label': 'Send message', 'data-testid': 'send', disabled: true }, icon('send'));
    this.staged = h('ul', { class: 'staged', 'aria-label': 'Files to send', hidden: true });
    this.problem = h('p', { class: 'problem', role: 'alert', 'data-testid': 'problem', hidden: true });
    this.row = h('div', { class: 'row' }, this.attach, this.picker, this.input, this.button);
    this.element = h('form', { class: 'composer' }, this.problem, this.staged, this.row);
    this.#listen();
  }

  get draft() { return this.input.value; }
  set draft(text) { this.input.value = text; this.#refresh(); }

  /** `limits` from the server's hello. */
  setLimits({ text, file } = {}) {
    if (text) this.input.maxLength = text;
    this.#maxFile = file ?? Infinity;
  }

  /** A conversation that takes no messages says why instead of letting one type in vain. */
  setEnabled(enabled, why) {
    this.input.disabled = this.attach.disabled = !enabled;
    this.input.placeholder = enabled ? this.#options.label : why;
    this.#refresh();
  }

  get hidden() { return this.element.hidden; }
  set hidden(hidden) {
    if (hidden === this.hidden) return;
    this.element.hidden = hidden;
    // What is hidden has no height to be measured.
    this.#refresh();
  }

  /** While it is held one can write on, but not send: what is written next belongs to something that has not come yet. */
  hold(held) {
    if (held === this.#held) return;
    this.#held = held;
    this.#refresh();
  }

  /** Puts back what could not be sent, before whatever was written since. */
  restore(text, files) {
    this.draft = [text, this.draft].filter(Boolean).join('\n');
    if (files.length) this.add(files);
  }

  focus() { this.input.focus({ preventScroll: true }); }

  clearFiles() { this.#files = []; this.#showFiles(); }

  #listen() {
    this.element.addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    this.input.addEventListener('input', () => { this.#refresh(); this.#options.changed?.(this.draft); if (this.draft.trim()) this.#options.typing?.(); });
    this.input.addEventListener('keydown', (event) => {
      // While an input method composes, Enter chooses a word (229 is how Safari says so).
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#send();
    });
    this.picker.addEventListener('change', () => { this.add([...this.picker.files]); this.picker.value = ''; this.focus(); });
    this.input.addEventListener('paste', (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.add(files);
    });
    this.#listenForDrops(this.#options.dropZone ?? this.element);
  }

  #listenForDrops(zone) {
    const carriesFiles = (event) => event.dataTransfer?.types.includes('Files') && !this.input.disabled && !this.hidden;
    zone.addEventListener('dragover', (event) => { if (carriesFiles(event)) { event.preventDefault(); zone.classList.add('dropping'); } });
    zone.addEventListener('dragleave', (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove('dropping'); });
    zone.addEventListener('drop', (event) => {
      zone.classList.remove('dropping');
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
  }

  add(files) {
    const fitting = files.filter((file) => file.size <= this.#maxFile && file.size > 0);
    const refused = files.filter((file) => !fitting.includes(file));
    this.complain(refused.length ? `${refused.map((file) => file.name).join(', ')}: ${refused[0].size ? `larger than ${megabytes(this.#maxFile)}` : 'empty file'}.` : '');
    this.#files.push(...fitting);
    this.#showFiles();
  }

  complain(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }

  #showFiles() {
    this.staged.replaceChildren(...this.#files.map((file) => h('li', { class: 'chip' }, icon('file'), h('span', {}, file.name),
      h('button', { type: 'button', class: 'icon-button small', 'aria-label': `Remove ${file.name}`, onclick: () => this.#unstage(file) }, icon('close')))));
    this.staged.hidden = !this.#files.length;
    this.#refresh();
  }

  #unstage(file) {
    this.#files = this.#files.filter((one) => one !== file);
    this.#showFiles();
    this.focus();
  }

  #refresh() {
    this.button.disabled = this.#held || this.input.disabled || !(this.draft.trim() || this.#files.length);
    if (this.hidden) return;
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, TALLEST)}px`;
  }

  #send() {
    const text = this.draft.trim();
    if (this.#held || this.input.disabled || (!text && !this.#files.length)) return;
    const files = this.#files;
    this.#files = [];
    this.draft = '';
    this.#options.changed?.('');
    this.complain('');
    this.#showFiles();
    this.#options.send(text, files);
    this.focus();
  }
}

function megabytes(bytes) { return `${Math.max(0.1, Math.round(bytes / 104_857.6) / 10)} MB`; }
