// The look of questions and of the progress through a script. Colours come in as the --tt-* properties of the conversation.

export const QUESTION = `
.progress, .ask { --tt-strong: color-mix(in srgb, var(--tt-accent) 60%, var(--tt-text)); }
.progress { height: 4px; flex: none; overflow: hidden; background: var(--tt-line); }
.progress i { display: block; height: 100%; background: var(--tt-strong); transform-origin: 0 50%; transition: transform .6s ease-out; }
.ask { flex: none; max-height: 62%; padding: 12px; box-sizing: border-box; overflow: auto; overscroll-behavior: contain;
  border-top: 1px solid var(--tt-line); background: var(--tt-surface); scrollbar-width: thin; animation: tt-arrive .18s ease-out; }
.ask:focus { outline: none; }
.ask:not([hidden]) + .composer { border-top: 0; padding-top: 0; }
.ask:has(+ .composer:not([hidden])) { padding: 8px 12px; }
.ask fieldset { display: flex; flex-direction: column; gap: 10px; min-width: 0; margin: 0; padding: 0; border: 0; }
.ask legend { padding: 0; }
.ask-body:empty { display: none; }
.ask .problem, .hint, .ask .staged { margin: 0; }
.hint { color: var(--tt-muted); font-size: 13px; }
.ask-row { display: flex; align-items: center; justify-content: flex-end; gap: 8px; }
.ask-row .back { margin-inline-end: auto; }
.back.text-button { display: inline-flex; align-items: center; gap: 4px; min-height: 44px; padding: 0 10px 0 4px; color: var(--tt-muted); font-size: 14px; text-decoration: none; }
.back.text-button:hover { color: var(--tt-text); text-decoration: underline; }
.back .icon { width: 18px; height: 18px; }
.ask .solid-button { min-width: 96px; min-height: 44px; padding: 8px 22px; border-radius: 12px; overflow-wrap: anywhere; }
.ask[data-type=control] .solid-button { flex: 1; }

.options { display: flex; flex-wrap: wrap; gap: 8px; }
.options.rows { flex-direction: column; flex-wrap: nowrap; }
.option { display: flex; align-items: center; gap: 10px; flex: 1 1 auto; justify-content: center; min-width: 72px; max-width: 100%; min-height: 44px; padding: 9px 14px; box-sizing: border-box;
  border: 1px solid var(--tt-control); border-radius: 12px; background: var(--tt-surface); color: var(--tt-text); font-weight: 600; line-height: 1.3; text-align: center; overflow-wrap: anywhere; cursor: pointer; transition: background .15s, border-color .15s; }
.rows .option { justify-content: flex-start; font-weight: 400; text-align: start; }
.option:hover { background: var(--tt-hover); }
.option:has(:checked), .option[aria-checked=true] { border-color: var(--tt-strong); box-shadow: inset 0 0 0 1px var(--tt-strong); }
.option:has(:focus-visible) { outline: 2px solid var(--tt-focus); outline-offset: 2px; }
.option input { width: 20px; height: 20px; margin: 0; flex: none; accent-color: var(--tt-strong); outline: none; }
.option span { min-width: 0; }
.stack { display: flex; flex-direction: column; gap: 10px; }
.ask .answer { width: 100%; min-width: 0; min-height: 46px; padding: 10px 14px; box-sizing: border-box; border: 1px solid var(--tt-control); border-radius: 12px; background: var(--tt-surface); color: var(--tt-text);
  font-size: 16px; line-height: 1.4; appearance: none; }
.ask .answer::placeholder { color: var(--tt-muted); opacity: 1; }
.ask textarea.answer { resize: vertical; max-height: 200px; }
.ask .answer:focus-visible { outline: 2px solid var(--tt-focus); outline-offset: 1px; }
.with-unit { display: flex; align-items: center; gap: 10px; }
.unit { flex: none; max-width: 40%; color: var(--tt-muted); }

.range { display: flex; flex-direction: column; gap: 2px; }
.value { align-self: center; font-size: 22px; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.3; text-align: center; }
.slider { width: 100%; height: 44px; margin: 0; accent-color: var(--tt-strong); cursor: pointer; }
.ends { display: flex; justify-content: space-between; gap: 16px; color: var(--tt-muted); font-size: 13px; }
.ends > span { display: flex; flex-direction: column; min-width: 0; overflow-wrap: anywhere; }
.ends > :last-child { align-items: flex-end; text-align: end; }
.ends b { color: var(--tt-text); font-weight: 600; font-variant-numeric: tabular-nums; }

.drop { display: flex; align-items: center; justify-content: center; gap: 12px; width: 100%; min-height: 72px; padding: 12px; border: 1.5px dashed var(--tt-control); border-radius: 14px; background: none; color: var(--tt-text); font-weight: 600; }
.drop:hover, .dropping .drop { background: var(--tt-hover); }
.drop span { display: flex; flex-direction: column; text-align: start; }
.drop small { color: var(--tt-muted); font-size: 13px; font-weight: 400; }
.ask .staged .icon-button { width: 32px; height: 32px; }
@media (hover: none) { .drop small { display: none; } .ask .staged .chip { min-height: 44px; } .ask .staged .icon-button { width: 44px; height: 40px; } }
@media (max-width: 520px), (max-height: 480px) { .ask:not(:has(+ .composer:not([hidden]))) { padding-bottom: max(12px, env(safe-area-inset-bottom)); } }
`;
