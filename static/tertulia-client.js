/**
 * The Tertulia client: one account's threads over one WebSocket, as the widget and the desk use them and as other pages may.
 *
 *   import { Client } from 'https://chat.example/static/tertulia-client.js';
 *   const client = await Client.signIn({ server: 'https://chat.example', authorization: 'Bearer …' });
 *   client.on('thread', (thread) => show(client.items(thread)));
 *   client.start();
 *
 * What it promises: a message handed to `send` is shown at once and kept until the server has it; nothing that was said while the
 * connection was away is missing afterwards, edits and deletions included; nothing is ever shown twice.
 *
 * Events: `connection` (offline | connecting | online) · `thread` (something about it changed) · `removed` (thread id) ·
 * `message` ({ thread, message }: somebody else said something new) · `member` (where somebody stands in a script, for those who may
 * control others) · `presence` · `unauthorized`.
 */

import { Api, ApiError, Emitter, Shelf } from './client/basics.js';
import { Connection } from './client/connection.js';
import { Outbox } from './client/outbox.js';
import { Sender, explain } from './client/sender.js';
import { MESSAGE_FIELDS, Thread } from './client/thread.js';

export { Api, ApiError, Emitter, Shelf, MESSAGE_FIELDS, explain };

const PAGE = 30;
/** Threads per `resume` frame; the server takes up to a thousand. */
const RESUME_BATCH = 500;
const RESUME_TIMEOUT = 15_000;
const READ_PAUSE = 2_000;
const TYPING_LENGTH = 5_000;
const TYPING_PAUSE = 3_000;

export class Client extends Emitter {
  threads = new Map();
  presence = new Map();
  limits = {};
  state = 'offline';
  #log = null;
  /** Resumes that were asked for and not yet answered. */
  #resuming = 0;
  #resumeTimer = null;
  #greeted = false;
  #lastTyping = new Map();

