// The scrolling log: keeps the nodes of a conversation in step with its items, and the reader's place while they change.

import { h, icon } from './dom.js';
import { editNode, messageNode } from './message.js';
import { day, dayKey, writing } from './text.js';

const NEAR = 80;
/** Messages of one sender closer together than this stand as one run. */
const RUN = 5 * 60 * 1000;

export class MessageList {
  #nodes = new Map(); #editing = null; #following = true; #last = null; #options; #loadingOlder = false;

  /** See `messageNode` for the options; besides them `older()` loads more history and returns a promise. */
  constructor(options) {
    this.#options = { assistant: 'Team', stranger: () => 'Team', rights: () => ({}), ...options, actions: { ...options.actions, edit: (item) => this.#edit(item) } };
    // Only additions are read out: a time or a tick changing in an old message is no news.
    this.log = h('div', {
      class: 'log', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', 'aria-label': 'Messages', tabindex: '0', 'data-testid': 'log',
    });
    this.typing = h('div', { class: 'typing', role: 'status', 'data-testid': 'typing' });
    this.jump = h('button', { type: 'button', class: 'jump', hidden: true, onclick: () => this.toBottom() }, icon('down'), 'New messages');
    this.element = h('div', { class: 'conversation' }, this.log, this.jump, this.typing);
    this.log.addEventListener('scroll', () => this.#scrolled());
    // A picture that has come, a keyboard on a phone or a growing composer moves the end: who read the end goes on reading the end.
    this.log.addEventListener('load', () => { if (this.#following) this.#pin(); }, true);
    new ResizeObserver(() => { if (this.#following) this.#pin(); }).observe(this.log);
  }

  /** Shows a conversation: `items` from the client, `intro` a node to stand above the first message, `typing` accounts. */
  render({ items, hasOlder = false, loaded = true, intro = null, typing = [] }) {
    const known = new Set(this.#nodes.keys());
    const wanted = this.#wanted(items, hasOlder, loaded, intro);
    const grewBelow = items.length > 0 && items.at(-1).key !== this.#last;
    const place = this.#place();
    // History put in above is no news either; the log is busy while that happens.
    this.log.setAttribute('aria-busy', String(!loaded || this.#loadingOlder || known.size === 0));
    this.#reconcile(wanted);
    this.#last = items.at(-1)?.key ?? null;
    if (this.#following || (grewBelow && items.at(-1)?.is_own && items.at(-1).state === 'sending')) this.#pin();
    else {
      this.#restore(place);
      if (grewBelow && !items.at(-1).is_own) this.jump.hidden = false;
    }
    this.#setTyping(typing);
    requestAnimationFrame(() => this.log.setAttribute('aria-busy', 'false'));
  }

  /** For another conversation in the same place. */
  clear() {
    this.#nodes.clear();
    this.log.replaceChildren();
    this.#editing = null;
    this.#following = true;
    this.#last = null;
    this.jump.hidden = true;
  }

  toBottom() {
    this.#following = true;
    this.#pin();
    this.log.focus({ preventScroll: true });
  }

  /** Brings a message into view and marks it for a moment; false when it is not among those loaded. */
  show(id) {
    const node = this.log.querySelector(`[data-testid="message"][data-id="${Number(id)}"]`);
    if (!node) return false;
    this.#following = false;
    node.scrollIntoView({ block: 'center' });
    node.classList.add('found');
    setTimeout(() => node.classList.remove('found'), 2_500);
    return true;
  }

  #wanted(items, hasOlder, loaded, intro) {
    const entries = [];
    if (loaded && !hasOlder && intro) entries.push({ key: 'intro', mark: 'intro', build: () => intro });
    if (hasOlder || !loaded) entries.push({ key: 'older', mark: 'older', build: () => h('div', { class: 'older' }, h('span', { class: 'spinner' }), h('span', { class: 'hidden' }, 'Loading earlier messages')) });
    const latestOwn = items.findLast((item) => item.is_own && item.state === 'sent');
    items.forEach((item, index) => {
      const before = items[index - 1];
      const after = items[index + 1];
      if (!before || dayKey(before.created) !== dayKey(item.created)) entries.push(this.#separator(item));
      const view = { first: !joined(before, item), last: !joined(item, after), latestOwn: item === latestOwn };
      entries.push({ key: item.key, mark: this.#mark(item, view), build: () => this.#build(item, view) });
    });
    return entries;
  }

  #separator(item) {
    const label = day(item.created);
    return { key: `d${dayKey(item.created)}`, mark: label, build: () => h('div', { class: 'day', role: 'separator' }, h('span', {}, label)) };
  }

  /** All that a message's node is made from; when it is the same, the node is left alone, and with it focus and selection. */
  #mark(item, view) {
    if (this.#editing === item.id && item.id) return 'editing';
    const { id, state, text, updated, error, attachments_data, sender_data } = item;
    return JSON.stringify([id, state, text, updated, error, attachments_data, sender_data, view, item.is_own && this.#options.rights(item)]);
  }

  #build(item, view) {
    if (!this.#editing || this.#editing !== item.id) return messageNode(item, view, this.#options);
    const leave = () => { this.#editing = null; this.#options.changed(); };
    return editNode(item, { cancel: leave, save: (text) => { this.#options.actions.save(item, text); leave(); } });
  }

  #edit(item) {
    this.#editing = item.id;
    this.#options.changed();
    this.log.querySelector('.editing textarea')?.focus();
  }

  #reconcile(entries) {
    const keep = new Set(entries.map((entry) => entry.key));
    for (const [key, { node }] of this.#nodes) if (!keep.has(key)) { node.remove(); this.#nodes.delete(key); }
    let cursor = this.log.firstChild;
    for (const { key, mark, build } of entries) {
      const known = this.#nodes.get(key);
      if (known?.mark === mark) {
        if (known.node === cursor) cursor = cursor.nextSibling; else this.log.insertBefore(known.node, cursor);
        continue;
      }
      const node = build();
      if (known) {
        if (known.node === cursor) cursor = cursor.nextSibling;
        known.node.remove();
      } else if (this.#last !== null) node.classList.add('arriving');
      this.log.insertBefore(node, cursor);
      this.#nodes.set(key, { mark, node });
    }
  }

  /** The topmost visible message and where it stands, so that it can be put back there. Only messages: a day's heading moves up. */
  #place() {
    const top = this.log.scrollTop;
    for (const [key, { node }] of this.#nodes) {
      if (/^[cm]/.test(key) && node.offsetTop + node.offsetHeight > top) return { key, offset: node.offsetTop - top };
    }
    return null;
  }

  #restore(place) {
    const node = place && this.#nodes.get(place.key)?.node;
    if (node) this.log.scrollTop = node.offsetTop - place.offset;
  }

  #pin() {
    this.log.scrollTop = this.log.scrollHeight;
    this.jump.hidden = true;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#following) this.jump.hidden = true;
    if (scrollTop < NEAR && this.#nodes.has('older') && !this.#loadingOlder) this.#loadOlder();
  }

  async #loadOlder() {
    this.#loadingOlder = true;
    try { await this.#options.older(); } catch { /* scrolling again tries again */ }
    this.#loadingOlder = false;
  }

  #setTyping(accounts) {
    const text = writing(accounts, this.#options.stranger);
    if (this.typing.dataset.text === text) return;
    this.typing.dataset.text = text;
    const dots = h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
    this.typing.replaceChildren(...(text ? [dots, h('span', {}, text)] : []));
  }
}

function joined(one, next) {
  return Boolean(one && next) && one.sender === next.sender && one.state !== 'failed'
    && dayKey(one.created) === dayKey(next.created) && Date.parse(next.created) - Date.parse(one.created) < RUN;
}
