// The page of built-in bots: what is configured, a console that says why, versions, errors, files.

import { h } from '../ui/dom.js';
import { api, explain, say } from './words.js';

const WHY = {
  matched: 'matched', disabled: 'is disabled', other_state: 'listens in other states', not_found: 'is not in the text',
  shadowed: 'would match, but another came first', not_tried: 'was not looked at',
};
const MAX_FILE = 4 * 1_024 * 1_024;

const at = (id) => document.getElementById(id);
const [failure, choice, sheet, trace] = ['failure', 'bots', 'bot', 'trace'].map(at);
const path = (rest) => `/api/v1/bots/${choice.value}/${rest}`;

/** Does something that may fail, and says so where everybody looks. */
async function attempt(work) {
  say(failure, '');
  try {
    await work();
  } catch (error) {
    const findings = error.body?.findings?.map((finding) => `${finding.path}: ${finding.message}`);
    say(failure, findings?.length ? findings.join(' · ') : explain(error));
  }
}

async function list(wanted) {
  const bots = await api.get('/api/v1/bots/');
  choice.replaceChildren(...bots.map((bot) => h('option', { value: bot.id }, bot.name)));
  if (wanted) choice.value = wanted;
  sheet.hidden = bots.length === 0;
  for (const id of ['export', 'import']) at(id).hidden = bots.length === 0;
  if (bots.length) await open();
}

async function open() {
  const [handlers, states, versions, errors] = await Promise.all(
    ['handlers/', 'states/', 'versions/', 'errors/'].map((rest) => api.get(path(rest))),
  );
  at('export').href = path('export/');
  at('console').elements.state.replaceChildren(h('option', { value: '' }, 'none'), ...states.map(({ name }) => h('option', {}, name)));
  at('handlers').replaceChildren(...handlers.map(handlerRow));
  at('states').replaceChildren(...states.map((state) => stateRow(state, handlers)));
  at('versions').replaceChildren(...versions.versions.map(versionRow));
  at('draft').textContent = versions.has_draft ? 'There are changes that are not live yet.' : '';
  at('errors').replaceChildren(...errors.map((one) => h('tr', {}, ...[when(one.created_at), one.step, one.message, one.chat ?? ''].map((text) => h('td', {}, text)))));
  trace.replaceChildren();
  sheet.dataset.ready = 'true';
}

const when = (text) => new Date(text).toLocaleString();
const names = (states) => states.map(({ name }) => name).join(', ');

function handlerRow(one) {
  const request = one.request ? `${one.request.method} ${one.request.url_template}` : '';
  return h('tr', { 'data-testid': 'handler', 'data-handler': one.id },
    h('th', { scope: 'row' }, one.name, one.enabled ? '' : ' (disabled)'), h('td', {}, h('code', {}, one.pattern)),
    h('td', {}, names(one.source_states) || 'all'), h('td', {}, one.target_state?.name ?? ''), h('td', {}, request), h('td', { class: 'number' }, String(one.priority)));
}

function stateRow(state, handlers) {
  const listening = handlers.filter((one) => one.source_states.some(({ id }) => id === state.id));
  const leading = handlers.filter((one) => one.target_state?.id === state.id);
  return h('tr', {}, h('th', { scope: 'row' }, state.name), h('td', {}, names(listening)), h('td', {}, names(leading)));
}

function versionRow(one) {
  const back = h('button', { type: 'button', class: 'link-button', 'data-testid': 'roll-back' }, `Go back to ${one.version}`);
  back.addEventListener('click', () => attempt(async () => {
    await api.post(path('rollback/'), { version: one.version });
    await open();
  }));
  return h('tr', { 'data-testid': 'version' }, h('td', { class: 'number' }, String(one.version)), h('td', {}, one.note), h('td', {}, when(one.created_at)),
    h('td', {}, one.live ? 'live' : back));
}

function show(result) {
  const { tried, request, response, from_state: from, to_state: to } = result.trace;
  const chosen = tried.find(({ why }) => why === 'matched');
  for (const row of at('handlers').children) row.classList.toggle('chosen', row.dataset.handler === chosen?.handler);
  const why = (one) => (typeof one.why === 'string' ? WHY[one.why] ?? one.why : `is broken: ${Object.values(one.why).join(' ')}`);
  const facts = [
    ['Handled by', chosen?.name ?? `nobody (${result.trace.chosen})`],
    ['State', `${from ?? 'none'} → ${to ?? 'none'}`],
    ...(chosen?.groups && Object.keys(chosen.groups).length ? [['Groups', JSON.stringify(chosen.groups)]] : []),
    ...tried.map((one) => [one.name, why(one)]),
    ...result.errors.map((error) => [`Error in ${error.step}`, error.message]),
  ];
  const said = result.replies.map((reply) => h('div', { class: 'said', 'data-testid': 'said' }, reply.text,
    reply.keyboard.length ? `\n[${reply.keyboard.map(({ label }) => label).join('] [')}]` : ''));
  const calls = [['Request', request], ['Response', response]].filter(([, value]) => value).map(([name, value]) => h('div', {}, h('h3', {}, name), h('pre', {}, JSON.stringify(value, null, 2))));
  trace.replaceChildren(...said, h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])), ...calls);
}

at('console').addEventListener('submit', (event) => {
  event.preventDefault();
  const { text, state, service, call } = event.target.elements;
  attempt(async () => show(await api.post(path('test/'), { text: text.value, state: state.value || null, service: service.value, call: call.checked })));
});

at('new').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = event.target.elements.name;
  attempt(async () => {
    const made = await api.post('/api/v1/bots/', { name: name.value });
    name.value = '';
    await list(made.id);
  });
});

at('import').addEventListener('click', () => at('import-file').click());
at('import-file').addEventListener('change', (event) => {
  const [file] = event.target.files;
  event.target.value = '';
  if (!file) return;
  attempt(async () => {
    if (file.size > MAX_FILE) throw new Error('The file is too large.');
    await api.call('PUT', path('import/'), JSON.parse(await file.text()));
    await open();
  });
});

choice.addEventListener('change', () => attempt(open));
attempt(() => list());