  /** `authorization` is the whole header value; without it the page's cookie is used, with `csrf` for what changes things. */
  constructor({ server, authorization = null, csrf = null, account, shelf = new Shelf() }) {
    super();
    this.account = account;
    this.api = new Api({ server, authorization, csrf });
    this.outbox = new Outbox(shelf, `tertulia:outbox:${this.api.server}:${account.id}:`);
    this.connection = new Connection(this.api);
    this.sender = new Sender(this);
    this.connection.on('dial', () => this.#become('connecting'));
    this.connection.on('open', () => this.#opened());
    this.connection.on('frame', (frame) => this.#frame(frame));
    this.connection.on('down', () => this.#down());
    this.connection.on('unauthorized', () => this.emit('unauthorized'));
  }

  /** A client for whoever the credentials belong to. */
  static async signIn(options) {
    const { account, csrf } = await new Api(options).get('/api/me');
    return new Client({ csrf, ...options, account });
  }

  get online() { return this.state === 'online'; }
  start() { this.connection.start(); }
  stop() { this.connection.stop(); this.#become('offline'); }

  // ---- threads and messages ---------------------------------------------------------------------------------------------

  /** Follows threads whose objects came over HTTP. Known ones are brought up to date. */
  adopt(...objects) {
    const added = [];
    for (const data of objects) {
      const known = this.threads.get(data.id);
      if (known) known.merge(data); else added.push(this.#follow(data, true));
      this.changed(data.id);
    }
    // Between that answer and now something may have been said; the resume tells.
    if (added.length && this.#log && this.connection.connected) this.#resume(added);
    return objects.map((data) => this.threads.get(data.id));
  }

  /** What to show of a thread: stored messages in order, then what waits to be sent. Every entry has `key` and `state`. */
  items(thread) {
    const waiting = new Map(this.outbox.of(thread.id).map((item) => [item.client_id, item]));
    const stored = thread.messages().map((message) => {
      const mine = message.is_own && message.client_id;
      if (mine) waiting.delete(message.client_id);
      // A message keeps its key when it changes from waiting to stored: it is the same message to whoever looks at it.
      return { ...message, key: mine ? `c${message.client_id}` : `m${message.id}`, state: 'sent' };
    });
    // A confirmation becomes no message; only when it cannot be sent there is something to say about it.
    const pending = [...waiting.values()].filter((item) => !item.answer?.silent || item.state === 'failed').map((item) => ({
      ...item, text: item.answer?.label ?? item.text, key: `c${item.client_id}`, is_own: true, sender: this.account.id, sender_data: this.account,
      created: new Date(item.created).toISOString(), attachments_data: [],
    }));
    return [...stored, ...pending];
  }

  /** Loads the newest page of history, or with `older` the page above the oldest message held. */
  async load(thread, { older = false } = {}) {
    if (older && (!thread.loaded || !thread.hasOlder)) return;
    thread.loading ??= this.#page(thread, older && Number.isFinite(thread.floor) ? `before=${thread.floor}` : 'newest=true')
      .then((page) => thread.extend(page, page.length < PAGE))
      .finally(() => { thread.loading = null; });
    await thread.loading;
    this.changed(thread.id);
  }

  async #page(thread, cursor) {
    const query = `${cursor}&limit=${PAGE}&fields=${MESSAGE_FIELDS}`;
    return (await this.api.get(`/api/threads/${thread.id}/messages?${query}`)).results;
  }

  /** `answer` says what is answered in a script, see `Outbox.add`. */
  send(thread, text, files = [], answer = null) {
    // The next key pressed begins something new, of which the others should hear at once.
    this.#lastTyping.delete(thread.id);
    return this.sender.send(thread.id, text, files, answer);
  }

  retry(clientId) { this.sender.retry(clientId); }
  discard(clientId) { this.sender.discard(clientId); }

  async edit(message, text) {
    this.accepted(await this.api.patch(`/api/threads/${message.thread}/messages/${message.id}`, { text }));
  }

  async remove(message) {
    await this.api.delete(`/api/threads/${message.thread}/messages/${message.id}`);
    this.threads.get(message.thread)?.remove(message.id, message.rev);
    this.changed(message.thread);
  }

  /** Marks what is shown as read. To be called whenever a person can be taken to see the thread; it does nothing needlessly. */
  read(thread) {
    const upto = thread.newest;
    if (!this.online || !thread.loaded || !thread.unread || !upto) return;
    // What we cannot see may stay unread however often we say so; a frame that crossed our word is answered once more.
    if (thread.marked?.upto === upto && Date.now() - thread.marked.at < READ_PAUSE) return;
    if (!this.connection.send('mark_message_as_read', { thread: thread.id, upto })) return;
    thread.marked = { upto, at: Date.now() };
    thread.data = { ...thread.data, unread: 0, read_upto: upto };
    this.changed(thread.id);
  }

  /** Tells the others that somebody is writing; as often as it is called, it is sent every few seconds only. */
  typing(thread) {
    const last = this.#lastTyping.get(thread.id) ?? 0;
    if (!this.online || Date.now() - last < TYPING_PAUSE) return;
    this.#lastTyping.set(thread.id, Date.now());
    this.connection.send('thread_someone_is_writing', { thread: thread.id, length: TYPING_LENGTH });
  }

  /** One question back in a script. */
  async rollback(thread) {
    this.adopt(await this.api.post(`/api/threads/${thread.id}/rollback`));
  }

  // ---- called by the parts ----------------------------------------------------------------------------------------------

  changed(id) {
    const thread = this.threads.get(id);
    if (thread) this.emit('thread', thread);
  }

  /** The id of the question that a script asks in a thread, if one does. */
  asked(id) {
    const { state, question } = this.threads.get(id)?.data ?? {};
    return state?.startsWith('scripted') ? question : null;
  }

  /** Takes in a message that an answer (not a frame) brought. It does not count for `rev`: an answer may overtake frames. */
  accepted({ thread_data, ...message }) {
    const thread = this.threads.get(message.thread);
    if (!thread) return;
    thread.apply(message);
    if (thread_data) thread.merge(thread_data);
    this.changed(thread.id);
  }

  // ---- connection -------------------------------------------------------------------------------------------------------

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.emit('connection', state);
  }

  #opened() {
    this.presence.clear();
    this.#resuming = 0;
    // Without a log id there is nothing to resume from yet; the hello will bring it.
    if (this.#log && this.threads.size) this.#resume([...this.threads.values()]);
  }

  #down() {
    this.#greeted = false;
    clearTimeout(this.#resumeTimer);
    this.sender.suspend();
    this.#become('offline');
  }

  #resume(threads) {
    for (let start = 0; start < threads.length; start += RESUME_BATCH) {
      const part = threads.slice(start, start + RESUME_BATCH);
      for (const thread of part) thread.settling = true;
      this.#resuming += 1;
      this.connection.send('resume', { log: this.#log, threads: Object.fromEntries(part.map(({ id, rev }) => [id, rev])) });
    }
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = setTimeout(() => this.connection.restart(), RESUME_TIMEOUT);
  }

  #settled() {
    if (!this.#greeted || this.#resuming > 0) return;
    clearTimeout(this.#resumeTimer);
    this.#become('online');
    for (const thread of this.threads.values()) {
      if (thread.stale) this.#refetch(thread);
      this.changed(thread.id);
    }
    this.sender.flush();
  }

  /** `settling` when the thread object may be older than what the socket has begun to tell. */
  #follow(data, settling) {
    const thread = new Thread(data);
    thread.settling = settling;
    this.threads.set(data.id, thread);
    return thread;
  }

  #unfollow(id) {
    if (this.threads.delete(id)) this.emit('removed', id);
  }

  /** Our picture of the thread is beyond repair by resuming. What arrives while the new one is fetched is kept on top of it. */
  async #refetch(thread) {
    thread.stale = true;
    thread.meanwhile = [];
    try {
      const data = await this.api.get(`/api/threads/${thread.id}`);
      const page = thread.loaded ? await this.#page(thread, 'newest=true') : null;
      const meanwhile = thread.meanwhile;
      thread.reset(data);
      if (page) thread.extend(page, page.length < PAGE);
      thread.stale = false;
      thread.meanwhile = null;
      for (const frame of meanwhile) this.#frame(frame);
      this.changed(thread.id);
    } catch (error) {
      if ([403, 404].includes(error.status)) this.#unfollow(thread.id);
      // Otherwise it stays stale and is fetched when the connection is next complete.
    }
  }

  // ---- frames -----------------------------------------------------------------------------------------------------------

  #frame(frame) {
    const { message, data = {}, id } = frame;
    this.threads.get(message === 'thread_updated' ? data.id : data.thread)?.meanwhile?.push(frame);
    switch (message) {
      case 'hello': return this.#hello(data);
      case 'resumed': return this.#resumed(data);
      case 'resync': return this.#resync(data);
      case 'message_created_or_updated': return data.deleted ? this.#deleted(data) : this.#message(data);
      case 'thread_updated': return this.#threadUpdated(data);
      case 'unread_updated': return this.#unread(data);
      case 'thread_someone_is_writing': return this.#writing(data);
      case 'member_updated':
        this.threads.get(data.thread)?.heard(data.rev);
        return this.emit('member', data);
      case 'presence_updated':
        this.presence.set(data.account, data.online);
        return this.emit('presence', data);
      case 'ack':
        if (!this.outbox.get(id)) return undefined;
        if (data.message?.id) this.accepted(data.message);
        // Where no message is made, what became of the script is in no message's thread either.
        else this.#refresh(this.threads.get(this.outbox.get(id).thread));
        return this.sender.settle(id);
      case 'error': return this.sender.refuse(id, { ...data, retryAfter: data.retry_after });
      default: return undefined; // a newer server may say more than we know
    }
  }

  #hello({ account, log, limits }) {
    this.account = { ...this.account, ...account };
    this.limits = limits ?? {};
    this.#log ??= log;
    this.#greeted = true;
    if (!this.#resuming && this.threads.size) this.#resume([...this.threads.values()]);
    this.#settled();
  }

  #resumed({ log, threads = {} }) {
    this.#resuming = Math.max(0, this.#resuming - 1);
    if (log) this.#log = log;
    for (const [id, rev] of Object.entries(threads)) {
      const thread = this.threads.get(Number(id));
      if (!thread) continue;
      thread.settling = false;
      thread.heard(rev);
    }
    this.#settled();
  }

  #resync({ thread: id, reason }) {
    const thread = this.threads.get(id);
    if (!thread) return;
    thread.settling = false;
    if (reason === 'not_a_member') this.#unfollow(id); else this.#refetch(thread);
  }

  #message({ thread_data, ...message }) {
    const thread = this.threads.get(message.thread) ?? (thread_data && this.#follow(thread_data, false));
    if (!thread) return;
    // An edit of a message that was never loaded is new to us, yet nothing new was said: its place tells.
    const before = Math.max(thread.last?.seq ?? 0, thread.newest);
    const fresh = thread.apply(message) && message.seq > before;
    if (thread_data) thread.merge(thread_data);
    thread.heard(message.rev);
    if (message.is_own && message.client_id) this.sender.settle(message.client_id);
    this.changed(thread.id);
    if (fresh && !message.is_own) this.emit('message', { thread, message });
  }

  #deleted({ id, thread: threadId, rev }) {
    const thread = this.threads.get(threadId);
    if (!thread) return;
    thread.remove(id, rev);
    thread.heard(rev);
    // The short form says nothing about what is the last message now, nor about the unread count.
    if (thread.last?.id === id || thread.unread) this.#refresh(thread);
    this.changed(threadId);
  }

  async #refresh(thread) {
    if (!thread) return;
    try {
      thread.merge(await this.api.get(`/api/threads/${thread.id}`));
      this.changed(thread.id);
    } catch { /* the next frame brings it */ }
  }

  #threadUpdated(data) {
    if (data.removed) return this.#unfollow(data.id);
    const thread = this.threads.get(data.id) ?? this.#follow(data, false);
    thread.merge(data);
    thread.heard(data.rev);
    return this.changed(data.id);
  }

  #unread({ thread: id, unread, read_upto }) {
    const thread = this.threads.get(id);
    if (!thread) return;
    thread.data = { ...thread.data, unread, read_upto };
    this.changed(id);
  }

  #writing({ thread: id, length, sender_data }) {
    const thread = this.threads.get(id);
    if (!thread || !sender_data || sender_data.id === this.account.id) return;
    thread.startTyping(sender_data, length, () => this.changed(id));
    this.changed(id);
  }
}
