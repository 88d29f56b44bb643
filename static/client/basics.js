// Small things every part of the client stands on: events, storage that may be forbidden, HTTP with one error type.

/** Minimal event source: `on(name, fn)` gives back the function that takes the listener off again. */
export class Emitter {
  #listeners = new Map();

  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      // A listener that throws belongs to the page; it must not stop the frame that is being handled.
      try { listener(detail); } catch (error) { console.error(error); }
    }
  }
}

/** localStorage where the browser allows it, and memory where it does not (private windows, blocked third parties). */
export class Shelf {
  #memory = new Map();

  get(key) {
    try { return localStorage.getItem(key) ?? this.#memory.get(key) ?? null; } catch { return this.#memory.get(key) ?? null; }
  }

  set(key, value) {
    try { localStorage.setItem(key, value); } catch { this.#memory.set(key, value); }
  }

  delete(key) {
    this.#memory.delete(key);
    try { localStorage.removeItem(key); } catch { /* it was in memory only */ }
  }

  keys(prefix) {
    let stored = [];
    try { stored = Object.keys(localStorage); } catch { /* memory only */ }
    return [...new Set([...stored, ...this.#memory.keys()])].filter((key) => key.startsWith(prefix));
  }
}

/** What an HTTP call comes to when it does not succeed. `status` is 0 when no answer came at all. */
export class ApiError extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail ?? `HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later without any change. */
  get temporary() {
    return [0, 408, 425, 429, 502, 503, 504].includes(this.status);
  }
}

/** The HTTP door, as one account: by token (`authorization`) on any page, or by cookie and `csrf` on the server's own. */
export class Api {
  constructor({ server, authorization = null, csrf = null }) {
    this.server = server.replace(/\/$/, '');
    this.authorization = authorization;
    this.csrf = csrf;
  }

  get(path) { return this.call('GET', path); }
  post(path, body = {}) { return this.call('POST', path, body); }
  patch(path, body) { return this.call('PATCH', path, body); }
  delete(path) { return this.call('DELETE', path); }

  async call(method, path, body, timeout = 20_000) {
    const headers = { Accept: 'application/json' };
    if (this.authorization) headers.Authorization = this.authorization;
    else if (this.csrf && method !== 'GET') headers['X-CSRF-Token'] = this.csrf;
    const form = body instanceof FormData;
    if (body !== undefined && !form) headers['Content-Type'] = 'application/json';
    let response;
    try {
      response = await fetch(this.server + path, {
        method, headers,
        body: body === undefined || form ? body : JSON.stringify(body),
        credentials: this.authorization ? 'omit' : 'same-origin',
        signal: AbortSignal.timeout(timeout),
      });
    } catch (error) {
      throw new ApiError(0, { detail: String(error?.message ?? error) }, null);
    }
    const answer = response.status === 204 ? null : await response.json().catch(() => null);
    if (response.ok) return answer;
    const seconds = Number(response.headers.get('Retry-After'));
    throw new ApiError(response.status, answer, Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null);
  }
}

/** An id nobody else has. `randomUUID` exists on secure origins only, and a demo on a LAN address is none. */
export function uniqueId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A wait before try number `attempt` (from 0): exponential, capped, and jittered so that clients do not return as a herd. */
export function backoff(attempt, base = 500, most = 30_000) {
  const ceiling = Math.min(most, base * 2 ** Math.min(attempt, 16));
  return ceiling * (0.5 + Math.random() / 2);
}
