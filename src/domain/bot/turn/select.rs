//! Which handler it is (bots contract, 5.1 steps 1 to 5), and what happens when it is none.

use serde_json::{Map, Value};

use super::commands::{Command, command};
use super::form::{self, Answer};
use super::{Chat, Facts, Snapshot, Tried, Why};
use crate::domain::bot::document::{Handler, Response};
use crate::domain::bot::pattern::Groups;

/// What a turn is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    pub(super) choice: Choice,
    /// Named groups of the pattern that matched.
    pub(super) groups: Groups,
    /// What the form knows, this answer included.
    pub(super) slots: Map<String, Value>,
    /// Whether that form goes on asking.
    pub(super) asking: bool,
    pub(super) tried: Vec<Tried>,
}

/// What was chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Choice {
    /// Nothing is said and nothing changes.
    #[default]
    Nothing,
    /// People hold the chat.
    Held,
    /// A handler, by its place in the document.
    Handler(usize),
    /// The next question of a form, or the same once more.
    Ask(Box<Response>, Asked),
    /// The fallback.
    Fallback(Box<Response>),
    /// Nothing matched, and nothing is configured for that; it counts all the same.
    Unmatched,
    /// Something that cannot be read.
    Unsupported(Box<Response>),
    /// Too many attempts, and no handler for that: to people.
    TooOften,
    /// A built-in command.
    Command(Command),
    /// Out of the state.
    Leave,
}

/// Why a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Next,
    Again,
}

impl Selection {
    /// The id of the handler that it is, if it is one.
    pub fn handler<'s>(&self, snapshot: &'s Snapshot) -> Option<&'s Handler> {
        match self.choice {
            Choice::Handler(at) => snapshot.handler(at),
            _ => None,
        }
    }

    /// Whether nothing will be said and nothing changes: the message was for nobody.
    pub fn is_nothing(&self) -> bool {
        matches!(self.choice, Choice::Nothing | Choice::Held)
    }

    /// The word for the trace.
    pub fn word(&self) -> &'static str {
        match self.choice {
            Choice::Nothing => "nothing",
            Choice::Held => "held",
            Choice::Handler(_) => "handler",
            Choice::Ask(..) => "slot",
            Choice::Fallback(_) => "fallback",
            Choice::Unmatched => "unmatched",
            Choice::Unsupported(_) => "unsupported",
            Choice::TooOften => "attempts",
            Choice::Command(_) => "command",
            Choice::Leave => "leave",
        }
    }

    pub(super) fn language<'c>(&self, chat: &'c Chat, snapshot: &'c Snapshot) -> Option<&'c str> {
        chat.memory.language.as_deref().or(snapshot.document().settings.language.as_deref())
    }

    pub(super) fn of_handler(at: usize, chat: &Chat) -> Self {
        Self { choice: Choice::Handler(at), slots: chat.memory.slots.clone(), ..Self::default() }
    }
}

/// Chooses what handles the message.
pub fn select(snapshot: &Snapshot, chat: &Chat, facts: &Facts) -> Selection {
    let mut selection =
        Selection { slots: chat.memory.slots.clone(), asking: chat.memory.asking, ..Selection::default() };
    if chat.memory.held {
        selection.choice = Choice::Held;
    } else {
        match &facts.incoming.text {
            None => media(snapshot, facts, &mut selection),
            Some(text) => said(snapshot, chat, facts, text, &mut selection),
        }
    }
    let settled = !matches!(selection.choice, Choice::Handler(_));
    let rest: Vec<Tried> = snapshot
        .ordered()
        .filter(|handler| settled && !selection.tried.iter().any(|tried| tried.handler == handler.stamp.id))
        .map(|handler| tried(handler, Why::NotTried, None))
        .collect();
    selection.tried.extend(rest);
    selection
}

/// Handlers that name the kind take it; else the bot says that it cannot read it, if it was given words for that.
fn media(snapshot: &Snapshot, facts: &Facts, selection: &mut Selection) {
    let takes = |handler: &Handler| {
        let kinds = &facts.incoming.media;
        handler.media.iter().any(|kind| kind == "any" || kinds.iter().any(|file| file.kind == *kind))
    };
    let found = snapshot.tried().find(|(_, handler, _)| handler.enabled && takes(handler));
    selection.choice = match (found, &snapshot.document().settings.unsupported) {
        (Some((at, ..)), _) => Choice::Handler(at),
        (None, Some(response)) if !facts.incoming.media.is_empty() => Choice::Unsupported(Box::new(response.clone())),
        _ => Choice::Nothing,
    };
}

fn said(snapshot: &Snapshot, chat: &Chat, facts: &Facts, text: &str, selection: &mut Selection) {
    let settings = &snapshot.document().settings;
    if let Some(command) = command(text).filter(|_| settings.commands) {
        selection.choice = Choice::Command(command);
        return;
    }
    if find(snapshot, chat, facts, text, true, selection) || in_form(snapshot, chat, text, selection) {
        return;
    }
    if !find(snapshot, chat, facts, text, false, selection) {
        unmatched(snapshot, chat, selection);
    }
}

