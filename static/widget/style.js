// The widget's own look. A page changes it by setting --tertulia-* on the element; everything else is sealed in the shadow root.

export const PANEL = `
:host {
  --tt-surface: var(--tertulia-surface, #ffffff); --tt-text: var(--tertulia-text, #1d2125); --tt-muted: var(--tertulia-muted, #5b626b);
  --tt-bubble: var(--tertulia-bubble, #f1f0ed); --tt-line: var(--tertulia-line, #e5e3de); --tt-control: #8a8f96; --tt-hover: rgb(0 0 0 / .06);
  --tt-danger: #b3261e; --tt-danger-soft: #fdecea; --tt-focus: var(--tertulia-focus, #1a66d6); --tt-radius: var(--tertulia-radius, 18px);
  --tt-shadow: 0 1px 2px rgb(0 0 0 / .08), 0 16px 48px rgb(0 0 0 / .2); --tt-shadow-small: 0 4px 16px rgb(0 0 0 / .16);
}
@media (prefers-color-scheme: dark) {
  :host {
    --tt-surface: var(--tertulia-surface-dark, #191b1e); --tt-text: var(--tertulia-text-dark, #eceae6); --tt-muted: var(--tertulia-muted-dark, #a6abb3);
    --tt-bubble: var(--tertulia-bubble-dark, #2a2d32); --tt-line: var(--tertulia-line-dark, #34383d); --tt-control: #7b818a; --tt-hover: rgb(255 255 255 / .09);
    --tt-danger: #ff9d94; --tt-danger-soft: #3d211f; --tt-focus: var(--tertulia-focus-dark, #8ab8ff);
    --tt-shadow: 0 0 0 1px #34383d, 0 16px 48px rgb(0 0 0 / .6); --tt-shadow-small: 0 4px 16px rgb(0 0 0 / .5);
  }
}
.panel { position: absolute; right: 0; bottom: 76px; display: flex; flex-direction: column; width: 392px; height: min(640px, calc(100vh - 120px)); overflow: hidden;
  border-radius: var(--tt-radius); background: var(--tt-surface); color: var(--tt-text); box-shadow: var(--tt-shadow); text-align: start; animation: tt-open .2s cubic-bezier(.2, .8, .3, 1); transform-origin: 100% 100%; }
:host([data-position=left]) .panel { right: auto; left: 0; transform-origin: 0 100%; }
.panel:focus { outline: none; }
.head { display: flex; align-items: center; gap: 12px; padding: 16px 12px 16px 18px; background: var(--tt-accent); color: var(--tt-on-accent); }
.head h2 { margin: 0; font-size: 17px; font-weight: 650; line-height: 1.25; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.who { flex: 1; min-width: 0; }
.presence { display: flex; align-items: center; gap: 7px; margin: 2px 0 0; font-size: 13px; line-height: 1.3; }
.presence.online::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: #7ee2a8; box-shadow: 0 0 0 1.5px rgb(0 0 0 / .25); flex: none; }
.faces { display: flex; }
.faces:empty { display: none; }
.faces .avatar { width: 36px; height: 36px; font-size: 12px; box-shadow: 0 0 0 2px var(--tt-accent); }
.faces .avatar + .avatar { margin-left: -12px; }
.head .icon-button { color: inherit; }
.head .icon-button:hover { background: color-mix(in srgb, currentColor 16%, transparent); color: inherit; }
.head :focus-visible { outline-color: currentColor; outline-offset: -4px; }
.connection { display: grid; place-items: center; height: 0; overflow: hidden; background: var(--tt-bubble); color: var(--tt-text); font-size: 13px; font-weight: 600; transition: height .2s; }
.connection.shown { height: 32px; flex: none; }
.closed { margin: 0; padding: 14px 16px; border-top: 1px solid var(--tt-line); color: var(--tt-muted); font-size: 14px; text-align: center; }
.greeting .avatar .icon { width: 16px; height: 16px; }
.greeting.message .avatar { margin-bottom: 0; }
.greeting.message { margin-bottom: 18px; }
@keyframes tt-open { from { opacity: 0; transform: translateY(12px) scale(.97); } }
@media (max-width: 520px), (max-height: 480px) {
  .panel { position: fixed; inset: var(--tt-top, 0) 0 auto 0 !important; width: auto; height: var(--tt-height, 100dvh); border-radius: 0; }
  :host([data-open]) .launcher { display: none; }
  .head { padding-top: max(16px, env(safe-area-inset-top)); }
  .composer { padding-bottom: max(12px, env(safe-area-inset-bottom)); }
  .row textarea { font-size: 16px; }
}
`;
