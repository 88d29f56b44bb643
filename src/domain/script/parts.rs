//! The parts of a schema as administrators send them: groups, questions, answers, attachments, each read field by field
//! (contract, 13.2, 13.3). What they may be is said by [`rules`](super::rules).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::attachment::AttachmentForm;
use super::super::form::{self, Form, TextRule};
use super::super::refusal::FieldErrors;
use super::bounds::{MAX_ANSWERS, MAX_GROUP_NAME, MAX_LABEL, MAX_SHOW_AS_TYPE, MAX_TEMPLATES, MAX_TEXT};
use super::schema::{Answer, Group, Question, QuestionKind, SHOW_AS_TYPE, Translations};
use super::{Pairs, Template, rules};

/// Numbers for parts that have none yet: below zero, none twice.
#[derive(Debug, Default)]
pub struct Fresh(i64);

impl Fresh {
    /// The next one.
    pub fn number(&mut self) -> i64 {
        self.0 -= 1;
        self.0
    }
}

/// An attachment of a question as it was sent.
#[derive(Debug)]
pub enum Hung {
    /// One that hangs there already, with what was changed of it.
    Kept(Box<Template>),
    /// One that is still to be made, its file to be looked at.
    New(Box<AttachmentForm>),
}

/// A question as it was sent.
#[derive(Debug)]
pub struct QuestionDraft {
    /// The question, without its attachments.
    pub question: Question,
    /// What is to hang on it, if anything was said about that.
    pub hung: Option<Vec<Hung>>,
    /// What is wrong with it.
    pub errors: QuestionErrors,
    /// Whether its type was understood.
    pub has_kind: bool,
}

/// What is wrong with a question and what belongs to it, in the order in which it was sent.
#[derive(Debug, Default)]
pub struct QuestionErrors {
    /// Its own fields.
    pub own: FieldErrors,
    /// Its answers.
    pub answers: Vec<FieldErrors>,
    /// Its attachments.
    pub attachments: Vec<FieldErrors>,
}

impl QuestionErrors {
    /// The complaints as a tree: lists parallel to the input.
    pub fn into_tree(self) -> FieldErrors {
        let mut errors = self.own;
        set_list(&mut errors, "answers", self.answers);
        set_list(&mut errors, "attachments", self.attachments);
        errors
    }
}

/// Puts complaints about the items of a list under its field, if there are any.
pub(super) fn set_list(errors: &mut FieldErrors, field: &str, list: Vec<FieldErrors>) {
    if list.iter().any(|one| !one.is_empty()) && !errors.has(field) {
        let tree: Vec<Value> = list.iter().map(|one| serde_json::to_value(one).unwrap_or_default()).collect();
        errors.set(field, Value::Array(tree));
    }
}

/// What reading a question needs to know.
pub struct Surroundings<'a> {
    /// The question that is changed or replaced.
    pub before: Option<&'a Question>,
    /// Whether fields that were not sent stay as they are.
    pub partial: bool,
    /// The group that a value names; `None` if there is no such group.
    pub group: &'a dyn Fn(&Value) -> Option<i64>,
    /// The template of that number, if the schema has it.
    pub template: &'a dyn Fn(i64) -> Option<Template>,
}

