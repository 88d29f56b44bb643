//! A whole schema as an administrator sends it: `name`, `type`, `language`, `groups` (each with its `questions`) and the
//! `questions` without a group, in one body. What [`wire`](super::wire) shows may be sent back as it is: parts that
//! carry a number of the schema stay the same parts, all others are new.
//!
//! Complaints have the form of the body: lists parallel to those that were sent.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::form::{self, Form, TextRule};
use super::super::refusal::FieldErrors;
use super::Template;
use super::bounds::{MAX_GROUPS, MAX_QUESTIONS};
use super::language::{self, NO_CODE};
use super::parts::{self, Fresh, Hung, QuestionDraft, QuestionErrors, Surroundings, set_list};
use super::rules::Book;
use super::schema::{Group, MAX_NAME, Question, Schema};

/// Where in the body a question stood: in which group of it, and at which place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    group: Option<usize>,
    at: usize,
}

/// A schema as it was sent.
#[derive(Debug, Default)]
pub struct Draft {
    /// The schema, its lists in the order of the body and without attachments.
    schema: Schema,
    places: Vec<Place>,
    hung: Vec<Vec<Hung>>,
    own: FieldErrors,
    groups: Vec<FieldErrors>,
    questions: Vec<QuestionErrors>,
    /// The number that each group had in the body.
    sent: Vec<Option<i64>>,
    fresh: Fresh,
}

/// Reads the fields of a schema itself; those that were not sent stay as they are. `types` are those that there are.
pub fn own_fields(body: &Map<String, Value>, schema: &mut Schema, types: &[String]) -> FieldErrors {
    let mut form = Form::new(body);
    if let Some(name) = form.text("name", TextRule { max: MAX_NAME, blank: false }) {
        schema.name = name;
    }
    if let Some(kind) = form.choice("type", |name| types.iter().find(|known| *known == name).cloned()) {
        schema.kind = kind;
    }
    if let Some(code) = form.text("language", TextRule { max: language::MAX_CODE, blank: true }) {
        if !(code.is_empty() || language::is_code(&code)) {
            form.complain("language", NO_CODE);
        }
        schema.language = code;
    }
    form.errors
}

impl Draft {
    /// Reads a body. `before` is the draft that it replaces, which keeps its version. A new one gets the version that
    /// was sent, or 0, for which the store finds one.
    pub fn read(body: &Map<String, Value>, before: Option<&Schema>, types: &[String]) -> Self {
        let mut draft = Self::default();
        for field in ["name", "type"].into_iter().filter(|field| !body.contains_key(*field)) {
            draft.own.add(field, form::REQUIRED);
        }
        if let Some(before) = before {
            (draft.schema.id, draft.schema.version) = (before.id, before.version);
        }
        draft.own.merge_weaker(own_fields(body, &mut draft.schema, types));
        let mut form = Form::new(body);
        if before.is_none()
            && let Some(version) = form.integer("version")
        {
            draft.schema.version = version;
            if version < 1 {
                form.complain("version", "Ensure this value is greater than or equal to 1.");
            }
        }
        let groups = form.list("groups").map(Vec::as_slice).unwrap_or_default();
        let questions = form.list("questions").map(Vec::as_slice).unwrap_or_default();
        draft.own.merge_weaker(form.errors);
        let nested = |group: &Value| group.get("questions").and_then(Value::as_array).map_or(0, Vec::len);
        let all = groups.iter().map(nested).sum::<usize>() + questions.len();
        for (field, found, max) in [("groups", groups.len(), MAX_GROUPS), ("questions", all, MAX_QUESTIONS)] {
            if found > max {
                draft.own.add(field, format!("Ensure this field has no more than {max} elements."));
            }
        }
        if !(draft.own.has("groups") || draft.own.has("questions")) {
            draft.parts(groups, questions, before);
            draft.check();
        }
        draft
    }

    fn parts(&mut self, groups: &[Value], questions: &[Value], before: Option<&Schema>) {
        let mut used = HashSet::new();
        for body in groups {
            let id = body.get("id").and_then(Value::as_i64);
            let known = id.filter(|id| used.insert(*id)).and_then(|id| before?.group(id));
            let (group, errors) = match form::object(body) {
                Ok(map) => parts::group(map, known, false, &mut self.fresh),
                Err(errors) => (Group { id: self.fresh.next(), ..Group::default() }, errors),
            };
            self.schema.groups.push(group);
            self.groups.push(errors);
            self.sent.push(id);
        }
        let known = Known::of(before);
        let mut used = HashSet::new();
        for (number, body) in groups.iter().enumerate() {
            match body.get("questions") {
                None | Some(Value::Null) => {}
                Some(Value::Array(list)) => self.questions(list, Some(number), &known, &mut used),
                Some(_) => {
                    if let Some(errors) = self.groups.get_mut(number) {
                        errors.add("questions", "Expected a list of items.");
                    }
                }
            }
        }
        self.questions(questions, None, &known, &mut used);
    }

