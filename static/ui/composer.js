// Where one writes: a field that grows, files by button, paste or drop, and the keys people expect.

import { h, icon } from './dom.js';
import { Staging, filePicker, listenForDrops } from './staging.js';

const TALLEST = 160;

export class Composer {
  #options; #held = false;

  /** Options: `label`, `send(text, files)`, `typing()`, `changed(draft)`, `dropZone` (element that takes dropped files). */
  constructor(options) {
    this.#options = options;
    this.input = h('textarea', { rows: '1', placeholder: options.label, 'aria-label': options.label, 'data-testid': 'input', enterkeyhint: 'send' });
    this.staging = new Staging({ complain: (text) => this.complain(text), changed: () => this.#refresh(), focus: () => this.focus() });
    this.picker = filePicker('file', 'Files to attach', (files) => { this.add(files); this.focus(); });
    this.attach = h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Attach files', 'data-testid': 'attach', onclick: () => this.picker.click() }, icon('clip'));
    this.button = h('button', { type: 'submit', class: 'send', 'aria-label': 'Send message', 'data-testid': 'send', disabled: true }, icon('send'));
    this.problem = h('p', { class: 'problem', role: 'alert', 'data-testid': 'problem', hidden: true });
    this.row = h('div', { class: 'row' }, this.attach, this.picker, this.input, this.button);
    this.element = h('form', { class: 'composer' }, this.problem, this.staging.element, this.row);
    this.#listen();
  }

  get draft() { return this.input.value; }
  set draft(text) { this.input.value = text; this.#refresh(); }

  /** `limits` from the server's hello. */
  setLimits({ text, file } = {}) {
    if (text) this.input.maxLength = text;
    this.staging.most = file ?? Infinity;
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

  clearFiles() { this.staging.take(); }

  #listen() {
    this.element.addEventListener('submit', (event) => { event.preventDefault(); this.#send(); });
    this.input.addEventListener('input', () => { this.#refresh(); this.#options.changed?.(this.draft); if (this.draft.trim()) this.#options.typing?.(); });
    this.input.addEventListener('keydown', (event) => {
      // While an input method composes, Enter chooses a word (229 is how Safari says so).
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#send();
    });
    this.input.addEventListener('paste', (event) => this.staging.paste(event));
    const zone = this.#options.dropZone ?? this.element;
    listenForDrops(zone, zone, () => !this.input.disabled && !this.hidden, (files) => this.add(files));
  }

  add(files) { this.staging.add(files); }

  complain(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }

  #refresh() {
    this.button.disabled = this.#held || this.input.disabled || !(this.draft.trim() || this.staging.files.length);
    if (this.hidden) return;
    this.input.style.height = 'auto';
    this.input.style.height = `${Math.min(this.input.scrollHeight, TALLEST)}px`;
  }

  #send() {
    const text = this.draft.trim();
    if (this.#held || this.input.disabled || (!text && !this.staging.files.length)) return;
    const files = this.staging.take();
    this.draft = '';
    this.#options.changed?.('');
    this.complain('');
    this.#options.send(text, files);
    this.focus();
  }
}