/// Reads a question.
pub fn question(body: &Map<String, Value>, around: &Surroundings<'_>, fresh: &mut Fresh) -> QuestionDraft {
    let mut form = Form::new(body);
    let id = around.before.map_or_else(|| fresh.number(), |before| before.id);
    let mut question = match around.before.filter(|_| around.partial) {
        Some(before) => before.clone(),
        None => {
            demand(&mut form, &["qid", "position", "type"]);
            Question::new(id, id, QuestionKind::Text)
        }
    };
    let kind = form.choice("type", QuestionKind::parse);
    question.kind = kind.unwrap_or(question.kind);
    set(&mut question.qid, form.integer("qid"));
    set(&mut question.position, form.integer("position"));
    set(&mut question.text, form.text("text", TextRule { max: MAX_TEXT, blank: true }));
    set(&mut question.comments, form.text("comments", TextRule { max: MAX_TEXT, blank: true }));
    set(&mut question.next_qid, nullable(&mut form, "next_qid", |form, field| form.integer(field)));
    set(&mut question.range_from, nullable(&mut form, "range_from", float));
    set(&mut question.range_to, nullable(&mut form, "range_to", float));
    set(&mut question.required, form.boolean("required"));
    set(&mut question.choice_open, form.boolean("choice_open"));
    set(&mut question.meta, json(&form, "meta"));
    set(&mut question.variable_modifications, pairs(&mut form, "variable_modifications"));
    set(&mut question.forking_rules, pairs(&mut form, "forking_rules"));
    set(&mut question.translations, translations(&mut form));
    if let Some(kind) = form.text("show_as_type", TextRule { max: MAX_SHOW_AS_TYPE, blank: true }) {
        question.show_as_type = if kind.is_empty() { SHOW_AS_TYPE.to_owned() } else { kind };
    }
    if let Some(group) = form.raw("group") {
        question.group = (around.group)(group);
        if question.group.is_none() && !group.is_null() {
            form.complain("group", "GROUP_FROM_WRONG_SCHEMA");
        }
    }
    let mut errors = QuestionErrors::default();
    if let Some(list) = bounded(&mut form, "answers", MAX_ANSWERS) {
        (question.answers, errors.answers) = answers(list, around.before, fresh);
    }
    let hung = bounded(&mut form, "attachments", MAX_TEMPLATES).map(|list| templates(list, around.template));
    let hung = hung.map(|(hung, complaints)| {
        errors.attachments = complaints;
        hung
    });
    let has_kind = !form.errors.has("type");
    errors.own = form.errors;
    QuestionDraft { question, hung, errors, has_kind }
}

/// Answers as they were sent with their question; those of it that are named by their number stay the same.
fn answers(list: &[Value], before: Option<&Question>, fresh: &mut Fresh) -> (Vec<Answer>, Vec<FieldErrors>) {
    let mut used = HashSet::new();
    let read = list.iter().map(|body| match form::object(body) {
        Ok(map) => {
            let id = map.get("id").and_then(Value::as_i64).filter(|id| used.insert(*id));
            let known = id.and_then(|id| before?.answer(id));
            answer(map, known, false, fresh)
        }
        Err(errors) => (Answer::default(), errors),
    });
    read.collect::<Vec<_>>().into_iter().unzip()
}

/// Reads an answer. `partial`: fields that were not sent stay as they are.
pub fn answer(
    body: &Map<String, Value>,
    before: Option<&Answer>,
    partial: bool,
    fresh: &mut Fresh,
) -> (Answer, FieldErrors) {
    let mut form = Form::new(body);
    let id = before.map_or_else(|| fresh.number(), |before| before.id);
    let mut answer = match before.filter(|_| partial) {
        Some(before) => before.clone(),
        None => {
            demand(&mut form, &["text", "position", "next_qid"]);
            // a place of its own until it is read, so that it clashes with nobody
            Answer { id, position: id, ..Answer::default() }
        }
    };
    set(&mut answer.text, form.text("text", TextRule { max: MAX_LABEL, blank: true }));
    set(&mut answer.comments, form.text("comments", TextRule { max: MAX_TEXT, blank: true }));
    set(&mut answer.position, form.integer("position"));
    set(&mut answer.next_qid, nullable(&mut form, "next_qid", |form, field| form.integer(field)));
    set(&mut answer.exclusive, form.boolean("exclusive"));
    set(&mut answer.meta, json(&form, "meta"));
    set(&mut answer.variable_modifications, pairs(&mut form, "variable_modifications"));
    set(&mut answer.translations, translations(&mut form));
    (answer, form.errors)
}

