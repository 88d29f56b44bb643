// Assisted driving: puts another member of the conversation into a script, shows where they are in it, and takes them back.

import { explain } from '../tertulia-client.js';
import { h, icon } from '../ui/dom.js';
import { nameOf } from '../ui/text.js';
import { customers } from './people.js';

/** The right to control others. */
export const CONTROL_OTHERS = 512;
const MOST_SCHEMAS = 200;
const NAMES = { open: 'Talks freely', assisted: 'Assisted', scripted: 'In a script', scripted_fe_controlled: 'In a script', closed: 'Closed' };

function isScripted(state) { return state === 'scripted' || state === 'scripted_fe_controlled'; }

export class ScriptPanel {
  #desk; #thread = null; #user = null; #told = null; #ticket = 0; #schemas = new Map(); #listed = null; #busy = false;

  constructor(desk) {
    this.#desk = desk;
    this.button = h('button', { type: 'button', class: 'outline-button', 'aria-expanded': 'false', 'aria-controls': 'script-panel', 'data-testid': 'script-toggle', hidden: true, onclick: () => this.#toggle() }, 'Script');
    this.#build();
    desk.client.on('member', (told) => { if (told.thread === this.#thread?.id && told.user === this.#user) this.#take(told); });
    desk.client.on('connection', (state) => { if (state === 'online') this.#look(); });
  }

  #build() {
    this.members = h('select', { 'data-testid': 'script-member', onchange: () => { this.#user = Number(this.members.value); this.#told = null; this.#draw(); this.#look(); } });
    this.memberField = h('label', { class: 'script-field' }, h('span', {}, 'Who'), this.members);
    this.state = h('p', { class: 'script-state', role: 'status', 'data-testid': 'script-state' });
    this.asked = h('p', { class: 'script-asked', 'data-testid': 'script-question' });
    this.progress = h('progress', { max: '1', 'aria-label': 'Progress', 'data-testid': 'script-progress' });
    this.variables = h('dl', { class: 'script-variables', 'aria-label': 'Variables', 'data-testid': 'script-variables' });
    this.back = h('button', { type: 'button', class: 'outline-button', 'data-testid': 'script-take-back', onclick: () => this.#change({ state: 'open' }) }, 'Take back');
    this.schema = h('select', { required: true, 'data-testid': 'script-schema', onchange: () => this.#places() });
    this.place = h('select', { 'data-testid': 'script-place' });
    this.start = h('button', { type: 'submit', class: 'solid-button', 'data-testid': 'script-start' }, 'Put into the script');
    this.failure = h('p', { class: 'failure', role: 'alert', hidden: true, 'data-testid': 'script-failure' });
    this.form = h('form', { class: 'script-form', onsubmit: (event) => { event.preventDefault(); this.#begin(); } },
      h('label', { class: 'script-field' }, h('span', {}, 'Script'), this.schema), h('label', { class: 'script-field' }, h('span', {}, 'From'), this.place), this.start);
    this.element = h('section', { class: 'script-panel', id: 'script-panel', 'aria-label': 'Script', hidden: true, 'data-testid': 'script-panel',
      onkeydown: (event) => { if (event.key === 'Escape') { this.#open(false); this.button.focus(); } } },
    h('div', { class: 'script-now' }, this.memberField, h('div', { class: 'script-where' }, this.state, this.asked), this.back,
      h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close the script panel', onclick: () => { this.#open(false); this.button.focus(); } }, icon('close'))),
    this.progress, this.variables, this.failure, this.form);
  }

  /** The conversation that is shown now. */
  enter(thread) {
    if (thread === this.#thread) return;
    this.#thread = thread;
    this.#told = null;
    this.#user = null;
    this.#say('');
    this.render();
    if (!this.element.hidden) this.#look();
  }

  render() {
    const may = Boolean((this.#thread?.data.permissions ?? 0) & CONTROL_OTHERS) && this.#people().length > 0;
    this.button.hidden = !may;
    if (!may) this.#open(false);
    else this.#showPeople();
  }

  /** Whoever is no colleague comes first: they are the ones to be asked. */
  #people() {
    const others = (this.#thread?.data.users_data ?? []).filter((account) => account.id !== this.#desk.client.account.id);
    const first = this.#thread ? customers(this.#thread, this.#desk) : [];
    return [...others.filter((account) => first.includes(account)), ...others.filter((account) => !first.includes(account))];
  }

  #showPeople() {
    const people = this.#people();
    if (!people.some(({ id }) => id === this.#user)) { this.#user = people[0].id; this.#told = null; }
    const key = people.map((account) => `${account.id}:${nameOf(account, '')}`).join('|');
    if (this.members.dataset.key !== key) {
      this.members.dataset.key = key;
      this.members.replaceChildren(...people.map((account) => h('option', { value: account.id }, nameOf(account, `Visitor ${account.id}`))));
    }
    this.members.value = String(this.#user);
  }

  #toggle() {
    this.#open(this.element.hidden);
    if (!this.element.hidden) { this.#list(); this.#look(); (this.memberField.hidden ? this.schema : this.members).focus(); }
  }

  #open(open) {
    this.element.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
  }

  get #path() { return `/api/threads/${this.#thread.id}/users/${this.#user}`; }

  async #look() {
    if (this.element.hidden || !this.#thread || !this.#user) return;
    const ticket = ++this.#ticket;
    try {
      const told = await this.#desk.client.api.get(`${this.#path}/script`);
      if (ticket === this.#ticket) this.#take(told);
    } catch (error) { if (ticket === this.#ticket) this.#fail(error); }
  }

  /** Frames and answers may overtake one another; the newer one stays. */
  #take(told) {
    if (this.#told && this.#told.user === told.user && told.rev < this.#told.rev) return;
    this.#told = told;
    this.#draw();
  }

  async #draw() {
    const told = this.#told;
    const inScript = told !== null && isScripted(told.state);
    this.back.hidden = !inScript;
    this.form.hidden = told === null || told.state === 'closed';
    this.start.textContent = inScript ? 'Put there' : 'Put into the script';
    setText(this.state, told === null ? '…' : inScript ? `In “${told.schema_name ?? 'a script'}”` : NAMES[told.state] ?? told.state);
    this.progress.hidden = !inScript || typeof told?.progress !== 'number';
    if (!this.progress.hidden) this.progress.value = told.progress;
    const pool = Object.entries(inScript ? told.variables_pool ?? {} : {});
    this.variables.hidden = !pool.length;
    this.variables.replaceChildren(...pool.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, typeof value === 'string' ? value : JSON.stringify(value))]));
    if (!inScript || !told.question) { setText(this.asked, ''); return; }
    const question = (await this.#schemaOf(told.schema))?.questions.get(told.question);
    if (this.#told === told) setText(this.asked, question ? `${question.qid} · ${question.text || '–'}` : `Question ${told.question}`);
  }

  // ---- what one can choose ----------------------------------------------------------------------------------------------

  async #list() {
    if (this.#listed) return;
    this.#listed = this.#desk.client.api.get(`/api/schemas?published=true&deprecated=false&newest=true&limit=${MOST_SCHEMAS}`);
    try {
      const { results } = await this.#listed;
      this.schema.replaceChildren(h('option', { value: '' }, results.length ? 'Choose a script' : 'Nothing is published'), ...results.map((schema) => h('option', { value: schema.id }, `${schema.name} · v${schema.version}`)));
    } catch (error) { this.#listed = null; this.#fail(error); }
    this.#places();
  }

  async #schemaOf(id) {
    if (!this.#schemas.has(id)) {
      this.#schemas.set(id, this.#desk.client.api.get(`/api/schemas/${id}`).then((schema) => {
        const all = [...schema.groups.flatMap((group) => group.questions), ...schema.questions];
        return { groups: schema.groups, loose: schema.questions, questions: new Map(all.map((question) => [question.id, question])) };
      }));
    }
    try { return await this.#schemas.get(id); } catch { this.#schemas.delete(id); return null; }
  }

  async #places() {
    const id = Number(this.schema.value);
    const beginning = h('option', { value: '' }, 'The beginning');
    this.place.replaceChildren(beginning);
    if (!id) return;
    const schema = await this.#schemaOf(id);
    if (!schema || Number(this.schema.value) !== id) return;
    const option = (question) => h('option', { value: `question:${question.id}` }, `${question.qid} · ${question.text.slice(0, 70) || question.type}`);
    this.place.replaceChildren(beginning,
      ...schema.groups.map((group) => h('optgroup', { label: group.name }, h('option', { value: `group:${group.id}` }, `All of “${group.name}”`), group.questions.filter(isAsked).map(option))),
      ...(schema.loose.length ? [schema.groups.length ? h('optgroup', { label: 'Others' }, schema.loose.filter(isAsked).map(option)) : schema.loose.filter(isAsked).map(option)].flat() : []));
  }

  #begin() {
    const [kind, id] = this.place.value.split(':');
    this.#change({ state: 'scripted', schema: Number(this.schema.value), ...(kind && { [kind]: Number(id) }) });
  }

  async #change(body) {
    if (this.#busy || !this.#thread) return;
    this.#busy = true;
    this.#say('');
    try {
      await this.#desk.client.api.patch(this.#path, body);
      await this.#look();
    } catch (error) { this.#fail(error); }
    this.#busy = false;
  }

  #fail(error) {
    if (!error.status) this.#say('No connection. Please try again.');
    else this.#say(explain({ status: error.status, fields: error.status === 400 ? error.body : null, detail: error.message }));
  }

  #say(text) {
    this.failure.textContent = text;
    this.failure.hidden = !text;
  }
}

function isAsked(question) { return question.type !== 'fork'; }

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }
