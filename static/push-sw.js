// The service worker that shows push messages. It does nothing else: no cache, no fetch. The server writes the payload
// (src/actors/jobs/words.rs); see static/client/push.js for how a page subscribes.

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('push', (event) => {
  let data = {};
  try { data = event.data?.json() ?? {}; } catch { /* a message of somebody else's, or none: shown all the same, as browsers demand */ }
  event.waitUntil(self.registration.showNotification(data.title ?? 'New messages', {
    body: data.body ?? '',
    // a newer message of the same conversation takes the place of the older one
    tag: data.tag ?? 'tertulia',
    renotify: true,
    icon: new URL('favicon.svg', self.location.href).href,
    data: { url: data.url ?? '/', thread: data.thread ?? null },
  }));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data ?? {}));
});

/** Brings the page to the front that is open there already, or opens one. */
async function show({ url = '/', thread = null }) {
  const target = new URL(url, self.location.origin);
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const open = windows.find((page) => {
    const place = new URL(page.url);
    return place.origin === target.origin && place.pathname === target.pathname;
  });
  if (!open) return self.clients.openWindow(target.href);
  await open.focus();
  open.postMessage({ tertulia: 'open-thread', thread });
}
