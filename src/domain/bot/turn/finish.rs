//! What is said, and the chat as it is afterwards (bots contract, 5.1 steps 8 to 10). Everything is rendered and built before
//! anything changes; a broken keyboard costs the keyboard only (B46).

use std::sync::Arc;

use serde_json::{Value, json};

use super::context::{build, response_value};
use super::select::{Asked, Choice};
use super::{AppResponse, Chat, Facts, Handoff, Reply, Selection, Snapshot, StepError, Turn, form, variables};
use crate::domain::bot::document::{Handler, Response};
use crate::domain::bot::provider::Provider;
use crate::domain::bot::settings::Scope;
use crate::domain::bot::template::{Escape, Job, RenderError};
use crate::domain::bot::{html, keyboard, language, state_context};
use crate::domain::content::{Card, ChoiceOption, Content, Media};

/// What is said when something went wrong and the owner has no words for it.
const APOLOGY: &str = "Sorry, something went wrong. Please try again later.";
/// Milliseconds of typing at most.
const MAX_TYPING: u32 = 30_000;

/// The templates of the answer, in the order that [`finish`] expects.
pub fn reply_jobs(
    snapshot: &Snapshot,
    selection: &Selection,
    chat: &Chat,
    facts: &Facts,
    response: Option<&AppResponse>,
) -> Vec<Job> {
    let context = build(snapshot, selection, chat, facts, Some(response_value(response)));
    let job =
        |(source, escape): (String, Escape)| Job { source, context: Arc::clone(&context), escape, moment: facts.now };
    let language = selection.language(chat, snapshot);
    let says = says(snapshot, selection, chat, response);
    let words = says.iter().flat_map(|response| templates(snapshot, response, language, facts.incoming.provider));
    let actions =
        selection.handler(snapshot).into_iter().flat_map(action_templates).map(|source| (source, Escape::None));
    words.chain(actions).map(job).collect()
}

/// All responses of this turn: the handler's own, then the first question of a form that is entered.
fn says(snapshot: &Snapshot, selection: &Selection, chat: &Chat, response: Option<&AppResponse>) -> Vec<Response> {
    match &selection.choice {
        Choice::Handler(at) => {
            let Some(handler) = snapshot.handler(*at) else { return Vec::new() };
            let entered = target(snapshot, handler, response).and_then(|id| snapshot.state(Some(&id)));
            let question = entered.and_then(|state| form::next(state.settings.form.as_ref()?, &Default::default()));
            let reasks = question.is_none() && selection.asking && chat.memory.asking && !handler.action.restart;
            // an interrupted form asks again
            let again = snapshot.state(chat.state.as_deref()).filter(|_| reasks && entered.is_none());
            let again = again.and_then(|state| form::next(state.settings.form.as_ref()?, &chat.memory.slots));
            let questions = question.or(again).map(|slot| slot.prompt.clone());
            std::iter::once(handler.response.clone()).chain(questions).collect()
        }
        Choice::Ask(response, _) | Choice::Fallback(response) | Choice::Unsupported(response) => {
            vec![(**response).clone()]
        }
        Choice::Command(command) => {
            vec![Response { text_template: command.said().into(), ..Response::default() }]
        }
        Choice::Nothing | Choice::Held | Choice::Unmatched | Choice::TooOften | Choice::Leave => Vec::new(),
    }
}

/// The state that a handler leads to, if its step succeeded (step 9).
fn target(snapshot: &Snapshot, handler: &Handler, response: Option<&AppResponse>) -> Option<String> {
    let succeeded = response.is_none_or(AppResponse::is_success);
    let state = snapshot.state(handler.target_state.as_deref()).filter(|_| succeeded)?;
    Some(state.stamp.id.clone())
}

