// One thread as this client knows it: the thread object, the messages, and how far it has heard.

/** The message fields a reader needs. `is_read` is left out on purpose: asking for it would mark the messages as read. */
export const MESSAGE_FIELDS = [
  'id', 'thread', 'seq', 'rev', 'client_id', 'type', 'text', 'sender', 'sender_data', 'is_own', 'created', 'updated',
  'meta', 'related_question', 'has_attachments', 'attachments_data',
].join(',');

const MOST_TYPING = 15_000;

/**
 * Messages are keyed by id and ordered by `seq`, so hearing of one twice changes nothing. A lower `rev` never overwrites a
 * higher one: a page asked for before an edit may arrive after the frame that told of it.
 */
export class Thread {
  #messages = new Map();
  /** id → rev of deleted messages, so that a late page does not bring one back. */
  #gone = new Map();
  #typing = new Map();

  constructor(data) {
    this.id = data.id;
    this.data = data;
    /** The revision up to which nothing was missed; only what the socket says may move it (see Client). */
    this.rev = data.rev ?? 0;
    this.ahead = 0;
    this.settling = false;
    this.#blank();
  }

  #blank() {
    /** Lowest seq of the unbroken stretch of history held here; an edit may bring a message from below it. */
    this.floor = Infinity;
    this.loaded = false;
    this.hasOlder = true;
  }

  get unread() { return this.data.unread ?? 0; }
  get last() { return this.data.last_message_data ?? null; }

  /** Forgets all it knows; for a history that is not the one we knew (`resync`). */
  reset(data) {
    this.#messages.clear();
    this.#gone.clear();
    this.#blank();
    this.data = data;
    this.rev = data.rev ?? 0;
    this.ahead = 0;
  }

  /** Takes over a thread object unless a newer one is known. Large threads send no roster with frames: the old one stays. */
  merge(data) {
    if ((data.rev ?? Infinity) < (this.data.rev ?? 0)) return;
    this.data = { ...this.data, ...data };
  }

  /** Notes that a frame of that revision was seen. While a resume is under way it counts only once that is complete. */
  heard(rev) {
    if (!rev) return;
    this.ahead = Math.max(this.ahead, rev);
    if (!this.settling) this.rev = Math.max(this.rev, this.ahead);
  }

  /** Applies a message; true when it was not known before. */
  apply(message) {
    const known = this.#messages.get(message.id);
    const rev = message.rev ?? Infinity;
    if ((this.#gone.get(message.id) ?? -1) >= rev || (known?.rev ?? -1) > rev) return false;
    this.#messages.set(message.id, message);
    if (message.sender) this.stopTyping(message.sender);
    return !known;
  }

  remove(id, rev) {
    this.#gone.set(id, rev ?? Infinity);
    return this.#messages.delete(id);
  }

  get(id) { return this.#messages.get(id); }

  /** Merges a page of history that reached down to its first message; `whole` when there is nothing older. */
  extend(page, whole) {
    for (const message of page) this.apply(message);
    this.hasOlder = !whole;
    this.floor = whole ? 0 : Math.min(this.floor, ...page.map((message) => message.seq));
    this.loaded = true;
  }

  /** The messages to show, in order. */
  messages() {
    return [...this.#messages.values()].filter((message) => message.seq >= this.floor).sort((a, b) => a.seq - b.seq);
  }

  /** The newest position that was shown, which is as far as anybody can have read. */
  get newest() {
    let newest = 0;
    for (const message of this.#messages.values()) newest = Math.max(newest, message.seq ?? 0);
    return newest;
  }

  typing() { return [...this.#typing.values()].map((entry) => entry.account); }

  startTyping(account, length, changed) {
    this.stopTyping(account.id);
    const timer = setTimeout(() => { this.#typing.delete(account.id); changed(); }, Math.min(length, MOST_TYPING));
    this.#typing.set(account.id, { account, timer });
  }

  stopTyping(account) {
    clearTimeout(this.#typing.get(account)?.timer);
    this.#typing.delete(account);
  }
}
