//! The schemas of the recordings, out of their seed; numbers follow the order in the file, as the recordings' do.

use serde_json::Value;

use super::super::schema::{Answer, Group, Question, QuestionKind, Schema, Template};
use super::super::{Pairs, rules};
use crate::domain::attachment::Kind;

/// The schema with that label.
pub(super) fn schema(label: &str) -> Schema {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/chat_api/seed.json");
    let seed: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the seed")).expect("JSON");
    let mut next = 0;
    let mut schemas = list(&seed, "schemas").iter().map(|body| read(body, &mut || step(&mut next)));
    let at = list(&seed, "schemas").iter().position(|body| text(body, "label") == label).expect("a label of the seed");
    schemas.nth(at).expect("as many as there are labels")
}

/// The number of the answer at a position of a question, by its `qid`.
pub(super) fn answer(schema: &Schema, qid: i64, position: i64) -> i64 {
    let question = schema.by_qid(qid).expect("a question of the seed");
    question.answers.iter().find(|answer| answer.position == position).expect("an answer of the seed").id
}

fn step(next: &mut i64) -> i64 {
    *next += 1;
    *next
}

fn list<'a>(body: &'a Value, field: &str) -> &'a [Value] {
    body[field].as_array().map_or(&[], Vec::as_slice)
}

fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_default().to_owned()
}

fn some(body: &Value, field: &str) -> Option<Value> {
    body.get(field).filter(|value| !value.is_null()).cloned()
}

fn truth(body: &Value, field: &str) -> bool {
    body[field].as_bool().unwrap_or(false)
}

fn pairs(body: &Value, field: &str) -> Pairs {
    rules::read_pairs(&body[field]).expect("pairs")
}

fn read(body: &Value, id: &mut dyn FnMut() -> i64) -> Schema {
    let group =
        |group: &Value, id| Group { id, name: text(group, "name"), position: group["position"].as_i64().unwrap() };
    let mut schema = Schema {
        id: id(),
        name: text(body, "name"),
        kind: text(body, "type"),
        version: body["version"].as_i64().unwrap_or(1),
        published: truth(body, "published"),
        deprecated: truth(body, "deprecated"),
        groups: list(body, "groups").iter().map(|body| group(body, id())).collect(),
        ..Schema::default()
    };
    schema.questions = list(body, "questions").iter().map(|body| question(body, &schema.groups, id)).collect();
    schema.sort();
    schema
}

fn question(body: &Value, groups: &[Group], id: &mut dyn FnMut() -> i64) -> Question {
    let kind = QuestionKind::parse(&text(body, "type")).expect("a type");
    let mut question = Question::new(id(), body["qid"].as_i64().expect("a number"), kind);
    question.group = groups.iter().find(|group| body["group"] == group.name).map(|group| group.id);
    question.position = body["position"].as_i64().expect("a number");
    question.text = text(body, "text");
    question.next_qid = body["next_qid"].as_i64();
    question.meta = some(body, "meta");
    question.required = truth(body, "required");
    question.choice_open = truth(body, "choice_open");
    question.range_from = body["range_from"].as_f64();
    question.range_to = body["range_to"].as_f64();
    question.variable_modifications = pairs(body, "variable_modifications");
    question.forking_rules = pairs(body, "forking_rules");
    if let Some(Value::String(kind)) = some(body, "show_as_type") {
        question.show_as_type = kind;
    }
    question.answers = list(body, "answers").iter().map(|body| answer_of(body, id())).collect();
    question.attachments = list(body, "attachments").iter().map(|body| template(body, id())).collect();
    question
}

fn answer_of(body: &Value, id: i64) -> Answer {
    Answer {
        id,
        position: body["position"].as_i64().expect("a number"),
        text: text(body, "text"),
        next_qid: body["next_qid"].as_i64(),
        meta: some(body, "meta"),
        variable_modifications: pairs(body, "variable_modifications"),
        exclusive: truth(body, "exclusive"),
        ..Answer::default()
    }
}

fn template(body: &Value, id: i64) -> Template {
    Template {
        id,
        kind: Kind::parse(&text(body, "type")).expect("a kind"),
        title: text(body, "title"),
        description: text(body, "description"),
        options: None,
        object_id: None,
        content_type: None,
        file: None,
        thumbnail_file: None,
        url: some(body, "url").and_then(|url| url.as_str().map(str::to_owned)),
        thumbnail: None,
    }
}
