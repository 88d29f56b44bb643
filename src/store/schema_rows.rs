//! Rows of schemas and their parts, and the domain's values made of them.

use diesel::prelude::*;
use serde_json::Value;

use super::StoreError;
use super::rows::{from_json, to_json};
use super::schema::{answers, attachment_templates, question_groups, questions, schemas};
use crate::domain::attachment::Kind;
use crate::domain::script::{Answer, Group, Question, QuestionKind, Schema, Template};

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = schemas)]
pub(super) struct SchemaRow {
    pub id: i64,
    pub name: String,
    pub kind: String,
    pub version: i64,
    pub published: bool,
    pub deprecated: bool,
    pub language: String,
}

impl From<SchemaRow> for Schema {
    fn from(row: SchemaRow) -> Self {
        let SchemaRow { id, name, kind, version, published, deprecated, language } = row;
        Schema { id, name, kind, version, published, deprecated, language, ..Schema::default() }
    }
}

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = question_groups)]
pub(super) struct GroupRow {
    pub id: i64,
    pub name: String,
    pub position: i64,
}

impl From<GroupRow> for Group {
    fn from(row: GroupRow) -> Self {
        let GroupRow { id, name, position } = row;
        Group { id, name, position }
    }
}

/// A question without what hangs on it.
#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = questions, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct QuestionRow {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub schema_id: i64,
    pub group_id: Option<i64>,
    pub qid: i64,
    pub position: i64,
    pub kind: String,
    pub text: String,
    pub next_qid: Option<i64>,
    pub meta: Option<String>,
    pub required: bool,
    pub choice_open: bool,
    pub range_from: Option<f64>,
    pub range_to: Option<f64>,
    pub comments: String,
    pub variable_modifications: String,
    pub forking_rules: String,
    pub show_as_type: String,
    pub has_attachments: bool,
    pub translations: String,
}

impl QuestionRow {
    pub(super) fn of(schema: i64, group: Option<i64>, question: &Question) -> Result<Self, StoreError> {
        Ok(Self {
            id: question.id,
            schema_id: schema,
            group_id: group,
            qid: question.qid,
            position: question.position,
            kind: question.kind.as_str().to_owned(),
            text: question.text.clone(),
            next_qid: question.next_qid,
            meta: question.meta.as_ref().map(Value::to_string),
            required: question.required,
            choice_open: question.choice_open,
            range_from: question.range_from,
            range_to: question.range_to,
            comments: question.comments.clone(),
            variable_modifications: to_json(&question.variable_modifications)?,
            forking_rules: to_json(&question.forking_rules)?,
            show_as_type: question.show_as_type.clone(),
            has_attachments: question.has_attachments,
            translations: to_json(&question.translations)?,
        })
    }

    pub(super) fn into_question(self) -> Result<Question, StoreError> {
        let kind = QuestionKind::parse(&self.kind)
            .ok_or_else(|| StoreError::Broken(format!("a question has the unknown type {}", self.kind)))?;
        Ok(Question {
            group: self.group_id,
            position: self.position,
            text: self.text,
            next_qid: self.next_qid,
            meta: self.meta.as_deref().map(from_json).transpose()?,
            required: self.required,
            choice_open: self.choice_open,
            range_from: self.range_from,
            range_to: self.range_to,
            comments: self.comments,
            variable_modifications: from_json(&self.variable_modifications)?,
            forking_rules: from_json(&self.forking_rules)?,
            show_as_type: self.show_as_type,
            has_attachments: self.has_attachments,
            translations: from_json(&self.translations)?,
            ..Question::new(self.id, self.qid, kind)
        })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = answers, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct AnswerRow {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub question_id: i64,
    pub position: i64,
    pub text: String,
    pub next_qid: Option<i64>,
    pub meta: Option<String>,
    pub comments: String,
    pub variable_modifications: String,
    pub exclusive: bool,
    pub translations: String,
}

impl AnswerRow {
    pub(super) fn of(question: i64, answer: &Answer) -> Result<Self, StoreError> {
        Ok(Self {
            id: answer.id,
            question_id: question,
            position: answer.position,
            text: answer.text.clone(),
            next_qid: answer.next_qid,
            meta: answer.meta.as_ref().map(Value::to_string),
            comments: answer.comments.clone(),
            variable_modifications: to_json(&answer.variable_modifications)?,
            exclusive: answer.exclusive,
            translations: to_json(&answer.translations)?,
        })
    }

    pub(super) fn into_answer(self) -> Result<Answer, StoreError> {
        Ok(Answer {
            id: self.id,
            position: self.position,
            text: self.text,
            next_qid: self.next_qid,
            meta: self.meta.as_deref().map(from_json).transpose()?,
            comments: self.comments,
            variable_modifications: from_json(&self.variable_modifications)?,
            exclusive: self.exclusive,
            translations: from_json(&self.translations)?,
        })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = attachment_templates, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct TemplateRow {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub question_id: i64,
    pub kind: String,
    pub title: String,
    pub description: String,
    pub options: Option<String>,
    pub object_id: Option<i64>,
    pub content_type: Option<i64>,
    pub file: Option<String>,
    pub thumbnail_file: Option<String>,
    pub url: Option<String>,
    pub thumbnail: Option<String>,
}

impl TemplateRow {
    pub(super) fn of(question: i64, template: &Template) -> Self {
        let Template { kind, title, description, options, object_id, content_type, .. } = template.clone();
        let Template { file, thumbnail_file, url, thumbnail, .. } = template.clone();
        Self {
            id: template.id,
            question_id: question,
            kind: kind.as_str().to_owned(),
            title,
            description,
            options: options.as_ref().map(Value::to_string),
            object_id,
            content_type,
            file,
            thumbnail_file,
            url,
            thumbnail: thumbnail.as_ref().map(Value::to_string),
        }
    }

    pub(super) fn into_template(self) -> Result<Template, StoreError> {
        let kind = Kind::parse(&self.kind)
            .ok_or_else(|| StoreError::Broken(format!("an attachment template has the unknown type {}", self.kind)))?;
        Ok(Template {
            id: self.id,
            kind,
            title: self.title,
            description: self.description,
            options: self.options.as_deref().map(from_json).transpose()?,
            object_id: self.object_id,
            content_type: self.content_type,
            file: self.file,
            thumbnail_file: self.thumbnail_file,
            url: self.url,
            thumbnail: self.thumbnail.as_deref().map(from_json).transpose()?,
        })
    }
}
