// Where the nodes go: well, by dagre in a worker; or roughly and at once.

/** How long the good picture may take; after that the rough one stays. */
const PATIENCE = 60_000;
/** In large schemas, edges over more ranks than this do not take part in placing: they cost much and tidy little. */
const FAR = 24;
const LARGE = 300;

let worker = null;
let tickets = 0;
const waiting = new Map();

function begin() {
  worker = new Worker(new URL('./layout-worker.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => { waiting.get(data.ticket)?.(data); waiting.delete(data.ticket); };
  worker.onerror = (event) => {
    console.warn('The graph could not be placed.', event.message);
    for (const done of waiting.values()) done(null);
    waiting.clear();
    worker = null;
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
  const ranks = ranksOf(nodes, edges);
  const taking = nodes.length > LARGE ? edges.filter((edge) => Math.abs(ranks.get(edge.target) - ranks.get(edge.source)) <= FAR) : edges;
  const timer = setTimeout(end, PATIENCE);
  const data = await new Promise((done) => {
    waiting.set(ticket, done);
    worker.postMessage({
      ticket, nodes: nodes.map(({ id, width, height }) => ({ id, width, height })),
      edges: taking.map(({ id, source, target, width, height, weight }) => ({ id, source, target, width, height, weight })),
    });
  });
  clearTimeout(timer);
  if (!data) return null;
  const at = new Map(data.nodes.map(({ id, x, y }) => [id, { x, y }]));
  const bends = new Map(data.edges.map(({ id, source, target, points }) => [id, bend(at.get(source), at.get(target), points, source === target)]));
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
  return { weights: weights.join(' '), distances: distances.map((distance) => -distance).join(' ') };
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

/** Rank by rank, without any further thought. */
export function rough(nodes, edges) {
  const ranks = ranksOf(nodes, edges);
  const rows = Map.groupBy ? Map.groupBy(nodes, ({ id }) => ranks.get(id)) : grouped(nodes, ({ id }) => ranks.get(id));
  const at = new Map();
  for (const [rank, row] of rows) row.forEach(({ id }, index) => at.set(id, { x: (index - (row.length - 1) / 2) * 290, y: rank * 140 }));
  return { at, bends: new Map() };
}

function grouped(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