    fn questions(&mut self, list: &[Value], group: Option<usize>, known: &Known<'_>, used: &mut HashSet<i64>) {
        let inside = group.and_then(|number| self.schema.groups.get(number)).map(|group| group.id);
        for (at, body) in list.iter().enumerate() {
            let mut fresh = std::mem::take(&mut self.fresh);
            let id = body.get("id").and_then(Value::as_i64).filter(|id| used.insert(*id));
            let around = Surroundings {
                before: id.and_then(|id| known.question(id)),
                partial: false,
                // nested in a group it belongs to that group, whatever it says
                group: &|value| inside.or_else(|| self.group_named(value)),
                template: &|id| known.template(id),
            };
            let mut read = match form::object(body) {
                Ok(map) => parts::question(map, &around, &mut fresh),
                Err(own) => QuestionDraft {
                    question: nobody(fresh.next()),
                    hung: None,
                    errors: QuestionErrors { own, ..QuestionErrors::default() },
                    has_kind: false,
                },
            };
            self.fresh = fresh;
            read.question.group = inside.or(read.question.group);
            if !read.has_kind && !read.errors.own.has("type") {
                read.errors.own.add("type", form::REQUIRED);
            }
            self.schema.questions.push(read.question);
            self.questions.push(read.errors);
            self.hung.push(read.hung.unwrap_or_default());
            self.places.push(Place { group, at });
        }
    }

    /// The group that a question names: by the number that the group has in the body, or by its name.
    fn group_named(&self, value: &Value) -> Option<i64> {
        let number = value.as_i64();
        let mut groups = self.schema.groups.iter().zip(&self.sent);
        let found = groups.find(|(group, sent)| match value {
            Value::String(name) => group.name == *name,
            _ => number.is_some() && **sent == number,
        });
        found.map(|(group, _)| group.id)
    }

    /// The rules of a whole schema; a field's own complaint wins.
    fn check(&mut self) {
        let book = Book::of(&self.schema);
        for (group, errors) in self.schema.groups.iter().zip(&mut self.groups) {
            errors.merge_weaker(book.group(group, 1));
        }
        for (question, errors) in self.schema.questions.iter().zip(&mut self.questions) {
            if !errors.own.has("type") {
                errors.own.merge_weaker(book.question(question, 1));
            }
            for (own, more) in errors.answers.iter_mut().zip(book.answers(question)) {
                own.merge_weaker(more);
            }
        }
    }

    /// What is wrong with it, in the form of the body; nothing is fine.
    pub fn complaints(self) -> FieldErrors {
        let Self { own, groups, questions, places, .. } = self;
        tree(own, groups, questions, &places)
    }

    /// Whether nothing is wrong with it.
    pub fn is_fine(&self) -> bool {
        let is_fine = |errors: &QuestionErrors| {
            errors.own.is_empty() && errors.answers.iter().chain(&errors.attachments).all(FieldErrors::is_empty)
        };
        self.own.is_empty() && self.groups.iter().all(FieldErrors::is_empty) && self.questions.iter().all(is_fine)
    }

    /// The schema, what is to hang on each of its questions, and where complaints about that go.
    pub fn into_parts(self) -> (Schema, Vec<Vec<Hung>>, Hanging) {
        let groups = self.groups.len();
        (self.schema, self.hung, Hanging { groups, places: self.places })
    }
}

/// The shape of a body, for complaints that come later: those about files.
#[derive(Debug)]
pub struct Hanging {
    groups: usize,
    places: Vec<Place>,
}

impl Hanging {
    /// Complaints about the attachments of each question, in the form of the body.
    pub fn complaints(self, attachments: Vec<Vec<FieldErrors>>) -> FieldErrors {
        let questions = attachments.into_iter().map(|attachments| QuestionErrors { attachments, ..Default::default() });
        tree(FieldErrors::new(), vec![FieldErrors::new(); self.groups], questions.collect(), &self.places)
    }
}

fn tree(own: FieldErrors, groups: Vec<FieldErrors>, questions: Vec<QuestionErrors>, places: &[Place]) -> FieldErrors {
    let mut errors = own;
    let mut nested: Vec<Vec<FieldErrors>> = groups.iter().map(|_| Vec::new()).collect();
    let mut single = Vec::new();
    for (question, place) in questions.into_iter().zip(places) {
        match place.group.and_then(|group| nested.get_mut(group)) {
            Some(list) => list.push(question.into_tree()),
            None => single.push(question.into_tree()),
        }
    }
    let groups = groups.into_iter().zip(nested).map(|(mut group, questions)| {
        set_list(&mut group, "questions", questions);
        group
    });
    let groups: Vec<FieldErrors> = groups.collect();
    set_list(&mut errors, "groups", groups);
    set_list(&mut errors, "questions", single);
    errors
}

/// What stands for something that is no question; its number below zero clashes with nobody.
fn nobody(id: i64) -> Question {
    Question::new(id, id, super::QuestionKind::Text)
}

/// The parts of the schema that is replaced, by their numbers.
struct Known<'a> {
    schema: Option<&'a Schema>,
    questions: std::collections::HashMap<i64, &'a Question>,
}

impl<'a> Known<'a> {
    fn of(schema: Option<&'a Schema>) -> Self {
        let questions = schema.iter().flat_map(|schema| &schema.questions).map(|question| (question.id, question));
        Self { schema, questions: questions.collect() }
    }

    fn question(&self, id: i64) -> Option<&'a Question> {
        self.questions.get(&id).copied()
    }

    fn template(&self, id: i64) -> Option<Template> {
        let mut all =
            self.schema.iter().flat_map(|schema| &schema.questions).flat_map(|question| &question.attachments);
        all.find(|template| template.id == id).cloned()
    }
}
