//! Schemas as they leave the house (contract, 13.1, 13.2).

use serde_json::{Map, Value, json};

use super::super::view::Look;
use super::schema::{Answer, Group, Question, Schema};
use super::{QuestionId, SchemaId, Template};

/// How a schema is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading<'a> {
    /// The language in which texts are wanted; none are changed without it.
    pub language: Option<&'a str>,
    /// Whether an author reads: then comments and translations are shown too.
    pub inside: bool,
}

/// The object of lists.
pub fn summary(schema: &Schema) -> Value {
    json!({
        "name": schema.name,
        "published": schema.published,
        "version": schema.version,
        "type": schema.kind,
        "deprecated": schema.deprecated,
        "id": schema.id,
        "language": schema.language,
    })
}

/// The whole schema; a grouped question stands only in its group.
pub fn detail(schema: &Schema, look: &Look, reading: Reading<'_>) -> Value {
    let show = |group| schema.grouped(group).map(|asked| read(schema.id, asked, look, reading)).collect::<Vec<_>>();
    let mut groups: Vec<_> = schema.groups.iter().collect();
    groups.sort_by_key(|group| group.position);
    let groups = groups.into_iter().map(|shown| {
        let mut object = group(schema.id, shown);
        set(&mut object, "questions", show(Some(shown.id)).into());
        object
    });
    let mut object = summary(schema);
    set(&mut object, "groups", groups.collect());
    set(&mut object, "questions", show(None).into());
    object
}

fn set(object: &mut Value, field: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(field.to_owned(), value);
    }
}

/// The object of a group, without its questions.
pub fn group(schema: SchemaId, group: &Group) -> Value {
    json!({"id": group.id, "schema": schema, "position": group.position, "name": group.name})
}

/// The object of a question as it is read in this way.
pub fn read(schema: SchemaId, asked: &Question, look: &Look, reading: Reading<'_>) -> Value {
    let spoken = asked.in_language(reading.language);
    let mut object = question(schema, &spoken, look);
    if reading.inside {
        set(&mut object, "comments", asked.comments.clone().into());
        set(&mut object, "translations", json!(asked.translations));
        let answers = spoken.answers.iter().map(|chosen| inside(asked.id, chosen));
        set(&mut object, "answers", answers.collect());
    }
    object
}

/// The object of an answer as its author sees it.
pub fn inside(question: QuestionId, chosen: &Answer) -> Value {
    let mut object = answer(question, chosen);
    set(&mut object, "comments", chosen.comments.clone().into());
    set(&mut object, "translations", json!(chosen.translations));
    object
}

/// The object of a question; its comments stay in the house.
pub fn question(schema: SchemaId, question: &Question, look: &Look) -> Value {
    json!({
        "schema": schema,
        "range_to": question.range_to,
        "next_qid": question.next_qid,
        "meta": question.meta,
        "required": question.required,
        "has_attachments": question.has_attachments,
        "qid": question.qid,
        "choice_open": question.choice_open,
        "type": question.kind.as_str(),
        "group": question.group,
        "id": question.id,
        "text": question.text,
        "range_from": question.range_from,
        "position": question.position,
        "answers": question.answers.iter().map(|chosen| answer(question.id, chosen)).collect::<Vec<_>>(),
        "attachments": question.attachments.iter().map(|hung| template(question.id, hung, look)).collect::<Vec<_>>(),
        "variable_modifications": question.variable_modifications,
        "forking_rules": question.forking_rules,
        "show_as_type": question.show_as_type,
    })
}

/// The object of an answer.
pub fn answer(question: QuestionId, answer: &Answer) -> Value {
    json!({
        "question": question,
        "next_qid": answer.next_qid,
        "meta": answer.meta,
        "id": answer.id,
        "text": answer.text,
        "position": answer.position,
        "variable_modifications": answer.variable_modifications,
        "exclusive": answer.exclusive,
    })
}

/// The object of what hangs on a question: that of a message's attachment, less what only messages have.
pub fn template(question: QuestionId, template: &Template, look: &Look) -> Value {
    let object = template.as_attachment().to_json(look);
    let mut fields: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
    fields.remove("message");
    fields.remove("content_type_name");
    fields.insert("question".into(), question.into());
    Value::Object(fields)
}