fn tried(handler: &Handler, why: Why, groups: Option<Groups>) -> Tried {
    Tried { handler: handler.stamp.id.clone(), name: handler.name.clone(), why, groups }
}

/// Tries the global handlers, or all others, in order; the first that matches handles the message (step 4).
fn find(snapshot: &Snapshot, chat: &Chat, facts: &Facts, text: &str, global: bool, selection: &mut Selection) -> bool {
    let state = snapshot.state(chat.state.as_deref()).map(|state| state.stamp.id.as_str());
    let here = |handler: &Handler| {
        global || handler.source_states.is_empty() || handler.source_states.iter().any(|id| Some(id.as_str()) == state)
    };
    let mut found = false;
    for (at, handler, pattern) in snapshot.tried().filter(|(_, handler, _)| handler.global == global) {
        if found && !facts.explain {
            break;
        }
        let (why, groups) = match pattern {
            _ if !handler.enabled => (Why::Disabled, None),
            _ if !here(handler) => (Why::OtherState, None),
            Err(error) => (Why::Broken(error.clone()), None),
            Ok(pattern) => match pattern.find(text) {
                None => (Why::NotFound, None),
                Some(groups) if found => (Why::Shadowed, Some(groups)),
                Some(groups) => {
                    found = true;
                    selection.choice = Choice::Handler(at);
                    selection.groups.clone_from(&groups);
                    (Why::Matched, Some(groups))
                }
            },
        };
        selection.tried.push(tried(handler, why, groups));
    }
    found
}

/// The form of the state takes the answer.
fn in_form(snapshot: &Snapshot, chat: &Chat, text: &str, selection: &mut Selection) -> bool {
    let Some(state) = snapshot.state(chat.state.as_deref()) else { return false };
    let Some(form) = state.settings.form.as_ref().filter(|_| chat.memory.asking) else { return false };
    let Some(answer) = form::answer(form, &chat.memory.slots, text) else { return false };
    let named = |id: &Option<String>| id.as_deref().and_then(|id| snapshot.handler_at(id));
    selection.choice = match answer {
        Answer::Cancelled => {
            selection.asking = false;
            named(&form.on_cancel).map_or(Choice::Leave, Choice::Handler)
        }
        Answer::Wrong => {
            let limit = if form.max_attempts > 0 { form.max_attempts } else { limit(snapshot, chat) };
            match form::next(form, &chat.memory.slots) {
                Some(slot) if limit == 0 || chat.memory.attempts + 1 < limit => {
                    Choice::Ask(Box::new(slot.error.clone().unwrap_or_else(|| slot.prompt.clone())), Asked::Again)
                }
                _ => too_often(snapshot, chat),
            }
        }
        Answer::Filled(name, value) => {
            selection.slots.insert(name, value);
            match form::next(form, &selection.slots) {
                Some(slot) => Choice::Ask(Box::new(slot.prompt.clone()), Asked::Next),
                None => Choice::Leave,
            }
        }
        Answer::Done(name, value) => {
            selection.slots.insert(name, value);
            selection.asking = false;
            // what the form was told is what is stored under the state's key
            selection.groups.clone_from(&selection.slots);
            named(&form.on_done).map_or(Choice::Leave, Choice::Handler)
        }
    };
    true
}

fn limit(snapshot: &Snapshot, chat: &Chat) -> u32 {
    let state = snapshot.state(chat.state.as_deref()).map_or(0, |state| state.settings.max_attempts);
    if state > 0 { state } else { snapshot.document().settings.max_attempts }
}

fn too_often(snapshot: &Snapshot, chat: &Chat) -> Choice {
    let settings = &snapshot.document().settings;
    let state = snapshot.state(chat.state.as_deref()).and_then(|state| state.settings.on_attempts.as_deref());
    let handler = state.or(settings.on_attempts.as_deref()).and_then(|id| snapshot.handler_at(id));
    handler.map_or(Choice::TooOften, Choice::Handler)
}

/// No handler: the fallback of the state, or of the bot (B45), until it was said too often.
fn unmatched(snapshot: &Snapshot, chat: &Chat, selection: &mut Selection) {
    let limit = limit(snapshot, chat);
    if limit > 0 && chat.memory.attempts + 1 >= limit {
        selection.choice = too_often(snapshot, chat);
        return;
    }
    let state = snapshot.state(chat.state.as_deref()).and_then(|state| state.settings.fallback.as_ref());
    let fallback = state.or(snapshot.document().settings.fallback.as_ref());
    selection.choice = match fallback {
        Some(response) => Choice::Fallback(Box::new(response.clone())),
        None if limit > 0 => Choice::Unmatched,
        None => Choice::Nothing,
    };
}
