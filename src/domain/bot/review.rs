//! The check of a whole configuration, before it is imported or published: everything that the API would refuse piece by
//! piece, and what only shows when the pieces are put together.

use serde::{Deserialize, Serialize};

use super::document::{Document, Handler, Response};
use super::pattern::Pattern;
use super::settings::{Form, Hours, Schedule};
use super::{hours, html, state_context, template};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be published.
    Error,
    /// It will probably not do what was meant.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// Where, such as `handlers[2].pattern`.
    pub path: String,
    /// What.
    pub message: String,
}

/// Objects of one kind in one bot at most (B92).
pub const MAX_OBJECTS: usize = 500;

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Error, path: path.to_owned(), message: message.into() });
    }

    fn warning(&mut self, path: &str, message: impl Into<String>) {
        self.0.push(Finding { severity: Severity::Warning, path: path.to_owned(), message: message.into() });
    }

    fn checked(&mut self, path: &str, result: Result<(), String>) {
        if let Err(message) = result {
            self.error(path, message);
        }
    }
}

/// All findings. Keyboards are only parsed here: what they render to is checked by
/// [`check_job`](super::keyboard::check_job) and [`check_rendered`](super::keyboard::check_rendered).
pub fn check(document: &Document) -> Vec<Finding> {
    let mut found = Findings::default();
    counts(document, &mut found);
    names(document, &mut found);
    for (at, handler) in document.handlers.iter().enumerate() {
        self::handler(document, &format!("handlers[{at}]"), handler, &mut found);
    }
    for (at, hook) in document.hooks.iter().enumerate() {
        response(document, &format!("hooks[{at}].response"), &hook.response, &mut found);
        if let Some(schedule) = &hook.schedule {
            self::schedule(&format!("hooks[{at}].schedule"), schedule, &mut found);
        }
    }
    settings(document, &mut found);
    found.0
}

fn counts(document: &Document, found: &mut Findings) {
    let kinds = [
        ("handlers", document.handlers.len()),
        ("states", document.states.len()),
        ("env", document.env.len()),
        ("hooks", document.hooks.len()),
    ];
    for (kind, count) in kinds.into_iter().filter(|(_, count)| *count > MAX_OBJECTS) {
        found.error(kind, format!("{count} {kind}; {MAX_OBJECTS} at most"));
    }
}

fn names(document: &Document, found: &mut Findings) {
    for (at, state) in document.states.iter().enumerate() {
        let path = format!("states[{at}].name");
        if state.name.trim().is_empty() {
            found.error(&path, "This field may not be blank.");
        }
        if document.states.iter().take(at).any(|other| state_context::share_key(&other.name, &state.name)) {
            found.error(&path, "another state has this name, or one that differs in case or underscores only");
        }
    }
    for (at, env) in document.env.iter().enumerate() {
        if document.env.iter().take(at).any(|other| other.key == env.key) {
            found.error(&format!("env[{at}].key"), "another env var has this key");
        }
    }
}

fn handler(document: &Document, path: &str, handler: &Handler, found: &mut Findings) {
    found.checked(&format!("{path}.pattern"), Pattern::compile(&handler.pattern).map(|_| ()));
    response(document, &format!("{path}.response"), &handler.response, found);
    if let Some(request) = &handler.request {
        found.checked(&format!("{path}.request.url_template"), template::check(&request.url_template));
        for (list, parameters) in
            [("url_parameters", &request.url_parameters), ("header_parameters", &request.header_parameters)]
        {
            for (at, parameter) in parameters.iter().enumerate() {
                found.checked(&format!("{path}.request.{list}[{at}]"), template::check(&parameter.value_template));
            }
        }
        if let Some(data) = &request.data {
            found.checked(&format!("{path}.request.data"), check_data(data));
        }
    }
    let states = handler.target_state.iter().chain(&handler.source_states);
    for id in states.filter(|id| !document.states.iter().any(|state| state.stamp.id == **id)) {
        found.error(path, format!("there is no state {id}"));
    }
    let action = &handler.action;
    for source in action.handoff_to.iter().chain(&action.language) {
        found.checked(&format!("{path}.action"), template::check(source));
    }
    for (at, variable) in action.variables.iter().enumerate() {
        found.checked(&format!("{path}.action.variables[{at}]"), template::check(&variable.value_template));
    }
}

/// Checks the texts in the data of a request as templates (B27); data that is a text is JSON in a text, or one template.
///
/// # Errors
///
/// The message for the field `data`.
pub fn check_data(data: &serde_json::Value) -> Result<(), String> {
    use serde_json::Value;
    match data {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(inner) if !inner.is_string() => check_data(&inner),
            _ => template::check(text),
        },
        Value::Array(members) => members.iter().try_for_each(check_data),
        Value::Object(members) => members.values().try_for_each(check_data),
        _ => Ok(()),
    }
}

/// Checks a text template (6.5): syntax, then tags, then that it shows no secret (B13). All messages.
pub fn check_text<'a>(source: &str, secrets: impl Iterator<Item = &'a str>) -> Vec<String> {
    let secret = shows_secret(source, secrets);
    [template::check(source), html::check(source), secret].into_iter().filter_map(Result::err).collect()
}

