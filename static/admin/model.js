// A schema as a graph: questions are nodes, and whatever leads from one to another is an edge. No page in here, only what is true.

export const START = 'start';

/** The most rules of a label that are written out; the side panel has them all. */
const MOST_WORDS = 3;

/** Where a fork's rule leads: its target is an expression, which here is a number nearly always. */
export function targetOf(rule) {
  const text = String(rule?.[0] ?? '').trim();
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  const sum = /^(\d+)\s*([+-])\s*(\d+)$/.exec(text);
  if (sum) return sum[2] === '+' ? Number(sum[1]) + Number(sum[3]) : Number(sum[1]) - Number(sum[3]);
  return null;
}

export function isChoice(question) { return question.type === 'choice' || question.type === 'multichoice'; }

/** All questions by position, those of groups with `group_data`. */
export function questionsOf(schema) {
  const grouped = (schema.groups ?? []).flatMap((group, index) => (group.questions ?? []).map((question) => ({ ...question, group_data: { ...group, index, questions: undefined } })));
  return [...grouped, ...(schema.questions ?? [])].sort((a, b) => a.position - b.position);
}

/** The ways out of a question: `{ target, label, kind, rule }`; `target` is a qid, a negative number for the end, or null if it is worked out. */
export function waysOf(question) {
  if (question.type === 'fork') {
    const rules = (question.forking_rules ?? []).map((rule, index) => ({ target: targetOf(rule), label: String(rule[1] ?? ''), kind: 'rule', rule: index, expression: String(rule[0] ?? '') }));
    // A fork of which no rule fits ends the script.
    return [...rules, { target: -1, label: 'no rule fits', kind: 'else' }];
  }
  if (!isChoice(question)) return [{ target: question.next_qid ?? -1, label: '', kind: 'next' }];
  const answers = (question.answers ?? []).map((answer) => ({ target: answer.next_qid ?? -1, label: answer.text, kind: 'answer', answer: answer.id }));
  // Surveys follow the question's own way as well, whatever is chosen.
  const own = question.next_qid > 0 ? [{ target: question.next_qid, label: 'always', kind: 'own' }] : [];
  return answers.length || own.length ? [...answers, ...own] : [{ target: -1, label: '', kind: 'next' }];
}

export class Model {
  constructor(schema) {
    this.schema = schema;
    this.questions = questionsOf(schema);
    this.byQid = new Map(this.questions.map((question) => [question.qid, question]));
    this.byId = new Map(this.questions.map((question) => [question.id, question]));
    this.groups = [...(schema.groups ?? [])];
    this.first = this.questions[0] ?? null;
    this.missing = new Set();
    this.edges = this.#edges();
  }

  /** Each question that ends the script has an end of its own beside it: one for all would draw lines across the whole picture. */
  #nodeOf(target, source) {
    if (target === null) return `computed${source.qid}`;
    if (target < 0) return `end${source.qid}`;
    return this.byQid.has(target) ? `q${target}` : `missing${target}`;
  }

  /** One edge for each pair of nodes and kind of way; its label has the words of all of its ways. */
  #edges() {
    const edges = new Map();
    for (const question of this.questions) {
      for (const way of waysOf(question)) {
        const target = this.#nodeOf(way.target, question);
        if (target.startsWith('missing')) this.missing.add(way.target);
        const key = `q${question.qid}>${target}>${way.kind}`;
        const edge = edges.get(key) ?? { id: key, source: `q${question.qid}`, target, kind: way.kind, labels: [] };
        if (way.label) edge.labels.push(way.label);
        edges.set(key, edge);
      }
    }
    if (this.first) edges.set(START, { id: `${START}>`, source: START, target: `q${this.first.qid}`, kind: 'start', labels: [] });
    return [...edges.values()];
  }

  /** The nodes that are no questions: `{ id, kind }`, kind being start, end, computed or missing. */
  get extras() {
    const ids = new Set(this.edges.flatMap((edge) => [edge.source, edge.target]));
    return [...ids].filter((id) => !id.startsWith('q')).map((id) => ({ id, kind: /^[a-z]+/.exec(id)[0] }));
  }

  /** The questions from which one comes here. */
  sourcesOf(qid) {
    const sources = this.edges.filter((edge) => edge.target === `q${qid}` && edge.kind !== 'start');
    return [...new Set(sources.map((edge) => edge.source))].map((id) => this.byQid.get(Number(id.slice(1))));
  }

  /** The edges that were gone along from one question to another: straight, or through forks and messages in between. */
  between(from, to, through = ['fork', 'message']) {
    const reached = (node) => (to === null ? node.startsWith('end') : node === `q${to}`);
    const came = new Map([[`q${from}`, null]]);
    const open = [`q${from}`];
    while (open.length) {
      const node = open.shift();
      for (const edge of this.edges.filter((edge) => edge.source === node)) {
        if (reached(edge.target)) return this.#trail(came, edge);
        const next = this.byQid.get(Number(edge.target.slice(1)));
        if (came.has(edge.target) || !next || !through.includes(next.type)) continue;
        came.set(edge.target, edge);
        open.push(edge.target);
      }
    }
    return [];
  }

  #trail(came, last) {
    const trail = [last];
    for (let edge = came.get(last.source); edge; edge = came.get(edge.source)) trail.unshift(edge);
    return trail;
  }

  search(text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return [];
    const exact = /^#?\d+$/.test(wanted) ? this.byQid.get(Number(wanted.replace('#', ''))) : null;
    const found = this.questions.filter((question) => question !== exact && [question.text, question.group_data?.name, ...(question.answers ?? []).map((answer) => answer.text)]
      .some((words) => String(words ?? '').toLowerCase().includes(wanted)));
    return exact ? [exact, ...found] : found;
  }
}

export function labelOf(edge) {
  const { labels } = edge;
  if (labels.length <= MOST_WORDS) return labels.join(' / ');
  return `${labels.slice(0, MOST_WORDS - 1).join(' / ')} / ${labels.length - MOST_WORDS + 1} more`;
}

/** What the checker's words are about: `{ text, path, missing, unreachable, qid }`. */
export function readFinding({ text, path }) {
  const number = (pattern) => { const found = pattern.exec(text); return found ? Number(found[1]) : null; };
  const fork = /^Unreachable condition "(.*)" in fork with QID (-?\d+)/.exec(text);
  const unreachable = number(/^No path to question with QID (-?\d+)/);
  const missing = number(/^Question with QID (-?\d+) does not exist/);
  const loop = /Path: (.*)$/.exec(text);
  const steps = path?.length ? path : loop ? loop[1].split(',').map(Number).filter(Number.isFinite) : [];
  return { text, path: steps, unreachable, missing, fork: fork && Number(fork[2]), condition: fork?.[1] ?? null, qid: unreachable ?? (fork ? Number(fork[2]) : steps.at(-1) ?? null) };
}
