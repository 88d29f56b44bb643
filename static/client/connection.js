// The life of one WebSocket: opening, staying open, noticing silence, coming back. It knows nothing of threads.

import { Emitter, backoff } from './basics.js';

const OPENING_TIMEOUT = 10_000;
const HEARTBEAT = 25_000;
const GRACE = 10_000;
/** The server says with this close code that these credentials will never work again. */
const REVOKED = 4001;

/**
 * Emits `dial`, `open`, `frame` (the parsed frame), `down` (`{ wait }`, ms until the next try) and `unauthorized`.
 * `connected` is true between `open` and `down`.
 */
export class Connection extends Emitter {
  #api; #socket = null; #timer = null; #heartbeat = null;
  #attempt = 0; #heardAt = 0; #interval = HEARTBEAT; #notBefore = 0; #wanted = false; #dialling = false;
  // The moments at which waiting out a backoff would be silly: the network is back, or somebody looks at the page.
  #wakers = [['online', window], ['pageshow', window], ['visibilitychange', document]];
  #onWake = () => { if (document.visibilityState === 'visible') this.wake(); };
  // A page that is left closes its socket itself: otherwise the server sees a dead peer only after the heartbeat.
  #onHide = () => this.#socket?.close(1000);

  constructor(api) {
    super();
    this.#api = api;
  }

  get connected() { return this.#socket?.readyState === WebSocket.OPEN; }

  start() {
    if (this.#wanted) return;
    this.#wanted = true;
    for (const [name, target] of this.#wakers) target.addEventListener(name, this.#onWake);
    window.addEventListener('pagehide', this.#onHide);
    this.#dial();
  }

  stop() {
    this.#wanted = false;
    for (const [name, target] of this.#wakers) target.removeEventListener(name, this.#onWake);
    window.removeEventListener('pagehide', this.#onHide);
    clearTimeout(this.#timer);
    this.#drop(1000);
  }

  /** Tries now rather than at the end of the backoff, unless the server asked for patience. */
  wake() {
    if (!this.#wanted) return;
    if (this.connected) return this.#checkPulse();
    if (this.#socket || this.#dialling || Date.now() < this.#notBefore) return;
    clearTimeout(this.#timer);
    this.#dial();
  }

  /** Sends a frame; false when there is no connection to put it on. */
  send(message, data, id) {
    if (!this.connected) return false;
    this.#socket.send(JSON.stringify(id === undefined ? { message, data } : { message, data, id }));
    return true;
  }

  /** Gives this connection up as broken and starts over. */
  restart() { this.#drop(4000); this.#retry(); }

  async #dial() {
    this.#dialling = true;
    this.emit('dial');
    let url;
    try {
      url = await this.#address();
    } catch (error) {
      this.#dialling = false;
      if (!this.#wanted) return;
      if (error.status === 401) return this.#refused();
      return this.#retry(error.retryAfter);
    }
    this.#dialling = false;
    if (!this.#wanted) return;
    const socket = new WebSocket(url);
    this.#socket = socket;
    const late = setTimeout(() => { if (socket.readyState === WebSocket.CONNECTING) this.restart(); }, OPENING_TIMEOUT);
    socket.onopen = () => { clearTimeout(late); this.#opened(); };
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = ({ code }) => {
      clearTimeout(late);
      if (socket !== this.#socket) return;
      this.#drop();
      if (code === REVOKED) this.#refused(); else this.#retry();
    };
  }

  /**
   * A cookie travels by itself on the server's own pages; everybody else buys a ticket, as no token belongs in a URL.
   * A browser does not say why a WebSocket was refused, so before trying again with a cookie we ask whether it is still good.
   */
  async #address() {
    const url = new URL(`${this.#api.server}/ws`);
    url.protocol = url.protocol.replace('http', 'ws');
    if (this.#api.authorization) {
      const { ticket } = await this.#api.post('/api/ws-tickets');
      url.searchParams.set('ticket', ticket);
    } else if (this.#attempt > 0) {
      await this.#api.get('/api/me');
    }
    return url.href;
  }

  #opened() {
    this.#heardAt = Date.now();
    this.#heartbeat = setInterval(() => this.#checkPulse(), this.#interval);
    this.emit('open');
  }

  /** Asks for a sign of life; without one within the grace the connection is dead, whatever the browser believes. */
  #checkPulse() {
    const asked = Date.now();
    this.send('ping', {});
    setTimeout(() => { if (this.connected && this.#heardAt < asked) this.restart(); }, GRACE);
  }

  #heard(text) {
    this.#heardAt = Date.now();
    let frame;
    try { frame = JSON.parse(text); } catch { return; }
    if (frame.message === 'hello') {
      // Only a greeting proves that the server is well; a proxy in front of a dead one accepts connections too.
      this.#attempt = 0;
      this.#setHeartbeat(frame.data.heartbeat_interval);
    }
    if (frame.message === 'goodbye') this.#notBefore = Date.now() + (Number(frame.data?.retry_after) || 0);
    this.emit('frame', frame);
  }

  #setHeartbeat(interval) {
    if (!interval || interval === this.#interval) return;
    this.#interval = interval;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.#checkPulse(), interval);
  }

  #drop(code) {
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (code && socket.readyState <= WebSocket.OPEN) socket.close(code);
  }

  #retry(atLeast = 0) {
    if (!this.#wanted) return;
    clearTimeout(this.#timer);
    // What the server asked for is a floor; the jitter on top spreads those it asked the same.
    const floor = Math.max(atLeast ?? 0, this.#notBefore - Date.now(), 0);
    const wait = floor + backoff(this.#attempt++);
    this.#timer = setTimeout(() => this.#dial(), wait);
    this.emit('down', { wait });
  }

  #refused() {
    this.stop();
    this.emit('down', { wait: null });
    this.emit('unauthorized');
  }
}
