// The conversation pane: one thread's messages, and what an operator can do in it.

import { explain } from '../tertulia-client.js';
import { Composer } from '../ui/composer.js';
import { h, icon } from '../ui/dom.js';
import { MessageList } from '../ui/message-list.js';
import { isPresent, threadName } from './people.js';
import { ScriptPanel } from './script-panel.js';

const CREATE = 2;
const EDIT = 4;
const DELETE = 8;
const EDIT_THREAD = 32;
const REOPEN = 4096;
/** How far back a search result is followed, in pages. */
const FARTHEST = 40;

export class Conversation {
  #desk; #thread = null; #drafts = new Map(); #wanted = null;

  constructor(element, desk) {
    this.#desk = desk;
    this.element = element;
    this.nothing = element.querySelector('.nothing');
    this.#build();
  }

  #build() {
    const { client } = this.#desk;
    this.title = h('h2', { tabindex: '-1' });
    this.subtitle = h('p', { class: 'subtitle', role: 'status' });
    this.verb = h('span');
    this.toggle = h('button', { type: 'button', class: 'outline-button', 'data-testid': 'toggle-state', onclick: () => this.#toggleState() },
      this.verb, h('span', { class: 'wide' }, ' conversation'));
    this.script = new ScriptPanel(this.#desk);
    this.failure = h('p', { class: 'failure', role: 'alert', hidden: true });
    this.list = new MessageList({
      server: location.origin,
      assistant: 'Assistant',
      ours: true,
      stranger: (id) => `Visitor ${id}`,
      rights: () => ({ edit: Boolean(this.#rights & EDIT), remove: Boolean(this.#rights & DELETE) }),
      older: () => client.load(this.#thread, { older: true }),
      changed: () => this.render(),
      actions: {
        retry: (id) => { client.retry(id); this.composer.focus(); },
        discard: (id) => { client.discard(id); this.composer.focus(); },
        save: (message, text) => this.#attempt(client.edit(message, text)),
        remove: (message) => { if (confirm('Delete this message for everybody?')) this.#attempt(client.remove(message)); },
      },
    });
    this.frame = h('div', { class: 'frame', hidden: true, 'data-testid': 'conversation' },
      h('header', { class: 'pane-head' },
        h('a', { class: 'icon-button back', href: '#', 'aria-label': 'Back to the list' }, icon('back')),
        h('div', { class: 'who' }, this.title, this.subtitle), this.script.button, this.toggle),
      this.failure, this.script.element, this.list.element);
    this.composer = new Composer({
      label: 'Write a reply…', dropZone: this.frame,
      send: (text, files) => { client.send(this.#thread, text, files); this.render(); },
      typing: () => client.typing(this.#thread),
      changed: (draft) => this.#drafts.set(this.#thread.id, draft),
    });
    this.frame.append(this.composer.element);
    this.element.append(this.frame);
  }

  get #rights() { return this.#thread?.data.permissions ?? 0; }

  /** Shows the thread, and in it the message if one is given. */
  async open(id, message) {
    this.#wanted = id;
    const thread = id ? this.#desk.client.threads.get(id) ?? (await this.#fetch(id)) : null;
    if (this.#wanted !== id) return;
    if (thread !== this.#thread) this.#enter(thread);
    if (message) await this.#reveal(message);
  }

  async #fetch(id) {
    try { return this.#desk.client.adopt(await this.#desk.client.api.get(`/api/threads/${id}`))[0]; } catch { return null; }
  }

  #enter(thread) {
    this.#thread = thread;
    this.list.clear();
    this.#say('');
    this.composer.clearFiles();
    this.composer.draft = this.#drafts.get(thread?.id) ?? '';
    this.frame.hidden = !thread;
    this.script.enter(thread);
    this.nothing.hidden = Boolean(thread);
    this.#load();
    this.render();
    if (!thread) return;
    if (matchMedia('(pointer: coarse)').matches) this.title.focus(); else this.composer.focus();
  }

  #load() {
    const thread = this.#thread;
    if (!thread || thread.loaded || thread.loading) return;
    this.#desk.client.load(thread).catch((error) => { if (!error.temporary) this.#say(explain({ status: error.status, detail: error.message })); });
  }

  render() {
    const { client } = this.#desk;
    const thread = this.#thread;
    if (thread && client.threads.get(thread.id) !== thread) return this.#enter(null);
    if (!thread) return undefined;
    if (client.online) this.#load();
    this.#showHead();
    this.composer.setLimits(client.limits);
    const closed = thread.data.state === 'closed' && !(this.#rights & REOPEN);
    this.composer.setEnabled(!closed && Boolean(this.#rights & CREATE), closed ? 'This conversation is closed.' : 'You can only read here.');
    this.list.render({ items: client.items(thread), hasOlder: thread.loaded && thread.hasOlder, loaded: thread.loaded, typing: thread.typing() });
    if (document.visibilityState === 'visible') client.read(thread);
    return undefined;
  }

  #showHead() {
    const closed = this.#thread.data.state === 'closed';
    const present = isPresent(this.#thread, this.#desk);
    const members = this.#thread.data.users_count ?? this.#thread.data.users_data?.length ?? 0;
    setText(this.title, threadName(this.#thread, this.#desk));
    setText(this.subtitle, [closed ? 'Closed' : present ? 'Online now' : 'Away', `${members} ${members === 1 ? 'member' : 'members'}`].join(' · '));
    this.subtitle.classList.toggle('online', present && !closed);
    this.toggle.hidden = !(this.#rights & EDIT_THREAD);
    setText(this.verb, closed ? 'Reopen' : 'Close');
    this.script.render();
  }

  #toggleState() {
    const { client } = this.#desk;
    const state = this.#thread.data.state === 'closed' ? 'open' : 'closed';
    this.#attempt(client.api.patch(`/api/threads/${this.#thread.id}`, { state }).then((data) => client.adopt(data)));
  }

  async #attempt(promise) {
    this.#say('');
    try { await promise; } catch (error) {
      this.#say(error.status ? explain({ status: error.status, fields: error.status === 400 ? error.body : null, detail: error.message }) : 'No connection. Please try again.');
    }
    this.render();
  }

  #say(text) {
    this.failure.textContent = text;
    this.failure.hidden = !text;
  }

  /** Goes back through history until the message is there. */
  async #reveal(message) {
    const thread = this.#thread;
    if (!thread) return;
    try {
      if (!thread.loaded) await this.#desk.client.load(thread);
      for (let page = 0; page < FARTHEST && this.#thread === thread; page += 1) {
        this.render();
        if (this.list.show(message) || !thread.hasOlder) return;
        await this.#desk.client.load(thread, { older: true });
      }
    } catch { this.#say('The message could not be loaded.'); }
  }
}

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }
