// The graph of a schema: drawn by Cytoscape.js, placed by dagre in a worker. What it shows is told to it; what is pointed at it tells.

import cytoscape from '../vendor/cytoscape/cytoscape.esm.min.mjs';
import { arrange, rough } from './arrange.js';
import { face, lookOf, MARKS } from './graph-look.js';
import { labelOf } from './model.js';
import { KINDS, clip, plural } from './words.js';

const WIDTH = 236;
const HEIGHT = 72;
const SMALL = { start: [30, 30], end: [46, 26], computed: [96, 30], missing: [120, 34] };
const MOST_TEXT = 58;
/** Above this many questions a rough picture is shown while the good one is worked out. */
const MANY = 120;
/** The smallest zoom at which a schema is shown whole at the beginning; larger ones begin at their beginning. */
const READABLE = 0.42;

export class Graph {
  #cy = null; #options; #model = null; #ticket = 0; #quiet = matchMedia('(prefers-reduced-motion: reduce)');

  /** Options: `select(qid or null)`, `status(text)`. */
  constructor(element, options) {
    this.element = element;
    this.#options = options;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#dress());
    element.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.#cy?.resize()).observe(element);
  }

  /** For tests and for the curious: what is drawn. */
  get drawn() { return this.#cy; }

  /** Draws a schema. With `keep` the view stays where it is: the same schema, a little different. */
  async show(model, { keep = false } = {}) {
    this.#model = model;
    const ticket = ++this.#ticket;
    const view = keep && this.#cy ? { zoom: this.#cy.zoom(), pan: { ...this.#cy.pan() } } : null;
    const nodes = this.#nodes(model);
    const edges = this.#edges(model);
    this.element.dataset.ready = 'false';
    if (!nodes.length) { this.#cy?.destroy(); this.#cy = null; this.element.dataset.ready = 'true'; return; }
    const many = model.questions.length > MANY;
    if (many && !view) {
      this.#options.status(`Placing ${model.questions.length.toLocaleString()} questions…`);
      this.#draw(nodes, edges, rough(nodes, edges), view);
    }
    const placed = await arrange(nodes, edges);
    if (ticket !== this.#ticket) return;
    this.#options.status('');
    if (placed || !this.#cy) this.#draw(nodes, edges, placed ?? rough(nodes, edges), view);
    this.element.dataset.ready = 'true';
    this.element.dataset.nodes = model.questions.length;
    this.element.dataset.edges = model.edges.length;
  }

  #nodes(model) {
    const questions = model.questions.map((question) => ({
      id: `q${question.qid}`, width: WIDTH, height: HEIGHT, classes: `question ${question.type}`,
      data: { qid: question.qid, kind: question.type, tint: question.group_data ? question.group_data.index % 8 : -1, label: `${question.qid} · ${KINDS[question.type] ?? question.type}${question.required ? ' *' : ''}\n${clip(question.text, MOST_TEXT) || (question.type === 'fork' ? plural(question.forking_rules?.length ?? 0, 'rule') : '–')}` },
    }));
    const extras = model.extras.map(({ id, kind }) => ({
      id, width: SMALL[kind][0], height: SMALL[kind][1], classes: kind,
      data: { label: { start: '', end: 'End', computed: 'worked out', missing: `No ${id.replace('missing', '')}` }[kind] },
    }));
    return [...questions, ...extras];
  }

  #edges(model) {
    return model.edges.map((edge) => {
      const label = clip(labelOf(edge), 44);
      return { ...edge, label, width: label ? Math.min(150, label.length * 6.2 + 10) : 0, height: label ? 18 : 0, weight: edge.kind === 'start' || edge.kind === 'next' ? 3 : 1 };
    });
  }

  #draw(nodes, edges, { at, bends }, view) {
    const selected = this.selected;
    this.#cy?.destroy();
    this.#cy = cytoscape({
      container: this.element, minZoom: 0.03, maxZoom: 2.5, autoungrabify: true, boxSelectionEnabled: false, selectionType: 'single',
      textureOnViewport: nodes.length > 400, hideEdgesOnViewport: nodes.length > 1_500, pixelRatio: nodes.length > 400 ? 1 : 'auto',
      layout: { name: 'preset' }, style: lookOf(),
      elements: [
        ...nodes.map((node) => ({ group: 'nodes', classes: node.classes, position: at.get(node.id), data: { ...node.data, id: node.id, width: node.width, height: node.height, face: node.data.kind ? face(node.data.kind, node.data.tint) : undefined } })),
        ...edges.map((edge) => ({ group: 'edges', classes: [edge.kind, bends.get(edge.id) ? 'bent' : '', edge.source === edge.target ? 'loop' : ''].join(' '), selectable: false, data: { id: edge.id, source: edge.source, target: edge.target, label: edge.label, ...bends.get(edge.id) } })),
      ],
    });
    this.#cy.on('tap', 'node.question', ({ target }) => this.#options.select(target.data('qid')));
    this.#cy.on('tap', (event) => { if (event.target === this.#cy) this.#options.select(null); });
    for (const [kind, marks] of this.#marks) this.#apply(kind, marks);
    this.#count(this.#counts);
    if (view) this.#cy.viewport(view); else this.begin();
    if (selected !== null) this.#mark(selected);
  }

