// One schema: wires the graph and the panels beside it. The address says which panel is open and which question is chosen.

import { h } from '../ui/dom.js';
import { Detail } from './detail.js';
import { Findings } from './findings.js';
import { Live } from './live.js';
import { Model } from './model.js';
import { Preview } from './preview.js';
import { Results } from './results.js';
import { Stage } from './stage.js';
import { Tabs } from './tabs.js';
import { STATES, api, boot, explain, plural, say, stateOf, typeName } from './words.js';

const path = `/api/schemas/${boot.schema}`;
const failure = document.getElementById('failure');
const panel = (name) => document.getElementById(`panel-${name}`);

const page = {
  path, schema: null, model: null, selected: null,
  /** Whether this schema can be changed by whoever looks at it. */
  get edits() { return boot.edits && this.schema && !this.schema.published && !this.schema.deprecated; },
  get tab() { return tabs.current; },
  select(qid) { location.replace(`#${[tabs.current, qid].filter((part) => part !== null).join('/')}`); },
  /** Shows a schema that came from the server: the first time, or changed. */
  async show(schema) {
    const again = this.schema !== null;
    this.schema = schema;
    this.model = new Model(schema);
    showHead();
    for (const part of parts) part.changed?.(again);
    await stage.show(this.model, again);
    return undefined;
  },
  async reload() { await this.show(await api.get(path)); },
  fail(error) { say(failure, error ? explain(error) : ''); },
};

const stage = new Stage(document.getElementById('stage'), page);
page.stage = stage;
const parts = [
  new Detail(panel('graph'), page), new Preview(panel('preview'), page), new Live(panel('live'), page), new Results(panel('results'), page),
  new Findings(panel('findings'), document.getElementById('findings-tally'), page),
];
const byName = { graph: parts[0], preview: parts[1], live: parts[2], results: parts[3], findings: parts[4] };
const tabs = new Tabs(document.querySelector('[role=tablist]'), (name) => location.replace(`#${[name, page.selected].filter((part) => part !== null).join('/')}`));

function showHead() {
  const { name, version, type, language } = page.schema;
  const state = stateOf(page.schema);
  document.title = `${name} v${version} – Tertulia`;
  document.getElementById('name').textContent = name || `Schema ${boot.schema}`;
  document.getElementById('about').replaceChildren(
    h('span', { class: `state ${state}`, 'data-testid': 'state' }, STATES[state]), h('span', { class: 'quiet' }, [`v${version}`, typeName(type), language, plural(page.model.questions.length, 'question')].filter(Boolean).join(' · ')));
  document.getElementById('actions').replaceChildren(
    h('a', { class: 'outline-button', href: `${path}/export`, download: '', 'data-testid': 'export' }, 'Export'),
    ...(boot.edits ? [
      h('button', { type: 'button', class: 'outline-button', 'data-testid': 'copy', onclick: () => act('copy') }, 'Copy'),
      state === 'draft' && h('button', { type: 'button', class: 'solid-button', 'data-testid': 'publish', onclick: () => act('publish') }, 'Publish'),
      state === 'published' && h('button', { type: 'button', class: 'outline-button', 'data-testid': 'deprecate', onclick: () => act('deprecate') }, 'Deprecate'),
    ].filter(Boolean) : []));
}

const QUESTIONS = {
  publish: 'Publish this schema? It cannot be changed afterwards, and an earlier version of it goes out of use for new conversations.',
  deprecate: 'Take this schema out of use for new conversations? Those that run finish it.',
};

async function act(action, body = {}) {
  if (QUESTIONS[action] && !body.force && !confirm(QUESTIONS[action])) return;
  page.fail(null);
  try {
    const schema = await api.post(`${path}/${action}`, body);
    if (action === 'copy') location.href = `/admin/schemas/${schema.id}`; else await page.reload();
  } catch (error) {
    if (action === 'publish' && error.body?.findings) return refused(error.body.findings);
    page.fail(error);
  }
}

/** Findings of the checker are advice, broken rules are not. */
function refused(findings) {
  location.replace('#findings');
  const broken = findings.some((finding) => finding.kind === 'rule');
  if (broken) return say(failure, `Not published: ${plural(findings.length, 'finding')}, see the list.`);
  if (confirm(`The check has ${plural(findings.length, 'finding')}. Publish all the same?`)) act('publish', { force: true });
  return undefined;
}

/** `#preview/12`: the panel, and the question. */
function follow() {
  const [name, qid] = location.hash.slice(1).split('/');
  const tab = byName[name] ? name : 'graph';
  page.selected = qid && page.model?.byQid.has(Number(qid)) ? Number(qid) : null;
  tabs.open(tab);
  document.body.dataset.tab = tab;
  stage.select(page.selected);
  for (const [other, part] of Object.entries(byName)) part.shown?.(other === tab);
  for (const part of parts) part.selected?.(page.selected);
}

window.addEventListener('hashchange', follow);
try {
  page.schema = null;
  const schema = await api.get(path);
  const drawn = page.show(schema);
  follow();
  await drawn;
  follow();
  document.documentElement.dataset.ready = 'true';
} catch (error) {
  document.getElementById('name').textContent = `Schema ${boot.schema}`;
  page.fail(error);
  if (!error.status) throw error;
}
