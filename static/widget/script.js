// The scripted part of the open widget: the question that waits, its control, the way back, and how far one has come.
// Loaded when a script first asks something.

import { explain } from '../tertulia-client.js';
import { h } from '../ui/dom.js';
import { Ask, complaint, isFreeText } from '../ui/question.js';
import { QUESTION } from '../ui/question-style.js';

const ROLLBACK = 2048;
/** An accepted answer is told before the next question; for so long it is taken to be on its way. */
const NEXT_IS_NEAR = 3_000;

export class Script {
  #host; #session; #panel; #composer; #changed;
  /** The answer under way: `{ ask, related, id, settled }`: to which question and its message, under which name, and since when it is accepted. */
  #sent = null; #isAsking = false; #question = null; #goingBack = false; #attachments = new Map();

  /** Parts: `host`, `session`, `panel` (its element), `composer`, and `changed()` to be called when something must be shown anew. */
  constructor({ host, session, panel, composer, changed }) {
    this.#host = host;
    this.#session = session;
    this.#panel = panel;
    this.#composer = composer;
    this.#changed = changed;
    host.adoptStyle(QUESTION);
    this.fill = h('i');
    this.progress = h('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': '0', 'aria-valuemax': '100', hidden: true, 'data-testid': 'progress' }, this.fill);
    this.ask = new Ask({
      answer: (answer) => this.#answer(answer), back: () => this.#back(), limits: () => session.client?.limits ?? {}, dropZone: panel,
    });
    panel.querySelector('.head').after(this.progress);
    composer.element.before(this.ask.element);
  }

  /** Brings everything in step with the thread. `mayWrite` is false where nothing can be answered; `isClosed` where nothing can be said. */
  show(mayWrite, isClosed) {
    const { client, thread } = this.#session;
    const data = thread?.data;
    this.#showProgress(data?.progress);
    const question = mayWrite ? waiting(data) : null;
    const held = this.#panel.getRootNode().activeElement;
    const isInside = this.#panel.contains(held);
    const isBack = this.#takeIn(client, thread, question);
    this.#remember(thread, question);
    const isBusy = this.#isUnderWay(client, data, question);
    this.#composer.hold(isBusy);
    const isNew = this.#showAsk(data, question, isBusy) || isBack;
    // Where the front end names the question and there is none to name, nothing can be said.
    this.#composer.hidden = isClosed || mayWrite && (question ? !isFreeText(question) : data?.state === 'scripted_fe_controlled');
    const isOver = this.#isAsking && !question;
    if (isInside) this.#followFocus(held, isNew || isOver);
    if (isNew && !isBack || isOver) this.#host.emit('question', question);
    this.#isAsking = Boolean(question);
  }

  focus() { return this.ask.focus(); }

  /** What is written in the ordinary field answers the question, if one waits: what to send along then. */
  written(text) {
    const { data } = this.#session.thread ?? {};
    const question = waiting(data);
    if (!question) return null;
    this.#host.emit('answer', { question, answers: [], text });
    return this.#named(question, data);
  }

  /** The messages with what belongs to the question: its pictures and files, and where the front end asks, the question itself. */
  decorate(items) {
    const { data } = this.#session.thread;
    const shown = items.map((item) => (this.#attachments.has(item.id) ? { ...item, attachments_data: [...this.#attachments.get(item.id), ...(item.attachments_data ?? [])] } : item));
    const question = waiting(data);
    if (!question || data.state !== 'scripted_fe_controlled') return shown;
    const at = shown.findIndex((item) => item.answer?.ask === question.id);
    const end = at < 0 ? shown.length : at;
    // Once the answer is on its way the server makes the question's own message; that one then stands here.
    if (this.#sent && shown[end - 1]?.related_question === question.id && !shown[end - 1].is_own) return shown;
    if (this.#sent?.settled) return shown;
    this.#question = this.#question?.key === `ask${question.id}` ? this.#question : { key: `ask${question.id}`, created: new Date().toISOString() };
    const asked = {
      ...this.#question, state: 'sent', is_own: false, type: question.show_as_type ?? 'automated_message', text: question.text,
      sender: data.automated_sender, sender_data: (data.users_data ?? []).find((account) => account.id === data.automated_sender),
      attachments_data: whole(question),
    };
    return [...shown.slice(0, end), asked, ...shown.slice(end)];
  }

  #showProgress(share) {
    this.progress.hidden = typeof share !== 'number';
    if (this.progress.hidden) return;
    const part = Math.min(1, Math.max(0, share));
    const percent = Math.round(part * 100);
    this.progress.setAttribute('aria-valuenow', percent);
    this.progress.setAttribute('aria-valuetext', `${percent} %`);
    this.fill.style.transform = `scaleX(${part})`;
  }

  /** Answers that were refused come back to the control, with the reason; true when one did. */
  #takeIn(client, thread, question) {
    const answers = thread && question ? client.outbox.of(thread.id).filter((item) => item.answer?.ask === question.id) : [];
    const refused = answers.filter((item) => item.reason === 'refused');
    for (const item of refused) {
      this.#sent = null;
      this.ask.show(question, false);
      this.ask.reopen();
      this.ask.complain(complaint(item.fields, question, item.error));
      if (isFreeText(question)) this.#composer.restore(item.text, item.files);
      client.discard(item.client_id);
    }
    const pending = answers.find((item) => !refused.includes(item));
    if (pending) this.#sent ??= this.#under(pending.client_id, thread.data);
    return refused.length > 0;
  }

  #under(id, { question, related_message }) { return { id, ask: question, related: related_message, settled: null }; }

  /** Whether an answer to this question is out, or accepted and the next question near. */
  #isUnderWay(client, data, question) {
    const sent = this.#sent;
    if (!sent || sent.ask !== question?.id) {
      this.#sent = null;
      return false;
    }
    if (client.outbox.get(sent.id)) return true;
    if (!sent.settled) {
      sent.settled = Date.now();
      setTimeout(this.#changed, NEXT_IS_NEAR + 50);
    }
    // Without a connection nothing new can come, so nothing can be concluded from its absence.
    const isNear = !client.online || Date.now() - sent.settled < NEXT_IS_NEAR;
    if (isNear && data.related_message === sent.related) return true;
    // The same question is asked once more.
    this.#sent = null;
    this.ask.clear();
    return false;
  }

  /** True when another question is shown than before. */
  #showAsk(data, question, isBusy) {
    if (!question) this.ask.clear();
    else if (isBusy) this.ask.hide();
    else {
      const mayGoBack = Boolean(data.permissions & ROLLBACK) && data.state === 'scripted' && Boolean(data.related_message) && data.progress !== 0;
      return this.ask.show(question, mayGoBack);
    }
    return false;
  }

  /** Whoever was in the panel goes to the new control, and nobody falls out of the panel when theirs disappears. */
  #followFocus(held, isChanged) {
    const writes = held.matches('textarea, input') && held.value && !this.ask.element.contains(held);
    const isLost = held !== this.#panel && !held.checkVisibility();
    if (isChanged && !writes && this.ask.focus()) return;
    if (isLost || isChanged && !writes) this.#panel.focus({ preventScroll: true });
    if (isChanged && !writes && !matchMedia('(pointer: coarse)').matches) this.#composer.focus();
  }

  /** The pictures and files of a question are told with the question only, not with its message: we keep them for the page's life. */
  #remember(thread, question) {
    const message = thread?.get(thread.data.related_message);
    if (question?.attachments?.length && message?.related_question === question.id) this.#attachments.set(message.id, whole(question));
  }

  #named(question, data) {
    return { ask: question.id, question: data.state === 'scripted_fe_controlled' ? question.id : undefined };
  }

  #answer({ answers, text = '', label, silent, files = [] }) {
    const { client, thread } = this.#session;
    const question = waiting(thread.data);
    const id = client.send(thread, text, files, { ...this.#named(question, thread.data), answers, label, silent });
    this.#sent = this.#under(id, thread.data);
    this.#host.emit('answer', { question, answers: answers ?? [], text });
    this.#changed();
  }

  async #back() {
    if (this.#goingBack) return;
    this.#goingBack = true;
    const { client, thread } = this.#session;
    try {
      await client.rollback(thread);
      this.ask.complain('');
    } catch (error) {
      this.ask.complain(error.status ? complaint(error.status === 400 ? error.body : null, null, explain({ status: error.status, detail: error.message })) : 'No connection. Please try again.');
    }
    this.#goingBack = false;
    this.#changed();
  }
}

/** The question that a thread waits with. */
function waiting(data) {
  return data?.state?.startsWith('scripted') && data.question && data.question_data || null;
}

/** A question's pictures are part of it, so they are shown at their own size. */
function whole({ attachments }) {
  return (attachments ?? []).map((data) => (data.type === 'image' ? { ...data, thumbnail: null } : data));
}
