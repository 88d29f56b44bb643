// Places the nodes beside the page's own thread: a schema of a thousand questions takes a while, and meanwhile the page must stay awake.

import dagre from '../vendor/dagre/dagre.esm.js';

function place({ nodes, edges }) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 46, ranksep: 44, edgesep: 26 });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { id, source, target, width, height, weight } of edges) graph.setEdge(source, target, { width, height, labelpos: 'c', weight, minlen: 1 }, id);
  dagre.layout(graph);
  return {
    height: graph.graph().height,
    nodes: nodes.map(({ id }) => { const { x, y } = graph.node(id); return { id, x, y }; }),
    edges: edges.map(({ id, source, target }) => ({ id, source, target, points: graph.edge(source, target, id)?.points ?? [] })),
  };
}

onmessage = ({ data: { parts, ticket } }) => { postMessage({ ticket, parts: parts.map(place) }); };