/// The templates of one response, in the order in which [`Reader::reply`] takes them.
fn templates(
    snapshot: &Snapshot,
    response: &Response,
    language: Option<&str>,
    provider: Provider,
) -> Vec<(String, Escape)> {
    let escape = if provider == Provider::Telegram { Escape::Html } else { Escape::Plain };
    let (text, keyboard) = language::templates(response, &snapshot.document().settings, language);
    let mut all = vec![(text.to_owned(), escape), (keyboard.unwrap_or_default().to_owned(), Escape::None)];
    for media in &response.extras.media {
        all.push((media.link.clone(), Escape::None));
        all.push((media.caption.clone().unwrap_or_default(), Escape::None));
    }
    for card in &response.extras.cards {
        let others = [&card.subtitle, &card.image, &card.keyboard_template];
        all.push((card.title.clone(), Escape::None));
        all.extend(others.into_iter().map(|other| (other.clone().unwrap_or_default(), Escape::None)));
    }
    all
}

fn action_templates(handler: &Handler) -> Vec<String> {
    let action = &handler.action;
    let words = [&action.handoff_to, &action.language].into_iter().map(|word| word.clone().unwrap_or_default());
    words.chain(action.variables.iter().map(|variable| variable.value_template.clone())).collect()
}

/// Takes what was rendered, one by one, and notes what was not.
struct Reader<'f> {
    rendered: std::vec::IntoIter<Result<String, RenderError>>,
    handler: Option<String>,
    facts: &'f Facts,
    errors: Vec<StepError>,
    /// A text failed: nothing is said and the state stays (B47).
    fatal: Option<StepError>,
}

impl Reader<'_> {
    fn error(&self, step: &str, message: &str) -> StepError {
        StepError { handler: self.handler.clone(), step: step.into(), message: self.facts.mask(message) }
    }

    /// The next text; nothing if it failed, which is noted.
    fn next(&mut self, step: &str) -> String {
        let result =
            self.rendered.next().unwrap_or_else(|| Err(RenderError::Unavailable("it was not rendered".into())));
        match result {
            Ok(text) => text,
            Err(error) => {
                let error = self.error(step, &error.to_string());
                if step == "text" {
                    self.fatal.get_or_insert(error);
                } else {
                    self.errors.push(error);
                }
                String::new()
            }
        }
    }

    fn keyboard(&mut self) -> Vec<keyboard::Button> {
        let rendered = self.next("keyboard");
        keyboard::parse(&rendered).unwrap_or_else(|error| {
            let error = self.error("keyboard", &format!("Not correct keyboard: {error}"));
            self.errors.push(error);
            Vec::new()
        })
    }

    /// The replies of one response: its text with the keyboard, then media, then cards.
    fn reply(&mut self, response: &Response) -> Vec<Reply> {
        let typing_ms = response.extras.typing_ms.min(MAX_TYPING);
        let mut replies = vec![Reply { text: self.next("text"), keyboard: self.keyboard(), content: None, typing_ms }];
        for media in &response.extras.media {
            let (link, caption) = (self.next("media").trim().to_owned(), self.next("media"));
            if keyboard::is_link(&link) {
                let caption = Some(caption).filter(|caption| !caption.trim().is_empty());
                let text = caption.as_ref().map_or_else(|| link.clone(), |caption| format!("{caption}\n{link}"));
                let kind = if media.kind.is_empty() { "file".into() } else { media.kind.clone() };
                let content = Content::Media(Media { link, kind, caption, ..Media::default() });
                replies.push(Reply { text, content: Some(content), ..Reply::default() });
            } else if !link.is_empty() {
                let error = self.error("media", "the address is no http or https URL");
                self.errors.push(error);
            }
        }
        let cards: Vec<Card> = response.extras.cards.iter().map(|_| self.card()).collect();
        if !cards.is_empty() {
            let text = cards.iter().map(card_text).collect::<Vec<_>>().join("\n\n");
            replies.push(Reply { text, content: Some(Content::Cards { cards }), ..Reply::default() });
        }
        replies.retain(|reply| !reply.is_empty());
        replies
    }

    fn card(&mut self) -> Card {
        let some = |text: String| Some(text).filter(|text| !text.trim().is_empty());
        let (title, subtitle, image) = (self.next("card"), some(self.next("card")), some(self.next("card")));
        let buttons = self.keyboard().into_iter().map(|button| match button.payload {
            keyboard::Payload::Text(id) => ChoiceOption { id, label: button.label, ..ChoiceOption::default() },
            keyboard::Payload::Link(link) => {
                ChoiceOption { id: link.clone(), label: button.label, link: Some(link), ..ChoiceOption::default() }
            }
        });
        Card {
            title,
            subtitle,
            image: image.filter(|image| keyboard::is_link(image)),
            buttons: buttons.collect(),
            default_action: None,
        }
    }
}

