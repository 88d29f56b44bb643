// What was written and is not yet acknowledged. Texts survive a reload; files are too large for that and do not.

import { uniqueId } from './basics.js';

/** Older than this, a message is not sent by itself any more: the conversation has moved on and its writer should decide. */
const STALE = 60 * 60 * 1000;

/**
 * Each item has a storage key of its own, so that tabs sharing the storage never overwrite each other's items.
 * Two tabs may send the same item; its `client_id` makes that harmless.
 */
export class Outbox {
  #shelf; #prefix; #items = new Map();

  constructor(shelf, prefix) {
    this.#shelf = shelf;
    this.#prefix = prefix;
    for (const key of shelf.keys(prefix)) this.#restore(key);
  }

  get size() { return this.#items.size; }
  get(clientId) { return this.#items.get(clientId); }
  all() { return [...this.#items.values()].sort((a, b) => a.created - b.created); }
  of(thread) { return this.all().filter((item) => item.thread === thread); }

  /**
   * `answer` marks an answer to a script's question: `ask` (the question's id), and as they are needed `answers` (ids), `question` (named
   * for the server), `label` (what to show meanwhile) and `silent` (the server makes no message of it).
   */
  add(thread, text, files = [], answer = null) {
    // Two messages of one millisecond must keep their order through a reload.
    const newest = Math.max(0, ...this.all().map((item) => item.created));
    const item = {
      client_id: uniqueId(), thread, text, files, names: files.map((file) => file.name), answer,
      created: Math.max(Date.now(), newest + 0.001), state: 'sending', reason: null, error: null, attempts: 0,
    };
    this.#items.set(item.client_id, item);
    this.#save(item);
    return item;
  }

  /** `reason` is 'connection' (goes out by itself later) or 'refused' (waits for its writer). `fields` are the server's codes by field. */
  fail(item, reason, error, fields = null) {
    Object.assign(item, { state: 'failed', reason, error, fields });
    this.#save(item);
  }

  revive(item) {
    Object.assign(item, { state: 'sending', reason: null, error: null, attempts: 0 });
    this.#save(item);
  }

  remove(clientId) {
    if (!this.#items.delete(clientId)) return false;
    this.#shelf.delete(this.#prefix + clientId);
    return true;
  }

  #save(item) {
    const { files, attempts, ...kept } = item;
    this.#shelf.set(this.#prefix + item.client_id, JSON.stringify(kept));
  }

  #restore(key) {
    let item;
    try { item = JSON.parse(this.#shelf.get(key)); } catch { return this.#shelf.delete(key); }
    if (!item?.client_id || !item.thread) return this.#shelf.delete(key);
    Object.assign(item, { files: [], attempts: 0 });
    if (item.names?.length) {
      Object.assign(item, { state: 'failed', reason: 'refused', error: 'The page was closed during the upload. Please attach the file again.' });
    } else if (item.state === 'sending' && Date.now() - item.created > STALE) {
      Object.assign(item, { state: 'failed', reason: 'refused', error: 'Not sent at the time.' });
    }
    this.#items.set(item.client_id, item);
  }
}
