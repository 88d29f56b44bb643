// Where the nodes go: well, by dagre in a worker; or roughly and at once.
//
// The cost of placing grows much faster than the number of questions, so a large schema is cut into bands of ranks. Each is placed by
// itself, and they are put below one another; what leads from one band to another is drawn, but takes no part in placing.

/** How long the good picture may take; after that the rough one stays. */
const PATIENCE = 60_000;
const LARGE = 160;
/** About so many nodes are in a band. */
const BAND = 90;
const GAP = 90;

let worker = null;
let tickets = 0;
const waiting = new Map();

function begin() {
  worker = new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => { waiting.get(data.ticket)?.(data.parts); waiting.delete(data.ticket); };
  worker.onerror = (event) => {
    console.warn('The graph could not be placed.', event.message);
    end();
  };
}

function end() {
  worker?.terminate();
  worker = null;
  for (const done of waiting.values()) done(null);
  waiting.clear();
}

/** `{ at, bends }` by id, or null when it cannot be had. A newer request takes the place of one that still runs. */
export async function arrange(nodes, edges) {
  if (waiting.size) end();
  if (!worker) begin();
  const ticket = ++tickets;
  const parts = nodes.length > LARGE ? bands(nodes, edges) : [{ nodes, edges }];
  const timer = setTimeout(end, PATIENCE);
  const placed = await new Promise((done) => {
    waiting.set(ticket, done);
    worker.postMessage({ ticket, parts: parts.map((part) => ({
      nodes: part.nodes.map(({ id, width, height }) => ({ id, width, height })),
      edges: part.edges.map(({ id, source, target, width, height, weight }) => ({ id, source, target, width, height, weight })),
    })) });
  });
  clearTimeout(timer);
  return placed && stitched(placed, edges);
}

/** Puts the bands below one another, each where most of its edges from above come from. */
function stitched(parts, edges) {
  const at = new Map();
  const bends = new Map();
  let top = 0;
  for (const part of parts) {
    const own = new Map(part.nodes.map(({ id, x, y }) => [id, { x, y }]));
    const shifts = edges.filter(({ source, target }) => at.has(source) && own.has(target)).map(({ source, target }) => at.get(source).x - own.get(target).x).sort((a, b) => a - b);
    const aside = shifts[Math.floor(shifts.length / 2)] ?? 0;
    for (const [id, { x, y }] of own) at.set(id, { x: x + aside, y: y + top });
    for (const { id, source, target, points } of part.edges) bends.set(id, bend(own.get(source), own.get(target), points, source === target));
    top += part.height + GAP;
  }
  return { at, bends };
}

/** The corners of an edge as Cytoscape takes them: how far along the straight line, and how far beside it. */
function bend(from, to, points, loop) {
  const inner = points.slice(1, -1);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  if (loop || !length || !inner.length) return null;
  const weights = inner.map(({ x, y }) => ((x - from.x) * dx + (y - from.y) * dy) / length ** 2);
  const distances = inner.map(({ x, y }) => ((y - from.y) * dx - (x - from.x) * dy) / length);
  // a straight line needs no corners
  if (distances.every((distance) => Math.abs(distance) < 1)) return null;
  return { weights: weights.join(' '), distances: distances.join(' ') };
}

/** How many steps each node is from a beginning, by the shortest way. */
function ranksOf(nodes, edges) {
  const out = new Map(nodes.map(({ id }) => [id, []]));
  for (const { source, target } of edges) out.get(source).push(target);
  const ranks = new Map();
  for (const { id } of [...nodes.filter(({ id }) => id === 'start'), ...nodes]) {
    if (ranks.has(id)) continue;
    ranks.set(id, 0);
    const open = [id];
    for (let at = 0; at < open.length; at += 1) {
      for (const next of out.get(open[at])) {
        if (ranks.has(next)) continue;
        ranks.set(next, ranks.get(open[at]) + 1);
        open.push(next);
      }
    }
  }
  return ranks;
}

function byRank(nodes, edges) {
  const ranks = ranksOf(nodes, edges);
  const rows = new Map();
  for (const node of nodes) rows.set(ranks.get(node.id), [...(rows.get(ranks.get(node.id)) ?? []), node]);
  return [...rows].sort(([one], [other]) => one - other).map(([, row]) => row);
}

function bands(nodes, edges) {
  const found = [[]];
  for (const row of byRank(nodes, edges)) {
    // a rank that is a band's size by itself is cut as well
    for (let start = 0; start < row.length; start += BAND) {
      if (found.at(-1).length >= BAND) found.push([]);
      found.at(-1).push(...row.slice(start, start + BAND));
    }
  }
  const home = new Map(found.flatMap((band, index) => band.map(({ id }) => [id, index])));
  // an end stands beside the question that ends
  for (const { source, target } of edges) if (!target.startsWith('q')) home.set(target, home.get(source));
  return found.map((_, index) => ({
    nodes: nodes.filter(({ id }) => home.get(id) === index),
    edges: edges.filter(({ source, target }) => home.get(source) === index && home.get(target) === index),
  }));
}

/** Rank by rank, without any further thought. */
export function rough(nodes, edges) {
  const at = new Map();
  byRank(nodes, edges).forEach((row, rank) => row.forEach(({ id }, index) => at.set(id, { x: (index - (row.length - 1) / 2) * 290, y: rank * 140 })));
  return { at, bends: new Map() };
}
