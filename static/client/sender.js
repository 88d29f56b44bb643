// Gets messages out: one at a time per thread, so that they arrive in the order in which they were written.

import { backoff } from './basics.js';

/** After this long without an acknowledgement the writer is told, although sending goes on once there is a connection. */
const PATIENCE = 10_000;
const UPLOAD_TIMEOUT = 5 * 60 * 1000;
const MOST_ATTEMPTS = 5;
const TEMPORARY = new Set(['busy', 'unavailable', 'clash', 'too_many_in_flight']);

const SENTENCES = {
  THREAD_IS_CLOSED: 'This conversation is closed.',
  INCORRECT_TYPE: 'This kind of file is not accepted.',
  TOO_LARGE: 'This file is too large.',
  TOO_LONG: 'This message is too long.',
  REQUIRED: 'Something is missing.',
  forbidden: 'You may not write here.',
  not_found: 'This conversation does not exist any more.',
};

/** The first code in a 400 body, however deep the list or object it sits in. */
function firstCode(fields) {
  if (typeof fields === 'string') return fields;
  for (const value of Object.values(fields ?? {})) {
    const code = firstCode(value);
    if (code) return code;
  }
  return null;
}

/** What to tell a person about a refusal, whether it came as an `error` frame (`fields`) or as an HTTP body. */
export function explain({ status = 0, code = null, detail = null, fields = null }) {
  if (status === 413) return SENTENCES.TOO_LARGE;
  if (status === 415) return SENTENCES.INCORRECT_TYPE;
  if (status === 403) return SENTENCES.forbidden;
  const found = firstCode(fields) ?? code;
  return SENTENCES[found] ?? detail ?? found ?? 'It could not be sent.';
}

/** What is sent of an item. A choice without words of its own has no text at all. */
function body({ client_id, text, answer }) {
  return { type: 'message', text: text || !answer ? text : undefined, client_id, answers: answer?.answers, question: answer?.question };
}

/**
 * `host` is the client: `online`, `api`, `connection`, `outbox`, `asked(threadId)` (the id of the question that waits there), and what
 * to call when something happened: `accepted(message)` and `changed(threadId)`.
 */
export class Sender {
  #host; #busy = new Map(); #timers = new Map(); #uploads = new Set();

  constructor(host) {
    this.#host = host;
    for (const item of host.outbox.all()) if (item.state === 'sending') this.#watch(item);
  }

  send(thread, text, files, answer) {
    const item = this.#host.outbox.add(thread, text, files, answer);
    this.#watch(item);
    this.#host.changed(thread);
    this.#next(thread);
    return item.client_id;
  }

  retry(clientId) {
    const item = this.#host.outbox.get(clientId);
    if (!item || item.state !== 'failed') return;
    this.#host.outbox.revive(item);
    this.#watch(item);
    this.#host.changed(item.thread);
    this.#host.connection.wake();
    this.#next(item.thread);
  }

  discard(clientId) {
    const item = this.#host.outbox.get(clientId);
    if (!item) return;
    this.#forget(item);
    this.#host.changed(item.thread);
  }

  /** The connection is there (again): what failed only for want of one goes out by itself. */
  flush() {
    const { outbox } = this.#host;
    for (const item of outbox.all()) {
      if (item.state === 'failed' && item.reason === 'connection') { outbox.revive(item); this.#watch(item); }
    }
    for (const thread of new Set(outbox.all().map((item) => item.thread))) {
      this.#host.changed(thread);
      this.#next(thread);
    }
  }

  /** The connection is gone, and with it every acknowledgement that was under way. */
  suspend() {
    for (const [thread, clientId] of this.#busy) if (!this.#uploads.has(clientId)) this.#busy.delete(thread);
  }

  /** The message is stored, as an `ack`, an HTTP answer or its own frame says. */
  settle(clientId) {
    const item = this.#host.outbox.get(clientId);
    if (!item) return;
    this.#forget(item);
    this.#host.changed(item.thread);
    this.#next(item.thread);
  }

  /** The server said no. Of `error` frames only those about a message of ours concern us. */
  refuse(clientId, error) {
    const item = this.#host.outbox.get(clientId);
    if (!item) return;
    if (error.temporary || TEMPORARY.has(error.code)) return this.#postpone(item, error.retryAfter);
    this.#host.outbox.fail(item, 'refused', explain(error), error.fields);
    this.#release(item);
  }

  #next(thread) {
    if (!this.#host.online || this.#busy.has(thread)) return;
    const item = this.#host.outbox.of(thread).find((one) => one.state === 'sending');
    if (!item) return;
    if (item.answer && this.#host.asked(thread) !== item.answer.ask) return this.#late(item);
    this.#busy.set(thread, item.client_id);
    if (item.files.length) this.#upload(item); else this.#transmit(item);
  }

  /** The script has gone on (in another window, or before the connection broke): the answer must not pass for one to the next question. */
  #late(item) {
    if (item.answer.silent || item.answer.answers) this.#host.outbox.remove(item.client_id);
    else this.#host.outbox.fail(item, 'refused', 'The conversation has gone on meanwhile.');
    this.#release(item);
  }

  #transmit(item) {
    this.#host.connection.send('send_message', { thread: item.thread, ...body(item) }, item.client_id);
  }

  /** Files go by HTTP: a frame has a size limit, and base64 would make a third more of them. */
  async #upload(item) {
    const form = new FormData();
    form.append('payload', JSON.stringify(body(item)));
    for (const file of item.files) form.append('file', file, file.name);
    this.#uploads.add(item.client_id);
    try {
      const message = await this.#host.api.call('POST', `/api/threads/${item.thread}/messages`, form, UPLOAD_TIMEOUT);
      if (message) this.#host.accepted(message);
      this.settle(item.client_id);
    } catch (error) {
      const { status, body, temporary, retryAfter } = error;
      this.refuse(item.client_id, { status, fields: status === 400 ? body : null, detail: body?.detail, temporary, retryAfter });
    } finally {
      this.#uploads.delete(item.client_id);
    }
  }

  #postpone(item, retryAfter) {
    item.attempts += 1;
    if (item.attempts > MOST_ATTEMPTS) {
      this.#host.outbox.fail(item, 'connection', 'The server is busy. It will be tried again.');
      return this.#release(item);
    }
    // The thread stays busy meanwhile, or the next message would overtake this one.
    setTimeout(() => {
      if (this.#busy.get(item.thread) === item.client_id) this.#busy.delete(item.thread);
      this.#next(item.thread);
    }, retryAfter ?? backoff(item.attempts));
  }

  #watch(item) {
    clearTimeout(this.#timers.get(item.client_id));
    this.#timers.set(item.client_id, setTimeout(() => {
      if (this.#uploads.has(item.client_id)) return this.#watch(item);
      if (this.#host.outbox.get(item.client_id)?.state !== 'sending') return;
      this.#host.outbox.fail(item, 'connection', 'Not sent yet: no connection.');
      this.#release(item);
    }, PATIENCE));
  }

  #release(item) {
    clearTimeout(this.#timers.get(item.client_id));
    this.#timers.delete(item.client_id);
    if (this.#busy.get(item.thread) === item.client_id) this.#busy.delete(item.thread);
    this.#host.changed(item.thread);
    this.#next(item.thread);
  }

  #forget(item) {
    clearTimeout(this.#timers.get(item.client_id));
    this.#timers.delete(item.client_id);
    this.#host.outbox.remove(item.client_id);
    if (this.#busy.get(item.thread) === item.client_id) this.#busy.delete(item.thread);
  }
}