/// Whether a text or keyboard template speaks of an env var that only requests may see.
///
/// # Errors
///
/// Which.
pub fn shows_secret<'a>(source: &str, mut secrets: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let used = template::env_names(source);
    match secrets.find(|secret| used.iter().any(|name| name == secret)) {
        Some(secret) => Err(format!("the env var {secret} is secret: it can be used in requests only")),
        None => Ok(()),
    }
}

fn response(document: &Document, path: &str, response: &Response, found: &mut Findings) {
    let secrets = || document.env.iter().filter(|env| env.secret).map(|env| env.key.as_str());
    let translations = response.extras.translations.values();
    let texts = std::iter::once(&response.text_template).chain(translations.clone().map(|other| &other.text_template));
    for text in texts {
        for message in check_text(text, secrets()) {
            found.error(&format!("{path}.text_template"), message);
        }
    }
    let keyboards =
        response.keyboard_template.iter().chain(translations.filter_map(|other| other.keyboard_template.as_ref()));
    for keyboard in keyboards {
        found.checked(&format!("{path}.keyboard_template"), template::check(keyboard));
        found.checked(&format!("{path}.keyboard_template"), shows_secret(keyboard, secrets()));
    }
    let media = response.extras.media.iter().flat_map(|media| std::iter::once(&media.link).chain(&media.caption));
    let cards = response.extras.cards.iter().flat_map(|card| {
        std::iter::once(&card.title).chain(&card.subtitle).chain(&card.image).chain(&card.keyboard_template)
    });
    for source in media.chain(cards) {
        found.checked(&format!("{path}.extras"), template::check(source));
        found.checked(&format!("{path}.extras"), shows_secret(source, secrets()));
    }
    if response.extras.typing_ms > 30_000 {
        found.warning(&format!("{path}.extras.typing_ms"), "more than 30 seconds: 30 seconds are taken");
    }
}

fn settings(document: &Document, found: &mut Findings) {
    let settings = &document.settings;
    for (name, said) in [("fallback", &settings.fallback), ("unsupported", &settings.unsupported)] {
        if let Some(said) = said {
            response(document, &format!("settings.{name}"), said, found);
        }
    }
    let named = |id: &String| document.handlers.iter().any(|handler| handler.stamp.id == *id);
    let of_bot = settings.on_attempts.iter().chain(&settings.on_timeout);
    for id in of_bot.filter(|id| !named(id)) {
        found.error("settings", format!("there is no handler {id}"));
    }
    if let Some(hours) = &settings.hours {
        self::hours(hours, found);
    }
    if let Some(quiet) = &settings.quiet {
        span("settings.quiet", &quiet.zone, &[&quiet.span.from, &quiet.span.to], found);
    }
    for (at, state) in document.states.iter().enumerate() {
        let (path, own) = (format!("states[{at}].settings"), &state.settings);
        if let Some(said) = &own.fallback {
            response(document, &format!("{path}.fallback"), said, found);
        }
        for id in own.on_attempts.iter().chain(&own.on_timeout).filter(|id| !named(id)) {
            found.error(&path, format!("there is no handler {id}"));
        }
        if let Some(form) = &own.form {
            self::form(document, &format!("{path}.form"), form, found);
            for id in form.on_done.iter().chain(&form.on_cancel).filter(|id| !named(id)) {
                found.error(&path, format!("there is no handler {id}"));
            }
        }
    }
}

fn form(document: &Document, path: &str, form: &Form, found: &mut Findings) {
    if form.slots.is_empty() {
        found.error(path, "a form needs a slot");
    }
    for (at, slot) in form.slots.iter().enumerate() {
        let path = format!("{path}.slots[{at}]");
        if slot.name.is_empty() || form.slots.iter().take(at).any(|other| other.name == slot.name) {
            found.error(&path, "a slot needs a name of its own");
        }
        if let Some(pattern) = &slot.pattern {
            found.checked(&path, Pattern::compile(pattern).map(|_| ()));
        }
        response(document, &format!("{path}.prompt"), &slot.prompt, found);
        if let Some(error) = &slot.error {
            response(document, &format!("{path}.error"), error, found);
        }
    }
}

fn span(path: &str, zone: &str, minutes: &[&String], found: &mut Findings) {
    if !hours::is_zone(zone) {
        found.error(path, format!("there is no zone {zone:?}"));
    }
    for minute in minutes.iter().filter(|minute| hours::minute(minute).is_none()) {
        found.error(path, format!("{minute:?} is no time HH:MM"));
    }
}

fn hours(hours: &Hours, found: &mut Findings) {
    let minutes: Vec<&String> = hours.weekly.values().flatten().flat_map(|span| [&span.from, &span.to]).collect();
    span("settings.hours", &hours.zone, &minutes, found);
    for day in hours.weekly.keys().filter(|day| hours::weekday(day).is_none()) {
        found.error("settings.hours", format!("{day:?} is no weekday"));
    }
}

fn schedule(path: &str, schedule: &Schedule, found: &mut Findings) {
    span(path, &schedule.zone, &schedule.times.iter().collect::<Vec<_>>(), found);
    for day in schedule.weekdays.iter().filter(|day| hours::weekday(day).is_none()) {
        found.error(path, format!("{day:?} is no weekday"));
    }
    if schedule.once.as_ref().is_some_and(|once| once.parse::<jiff::civil::DateTime>().is_err()) {
        found.error(path, "once is no moment YYYY-MM-DDTHH:MM");
    }
}
