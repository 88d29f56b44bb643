//! Schemas: reading them whole, making them, letting them out. What is out is never changed again, so it is remembered
//! in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;

use super::schema::{answers, attachment_templates, question_groups, questions, schemas};
use super::schema_rows::{AnswerRow, GroupRow, QuestionRow, SchemaRow, TemplateRow};
use super::{Files, StoreError};
use crate::domain::Micros;
use crate::domain::script::{Answer, QuestionId, Schema, SchemaId, bounds, record};

/// Schemas remembered at most; then all are forgotten and read again.
const REMEMBERED: usize = 256;

/// Published schemas that were read lately.
#[derive(Clone, Default)]
pub(super) struct Remembered(Arc<Mutex<HashMap<SchemaId, Arc<Schema>>>>);

impl Remembered {
    pub(super) fn get(&self, id: SchemaId) -> Option<Arc<Schema>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Remembers a schema, if it is out.
    pub(super) fn put(&self, schema: &Arc<Schema>) {
        if !schema.published {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(schema.id, schema.clone());
    }

    pub(super) fn forget(&self, id: SchemaId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// A schema without its parts.
pub fn summary(connection: &mut SqliteConnection, id: SchemaId) -> Result<Schema, StoreError> {
    Ok(schemas::table.find(id).select(SchemaRow::as_select()).first(connection)?.into())
}

/// A schema with everything in it.
pub fn load(connection: &mut SqliteConnection, id: SchemaId) -> Result<Schema, StoreError> {
    let mut schema = summary(connection, id)?;
    let groups = question_groups::table.filter(question_groups::schema_id.eq(id)).select(GroupRow::as_select());
    schema.groups = groups.load(connection)?.into_iter().map(Into::into).collect();
    let asked = questions::table.filter(questions::schema_id.eq(id)).order(questions::position);
    let mut places = HashMap::new();
    for row in asked.select(QuestionRow::as_select()).load(connection)? {
        places.insert(row.id, schema.questions.len());
        schema.questions.push(row.into_question()?);
    }
    let of_schema = questions::table.filter(questions::schema_id.eq(id)).select(questions::id);
    let chosen = answers::table.filter(answers::question_id.eq_any(of_schema)).select(AnswerRow::as_select());
    for row in chosen.load(connection)? {
        if let Some(question) = places.get(&row.question_id).and_then(|place| schema.questions.get_mut(*place)) {
            question.answers.push(row.into_answer()?);
        }
    }
    let hung = attachment_templates::table.filter(attachment_templates::question_id.eq_any(of_schema));
    for row in hung.order(attachment_templates::id).select(TemplateRow::as_select()).load(connection)? {
        if let Some(question) = places.get(&row.question_id).and_then(|place| schema.questions.get_mut(*place)) {
            question.attachments.push(row.into_template()?);
        }
    }
    schema.sort();
    Ok(schema)
}

/// Makes a schema with everything in it. All parts get new numbers; a name and version that exist are a conflict.
pub fn create(connection: &mut SqliteConnection, new: &Schema, now: Micros) -> Result<Schema, StoreError> {
    let id: SchemaId = diesel::insert_into(schemas::table)
        .values((
            schemas::name.eq(&new.name),
            schemas::kind.eq(&new.kind),
            schemas::version.eq(new.version),
            schemas::published.eq(new.published),
            schemas::deprecated.eq(new.deprecated),
            schemas::language.eq(&new.language),
            schemas::created.eq(now),
            schemas::updated.eq(now),
        ))
        .returning(schemas::id)
        .get_result(connection)?;
    let mut groups = HashMap::new();
    for group in &new.groups {
        let made: i64 = diesel::insert_into(question_groups::table)
            .values((
                question_groups::schema_id.eq(id),
                question_groups::name.eq(&group.name),
                question_groups::position.eq(group.position),
            ))
            .returning(question_groups::id)
            .get_result(connection)?;
        groups.insert(group.id, made);
    }
    for question in &new.questions {
        let group = question.group.and_then(|group| groups.get(&group).copied());
        let made: QuestionId = diesel::insert_into(questions::table)
            .values(QuestionRow::of(id, group, question)?)
            .returning(questions::id)
            .get_result(connection)?;
        // the order of numbers says in which order variables are modified, so it stays
        let mut ordered: Vec<&Answer> = question.answers.iter().collect();
        ordered.sort_by_key(|answer| answer.id.unsigned_abs());
        for answer in ordered {
            diesel::insert_into(answers::table).values(AnswerRow::of(made, answer)?).execute(connection)?;
        }
        for template in &question.attachments {
            diesel::insert_into(attachment_templates::table)
                .values(TemplateRow::of(made, template))
                .execute(connection)?;
        }
    }
    load(connection, id)
}

/// Lets a schema out: every other published one of the name is deprecated (contract, 13.4).
pub fn publish(connection: &mut SqliteConnection, id: SchemaId, now: Micros) -> Result<(), StoreError> {
    let name = summary(connection, id)?.name;
    let others = schemas::table.filter(schemas::name.eq(name)).filter(schemas::published).filter(schemas::id.ne(id));
    diesel::update(others).set((schemas::deprecated.eq(true), schemas::updated.eq(now))).execute(connection)?;
    let out = (schemas::published.eq(true), schemas::deprecated.eq(false), schemas::updated.eq(now));
    diesel::update(schemas::table.find(id)).set(out).execute(connection)?;
    Ok(())
}

/// The schema that a question belongs to.
pub fn of_question(connection: &mut SqliteConnection, question: QuestionId) -> Result<SchemaId, StoreError> {
    Ok(questions::table.find(question).select(questions::schema_id).first(connection)?)
}

/// The schema of that name with which new runs begin.
pub fn usable(connection: &mut SqliteConnection, name: &str) -> Result<Option<SchemaId>, StoreError> {
    let out = schemas::table.filter(schemas::name.eq(name)).filter(schemas::published);
    let newest = out.filter(schemas::deprecated.eq(false)).order(schemas::version.desc()).select(schemas::id);
    Ok(newest.first(connection).optional()?)
}

/// Reads a file, or says all that is wrong with it: also what no schema may be. Its rules may be broken, as those of a
/// draft; publishing looks at them.
pub fn read_file(file: &[u8], skip_unknown: bool, types: &[String]) -> Result<Schema, Vec<String>> {
    let text = std::str::from_utf8(file).map_err(|_| vec!["The file is no text in UTF-8.".to_owned()])?;
    let schema = record::load(text, skip_unknown)?;
    let mut wrong = bounds::of_file(&schema);
    if !types.contains(&schema.kind) {
        wrong.push(format!("type: \"{}\" is not a valid choice.", schema.kind));
    }
    if wrong.is_empty() { Ok(schema) } else { Err(wrong) }
}

/// Gives a schema files of its own: copies of those that it names. A name without a file stays, because the file may
/// still come; one that is no name of ours goes. When one cannot be copied, none is kept. Blocks.
pub fn copy_files(files: &Files, schema: &mut Schema) -> Result<(), StoreError> {
    let mut made = Vec::new();
    let templates = schema.questions.iter_mut().flat_map(|question| &mut question.attachments);
    for name in templates.flat_map(|template| [&mut template.file, &mut template.thumbnail_file]) {
        let Some(old) = name.take() else { continue };
        match files.copy(&old) {
            Ok(Some(new)) => {
                made.push(new.clone());
                *name = Some(new);
            }
            Ok(None) => *name = files.path(&old).is_some().then_some(old),
            Err(error) => {
                files.remove(&made);
                return Err(error);
            }
        }
    }
    Ok(())
}
