// The list of threads: newest talk on top, live.

import { h } from '../ui/dom.js';
import { avatar } from '../ui/message.js';
import { decode, when } from '../ui/text.js';
import { face, isPresent, threadName } from './people.js';

const PAGE = 200;
const FILTERS = {
  all: () => true,
  unread: (thread) => thread.unread > 0,
  open: (thread) => thread.data.state !== 'closed',
  closed: (thread) => thread.data.state === 'closed',
};

export class ThreadList {
  #desk; #rows = new Map(); #filter = 'all'; #next = null; #fetched = false;

  constructor(element, desk) {
    this.#desk = desk;
    this.list = element.querySelector('ul');
    this.empty = element.querySelector('.empty');
    this.more = element.querySelector('.more');
    this.more.addEventListener('click', () => this.#load(this.#next));
    element.querySelector('.filters').addEventListener('change', (event) => { this.#filter = event.target.value; this.render(); });
    this.list.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Fetches the first page; threads known already are brought up to date. */
  async refresh() {
    const { client, threadType } = this.#desk;
    await this.#load(`/api/accounts/${client.account.id}/threads/${threadType}?limit=${PAGE}&newest=true`);
  }

  async #load(path) {
    try {
      const page = await this.#desk.client.api.get(path);
      this.#desk.client.adopt(...page.results);
      const next = page.next && new URL(page.next, location.origin);
      // The path only: behind a proxy the server may not know its own public name.
      this.#next = next ? next.pathname + next.search : null;
      this.#fetched = true;
    } catch (error) {
      if (error.temporary) setTimeout(() => this.#load(path), error.retryAfter ?? 3_000);
      else console.error(error);
    }
    return this.render();
  }

  render() {
    const threads = [...this.#desk.client.threads.values()]
      .filter((thread) => this.#isWorthShowing(thread) && (FILTERS[this.#filter](thread) || thread.id === this.#desk.selected))
      .sort((a, b) => moment(b) - moment(a) || b.id - a.id);
    const wanted = new Set(threads.map((thread) => thread.id));
    for (const [id, row] of this.#rows) if (!wanted.has(id)) { row.element.remove(); this.#rows.delete(id); }
    threads.forEach((thread, index) => {
      const row = this.#row(thread);
      // Moving a row takes the focus off it; whoever goes through the list by keyboard must not lose their place.
      if (this.list.children[index] !== row) {
        const focused = row.contains(document.activeElement);
        this.list.insertBefore(row, this.list.children[index] ?? null);
        if (focused) row.firstChild.focus();
      }
    });
    this.more.hidden = !this.#next;
    this.empty.hidden = threads.length > 0 || !this.#fetched;
    this.empty.textContent = this.#filter === 'all' ? 'No conversations yet. They appear here the moment somebody writes.' : 'Nothing here.';
  }

  /** Somebody who opened the widget and wrote nothing has a thread, but there is nothing to answer in it. */
  #isWorthShowing(thread) {
    return thread.last || thread.id === this.#desk.selected || this.#desk.client.outbox.of(thread.id).length;
  }

  #row(thread) {
    const mark = this.#mark(thread);
    const known = this.#rows.get(thread.id);
    if (known?.mark === mark) return known.element;
    const element = known?.element ?? h('li');
    const focused = element.contains(document.activeElement);
    element.replaceChildren(this.#link(thread));
    if (focused) element.firstChild.focus();
    this.#rows.set(thread.id, { mark, element });
    return element;
  }

  #mark(thread) {
    const { client, selected } = this.#desk;
    return JSON.stringify([threadName(thread, this.#desk), thread.last, thread.unread, thread.data.state, thread.data.updated,
      isPresent(thread, this.#desk), selected === thread.id, thread.typing().length, client.outbox.of(thread.id).length, new Date().toDateString()]);
  }

  #link(thread) {
    const name = threadName(thread, this.#desk);
    const present = isPresent(thread, this.#desk);
    const current = this.#desk.selected === thread.id;
    return h('a', { href: `#${thread.id}`, class: thread.unread ? 'thread unread' : 'thread', 'data-testid': 'thread', 'data-thread': thread.id, 'aria-current': current && 'true' },
      h('span', { class: 'portrait' }, avatar(face(thread, this.#desk), name, location.origin), present && h('span', { class: 'dot' }, h('span', { class: 'hidden' }, 'online'))),
      h('span', { class: 'title' }, name),
      h('time', { datetime: thread.last?.created ?? thread.data.updated }, when(thread.last?.created ?? thread.data.updated)),
      h('span', { class: 'preview', 'data-testid': 'preview' }, this.#preview(thread)),
      thread.unread > 0
        ? h('span', { class: 'count', 'data-testid': 'unread' }, String(thread.unread), h('span', { class: 'hidden' }, ' unread'))
        : thread.data.state === 'closed' && h('span', { class: 'tag' }, 'Closed'));
  }

  #preview(thread) {
    if (thread.typing().length) return h('em', {}, 'writing…');
    if (this.#desk.client.outbox.of(thread.id).some((item) => item.state === 'failed')) return h('em', {}, 'A message of yours was not sent');
    if (!thread.last) return 'No messages yet';
    const text = decode(thread.last.text) || (thread.last.has_attachments ? 'Attachment' : '');
    return `${thread.last.sender === this.#desk.client.account.id ? 'You: ' : ''}${text}`;
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [...this.list.querySelectorAll('a')];
    const target = step ? links[links.indexOf(document.activeElement) + step] : { Home: links[0], End: links.at(-1) }[event.key];
    if (!target) return;
    event.preventDefault();
    target.focus();
  }
}

function moment(thread) { return Date.parse(thread.last?.created ?? thread.data.updated) || 0; }
