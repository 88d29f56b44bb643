// The operator's page: wires the list of threads, the conversation and the search to one client.

import { Client } from './tertulia-client.js';
import { Conversation } from './desk/conversation.js';
import { Search } from './desk/search.js';
import { ThreadList } from './desk/thread-list.js';
import { CONVERSATION } from './ui/style.js';

const CALM = 1_500;
const WORDS = { online: 'Connected', connecting: 'Reconnecting…', offline: 'Reconnecting…' };

const boot = JSON.parse(document.getElementById('boot').textContent);
const csrf = document.querySelector('meta[name=csrf]').content;
const sheet = new CSSStyleSheet();
sheet.replaceSync(CONVERSATION);
document.adoptedStyleSheets = [sheet];

const desk = {
  client: new Client({ server: location.origin, csrf, account: boot.account }),
  /** Who works here; everybody else in a thread is a customer. */
  team: new Set([boot.account.id, ...(boot.team ?? [])]),
  threadType: boot.thread_type ?? 'chat',
  selected: null,
};
const list = new ThreadList(document.getElementById('threads'), desk);
const conversation = new Conversation(document.getElementById('conversation'), desk);
new Search(document.getElementById('search'), document.getElementById('results'), desk);

const title = document.title;
const connection = document.getElementById('connection');
let calm = null;
let scheduled = false;
let met = false;

/** Many frames of one moment make one rendering; a timer also runs while the page is hidden, where the title still counts. */
function schedule() {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    list.render();
    conversation.render();
    const unread = [...desk.client.threads.values()].reduce((sum, thread) => sum + thread.unread, 0);
    document.title = unread ? `(${unread}) ${title}` : title;
  });
}

function showConnection(state) {
  document.documentElement.dataset.connection = state;
  clearTimeout(calm);
  // Losses of a moment are not worth a word.
  calm = setTimeout(() => { connection.textContent = WORDS[state]; connection.dataset.state = state; }, state === 'online' ? 0 : CALM);
}

/** The address says which thread is open (`#12`) and which message to show in it (`#12/345`), so reload and Back work. */
function follow() {
  const [thread, message] = location.hash.slice(1).split('/').map(Number);
  desk.selected = thread || null;
  document.body.classList.toggle('reading', Boolean(desk.selected));
  conversation.open(desk.selected, message || null);
  schedule();
}

desk.client.on('connection', (state) => {
  showConnection(state);
  // Threads that began while we were away are in no resume; the list tells of them.
  if (state === 'online' && met) list.refresh();
  met ||= state === 'online';
  schedule();
});
for (const event of ['thread', 'removed', 'presence']) desk.client.on(event, schedule);
desk.client.on('unauthorized', () => { location.href = `/login?next=${encodeURIComponent(location.pathname + location.hash)}`; });
document.addEventListener('visibilitychange', schedule);
window.addEventListener('hashchange', follow);

showConnection('connecting');
desk.client.start();
await list.refresh();
follow();
