// Turning what the server says into what a person reads.

const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#x27;': "'" };

/** The API escapes texts for HTML; we show them by textContent, so they are turned back first. Once: `&amp;lt;` is `&lt;`. */
export function decode(text) {
  return String(text ?? '').replace(/&(?:amp|lt|gt|quot|#x27);/g, (entity) => ENTITIES[entity]);
}

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"']+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi;

/** Text as nodes, with addresses made into links. Only http, https and mailto come out of here. */
export function linkified(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimmed(match[0]);
    const href = target(address);
    if (!href) continue;
    nodes.push(text.slice(end, match.index));
    const link = document.createElement('a');
    link.href = href;
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
    link.textContent = address;
    nodes.push(link);
    end = match.index + address.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== '');
}

/** A full stop or a closing bracket after an address belongs to the sentence around it. */
function trimmed(address) {
  let result = address.replace(/[.,;:!?…]+$/, '');
  while (result.endsWith(')') && !result.includes('(')) result = result.slice(0, -1).replace(/[.,;:!?…]+$/, '');
  return result;
}

function target(address) {
  if (address.includes('@') && !/^(https?:|www\.)/i.test(address)) return `mailto:${address}`;
  return safeUrl(/^www\./i.test(address) ? `https://${address}` : address);
}

/** The address if following it can do no harm, else null. Relative ones are taken from `base`. */
export function safeUrl(address, base) {
  if (!address) return null;
  try {
    const url = new URL(address, base);
    return ['http:', 'https:', 'blob:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function nameOf(account, otherwise = 'Visitor') {
  const name = [account?.first_name, account?.last_name].filter(Boolean).map(decode).join(' ').trim();
  return name || otherwise;
}

export function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0]).join('').toUpperCase() || '?';
}

/** One of the six avatar tints, always the same for the same account. */
export function tint(id) { return `tint-${(Number(id) || 0) % 6}`; }

/** The address of a picture of the account's own; the server's placeholder is none, initials say more. */
export function portrait(account, server) {
  if (!account?.avatar || /\/static\/avatar\.svg$/.test(account.avatar)) return null;
  return safeUrl(account.avatar, `${server}/`);
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: 'short' });

export function time(moment) { return TIME.format(new Date(moment)); }

export function dayKey(moment) { return new Date(moment).toDateString(); }

function daysAgo(moment) {
  const midnight = (date) => new Date(date).setHours(0, 0, 0, 0);
  return Math.round((midnight(Date.now()) - midnight(moment)) / 86_400_000);
}

export function day(moment) {
  const ago = daysAgo(moment);
  if (ago === 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  return ago < 300 ? DAY.format(new Date(moment)) : DATE.format(new Date(moment));
}

/** As short as a list of conversations needs it. */
export function when(moment) {
  if (!moment) return '';
  const ago = daysAgo(moment);
  if (ago === 0) return time(moment);
  if (ago === 1) return 'Yesterday';
  return ago < 7 ? WEEKDAY.format(new Date(moment)) : DATE.format(new Date(moment));
}

/** "Ana is writing…", for one or more. */
export function writing(accounts, stranger) {
  if (!accounts.length) return '';
  const names = accounts.map((account) => nameOf(account, stranger(account.id)));
  if (names.length > 2) return 'Several people are writing…';
  return `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} writing…`;
}
