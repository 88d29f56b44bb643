// How one message looks. Built anew whenever something about it changed; small enough for that.

import { h, icon } from './dom.js';
import { decode, initials, linkified, nameOf, portrait, safeUrl, time, tint } from './text.js';

/** An edit moves `updated`; the store's own second thoughts within the same moment do not count as one. */
const EDITED_AFTER = 1_000;

export function avatar(account, name, server) {
  const address = portrait(account, server);
  const letters = h('span', { class: `avatar ${tint(account?.id)}`, 'aria-hidden': 'true' }, initials(name));
  if (!address) return letters;
  const image = h('img', { src: address, alt: '', loading: 'lazy', referrerpolicy: 'no-referrer' });
  image.addEventListener('error', () => image.remove());
  letters.append(image);
  return letters;
}

/** Said by a script, not by a person. */
export function isAutomated(item) { return !item.is_own && (!item.sender || item.type === 'automated_message'); }

function face(item, name, server) {
  return item.sender ? avatar(item.sender_data, name, server) : h('span', { class: 'avatar tint-0', 'aria-hidden': 'true' }, icon('chat'));
}

/** The address of a file that is still here, made once per file. */
const previews = new WeakMap();
function preview(file) {
  if (!previews.has(file)) previews.set(file, URL.createObjectURL(file));
  return previews.get(file);
}

function pictured(label, source, href) {
  const image = h('img', { src: source, alt: label, loading: 'lazy' });
  const box = href
    ? h('a', { class: 'picture', href, target: '_blank', rel: 'noopener noreferrer', 'aria-label': `Picture: ${label}` }, image)
    : h('span', { class: 'picture' }, image);
  // A page's CSP may forbid the picture; its name is better than a broken image.
  image.addEventListener('error', () => box.replaceWith(chip('file', label, href)));
  return box;
}

function chip(kind, label, href) {
  const inside = [icon(kind), h('span', {}, label)];
  return href
    ? h('a', { class: 'chip', href, target: '_blank', rel: 'noopener noreferrer' }, inside)
    : h('span', { class: 'chip' }, inside);
}

function attachment(data, server) {
  const href = safeUrl(data.src, `${server}/`);
  const label = decode(data.title) || href?.split('/').pop() || 'Attachment';
  if (data.type === 'image') return pictured(decode(data.title) || 'Picture', safeUrl(data.thumbnail?.src, `${server}/`) ?? href, href);
  if (data.type === 'youtube') return chip('play', decode(data.title) || 'Video', href);
  if (data.type === 'object_reference') return chip('link', decode(data.title) || `${data.content_type_name ?? 'object'} ${data.object_id}`, null);
  return chip('file', label, href);
}

function pendingFiles(item) {
  const files = item.files ?? [];
  if (!files.length) return (item.names ?? []).map((name) => chip('file', name, null));
  return files.map((file) => (/^image\/(png|jpeg|gif)$/.test(file.type) ? pictured(file.name, preview(file), null) : chip('file', file.name, null)));
}

function bubble(item, server) {
  const text = decode(item.text);
  // What waits to be sent was never escaped, so it is shown as it was typed.
  const shown = item.state === 'sent' ? text : item.text;
  const attachments = [...(item.attachments_data ?? []).map((data) => attachment(data, server)), ...pendingFiles(item)];
  const pictures = attachments.filter((node) => node.classList.contains('picture'));
  const others = attachments.filter((node) => !pictures.includes(node));
  return h('div', { class: `bubble${shown ? '' : ' bare'}` },
    h('p', { class: 'text', 'data-testid': 'text' }, linkified(shown)),
    [pictures, others].filter((group) => group.length).map((group) => h('div', { class: 'attachments' }, group)));
}

