/**
 * The Tertulia widget. One line puts it on a page:
 *
 *   <script src="https://chat.example/widget.js" defer data-title="Talk to us"></script>
 *
 * Options are data attributes of the script (or of a <tertulia-chat> element put into the page by hand): title, greeting, color,
 * position (left | right), thread-key, user-id, user-hash, first-name, last-name, email, language, server, nonce.
 * From scripts: Tertulia.open(), close(), toggle(), identify({...}), forget(), on(event, fn) with the events
 * ready, open, close, message, question, answer, unread, connection, error.
 *
 * This file is only the button. The rest is loaded from the same server when somebody opens the chat, or at once when this browser
 * has talked here before, so that the unread badge is right. Until then nothing is fetched and nothing is stored.
 */
(() => {
  'use strict';
  if (window.customElements?.get('tertulia-chat')) return;

  // Only while a classic script runs does the browser say where it came from.
  const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
  const home = script?.src ? new URL('.', script.src).href : `${location.origin}/`;

  const OPTIONS = ['title', 'greeting', 'color', 'position', 'threadKey', 'userId', 'userHash', 'firstName', 'lastName', 'email', 'language', 'server', 'nonce'];
  const ACCENT = '#0f6b5c';

  const STYLE = `
:host { all: initial; --tt-accent: var(--tertulia-accent, ${ACCENT}); --tt-on-accent: var(--tertulia-on-accent, #fff);
  position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color-scheme: light dark; }
:host([data-position=left]) { inset: auto auto 20px 20px; }
:host([hidden]) { display: none; }
.launcher { position: relative; display: grid; place-items: center; width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
  background: var(--tt-accent); color: var(--tt-on-accent); box-shadow: 0 1px 2px rgb(0 0 0 / .2), 0 8px 24px rgb(0 0 0 / .22); transition: transform .15s; }
.launcher:hover { transform: translateY(-2px); }
.launcher:focus-visible { outline: 3px solid var(--tt-on-accent); outline-offset: -6px; box-shadow: 0 0 0 3px var(--tt-accent), 0 8px 24px rgb(0 0 0 / .22); }
.launcher svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
.launcher[aria-busy=true] svg { animation: tt-wait 1s ease-in-out infinite; }
.badge { position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; padding: 0 6px; box-sizing: border-box; border-radius: 11px; border: 2px solid #fff;
  background: #b3261e; color: #fff; font-size: 12px; font-weight: 700; line-height: 18px; text-align: center; }
.badge[hidden] { display: none; }
.notice { position: absolute; right: 0; bottom: 72px; width: max-content; max-width: 260px; margin: 0; padding: 10px 14px; border-radius: 12px; background: #fff; color: #1d2125;
  box-shadow: 0 8px 24px rgb(0 0 0 / .2); font-size: 14px; }
:host([data-position=left]) .notice { right: auto; left: 0; }
.notice[hidden] { display: none; }
@keyframes tt-wait { 50% { opacity: .4; } }
@media (prefers-reduced-motion: reduce) { .launcher, .launcher svg { animation: none !important; transition: none; } }
@media print { :host { display: none; } }
`;

  /** Black or white, whichever is easier to read on the colour; unknown colours are taken for dark. */
  function readableOn(color) {
    const canvas = document.createElement('canvas').getContext('2d');
    if (!canvas) return '#fff';
    canvas.fillStyle = color;
    const hex = /^#(..)(..)(..)$/.exec(canvas.fillStyle);
    if (!hex) return '#fff';
    const [r, g, b] = hex.slice(1).map((part) => {
      const share = parseInt(part, 16) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.183 ? '#000' : '#fff';
  }

  function shape(tag, attributes, ...children) {
    const element = tag === 'svg' || tag === 'path'
      ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  class TertuliaChat extends HTMLElement {
    #listeners = new Map(); #session = null; #panel = null; #opening = null; #identity = {}; #unread = 0;

    connectedCallback() {
      if (this.shadowRoot) return;
      this.attachShadow({ mode: 'open' });
      this.dataset.connection = 'offline';
      this.#build();
      // Other tabs of this site share the visitor: when one begins to talk, the badge here should know.
      addEventListener('storage', (event) => { if (event.key === this.slotName) this.#reconnect(); });
      if (this.#storedVisitor()) this.#whenIdle(() => this.#connect());
      this.emit('ready', this);
    }

    disconnectedCallback() {
      // Frameworks move elements about: only one that stays away is gone.
      queueMicrotask(() => { if (!this.isConnected) this.#session?.stop(); });
    }

    get server() { return (this.dataset.server ?? home).replace(/\/$/, ''); }
    get options() { return { ...Object.fromEntries(OPTIONS.map((name) => [name, this.dataset[name]])), ...this.#identity }; }
    /** Where this browser keeps its visitor: one for strangers, one for each identified user of the embedding site. */
    get slotName() { return `tertulia:visitor:${this.server}${this.options.userId ? `:${this.options.userId}` : ''}`; }
    get isOpen() { return Boolean(this.#panel?.isOpen); }

    on(name, listener) {
      const listeners = this.#listeners.get(name) ?? new Set();
      this.#listeners.set(name, listeners.add(listener));
      return () => listeners.delete(listener);
    }

    emit(name, detail) {
      for (const listener of [...(this.#listeners.get(name) ?? [])]) {
        try { listener(detail); } catch (error) { console.error(error); }
      }
      this.dispatchEvent(new CustomEvent(`tertulia:${name}`, { detail, bubbles: true }));
    }

    async open() {
      this.launcher.setAttribute('aria-busy', 'true');
      this.#say('');
      try {
        this.#opening ??= this.#load();
        await this.#opening;
        this.#panel.open();
        this.launcher.setAttribute('aria-expanded', 'true');
        this.#label();
      } catch (error) {
        this.#opening = null;
        console.error('Tertulia could not be loaded.', error);
        this.#say('The chat cannot be reached at the moment. Please try again shortly.');
        this.emit('error', error);
      } finally {
        this.launcher.removeAttribute('aria-busy');
      }
    }

    close() {
      if (!this.isOpen) return;
      this.#panel.close();
      this.launcher.setAttribute('aria-expanded', 'false');
      this.#label();
      this.launcher.focus();
    }

    toggle() { return this.isOpen ? this.close() : this.open(); }

    /**
     * Says who is looking: { userId, userHash, firstName, lastName, email }. With `userId` and its proof `userHash` the conversation
     * follows the user to every browser; without, the names go with a visitor made later.
     */
    identify(identity = {}) {
      const before = this.slotName;
      this.#identity = Object.fromEntries(Object.entries(identity).map(([name, value]) => [name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value]));
      if (this.slotName !== before) this.#reconnect();
    }

    /** For the site's sign-out: this browser no longer knows the conversation. */
    forget() {
      try { localStorage.removeItem(this.slotName); } catch { /* nothing was kept */ }
      this.#identity = { userId: undefined, userHash: undefined };
      this.#session?.stop();
      this.#session = null;
      this.close();
      this.#panel?.remove();
      this.#panel = this.#opening = null;
      this.setUnread(0);
      this.setConnection('offline');
    }

    /** Called by the session. */
    setUnread(count) {
      if (count === this.#unread) return;
      this.#unread = count;
      this.badge.textContent = count > 99 ? '99+' : String(count);
      this.badge.hidden = !count;
      this.#label();
      this.emit('unread', count);
    }

    setConnection(state) {
      if (this.dataset.connection === state) return;
      this.dataset.connection = state;
      this.emit('connection', state);
    }

    /** Adds a style sheet to the shadow root in a way that a strict CSP of the page allows. */
    adoptStyle(text) {
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(text);
        this.shadowRoot.adoptedStyleSheets = [...this.shadowRoot.adoptedStyleSheets, sheet];
      } catch {
        // Browsers without constructable sheets get an element, which the page's CSP lets through by its nonce.
        const style = shape('style', this.dataset.nonce ? { nonce: this.dataset.nonce } : {});
        style.textContent = text;
        this.shadowRoot.append(style);
      }
    }

    #build() {
      this.adoptStyle(STYLE);
      if (this.dataset.color && CSS.supports('color', this.dataset.color)) {
        this.style.setProperty('--tertulia-accent', this.dataset.color);
        this.style.setProperty('--tertulia-on-accent', readableOn(this.dataset.color));
      }
      this.badge = shape('span', { class: 'badge', hidden: '', 'data-testid': 'badge', 'aria-hidden': 'true' });
      this.launcher = shape('button', { class: 'launcher', type: 'button', 'aria-expanded': 'false', 'aria-haspopup': 'dialog', 'data-testid': 'launcher' },
        shape('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, this.symbol = shape('path', {})), this.badge);
      this.launcher.addEventListener('click', () => this.toggle());
      this.notice = shape('p', { class: 'notice', role: 'status', hidden: '' });
      this.shadowRoot.append(this.notice, this.launcher);
      this.#label();
    }

    #label() {
      const title = this.dataset.title ?? 'Chat with us';
      const unread = this.#unread ? `, ${this.#unread} unread ${this.#unread === 1 ? 'message' : 'messages'}` : '';
      this.symbol.setAttribute('d', this.isOpen ? 'M5 9l7 7 7-7' : 'M4 5.5h16v11h-9.5L6 20v-3.5H4zM8 9.5h8M8 12.8h5');
      this.launcher.setAttribute('aria-label', this.isOpen ? `Close chat: ${title}` : `Open chat: ${title}${unread}`);
    }

    #say(text) {
      this.notice.textContent = text;
      this.notice.hidden = !text;
    }

    #storedVisitor() {
      try { return localStorage.getItem(this.slotName); } catch { return null; }
    }

    #whenIdle(work) {
      const later = window.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));
      if (document.readyState === 'complete') later(work); else addEventListener('load', () => later(work), { once: true });
    }

    /** The quiet part: connected and counting, no panel. */
    async #connect() {
      const { Session } = await import(`${this.server}/static/widget/session.js`);
      this.#session ??= new Session(this);
      this.#session.resume().catch((error) => this.emit('error', error));
    }

    async #load() {
      const [{ Session }, { Panel }] = await Promise.all([
        import(`${this.server}/static/widget/session.js`), import(`${this.server}/static/widget/panel.js`),
      ]);
      this.#session ??= new Session(this);
      this.#panel ??= new Panel(this, this.#session);
    }

    /** The visitor is another one now (identified, or made in another tab). */
    #reconnect() {
      if (this.#session) this.#session.restart(); else if (this.#storedVisitor()) this.#connect();
    }
  }

  customElements.define('tertulia-chat', TertuliaChat);

  function start() {
    let element = document.querySelector('tertulia-chat');
    if (!element) {
      element = document.createElement('tertulia-chat');
      for (const name of OPTIONS) if (script?.dataset[name] !== undefined) element.dataset[name] = script.dataset[name];
      if (script?.nonce) element.dataset.nonce = script.nonce;
      document.body.append(element);
    }
    const api = { element };
    for (const name of ['open', 'close', 'toggle', 'identify', 'forget', 'on']) api[name] = element[name].bind(element);
    window.Tertulia = api;
    document.dispatchEvent(new CustomEvent('tertulia:loaded', { detail: api }));
  }

  if (document.body && document.readyState !== 'loading') start(); else document.addEventListener('DOMContentLoaded', start);
})();
