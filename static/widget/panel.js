// The open widget: header, conversation and composer in the element's shadow root.

import { explain } from '../tertulia-client.js';
import { Composer } from '../ui/composer.js';
import { h, icon } from '../ui/dom.js';
import { avatar } from '../ui/message.js';
import { MessageList } from '../ui/message-list.js';
import { CONVERSATION } from '../ui/style.js';
import { nameOf } from '../ui/text.js';
import { PANEL } from './style.js';

/** Short losses of connection happen all the time and heal by themselves; they are not worth a word. */
const CALM = 1_500;
const FACES = 3;
/** Before what questions need is asked for again. */
const RELOAD = 3_000;
const CREATE = 2;
const EDIT = 4;
const DELETE = 8;
const REOPEN = 4096;

export class Panel {
  isOpen = false;
  #host; #session; #queued = []; #scheduled = false; #noticeTimer = null; #problem = null; #script = null; #loadingScript = false; #tries = 0;

  constructor(host, session) {
    this.#host = host;
    this.#session = session;
    host.adoptStyle(CONVERSATION + PANEL);
    this.#build();
    session.on('client', () => this.#newClient());
    session.on('change', () => this.#schedule());
    session.on('problem', (error) => { this.#problem = error; this.#schedule(); });
    document.addEventListener('visibilitychange', () => this.#schedule());
    this.#followViewport();
  }

  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    this.#host.toggleAttribute('data-open', true);
    this.element.hidden = false;
    this.#problem = null;
    this.#session.begin();
    this.#newClient();
    this.element.focus();
    // On a touch screen the keyboard would cover the conversation before it was seen.
    if (!this.#script?.focus() && !matchMedia('(pointer: coarse)').matches) this.composer.focus();
    this.#host.emit('open');
  }

  close() {
    this.isOpen = false;
    this.element.hidden = true;
    this.#host.toggleAttribute('data-open', false);
    this.#host.emit('close');
  }

  remove() { this.element.remove(); }

  #build() {
    const title = this.#host.dataset.title ?? 'Chat with us';
    this.faces = h('div', { class: 'faces', 'aria-hidden': 'true' });
    this.presence = h('p', { class: 'presence', 'data-testid': 'presence', role: 'status' });
    this.notice = h('div', { class: 'connection', role: 'status', 'data-testid': 'connection' });
    this.list = new MessageList({
      server: this.#session.server,
      assistant: title,
      older: () => this.#session.client.load(this.#session.thread, { older: true }),
      changed: () => this.#schedule(),
      rights: () => ({ edit: Boolean(this.#rights & EDIT), remove: Boolean(this.#rights & DELETE) }),
      actions: {
        save: (message, text) => this.#attempt(this.#session.client.edit(message, text)),
        remove: (message) => { if (confirm('Delete this message for everybody?')) this.#attempt(this.#session.client.remove(message)); },
        retry: (id) => { this.#session.client.retry(id); this.composer.focus(); },
        discard: (id) => { this.#session.client.discard(id); this.composer.focus(); },
      },
    });
    this.element = h('section', { class: 'panel', role: 'dialog', 'aria-labelledby': 'title', tabindex: '-1', hidden: true, 'data-testid': 'panel' },
      h('div', { class: 'head' }, this.faces,
        h('div', { class: 'who' }, h('h2', { id: 'title' }, title), this.presence),
        h('button', { type: 'button', class: 'icon-button leave', 'aria-label': 'Close chat', 'data-testid': 'close', onclick: () => this.#host.close() }, icon('close'))),
      this.notice);
    this.composer = new Composer({
      label: 'Write a message…', dropZone: this.element,
      send: (text, files) => this.#send(text, files),
      typing: () => { if (this.#session.thread) this.#session.client.typing(this.#session.thread); },
    });
    this.closed = h('p', { class: 'closed', role: 'status', hidden: true, 'data-testid': 'closed' });
    this.element.append(this.list.element, this.closed, this.composer.element);
    this.element.addEventListener('keydown', (event) => { if (event.key === 'Escape' && !event.isComposing) { event.stopPropagation(); this.#host.close(); } });
    // The panel stands before the launcher, so that Tab leads from the one to the other.
    this.#host.shadowRoot.insertBefore(this.element, this.#host.launcher);
  }

  get #rights() { return this.#session.thread?.data.permissions ?? 0; }

  async #attempt(promise) {
    try { await promise; } catch (error) { this.composer.complain(error.status ? explain({ status: error.status, fields: error.body }) : 'No connection. Please try again.'); }
    this.composer.focus();
  }

  #send(text, files) {
    const answer = this.#script?.written(text) ?? null;
    if (this.#session.thread) this.#session.send(text, files, answer);
    else {
      this.#queued.push([text, files]);
      this.#session.begin();
    }
    this.#schedule();
  }

  #newClient() {
    this.list.clear();
    const { client, thread } = this.#session;
    if (thread) {
      for (const [text, files] of this.#queued.splice(0)) client.send(thread, text, files);
      this.#loadHistory();
    }
    this.#schedule();
  }

  #loadHistory() {
    const { client, thread } = this.#session;
    if (!thread || thread.loaded || thread.loading || !this.isOpen) return;
    client.load(thread).catch(() => { /* the next change of the connection tries again */ });
  }

  /** Many frames of one moment make one rendering. A timer, not a frame callback: those stop while the page is hidden. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => { this.#scheduled = false; this.#render(); });
  }

  #render() {
    if (!this.isOpen) return;
    const { client, thread } = this.#session;
    this.#showConnection();
    this.#showPresence();
    if (client?.online) this.#loadHistory();
    this.composer.setLimits(client?.limits);
    this.#showState();
    this.list.render({
      items: thread ? this.#items(client, thread) : this.#queuedItems(),
      hasOlder: Boolean(thread?.loaded && thread.hasOlder),
      loaded: thread ? thread.loaded : true,
      intro: this.#intro(),
      typing: thread?.typing() ?? [],
    });
    if (thread && document.visibilityState === 'visible') client.read(thread);
  }

  #items(client, thread) {
    const items = client.items(thread);
    return this.#script?.decorate(items) ?? items;
  }

  /** What was written before the server could be reached at all. */
  #queuedItems() {
    return this.#queued.map(([text, files], index) => ({
      key: `q${index}`, text, files, state: 'sending', is_own: true, sender: 0, created: new Date().toISOString(),
    }));
  }

  #intro() {
    const text = this.#host.dataset.greeting ?? 'Hello! How can we help?';
    const title = this.#host.dataset.title ?? 'Chat with us';
    return this.intro ??= h('div', { class: 'message other first last greeting' }, h('span', { class: 'avatar tint-0', 'aria-hidden': 'true' }, icon('chat')),
      h('div', { class: 'column' }, h('span', { class: 'name' }, title), h('div', { class: 'bubble' }, h('p', { class: 'text' }, text))));
  }

  #showState() {
    const data = this.#session.thread?.data;
    const closed = data?.state === 'closed' && !(this.#rights & REOPEN);
    const silent = data && !(this.#rights & CREATE);
    const scripted = Boolean(data) && (data.state.startsWith('scripted') || typeof data.progress === 'number');
    if (scripted && !this.#script) this.#loadScript();
    this.composer.setEnabled(!silent, 'You can only read here.');
    if (this.#script) this.#script.show(!closed && !silent, closed);
    else {
      const held = this.element.getRootNode().activeElement;
      this.composer.hidden = closed || scripted && !silent;
      // Whoever was in the panel is to be found there when the question has come.
      if (held && this.composer.hidden && this.composer.element.contains(held)) this.element.focus();
    }
    const why = closed ? 'This conversation is closed.' : '';
    if (this.closed.textContent !== why) this.closed.textContent = why;
    this.closed.hidden = !closed;
  }

  /** What questions need comes with the first of them; those who only chat never fetch it. */
  async #loadScript() {
    if (this.#loadingScript) return;
    this.#loadingScript = true;
    try {
      // A browser may remember that an address failed; another one is asked afresh.
      const { Script } = await import(`./script.js${this.#tries ? `?try=${this.#tries}` : ''}`);
      this.#script = new Script({ host: this.#host, session: this.#session, panel: this.element, composer: this.composer, changed: () => this.#schedule() });
      this.#schedule();
    } catch (error) {
      this.#tries += 1;
      this.#host.emit('error', error);
      setTimeout(() => this.#schedule(), RELOAD);
    } finally {
      this.#loadingScript = false;
    }
  }

  #showConnection() {
    const online = this.#session.state === 'online';
    if (this.#problem) return this.#say(this.#problem.status === 429 ? 'Too many visitors at once. Please try again in a minute.' : 'The chat is not available on this page.');
    if (online) {
      clearTimeout(this.#noticeTimer);
      this.#noticeTimer = null;
      return this.#say('');
    }
    this.#noticeTimer ??= setTimeout(() => {
      if (this.#session.state !== 'online' && !this.#problem) this.#say(this.#session.client ? 'Reconnecting…' : 'Connecting…');
    }, CALM);
    return undefined;
  }

  #say(text) {
    if (this.notice.textContent === text) return;
    this.notice.textContent = text;
    this.notice.classList.toggle('shown', Boolean(text));
  }

  #showPresence() {
    const { client, thread } = this.#session;
    const team = (thread?.data.users_data ?? []).filter((account) => account.id !== client.account.id);
    const present = team.filter((account) => client.presence.get(account.id));
    const known = team.some((account) => client.presence.has(account.id));
    const away = known ? 'Away, we reply as soon as we can' : 'We reply as soon as we can';
    const text = present.length ? 'Online now' : away;
    if (this.presence.textContent !== text) this.presence.textContent = text;
    this.presence.classList.toggle('online', present.length > 0);
    const shown = [...present, ...team.filter((account) => !present.includes(account))].slice(0, FACES);
    const mark = JSON.stringify(shown);
    if (this.faces.dataset.mark === mark) return;
    this.faces.dataset.mark = mark;
    this.faces.replaceChildren(...shown.map((account) => avatar(account, nameOf(account, 'Team'), this.#session.server)));
  }

  /** On narrow screens the panel is as high as what the keyboard leaves, which only visualViewport knows. */
  #followViewport() {
    const viewport = window.visualViewport;
    if (!viewport) return;
    const fit = () => {
      this.element.style.setProperty('--tt-height', `${viewport.height}px`);
      this.element.style.setProperty('--tt-top', `${viewport.offsetTop}px`);
    };
    viewport.addEventListener('resize', fit);
    viewport.addEventListener('scroll', fit);
    fit();
  }
}
