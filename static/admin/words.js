// What the administration's pages call things, and small things that all of their parts use.

import { Api } from '../client/basics.js';

export const KINDS = {
  choice: 'Choice', multichoice: 'Several choices', text: 'Text', date: 'Date', time: 'Time', datetime: 'Date and time', int: 'Whole number',
  float: 'Number', range: 'Range', message: 'Message', control: 'Confirmation', fork: 'Fork',
};

export const TYPES = { survey: 'Survey', automated_flow: 'Conversation' };

export const boot = JSON.parse(document.getElementById('boot').textContent);
export const api = new Api({ server: location.origin, csrf: document.querySelector('meta[name=csrf]').content });

/** The state of a schema, as it is shown and as it is filtered by. */
export function stateOf({ published, deprecated }) { return deprecated ? 'deprecated' : published ? 'published' : 'draft'; }

export const STATES = { draft: 'Draft', published: 'Published', deprecated: 'Deprecated' };

export function typeName(type) { return TYPES[type] ?? String(type).replaceAll('_', ' '); }

export function clip(text, most) {
  const plain = String(text ?? '').replace(/\s+/g, ' ').trim();
  return plain.length > most ? `${plain.slice(0, most - 1).trimEnd()}…` : plain;
}

export function plural(count, one, many = `${one}s`) { return `${Number(count).toLocaleString()} ${count === 1 ? one : many}`; }

const FAULTS = {
  REQUIRED: 'is missing', NO_SUCH_QUESTION: 'names a question that is not there', NOT_UNIQUE: 'is taken already', WRONG_VALUE: 'cannot be this',
  PUBLISHED: 'A published schema cannot be changed', NOT_ALLOWED: 'is not allowed',
};

/** One readable line of whatever the server refused with. */
export function explain(error) {
  if (!error?.status) return error instanceof TypeError ? String(error.message) : 'No connection. Please try again.';
  if (error.status === 403) return 'Only superusers may do this.';
  if (error.status === 404) return 'There is no such schema any more.';
  const lines = error.status === 400 ? faults(error.body) : [];
  return lines.length ? lines.join(' · ') : error.message;
}

/** Field by field, however deep they are; `non_field_errors` speak for themselves. */
function faults(body, place = '') {
  if (typeof body === 'string') return [`${place}${place && FAULTS[body] ? ' ' : place ? ': ' : ''}${FAULTS[body] ?? body}`];
  if (Array.isArray(body)) return body.flatMap((part) => faults(part, place));
  if (!body || typeof body !== 'object') return [];
  return Object.entries(body).flatMap(([key, part]) => {
    const own = /^non_fields?_errors$|^detail$|^\d+$/.test(key) ? '' : key.replaceAll('_', ' ');
    return faults(part, [place, own].filter(Boolean).join(' › '));
  });
}

/** Shows a failure in its line, or takes it away. */
export function say(element, text) {
  element.textContent = text ?? '';
  element.hidden = !text;
}

/** Calls again and again while the page can be seen, one call after the other. Gives back how to stop it. */
export function whileVisible(pause, work) {
  let timer = null;
  let stopped = false;
  let running = false;
  const turn = async () => {
    clearTimeout(timer);
    if (stopped || running || document.visibilityState !== 'visible') return;
    running = true;
    try { await work(); } finally { running = false; }
    if (!stopped) timer = setTimeout(turn, pause);
  };
  document.addEventListener('visibilitychange', turn);
  turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', turn);
  };
}
