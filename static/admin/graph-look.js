// How the graph looks, light and dark: its colours are those of the page.

/** What may be marked, and the class that shows it. */
export const MARKS = { walked: 'walked', current: 'current', broken: 'broken', finding: 'finding' };

/** One colour for each group, light and dark; after eight they begin again. */
export const TINTS = {
  light: ['#0f6b5c', '#3a5bb8', '#a8441f', '#7a3f9a', '#8a6a00', '#b0306a', '#2b7a8c', '#56702a'],
  dark: ['#6fcdb9', '#8fb0ff', '#ffa37d', '#d3a4ee', '#e3c25c', '#ff94c2', '#7fd0e2', '#b2cf83'],
};

export function isDark() { return matchMedia('(prefers-color-scheme: dark)').matches; }

export function tintOf(index) { return index < 0 ? (isDark() ? '#a6abb3' : '#5b626b') : TINTS[isDark() ? 'dark' : 'light'][index % 8]; }

const SIGNS = {
  choice: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z', multichoice: 'M5 5h14v14H5zM8.5 12l2.5 2.5 4.8-5',
  text: 'M5 7V5h14v2M12 5v14M9.5 19h5', date: 'M5 6h14v13H5zM5 10h14M9 4v3M15 4v3', time: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.3l3 1.7',
  datetime: 'M5 6h14v13H5zM5 10h14M9 4v3M15 4v3M12 12.5v2.2l1.8 1', int: 'M9.5 5l-2 14M16.5 5l-2 14M5.5 9.5h14M4.5 14.5h14', float: 'M5 8l3-2v12M12 17.8v.2M15 8a2.5 4 0 0 1 5 0v6a2.5 4 0 0 1-5 0z',
  range: 'M4 12h16M9 9v6M9 12h.1M15 12h.1', message: 'M4 5h16v11H10l-5 4v-4H4z', control: 'M5 12.5l4.5 4.5L19 7.5', fork: 'M12 20v-7M12 13L6 7M12 13l6-6M6 7v3.6M6 7h3.6M18 7v3.6M18 7h-3.6',
};

/** The picture at the left of a node: the group's colour and the sign of the kind. */
export function face(kind, tint) {
  const colour = tintOf(tint);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="44" height="72" viewBox="0 0 44 72"><rect width="44" height="72" fill="${colour}" fill-opacity=".14"/><rect width="5" height="72" fill="${colour}"/><path transform="translate(12.5 24)" d="${SIGNS[kind] ?? SIGNS.text}" fill="none" stroke="${colour}" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}

/** The sign of a kind as an element, for tables and headings. */
export function sign(kind) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 24 24', class: 'sign', 'aria-hidden': 'true' })) svg.setAttribute(name, value);
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', SIGNS[kind] ?? SIGNS.text);
  svg.append(path);
  return svg;
}

/** The style sheet of Cytoscape, in the colours that the page has now. */
export function lookOf() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const [surface, text, muted, line, brand, danger] = ['--tt-surface', '--tt-text', '--tt-muted', '--tt-control', '--brand', '--tt-danger'].map(colour);
  const page = colour('--page');
  const font = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
  return [
    { selector: 'node', style: { width: 'data(width)', height: 'data(height)', label: 'data(label)', 'font-family': font, 'font-size': 12.5, color: text, 'background-color': surface, 'border-width': 1, 'border-color': line, 'min-zoomed-font-size': 5, 'overlay-opacity': 0 } },
    { selector: 'node.question', style: {
      shape: 'round-rectangle', 'corner-radius': 10, 'background-image': 'data(face)', 'background-position-x': 0, 'background-width': 44, 'background-height': 72, 'background-clip': 'node', 'background-image-containment': 'inside',
      'text-wrap': 'wrap', 'text-max-width': 176, 'text-justification': 'left', 'text-halign': 'right', 'text-valign': 'center', 'text-margin-x': -184, 'line-height': 1.25 } },
    { selector: 'node.fork', style: { shape: 'cut-rectangle', 'border-style': 'dashed' } },
    { selector: 'node.start', style: { shape: 'ellipse', 'background-color': brand, 'border-width': 0 } },
    { selector: 'node.end', style: { shape: 'round-rectangle', 'corner-radius': 13, 'text-valign': 'center', 'font-size': 11.5, color: muted, 'background-color': page } },
    { selector: 'node.computed', style: { shape: 'round-rectangle', 'text-valign': 'center', 'font-style': 'italic', color: muted, 'border-style': 'dashed' } },
    { selector: 'node.missing', style: { shape: 'round-rectangle', 'text-valign': 'center', color: danger, 'border-color': danger, 'border-width': 2, 'border-style': 'dashed', 'font-weight': 600 } },
    { selector: 'node.badge', style: { shape: 'round-rectangle', 'corner-radius': 12, 'background-color': colour('--tt-accent'), color: '#fff', 'border-width': 2, 'border-color': page, 'text-valign': 'center', 'font-weight': 700, 'font-size': 13, events: 'no', 'z-index': 20, 'min-zoomed-font-size': 0 } },
    { selector: 'edge', style: {
      width: 1.5, 'line-color': line, 'target-arrow-color': line, 'target-arrow-shape': 'triangle', 'arrow-scale': .9, 'curve-style': 'bezier', label: 'data(label)', 'font-family': font, 'font-size': 11.5, color: muted,
      'text-background-color': page, 'text-background-opacity': 1, 'text-background-padding': 3, 'text-max-width': 150, 'text-wrap': 'wrap', 'min-zoomed-font-size': 6, events: 'no' } },
    { selector: 'edge.bent', style: { 'curve-style': 'round-segments', 'segment-weights': 'data(weights)', 'segment-distances': 'data(distances)', 'segment-radii': 18, 'edge-distances': 'node-position' } },
    { selector: 'edge.loop', style: { 'loop-direction': '90deg', 'loop-sweep': '35deg', 'control-point-step-size': 190 } },
    { selector: 'edge.else, edge.own', style: { 'line-style': 'dashed' } },
    { selector: 'edge.start', style: { 'line-color': brand, 'target-arrow-color': brand } },
    { selector: 'edge.near', style: { 'line-color': brand, 'target-arrow-color': brand, width: 2.5, color: text, 'z-index': 5 } },
    { selector: '.broken', style: { 'border-color': danger, 'border-width': 2.5, 'line-color': danger, 'target-arrow-color': danger } },
    { selector: '.finding', style: { 'border-color': danger, 'border-width': 3.5, 'line-color': danger, 'target-arrow-color': danger, width: (element) => (element.isEdge() ? 3.5 : element.data('width')), 'z-index': 6 } },
    { selector: 'node.walked', style: { 'background-color': colour('--brand-soft'), 'border-color': brand, 'border-width': 2 } },
    { selector: 'edge.walked', style: { 'line-color': brand, 'target-arrow-color': brand, width: 3, 'z-index': 4 } },
    { selector: 'node.current', style: { 'border-color': brand, 'border-width': 4, 'background-color': colour('--brand-soft') } },
    { selector: 'node.chosen', style: { 'border-color': colour('--tt-focus'), 'border-width': 3.5 } },
  ];
}
