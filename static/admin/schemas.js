// The list of schemas: search, make a draft, read one from a file.

import { h } from '../ui/dom.js';
import { STATES, TYPES, api, boot, explain, say, stateOf, typeName } from './words.js';

const PAGE = 50;
const PAUSE = 250;
const MAX_FILE = 16 * 1_024 * 1_024;

const filters = document.getElementById('filters');
const rows = document.getElementById('schemas');
const failure = document.getElementById('failure');
const [earlier, later] = ['earlier', 'later'].map((id) => document.getElementById(id));
let offset = 0;
let asked = 0;
let timer = null;

for (const [value, name] of Object.entries(TYPES)) filters.elements.type.append(h('option', { value }, name));

/** What the filters ask for, as the API calls it. */
function query() {
  const { name, type, state } = Object.fromEntries(new FormData(filters));
  const parts = { limit: PAGE, offset, newest: 'true' };
  if (name.trim()) parts.name__icontains = name.trim();
  if (type) parts.type = type;
  if (state) Object.assign(parts, { draft: { published: false, deprecated: false }, published: { published: true, deprecated: false }, deprecated: { deprecated: true } }[state]);
  return new URLSearchParams(parts).toString();
}

async function load() {
  clearTimeout(timer);
  const ticket = ++asked;
  try {
    const page = await api.get(`/api/schemas?${query()}`);
    // An earlier answer may come after a later question.
    if (ticket === asked) show(page);
  } catch (error) {
    if (ticket !== asked) return;
    say(failure, explain(error));
    rows.parentElement.parentElement.dataset.ready = 'true';
  }
}

function show(page) {
  const found = page.results ?? [];
  say(failure, '');
  rows.replaceChildren(...found.map(row));
  rows.closest('.table').dataset.ready = 'true';
  const filtered = [...new FormData(filters).values()].some(Boolean);
  document.getElementById('empty').textContent = found.length ? '' : filtered ? 'No schema fits.' : 'There are no schemas yet.';
  const total = page.count ?? page.total;
  document.getElementById('range').textContent = found.length && (offset || page.next) ? `${offset + 1} – ${offset + found.length}${Number.isFinite(total) ? ` of ${total.toLocaleString()}` : ''}` : '';
  earlier.hidden = offset === 0;
  later.hidden = !page.next;
}

function row(schema) {
  const state = stateOf(schema);
  return h('tr', { 'data-testid': 'schema', 'data-schema': schema.id },
    h('th', { scope: 'row' }, h('a', { href: `/admin/schemas/${schema.id}` }, schema.name || `Schema ${schema.id}`)),
    h('td', {}, h('span', { class: 'quiet' }, `v${schema.version}`)),
    h('td', {}, typeName(schema.type)),
    h('td', {}, h('span', { class: `state ${state}` }, STATES[state])),
    h('td', {}, schema.language || h('span', { class: 'quiet' }, '–')));
}

function turn(by) {
  offset = Math.max(0, offset + by);
  load();
  rows.closest('.table').focus();
}

function soon() { clearTimeout(timer); offset = 0; timer = setTimeout(load, PAUSE); }

filters.addEventListener('submit', (event) => { event.preventDefault(); offset = 0; load(); });
filters.addEventListener('input', soon);
earlier.addEventListener('click', () => turn(-PAGE));
later.addEventListener('click', () => turn(PAGE));

if (boot.edits) {
  const dialog = document.getElementById('new-dialog');
  const form = dialog.querySelector('form');
  for (const [value, name] of Object.entries(TYPES)) form.elements.type.append(h('option', { value }, name));
  document.getElementById('new').addEventListener('click', () => { form.reset(); say(form.querySelector('.failure'), ''); dialog.showModal(); });
  form.querySelector('[value=cancel]').addEventListener('click', () => dialog.close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { name, type, language } = Object.fromEntries(new FormData(form));
    try {
      const made = await api.post('/api/schemas', { name: name.trim(), type, language: language.trim() });
      location.href = `/admin/schemas/${made.id}`;
    } catch (error) { say(form.querySelector('.failure'), explain(error)); }
  });
  const file = document.getElementById('import-file');
  document.getElementById('import').addEventListener('click', () => file.click());
  file.addEventListener('change', () => { const [chosen] = file.files; file.value = ''; if (chosen) read(chosen); });
}

/** Reads a schema from a file. What it does not know of the file it leaves out, as an upload always did. */
async function read(file) {
  say(failure, '');
  if (file.size > MAX_FILE) return say(failure, 'This file is too large for a schema.');
  let records;
  try { records = JSON.parse(await file.text()); } catch { return say(failure, `“${file.name}” holds no JSON.`); }
  try {
    const made = await api.post('/api/schemas/import?skip_unknown=true', records);
    location.href = `/admin/schemas/${made.id}`;
  } catch (error) { say(failure, explain(error)); }
  return undefined;
}

load();
