//! Schemas as they leave the house (contract, 13.1, 13.2).

use serde_json::{Map, Value, json};

use super::super::attachment::Attachment;
use super::super::view::Look;
use super::schema::{Answer, Question, Schema, Template};
use super::{QuestionId, SchemaId};

/// The object of lists.
pub fn summary(schema: &Schema) -> Value {
    json!({
        "name": schema.name,
        "published": schema.published,
        "version": schema.version,
        "type": schema.kind,
        "deprecated": schema.deprecated,
        "id": schema.id,
    })
}

/// The whole schema; a grouped question stands only in its group.
pub fn detail(schema: &Schema, look: &Look) -> Value {
    let show = |group| schema.grouped(group).map(|asked| question(schema.id, asked, look)).collect::<Vec<_>>();
    let mut groups: Vec<_> = schema.groups.iter().collect();
    groups.sort_by_key(|group| group.position);
    let groups = groups.into_iter().map(|group| {
        json!({
            "id": group.id,
            "schema": schema.id,
            "position": group.position,
            "name": group.name,
            "questions": show(Some(group.id)),
        })
    });
    let mut object = summary(schema);
    if let Value::Object(fields) = &mut object {
        fields.insert("groups".into(), groups.collect());
        fields.insert("questions".into(), show(None).into());
    }
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
        "has_attachments": !question.attachments.is_empty(),
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
    let object = as_attachment(template).to_json(look);
    let mut fields: Map<String, Value> = object.as_object().cloned().unwrap_or_default();
    fields.remove("message");
    fields.remove("content_type_name");
    fields.insert("question".into(), question.into());
    Value::Object(fields)
}

fn as_attachment(template: &Template) -> Attachment {
    let Template { id, kind, title, description, options, object_id, content_type, .. } = template.clone();
    let Template { file, thumbnail_file, url, thumbnail, .. } = template.clone();
    let message = 0; // taken off again
    Attachment {
        id,
        message,
        kind,
        title,
        description,
        options,
        object_id,
        content_type,
        file,
        thumbnail_file,
        url,
        thumbnail,
    }
}