/// What somebody reads who sees no cards.
fn card_text(card: &Card) -> String {
    let lines = std::iter::once(card.title.clone()).chain(card.subtitle.clone());
    let buttons = card.buttons.iter().map(|button| match &button.link {
        Some(link) => format!("• {}: {link}", button.label),
        None => format!("• {}", button.label),
    });
    lines.chain(buttons).collect::<Vec<_>>().join("\n")
}

/// Makes the turn of what was rendered.
pub fn finish(
    snapshot: &Snapshot,
    selection: &Selection,
    chat: &Chat,
    facts: &Facts,
    response: Option<&AppResponse>,
    rendered: Vec<Result<String, RenderError>>,
) -> Turn {
    let handler = selection.handler(snapshot);
    let mut reader = Reader {
        rendered: rendered.into_iter(),
        handler: handler.map(|handler| handler.stamp.id.clone()),
        facts,
        errors: Vec::new(),
        fatal: None,
    };
    let says = says(snapshot, selection, chat, response);
    let replies = says.iter().flat_map(|response| reader.reply(response)).collect();
    let mut turn = Turn { replies, chat: chat.clone(), ..Turn::default() };
    turn.chat.context = chat.context_at(&snapshot.document().settings, facts.now);
    turn.chat.memory.seen_at = facts.now;
    move_on(snapshot, selection, facts, response, &mut turn);
    if let Some(handler) = handler {
        act(handler, &mut reader, &mut turn);
    }
    if let Some(error) = reader.fatal.take() {
        return apology(snapshot, selection, chat, facts, error);
    }
    turn.errors = reader.errors;
    trace(snapshot, selection, chat, response, &mut turn);
    turn
}

/// Counts, and changes the state.
fn move_on(snapshot: &Snapshot, selection: &Selection, facts: &Facts, response: Option<&AppResponse>, turn: &mut Turn) {
    let chat = &mut turn.chat;
    match &selection.choice {
        Choice::Fallback(_) | Choice::Unmatched | Choice::Ask(_, Asked::Again) => {
            chat.memory.attempts = chat.memory.attempts.saturating_add(1);
            return;
        }
        Choice::Nothing | Choice::Held | Choice::Unsupported(_) => return,
        Choice::TooOften => {
            chat.memory.held = true;
            turn.handoff = Some(Handoff { to: None, reason: "attempts".into() });
        }
        Choice::Leave => {
            store(snapshot, selection, facts, response, chat);
            chat.enter(None, false);
        }
        Choice::Command(super::commands::Command::Restart) => chat.restart(),
        Choice::Command(super::commands::Command::Cancel) => chat.enter(None, false),
        Choice::Command(super::commands::Command::Back) => back(snapshot, chat),
        Choice::Ask(_, Asked::Next) | Choice::Handler(_) => {}
    }
    chat.memory.attempts = 0;
    let Choice::Handler(at) = selection.choice else {
        if matches!(selection.choice, Choice::Ask(..)) {
            chat.memory.slots = selection.slots.clone();
        }
        return;
    };
    chat.memory.slots = selection.slots.clone();
    chat.memory.asking = selection.asking;
    let next = snapshot.handler(at).and_then(|handler| target(snapshot, handler, response));
    if let Some(next) = next {
        store(snapshot, selection, facts, response, chat);
        let asks = snapshot.state(Some(&next)).is_some_and(|state| state.settings.form.is_some());
        chat.enter(Some(next), asks);
    }
}

fn store(snapshot: &Snapshot, selection: &Selection, facts: &Facts, response: Option<&AppResponse>, chat: &mut Chat) {
    let left = snapshot.state(chat.state.as_deref()).map(|state| state.name.as_str());
    state_context::store(&mut chat.context, left, &selection.groups, &response_value(response));
    chat.memory.context_at = facts.now;
}

