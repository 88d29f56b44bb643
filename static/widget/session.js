// Who the visitor is and which thread is theirs. Shared by the quiet badge and the open panel.

import { Client, Api, Emitter, Shelf } from '../tertulia-client.js';

const SIGN_UP_RETRY = 4_000;

/**
 * Emits `change` (something to show changed), `client` (another account: show its conversation from the start) and
 * `problem` (an error that waiting does not mend).
 */
export class Session extends Emitter {
  client = null;
  thread = null;
  #host; #shelf = new Shelf(); #starting = null; #retry = null; #stopped = false;

  constructor(host) {
    super();
    this.#host = host;
  }

  get server() { return this.#host.server; }
  get options() { return this.#host.options; }
  get state() { return this.client?.state ?? 'offline'; }

  /** Connects if this browser has talked here before; makes nobody new. */
  async resume() {
    if (this.#stored()) await this.#start(false);
  }

  /** Connects, as a new visitor if need be. Keeps trying by itself: the panel shows the state meanwhile. */
  async begin() {
    this.#stopped = false;
    if (this.thread) return this.client.connection.wake();
    clearTimeout(this.#retry);
    try {
      await this.#start(true);
    } catch (error) {
      if (error.status && !error.temporary) return this.emit('problem', error);
      this.#host.setConnection('offline');
      this.#retry = setTimeout(() => this.begin(), error.retryAfter ?? SIGN_UP_RETRY * (0.75 + Math.random() / 2));
    }
    return undefined;
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.client?.stop();
    this.client = this.thread = null;
  }

  /** The visitor has changed (identified, or another tab made one). */
  async restart() {
    const wasOpen = this.#host.isOpen;
    this.stop();
    this.#stopped = false;
    this.emit('client');
    if (wasOpen) await this.begin(); else await this.resume().catch((error) => this.#host.emit('error', error));
  }

  send(text, files, answer) { this.client.send(this.thread, text, files, answer); }

  #stored() {
    try { return JSON.parse(this.#shelf.get(this.#host.slotName)); } catch { return null; }
  }

  #start(mayCreate) {
    // Opening the panel while the quiet part is still connecting joins it.
    this.#starting ??= this.#connect(mayCreate).finally(() => { this.#starting = null; });
    return this.#starting;
  }

  async #connect(mayCreate) {
    const visitor = this.#stored() ?? (mayCreate ? await this.#signUp() : null);
    if (!visitor || this.#stopped) return;
    this.#host.setConnection('connecting');
    const client = new Client({ server: this.server, authorization: `Visitor ${visitor.token}`, account: visitor.account, shelf: this.#shelf });
    let data;
    try {
      data = await client.api.post('/api/widget/thread', this.options.threadKey ? { thread_key: this.options.threadKey } : {});
    } catch (error) {
      if (error.status !== 401) throw error;
      // The token is worth nothing any more (revoked, or the server's key is a new one).
      this.#shelf.delete(this.#host.slotName);
      return mayCreate ? this.#connect(true) : undefined;
    }
    if (this.#stopped) return;
    this.#use(client, data);
  }

  #use(client, data) {
    this.client?.stop();
    this.client = client;
    [this.thread] = client.adopt(data);
    client.on('connection', (state) => { this.#host.setConnection(state); this.emit('change'); });
    client.on('thread', (thread) => { if (thread.id === this.thread?.id) this.#changed(); });
    client.on('presence', () => this.emit('change'));
    client.on('message', ({ thread, message }) => { if (thread.id === this.thread?.id) this.#host.emit('message', message); });
    client.on('unauthorized', () => this.#revoked());
    client.start();
    this.emit('client');
    this.#changed();
  }

  #changed() {
    this.#host.setUnread(this.thread.unread);
    this.emit('change');
  }

  /** The lock keeps two tabs opened at once from becoming two visitors. */
  async #signUp() {
    const create = async () => this.#stored() ?? this.#create();
    return navigator.locks ? navigator.locks.request(this.#host.slotName, create) : create();
  }

  async #create() {
    const { userId, userHash, firstName, lastName, email, language } = this.options;
    const body = { first_name: firstName, last_name: lastName, email, user_id: userId, user_hash: userHash, language: language ?? navigator.language };
    // JSON leaves out what is undefined.
    const { token, account } = await new Api({ server: this.server }).call('POST', '/api/visitors', body);
    const visitor = { token, account };
    this.#shelf.set(this.#host.slotName, JSON.stringify(visitor));
    return visitor;
  }

  /** The visitor is no longer known. What they had not got out yet goes with them into the new conversation. */
  async #revoked() {
    const written = this.client.outbox.of(this.thread.id);
    // An answer means nothing where its question was never asked.
    const unsent = written.filter((item) => !item.answer);
    for (const { client_id } of written) this.client.discard(client_id);
    this.#shelf.delete(this.#host.slotName);
    await this.restart();
    if (unsent.length) await this.begin();
    if (this.thread) for (const { text, files } of unsent) this.send(text, files);
  }
}
