// What the checker says about the schema; a finding shows its way on the graph.

import { h, icon } from '../ui/dom.js';
import { readFinding } from './model.js';
import { api, explain, plural, say } from './words.js';

const MOST = 200;

export class Findings {
  #page; #tally; #ticket = 0; #findings = null; #chosen = null; #shown = false;

  constructor(element, tally, page) {
    this.#page = page;
    this.#tally = tally;
    this.summary = h('p', { role: 'status', 'data-testid': 'findings-summary' }, 'Checking…');
    this.failure = h('p', { class: 'failure', role: 'alert', hidden: true });
    this.list = h('ul', { class: 'findings' });
    this.again = h('button', { type: 'button', class: 'outline-button', onclick: () => this.#check() }, icon('retry'), 'Check again');
    element.append(h('h2', {}, 'Findings'), this.summary, this.failure, this.list, this.again);
  }

  changed() { this.#check(); }

  shown(visible) {
    this.#shown = visible;
    if (this.#page.stage) this.#mark();
  }

  async #check() {
    const ticket = ++this.#ticket;
    this.summary.textContent = 'Checking…';
    try {
      const { findings } = await api.post(`${this.#page.path}/check`);
      if (ticket !== this.#ticket) return;
      say(this.failure, '');
      this.#findings = findings.map((finding) => ({ ...readFinding(finding), kind: finding.kind }));
      this.#chosen = null;
      this.#draw();
    } catch (error) {
      if (ticket !== this.#ticket) return;
      this.summary.textContent = '';
      say(this.failure, explain(error));
    }
  }

  #draw() {
    const count = this.#findings.length;
    this.summary.textContent = count ? `${plural(count, 'finding')}.` : 'Nothing was found: every question is reached, every way leads somewhere.';
    this.#tally.hidden = !count;
    this.#tally.replaceChildren(String(count), h('span', { class: 'hidden' }, count === 1 ? ' finding' : ' findings'));
    this.list.replaceChildren(...this.#findings.slice(0, MOST).map((finding, index) => h('li', {}, h('button', { type: 'button', 'aria-pressed': 'false', 'data-testid': 'finding', onclick: () => this.#choose(index) },
      icon('alert'), h('span', {}, finding.text, finding.path.length > 1 && h('small', {}, finding.path.join(' → ')))))),
    ...(count > MOST ? [h('li', { class: 'quiet' }, `and ${(count - MOST).toLocaleString()} more`)] : []));
    this.#mark();
  }

  #choose(index) {
    this.#chosen = this.#chosen === index ? null : index;
    [...this.list.querySelectorAll('button')].forEach((button, at) => button.setAttribute('aria-pressed', String(at === this.#chosen)));
    this.#mark();
    const finding = this.#findings[this.#chosen];
    const qid = finding && [finding.qid, ...finding.path].find((one) => this.#page.model.byQid.has(one));
    if (qid !== undefined) this.#page.stage.reveal(qid);
  }

  /** What is broken is marked always; the way of the chosen finding while this panel is open. */
  #mark() {
    const { model, stage } = this.#page;
    if (!this.#findings || !model) return;
    const broken = [...model.missing].map((qid) => `missing${qid}`);
    for (const { unreachable, missing, fork, kind, qid, path } of this.#findings) {
      if (unreachable !== null) broken.push(`q${unreachable}`);
      if (missing !== null) broken.push(`missing${missing}`);
      if (fork !== null) broken.push(`q${fork}`);
      if (kind === 'rule' && (qid ?? path[0]) !== undefined) broken.push(`q${qid ?? path[0]}`);
    }
    stage.mark('broken', broken);
    const finding = this.#shown ? this.#findings[this.#chosen] : null;
    const way = finding ? [...finding.path.map((qid) => `q${qid}`), ...finding.path.slice(1).flatMap((qid, index) => model.between(finding.path[index], qid, []).map((edge) => edge.id))] : [];
    if (finding && finding.qid !== null) way.push(`q${finding.qid}`);
    if (finding?.missing != null) way.push(`missing${finding.missing}`);
    stage.mark('finding', way);
  }
}