fn back(snapshot: &Snapshot, chat: &mut Chat) {
    let Some(last) = chat.memory.back.pop() else { return };
    let state = snapshot.state(Some(&last));
    let asks = state.is_some_and(|state| state.settings.form.is_some());
    chat.state = state.map(|state| state.stamp.id.clone());
    chat.memory.slots = serde_json::Map::new();
    chat.memory.asking = asks;
}

/// What a handler does besides answering.
fn act(handler: &Handler, reader: &mut Reader<'_>, turn: &mut Turn) {
    let action = &handler.action;
    let some = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (to, language) = (some(reader.next("variables")), some(reader.next("variables")));
    if action.restart {
        turn.chat.restart();
    }
    for variable in &action.variables {
        let text = reader.next("variables");
        let scope = match variable.scope {
            Scope::User => &mut turn.chat.memory.user,
            Scope::Session => &mut turn.chat.memory.session,
            Scope::Bot => &mut turn.bot,
        };
        if let Err(message) = variables::set(scope, variable, &text) {
            let error = reader.error("variables", &message);
            reader.errors.push(error);
        }
    }
    if language.is_some() {
        turn.chat.memory.language = language;
    }
    if action.handoff {
        turn.chat.memory.held = true;
        turn.handoff = Some(Handoff { to, reason: "handler".into() });
    }
    turn.end = action.end;
    if action.end {
        turn.chat.restart();
    }
}

fn trace(snapshot: &Snapshot, selection: &Selection, chat: &Chat, response: Option<&AppResponse>, turn: &mut Turn) {
    let name = |chat: &Chat| snapshot.state(chat.state.as_deref()).map(|state| state.name.clone());
    turn.trace.tried.clone_from(&selection.tried);
    turn.trace.chosen = selection.word().into();
    turn.trace.response = response.map(AppResponse::value);
    turn.trace.from_state = name(chat);
    turn.trace.to_state = name(&turn.chat);
}

/// The turn when something went wrong (B47): the bot's error response, as it stands, or a short apology; the state stays. With
/// `handoff_on_failure` the chat goes to people (fail open).
pub fn apology(snapshot: &Snapshot, selection: &Selection, chat: &Chat, facts: &Facts, error: StepError) -> Turn {
    let settings = &snapshot.document().settings;
    let words = settings.error_response.as_ref();
    let text =
        words.map_or(APOLOGY, |response| language::templates(response, settings, chat.memory.language.as_deref()).0);
    let telegram = facts.incoming.provider == Provider::Telegram;
    let text = if telegram { text.to_owned() } else { html::without_tags(text) };
    let mut turn = Turn { chat: chat.clone(), ..Turn::default() };
    turn.replies.push(Reply { text, ..Reply::default() });
    turn.replies.retain(|reply| !reply.is_empty());
    turn.chat.memory.seen_at = facts.now;
    if settings.handoff_on_failure {
        turn.chat.memory.held = true;
        turn.handoff = Some(Handoff { to: None, reason: "failure".into() });
    }
    trace(snapshot, selection, chat, None, &mut turn);
    turn.trace.response = Some(json!({"failed": error.step}));
    turn.errors.push(error);
    turn
}

/// The replies of one response that was rendered outside of a turn: a hook's.
pub(super) fn lone_reply(
    response: &Response,
    facts: &Facts,
    rendered: Vec<Result<String, RenderError>>,
) -> Result<(Vec<Reply>, Vec<StepError>), StepError> {
    let mut reader = Reader { rendered: rendered.into_iter(), handler: None, facts, errors: Vec::new(), fatal: None };
    let replies = reader.reply(response);
    match reader.fatal.take() {
        Some(error) => Err(error),
        None => Ok((replies, reader.errors)),
    }
}

/// The jobs of one response with a context of its own.
pub(super) fn lone_jobs(
    snapshot: &Snapshot,
    response: &Response,
    context: Arc<Value>,
    provider: Provider,
    now: i64,
) -> Vec<Job> {
    let all = templates(snapshot, response, None, provider);
    all.into_iter().map(|(source, escape)| Job { source, context: Arc::clone(&context), escape, moment: now }).collect()
}
