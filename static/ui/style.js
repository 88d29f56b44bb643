// The look of a conversation, the same in the widget's shadow root and on the desk. Colours and radii come in as --tt-* properties.

export const CONVERSATION = `
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
.icon { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; flex: none; }
button, textarea, input { font: inherit; color: inherit; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--tt-focus); outline-offset: 2px; }

.icon-button { display: inline-grid; place-items: center; width: 40px; height: 40px; padding: 0; border: 0; border-radius: 10px; background: none; color: var(--tt-muted); flex: none; transition: background .15s, color .15s; }
.icon-button:hover:not(:disabled) { background: var(--tt-hover); color: var(--tt-text); }
.icon-button:disabled { opacity: .45; cursor: default; }
.icon-button.small { width: 24px; height: 24px; border-radius: 6px; }
.icon-button.small .icon { width: 14px; height: 14px; }
.text-button { min-height: 24px; padding: 2px 4px; border: 0; border-radius: 4px; background: none; color: inherit; font-weight: 600; text-decoration: underline; text-underline-offset: 2px; }
.solid-button { padding: 7px 14px; border: 0; border-radius: 8px; background: var(--tt-accent); color: var(--tt-on-accent); font-weight: 600; }

.conversation { position: relative; display: flex; flex-direction: column; min-height: 0; flex: 1; }
.log { position: relative; flex: 1; min-height: 0; padding: 16px 16px 4px; overflow-y: auto; overflow-anchor: none; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: var(--tt-line) transparent; }
.log:focus-visible { outline-offset: -3px; }
.day { display: flex; align-items: center; gap: 12px; margin: 18px 0 14px; color: var(--tt-muted); font-size: 12px; font-weight: 600; }
.day::before, .day::after { content: ""; flex: 1; height: 1px; background: var(--tt-line); }
.day:first-child { margin-top: 2px; }
.older { display: flex; justify-content: center; padding: 8px 0 14px; }
.spinner { width: 18px; height: 18px; border: 2px solid var(--tt-line); border-top-color: var(--tt-muted); border-radius: 50%; animation: tt-spin .8s linear infinite; }

.message { display: flex; gap: 8px; margin-bottom: 3px; align-items: flex-end; }
.message.last { margin-bottom: 14px; }
.message.own { justify-content: flex-end; }
.column { display: flex; flex-direction: column; align-items: flex-start; min-width: 0; max-width: min(82%, 560px); }
.own .column { align-items: flex-end; }
.name { margin: 0 0 3px 4px; color: var(--tt-muted); font-size: 12px; font-weight: 600; }
.line { display: flex; align-items: center; gap: 4px; max-width: 100%; }
.bubble { min-width: 0; padding: 9px 13px; border-radius: 16px; background: var(--tt-bubble); color: var(--tt-text); overflow-wrap: anywhere; }
.own .bubble { background: var(--tt-accent); color: var(--tt-on-accent); }
.ours .bubble { background: color-mix(in srgb, var(--tt-accent) 14%, var(--tt-surface)); color: var(--tt-text); }
.ours .name { margin: 0 4px 3px 0; }
.own.ours .bubble :focus-visible { outline-color: var(--tt-focus); }
.automated .avatar .icon { width: 16px; height: 16px; }
.automated .picture { width: min(100%, 260px); height: auto; }
.automated .picture img { height: auto; max-height: 220px; object-fit: contain; }
.other.last .bubble { border-bottom-left-radius: 5px; }
.own.last .bubble { border-bottom-right-radius: 5px; }
.text { margin: 0; white-space: pre-wrap; }
.bare .text { display: none; }
.text a { color: inherit; text-decoration: underline; text-underline-offset: 2px; }
.own :focus-visible { outline-color: currentColor; }
.own .meta :focus-visible, .own .tools :focus-visible, .editing :focus-visible { outline-color: var(--tt-focus); }
.sending .bubble { opacity: .72; }
.failed .bubble { background: var(--tt-danger-soft); color: var(--tt-text); box-shadow: inset 0 0 0 1px var(--tt-danger); }
.found .bubble { animation: tt-found 2.4s ease-out; }
.meta { display: flex; flex-wrap: wrap; align-items: center; gap: 2px 8px; margin: 4px 4px 0; color: var(--tt-muted); font-size: 12px; }
.own .meta { justify-content: flex-end; }
.meta.failed { color: var(--tt-danger); }
.choices { display: inline-flex; gap: 4px; }
.why, .meta .sending, .delivered { display: inline-flex; align-items: center; gap: 4px; }
.meta .icon { width: 14px; height: 14px; }
.tools { display: flex; opacity: 0; transition: opacity .15s; }
.message:hover .tools, .tools:focus-within { opacity: 1; }
@media (hover: none) { .tools { flex-direction: column; opacity: 1; } }
.tools .icon-button { width: 32px; height: 32px; }
.tools .icon { width: 16px; height: 16px; }

.avatar { position: relative; display: inline-grid; place-items: center; width: 30px; height: 30px; border-radius: 50%; overflow: hidden; flex: none; font-size: 11px; font-weight: 700; letter-spacing: .02em; line-height: 1; }
.avatar img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
.avatar.blank { visibility: hidden; }
.message .avatar { margin-bottom: 19px; }
.message .avatar.blank { height: 0; margin: 0; }
.tint-0 { background: #dcebe4; color: #14523f; } .tint-1 { background: #fbe3d3; color: #7d3512; }
.tint-2 { background: #dfe6f7; color: #2a437f; } .tint-3 { background: #f6e0ea; color: #7c2450; }
.tint-4 { background: #f5eac6; color: #614708; } .tint-5 { background: #e7e0f5; color: #4b3585; }

.attachments { display: flex; flex-wrap: wrap; align-items: flex-end; gap: 6px; }
.attachments { margin-top: 8px; }
.bare .text + .attachments { margin-top: 0; }
.bare .attachments + .attachments { margin-top: 4px; }
.picture { display: block; width: 112px; height: 112px; border-radius: 10px; overflow: hidden; background: var(--tt-hover); }
.picture img { display: block; width: 100%; height: 100%; object-fit: cover; }
.bubble.bare:has(.picture) { padding: 4px; }
.chip { display: inline-flex; align-items: center; gap: 6px; max-width: 100%; min-height: 32px; padding: 4px 10px 4px 8px; box-sizing: border-box; border: 1px solid color-mix(in srgb, currentColor 28%, transparent); border-radius: 8px; color: inherit; font-size: 13px; text-decoration: none; }
.chip span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.chip .icon { width: 16px; height: 16px; }
a.chip:hover span { text-decoration: underline; }

.edit { display: flex; flex-direction: column; gap: 8px; width: min(420px, 100%); }
.editing { justify-content: flex-end; }
.edit textarea { padding: 9px 12px; border: 1px solid var(--tt-control); border-radius: 12px; background: var(--tt-surface); resize: vertical; }
.edit-buttons { display: flex; justify-content: flex-end; align-items: center; gap: 12px; font-size: 13px; }

.typing { display: flex; align-items: center; gap: 8px; min-height: 22px; padding: 0 18px 4px; color: var(--tt-muted); font-size: 12px; }
.dots { display: inline-flex; gap: 3px; }
.dots i { width: 5px; height: 5px; border-radius: 50%; background: currentColor; animation: tt-dot 1.2s infinite; }
.dots i:nth-child(2) { animation-delay: .15s; } .dots i:nth-child(3) { animation-delay: .3s; }
.jump { position: absolute; bottom: 34px; left: 50%; translate: -50% 0; display: inline-flex; align-items: center; gap: 6px; padding: 6px 14px 6px 10px; border: 1px solid var(--tt-line); border-radius: 999px; background: var(--tt-surface); color: var(--tt-text); font-size: 13px; font-weight: 600; box-shadow: var(--tt-shadow-small); }
.jump .icon { width: 16px; height: 16px; }

.composer { padding: 8px 12px 12px; border-top: 1px solid var(--tt-line); background: var(--tt-surface); }
.row { display: flex; align-items: flex-end; gap: 4px; padding: 3px; border: 1px solid var(--tt-control); border-radius: 14px; background: var(--tt-surface); transition: border-color .15s, box-shadow .15s; }
.row:focus-within { border-color: var(--tt-focus); box-shadow: 0 0 0 1px var(--tt-focus); }
.row textarea { flex: 1; min-width: 0; max-height: 160px; padding: 9px 4px; box-sizing: border-box; border: 0; background: none; outline: none; resize: none; line-height: 1.4; }
.row textarea::placeholder { color: var(--tt-muted); opacity: 1; }
.send { display: inline-grid; place-items: center; width: 40px; height: 40px; padding: 0; border: 0; border-radius: 11px; background: var(--tt-accent); color: var(--tt-on-accent); flex: none; transition: opacity .15s, background .15s, color .15s; }
.send:disabled { background: var(--tt-hover); color: var(--tt-muted); cursor: default; }
.staged { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 8px; padding: 0; list-style: none; }
.staged .chip { padding-right: 4px; }
.problem { margin: 0 0 8px; color: var(--tt-danger); font-size: 13px; }
.dropping { box-shadow: inset 0 0 0 2px var(--tt-focus); }
.arriving { animation: tt-arrive .18s ease-out; }

@keyframes tt-spin { to { rotate: 360deg; } }
@keyframes tt-dot { 0%, 60%, 100% { opacity: .3; translate: 0 0; } 30% { opacity: 1; translate: 0 -2px; } }
@keyframes tt-arrive { from { opacity: 0; translate: 0 6px; } }
@keyframes tt-found { 0%, 60% { box-shadow: 0 0 0 3px var(--tt-focus); } }
@media (prefers-reduced-motion: reduce) { *, *::before, *::after { animation-duration: .01ms !important; animation-iteration-count: 1 !important; transition: none !important; } }
`;
