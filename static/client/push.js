// Push messages for whoever uses this browser: asks the browser for a subscription and hands it to the server, and back.
//
// Works on pages of the server's own origin, since a service worker must come from there; a host that wants push on its own
// pages serves a copy of push-sw.js and names it in `worker`.

const WORKER = '/static/push-sw.js';

/** Whether this browser can take push messages at all: a secure origin, a worker, and a push service behind it. */
export function canPush() {
  return globalThis.isSecureContext === true && 'serviceWorker' in navigator && 'PushManager' in globalThis
    && 'Notification' in globalThis;
}

/** `granted`, `denied` or `default` (not asked yet); `unsupported` where there is no push. */
export function pushPermission() {
  return canPush() ? Notification.permission : 'unsupported';
}

/** Whether this browser is subscribed now. It does not say whether the server still knows it: subscribing twice is harmless. */
export async function isSubscribed({ worker = WORKER } = {}) {
  if (!canPush()) return false;
  const registration = await navigator.serviceWorker.getRegistration(worker);
  return Boolean(await registration?.pushManager.getSubscription());
}

/**
 * Subscribes this browser for `account`. Call it from a click: browsers only ask for permission then. Resolves to whether it
 * is subscribed; false when the person said no.
 */
export async function subscribe(api, account, { worker = WORKER } = {}) {
  if (!canPush() || await Notification.requestPermission() !== 'granted') return false;
  const { key } = await api.get('/api/push-key');
  const registration = await registered(worker);
  const applicationServerKey = bytes(key);
  let subscription = await registration.pushManager.getSubscription();
  if (subscription && !sameKey(subscription, applicationServerKey)) {
    // the server has another key than the one this was made for: nothing it sends would arrive
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  await api.post(`/api/accounts/${account}/push-subscriptions`, subscription.toJSON());
  return true;
}

/** Ends this browser's subscription, here and at the server. Signing out is a good moment for it. */
export async function unsubscribe(api, account, { worker = WORKER } = {}) {
  if (!canPush()) return;
  const registration = await navigator.serviceWorker.getRegistration(worker);
  const subscription = await registration?.pushManager.getSubscription();
  if (!subscription) return;
  const { endpoint } = subscription;
  await subscription.unsubscribe();
  await api.call('DELETE', `/api/accounts/${account}/push-subscriptions`, { endpoint });
}

/** The registration once its worker runs: a fresh one takes a moment, and subscribing needs an active worker. */
async function registered(worker) {
  const registration = await navigator.serviceWorker.register(worker);
  const fresh = registration.active ? null : registration.installing ?? registration.waiting;
  if (fresh) {
    await new Promise((resolve, reject) => {
      const look = () => {
        if (fresh.state === 'activated') resolve();
        else if (fresh.state === 'redundant') reject(new Error('the service worker could not be installed'));
      };
      fresh.addEventListener('statechange', look);
      look();
    });
  }
  return registration;
}

function sameKey(subscription, key) {
  const own = subscription.options?.applicationServerKey;
  if (!own) return true;
  const known = new Uint8Array(own);
  return known.length === key.length && known.every((byte, at) => byte === key[at]);
}

function bytes(base64url) {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