  #dress() {
    if (!this.#cy) return;
    this.#cy.nodes('.question').forEach((node) => node.data('face', face(node.data('kind'), node.data('tint'))));
    this.#cy.style(lookOf());
  }

  // ---- the view ---------------------------------------------------------------------------------------------------------

  /** The whole schema if it can be read then, else its beginning. */
  begin() {
    const cy = this.#cy;
    cy.resize();
    cy.fit(cy.elements(), 24);
    if (cy.zoom() > 1) { cy.zoom(1); cy.center(); }
    if (cy.zoom() >= READABLE || !this.#model.first) return;
    const first = cy.$id(`q${this.#model.first.qid}`).position();
    cy.zoom(Math.min(0.8, Math.max(READABLE, cy.width() / 560)));
    cy.pan({ x: cy.width() / 2 - first.x * cy.zoom(), y: 70 - (first.y - HEIGHT) * cy.zoom() });
  }

  fit() { this.#move({ fit: { eles: this.#cy?.elements(), padding: 24 } }); }

  zoom(factor) {
    if (this.#cy) this.#cy.zoom({ level: this.#cy.zoom() * factor, renderedPosition: { x: this.#cy.width() / 2, y: this.#cy.height() / 2 } });
  }

  #move(how) {
    if (!this.#cy) return;
    this.#cy.stop();
    this.#cy.animate({ ...how, duration: this.#quiet.matches ? 0 : 220, easing: 'ease-out-cubic' });
  }

  /** Brings a question into sight, if it is not. */
  reveal(qid, { always = false } = {}) {
    const node = this.#cy?.$id(`q${qid}`);
    if (!node?.length) return;
    const box = node.renderedBoundingBox({ includeOverlays: false });
    const seen = box.x1 > 0 && box.y1 > 0 && box.x2 < this.#cy.width() && box.y2 < this.#cy.height();
    if (always || !seen || this.#cy.zoom() < 0.3) this.#move({ center: { eles: node }, zoom: Math.max(this.#cy.zoom(), 0.75) });
  }

  // ---- marks ------------------------------------------------------------------------------------------------------------

  #marks = new Map(); #counts = new Map();

  get selected() { return this.#cy?.nodes('.chosen').first().data('qid') ?? null; }

  select(qid) {
    this.#cy?.elements().removeClass('chosen near');
    if (qid === null || !this.#cy) return;
    this.#mark(qid);
    this.reveal(qid);
  }

  #mark(qid) {
    const node = this.#cy.$id(`q${qid}`);
    node.addClass('chosen');
    node.connectedEdges().addClass('near');
  }

  /** `kind` is one of MARKS; nodes and edges by id. What had the mark before loses it. */
  mark(kind, ids) {
    this.#marks.set(kind, ids);
    if (this.#cy) this.#apply(kind, ids);
  }

  #apply(kind, ids) {
    const wanted = new Set(ids);
    this.#cy.batch(() => {
      this.#cy.elements(`.${MARKS[kind]}`).forEach((element) => { if (!wanted.has(element.id())) element.removeClass(MARKS[kind]); });
      for (const id of wanted) this.#cy.$id(id).addClass(MARKS[kind]);
    });
  }

  /** How many stand at each question, by qid; an empty map takes the badges away. */
  count(counts) {
    this.#counts = counts;
    if (this.#cy) this.#count(counts);
  }

  #count(counts) {
    this.#cy.batch(() => {
      this.#cy.nodes('.badge').forEach((badge) => { if (!counts.get(badge.data('of'))) badge.remove(); });
      for (const [qid, count] of counts) {
        const node = this.#cy.$id(`q${qid}`);
        if (!count || !node.length) continue;
        const label = count.toLocaleString();
        const badge = this.#cy.$id(`badge${qid}`);
        if (badge.length) { badge.data({ label, width: 16 + label.length * 8 }); continue; }
        this.#cy.add({ group: 'nodes', classes: 'badge', selectable: false, position: { x: node.position('x') + WIDTH / 2 - 6, y: node.position('y') - HEIGHT / 2 + 2 }, data: { id: `badge${qid}`, of: qid, label, width: 16 + label.length * 8, height: 24 } });
      }
    });
  }

  // ---- keyboard ---------------------------------------------------------------------------------------------------------

  /** Arrows go along the edges: down to what follows, up to where one comes from, aside to the next by position. */
  #key(event) {
    const { questions, byQid, first } = this.#model ?? {};
    if (!first || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '+' || event.key === '-') { event.preventDefault(); return this.zoom(event.key === '+' ? 1.25 : 0.8); }
    if (event.key === '0') return this.fit();
    const at = this.selected === null ? null : byQid.get(this.selected);
    const place = at ? questions.indexOf(at) : -1;
    const followed = () => this.#model.edges.find((edge) => edge.source === `q${at.qid}` && edge.target.startsWith('q'))?.target.slice(1);
    const next = {
      ArrowDown: () => (at ? byQid.get(Number(followed())) : first), ArrowUp: () => (at ? this.#model.sourcesOf(at.qid)[0] : first),
      ArrowRight: () => questions[place + 1], ArrowLeft: () => questions[Math.max(0, place - 1)], Home: () => first, End: () => questions.at(-1),
    }[event.key];
    if (event.key === 'Escape' && at) this.#options.select(null);
    if (!next) return undefined;
    event.preventDefault();
    const question = next();
    if (question) this.#options.select(question.qid);
    return undefined;
  }
}
