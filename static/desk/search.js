// Search over everything the operator may read; results take the place of the list while there is a query.

import { MESSAGE_FIELDS } from '../tertulia-client.js';
import { h } from '../ui/dom.js';
import { decode, nameOf, when } from '../ui/text.js';
import { threadName } from './people.js';

const PAUSE = 250;
const MOST = 40;
const CONTEXT = 40;

export class Search {
  #desk; #timer = null; #asked = '';

  constructor(form, results, desk) {
    this.#desk = desk;
    this.input = form.querySelector('input');
    this.results = results;
    form.addEventListener('submit', (event) => { event.preventDefault(); this.#ask(); });
    this.input.addEventListener('input', () => { clearTimeout(this.#timer); this.#timer = setTimeout(() => this.#ask(), PAUSE); });
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { this.input.value = ''; this.#ask(); }
      if (event.key === 'ArrowDown') { event.preventDefault(); this.results.querySelector('a')?.focus(); }
    });
    results.addEventListener('keydown', (event) => this.#key(event));
  }

  async #ask() {
    clearTimeout(this.#timer);
    const query = this.input.value.trim();
    this.#asked = query;
    document.body.classList.toggle('searching', Boolean(query));
    if (!query) return this.results.replaceChildren();
    try {
      const page = await this.#desk.client.api.get(`/api/search?q=${encodeURIComponent(query)}&limit=${MOST}&fields=${MESSAGE_FIELDS}`);
      // An earlier answer may come after a later question.
      if (this.#asked === query) this.#show(query, page.results);
    } catch {
      if (this.#asked === query) this.results.replaceChildren(h('p', { class: 'empty', role: 'status' }, 'The search did not succeed. Please try again.'));
    }
    return undefined;
  }

  #show(query, messages) {
    const count = messages.length === 1 ? '1 message' : `${messages.length === MOST ? 'First ' : ''}${messages.length} messages`;
    this.results.replaceChildren(
      h('p', { class: 'summary', role: 'status' }, messages.length ? count : `Nothing found for “${query}”.`),
      h('ul', {}, messages.map((message) => h('li', {}, this.#result(query, message)))));
  }

  #result(query, message) {
    const thread = this.#desk.client.threads.get(message.thread);
    return h('a', { href: `#${message.thread}/${message.id}`, class: 'result', 'data-testid': 'result', 'data-message': message.id },
      h('span', { class: 'title' }, thread ? threadName(thread, this.#desk) : `Conversation ${message.thread}`),
      h('time', { datetime: message.created }, when(message.created)),
      h('span', { class: 'preview' }, h('b', {}, `${message.is_own ? 'You' : nameOf(message.sender_data, `Visitor ${message.sender}`)}: `), marked(decode(message.text), query)));
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const links = [...this.results.querySelectorAll('a')];
    (links[links.indexOf(document.activeElement) + step] ?? (step < 0 ? this.input : null))?.focus();
  }
}

/** The text around the first hit, with the hit marked. */
function marked(text, query) {
  const at = text.toLowerCase().indexOf(query.toLowerCase());
  if (at < 0) return text;
  // Begins with a whole word, if there is one in reach.
  const cut = Math.max(0, at - CONTEXT);
  const start = cut && text.slice(cut, at).includes(' ') ? text.indexOf(' ', cut) + 1 : cut;
  return [`${start ? '…' : ''}${text.slice(start, at)}`, h('mark', {}, text.slice(at, at + query.length)), text.slice(at + query.length)];
}