function stateLine(item, view, actions) {
  if (item.state === 'failed') {
    return h('div', { class: 'meta failed', role: 'alert' },
      h('span', { class: 'why' }, icon('alert'), item.error || 'Not sent.'),
      h('span', { class: 'choices' },
        h('button', { type: 'button', class: 'text-button', 'data-testid': 'retry', onclick: () => actions.retry(item.client_id) }, 'Retry'),
        h('button', { type: 'button', class: 'text-button', 'data-testid': 'discard', onclick: () => actions.discard(item.client_id) }, 'Delete')));
  }
  const parts = [h('time', { datetime: item.created }, time(item.created))];
  if (item.state === 'sent' && Date.parse(item.updated) - Date.parse(item.created) > EDITED_AFTER) parts.push(h('span', {}, 'edited'));
  if (item.state === 'sending') parts.push(h('span', { class: 'sending' }, icon('clock'), 'Sending…'));
  else if (view.latestOwn) parts.push(h('span', { class: 'delivered' }, icon('check'), 'Sent'));
  return h('div', { class: 'meta' }, parts);
}

function tools(item, rights, actions) {
  if (item.state !== 'sent' || !(rights.edit || rights.remove)) return null;
  return h('div', { class: 'tools' },
    rights.edit && h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Edit message', 'data-testid': 'edit', onclick: () => actions.edit(item) }, icon('edit')),
    rights.remove && h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Delete message', 'data-testid': 'delete', onclick: () => actions.remove(item) }, icon('trash')));
}

/**
 * `view` says how the message stands among its neighbours: `first` and `last` of a run by one sender, `latestOwn`.
 * `options`: `server`, `assistant` (the name of a sender that is nobody), `stranger(id)` (the name of one without), `ours` (scripts speak
 * for whoever looks), `rights(item)`, `actions`.
 */
export function messageNode(item, view, options) {
  const own = Boolean(item.is_own);
  // What the house says by itself: beside the team's own at the desk, from the house's mark in the widget.
  const ours = !own && isAutomated(item) && Boolean(options.ours);
  const name = item.sender ? nameOf(item.sender_data, own ? 'You' : options.stranger(item.sender)) : options.assistant;
  const classes = ['message', own ? 'own' : ours ? 'own ours' : 'other', isAutomated(item) && 'automated', view.first && 'first', view.last && 'last', item.state];
  return h('div', {
    class: classes.filter(Boolean).join(' '), 'data-testid': 'message', 'data-id': item.id ?? '', 'data-state': item.state,
    'data-own': String(own), 'data-key': item.key,
  },
  !own && !ours && (view.last ? face(item, name, options.server) : h('span', { class: 'avatar blank' })),
  h('div', { class: 'column' },
    view.first && h('span', { class: own ? 'hidden' : 'name' }, own ? 'You' : name),
    h('div', { class: 'line' }, tools(item, own ? options.rights(item) : {}, options.actions), bubble(item, options.server)),
    (view.last || item.state !== 'sent' || view.latestOwn) && stateLine(item, view, options.actions)));
}

/** The form in a message's place while its writer changes it. */
export function editNode(item, { save, cancel }) {
  const field = h('textarea', { rows: '3', 'aria-label': 'Edit message', 'data-testid': 'edit-input' });
  field.value = decode(item.text);
  const submit = () => (field.value.trim() ? save(field.value.trim()) : cancel());
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); submit(); }
    // The panel closes on Escape too; here it only ends the editing.
    if (event.key === 'Escape') { event.stopPropagation(); cancel(); }
  });
  return h('div', { class: 'message own editing first last', 'data-testid': 'message', 'data-id': item.id, 'data-state': 'sent', 'data-own': 'true' },
    h('form', { class: 'edit', onsubmit: (event) => { event.preventDefault(); submit(); } }, field,
      h('div', { class: 'edit-buttons' },
        h('button', { type: 'button', class: 'text-button', onclick: cancel }, 'Cancel'),
        h('button', { type: 'submit', class: 'solid-button' }, 'Save'))));
}