/// Reads a group. `partial`: fields that were not sent stay as they are.
pub fn group(
    body: &Map<String, Value>,
    before: Option<&Group>,
    partial: bool,
    fresh: &mut Fresh,
) -> (Group, FieldErrors) {
    let mut form = Form::new(body);
    let id = before.map_or_else(|| fresh.number(), |before| before.id);
    let mut group = match before.filter(|_| partial) {
        Some(before) => before.clone(),
        None => {
            demand(&mut form, &["name", "position"]);
            Group { id, name: format!("\u{0}{id}"), position: id }
        }
    };
    set(&mut group.name, form.text("name", TextRule { max: MAX_GROUP_NAME, blank: false }));
    set(&mut group.position, form.integer("position"));
    (group, form.errors)
}

fn templates(list: &[Value], known: &dyn Fn(i64) -> Option<Template>) -> (Vec<Hung>, Vec<FieldErrors>) {
    let mut used = HashSet::new();
    let read = list.iter().map(|body| {
        let id = body.get("id").and_then(Value::as_i64).filter(|id| used.insert(*id));
        let has_content = body.get("file_content").is_some_and(|content| !content.is_null());
        match id.and_then(known).filter(|_| !has_content) {
            Some(template) => kept(template, body),
            None => {
                let mut form = AttachmentForm::read(body, true);
                let errors = std::mem::take(&mut form.errors);
                (Hung::New(Box::new(form)), errors)
            }
        }
    });
    read.collect::<Vec<_>>().into_iter().unzip()
}

/// A template that stays, as far as nothing else was said about it.
fn kept(template: Template, body: &Value) -> (Hung, FieldErrors) {
    let mut form = AttachmentForm::read(body, false);
    if let Some(kind) = form.kind.filter(|kind| *kind != template.kind) {
        form.require(kind);
    }
    let errors = std::mem::take(&mut form.errors);
    (Hung::Kept(Box::new(template.changed(form, None))), errors)
}

fn demand(form: &mut Form<'_>, fields: &[&str]) {
    for field in fields {
        if !form.has(field) {
            form.complain(field, form::REQUIRED);
        }
    }
}

/// Takes a value over, if there is one.
fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// A field that may be null: nothing if it was not sent or is wrong.
fn nullable<T>(form: &mut Form<'_>, field: &str, read: impl Fn(&mut Form<'_>, &str) -> Option<T>) -> Option<Option<T>> {
    if form.raw(field)?.is_null() { Some(None) } else { read(form, field).map(Some) }
}

fn float(form: &mut Form<'_>, field: &str) -> Option<f64> {
    let number = match form.raw(field)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    if number.is_none() {
        form.complain(field, "A valid number is required.");
    }
    number
}

fn json(form: &Form<'_>, field: &str) -> Option<Option<Value>> {
    form.raw(field).map(|value| Some(value.clone()).filter(|value| !value.is_null()))
}

fn pairs(form: &mut Form<'_>, field: &str) -> Option<Pairs> {
    match rules::read_pairs(form.raw(field)?) {
        Ok(pairs) => Some(pairs),
        Err(complaint) => {
            form.complain(field, complaint);
            None
        }
    }
}

/// Texts by language; an empty one is none.
fn translations(form: &mut Form<'_>) -> Option<Translations> {
    let field = "translations";
    let map = match form.raw(field)? {
        Value::Object(map) => map,
        Value::Null => return Some(Translations::new()),
        _ => {
            form.complain(
                field,
                "Write an object: the code of a language and the text in it, such as {\"es\": \"Hola\"}.",
            );
            return None;
        }
    };
    let mut texts = Translations::new();
    for (code, text) in map {
        match text.as_str() {
            Some(text) if text.trim().is_empty() => {}
            Some(text) => drop(texts.insert(code.clone(), text.trim().to_owned())),
            None => form.complain(field, format!("`{code}`: Not a valid string.")),
        }
    }
    Some(texts)
}

/// A list of at most so many items.
fn bounded<'a>(form: &mut Form<'a>, field: &str, max: usize) -> Option<&'a [Value]> {
    let list = form.list(field)?;
    if list.len() > max {
        form.complain(field, format!("Ensure this field has no more than {max} elements."));
        return None;
    }
    Some(list)
}
