//! Changing schemas: what differs between a schema as it was read and as it is to be is written, nothing else. Parts
//! keep their numbers; those whose number the schema does not know are new.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;

use super::StoreError;
use super::schema::{answers, attachment_templates, question_groups, questions, schema_requests, schemas};
use super::schema_rows::{AnswerRow, QuestionRow, TemplateRow};
use crate::domain::script::{Question, Schema, SchemaId};
use crate::domain::{AccountId, Micros};

/// How long it is remembered what a request made, in microseconds.
const REMEMBER_REQUESTS: Micros = 7 * 86_400 * 1_000_000;
/// `qid`s and positions step aside to below this while others take their places.
const ASIDE: i64 = -1_000_000_000_000;

/// The highest version of a name; 0 if there is none.
pub fn last_version(connection: &mut SqliteConnection, name: &str) -> Result<i64, StoreError> {
    let highest = schemas::table.filter(schemas::name.eq(name)).select(diesel::dsl::max(schemas::version));
    Ok(highest.first::<Option<i64>>(connection)?.unwrap_or(0))
}

/// Whether another schema has this name and version.
pub fn is_taken(connection: &mut SqliteConnection, schema: &Schema) -> Result<bool, StoreError> {
    let same = schemas::table.filter(schemas::name.eq(&schema.name)).filter(schemas::version.eq(schema.version));
    let others = same.filter(schemas::id.ne(schema.id));
    Ok(diesel::select(diesel::dsl::exists(others)).get_result(connection)?)
}

/// The last change of a schema, in microseconds: whoever looked at it before that looked at something else.
pub fn updated(connection: &mut SqliteConnection, id: SchemaId) -> Result<Micros, StoreError> {
    Ok(schemas::table.find(id).select(schemas::updated).first(connection)?)
}

/// Writes what makes `after` of `before`.
pub fn save(
    connection: &mut SqliteConnection,
    before: &Schema,
    after: &Schema,
    now: Micros,
) -> Result<Schema, StoreError> {
    let own = (
        schemas::name.eq(&after.name),
        schemas::kind.eq(&after.kind),
        schemas::version.eq(after.version),
        schemas::language.eq(&after.language),
        schemas::updated.eq(now),
    );
    diesel::update(schemas::table.find(before.id)).set(own).execute(connection)?;
    let groups = save_groups(connection, before, after)?;
    save_questions(connection, before, after, &groups)?;
    super::schemas::load(connection, before.id)
}

/// Groups first: questions name them. The numbers that they have now, by those that they came with.
fn save_groups(
    connection: &mut SqliteConnection,
    before: &Schema,
    after: &Schema,
) -> Result<HashMap<i64, i64>, StoreError> {
    let kept: HashSet<i64> = after.groups.iter().map(|group| group.id).collect();
    let gone: Vec<i64> = before.groups.iter().map(|group| group.id).filter(|id| !kept.contains(id)).collect();
    delete_many(&gone, |ids| {
        diesel::delete(question_groups::table.filter(question_groups::id.eq_any(ids))).execute(connection)
    })?;
    let moved = |id: i64| {
        let old = before.group(id)?;
        let new = after.group(id)?;
        (old != new).then_some(id)
    };
    for id in before.groups.iter().filter_map(|group| moved(group.id)) {
        let aside = (question_groups::name.eq(format!("\u{0}{id}")), question_groups::position.eq(ASIDE - id));
        diesel::update(question_groups::table.find(id)).set(aside).execute(connection)?;
    }
    let mut numbers = HashMap::new();
    for group in &after.groups {
        let values = (question_groups::name.eq(&group.name), question_groups::position.eq(group.position));
        let id = match before.group(group.id) {
            Some(old) => {
                if old != group {
                    diesel::update(question_groups::table.find(group.id)).set(values).execute(connection)?;
                }
                group.id
            }
            None => diesel::insert_into(question_groups::table)
                .values((question_groups::schema_id.eq(before.id), values))
                .returning(question_groups::id)
                .get_result(connection)?,
        };
        numbers.insert(group.id, id);
    }
    Ok(numbers)
}

fn save_questions(
    connection: &mut SqliteConnection,
    before: &Schema,
    after: &Schema,
    groups: &HashMap<i64, i64>,
) -> Result<(), StoreError> {
    let old: BTreeMap<i64, &Question> = before.questions.iter().map(|question| (question.id, question)).collect();
    let kept: HashSet<i64> = after.questions.iter().map(|question| question.id).collect();
    let gone: Vec<i64> = old.keys().copied().filter(|id| !kept.contains(id)).collect();
    delete_many(&gone, |ids| diesel::delete(questions::table.filter(questions::id.eq_any(ids))).execute(connection))?;
    let is_moved = |question: &&Question| {
        old.get(&question.id).is_some_and(|old| (old.qid, old.position) != (question.qid, question.position))
    };
    for question in after.questions.iter().filter(is_moved) {
        let aside = (questions::qid.eq(ASIDE - question.id), questions::position.eq(ASIDE - question.id));
        diesel::update(questions::table.find(question.id)).set(aside).execute(connection)?;
    }
    for question in &after.questions {
        let group = question.group.and_then(|group| groups.get(&group).copied());
        let row = QuestionRow::of(before.id, group, question)?;
        let known = old.get(&question.id).copied();
        let id = match known {
            Some(known) => {
                if bare(known) != bare(question) {
                    diesel::update(questions::table.find(question.id)).set(row).execute(connection)?;
                }
                question.id
            }
            None => {
                diesel::insert_into(questions::table).values(row).returning(questions::id).get_result(connection)?
            }
        };
        save_answers(connection, id, known, question)?;
        save_templates(connection, id, known, question)?;
    }
    Ok(())
}

/// The question without what hangs on it, as its own row has it.
fn bare(question: &Question) -> Question {
    Question { answers: Vec::new(), attachments: Vec::new(), ..question.clone() }
}

fn save_answers(
    connection: &mut SqliteConnection,
    question: i64,
    before: Option<&Question>,
    after: &Question,
) -> Result<(), StoreError> {
    let old = before.map(|before| before.answers.as_slice()).unwrap_or_default();
    let find = |id: i64| old.iter().find(|answer| answer.id == id);
    let gone: Vec<i64> = old.iter().map(|answer| answer.id).filter(|id| after.answer(*id).is_none()).collect();
    delete_many(&gone, |ids| diesel::delete(answers::table.filter(answers::id.eq_any(ids))).execute(connection))?;
    for answer in &after.answers {
        if find(answer.id).is_some_and(|old| old.position != answer.position) {
            let aside = answers::position.eq(ASIDE - answer.id);
            diesel::update(answers::table.find(answer.id)).set(aside).execute(connection)?;
        }
    }
    for answer in &after.answers {
        let row = AnswerRow::of(question, answer)?;
        match find(answer.id) {
            Some(old) if old == answer => {}
            Some(_) => drop(diesel::update(answers::table.find(answer.id)).set(row).execute(connection)?),
            None => drop(diesel::insert_into(answers::table).values(row).execute(connection)?),
        }
    }
    Ok(())
}

fn save_templates(
    connection: &mut SqliteConnection,
    question: i64,
    before: Option<&Question>,
    after: &Question,
) -> Result<(), StoreError> {
    use attachment_templates::{id, table};
    let old = before.map(|before| before.attachments.as_slice()).unwrap_or_default();
    let is_kept = |number: i64| after.attachments.iter().any(|template| template.id == number);
    let gone: Vec<i64> = old.iter().map(|template| template.id).filter(|number| !is_kept(*number)).collect();
    delete_many(&gone, |ids| diesel::delete(table.filter(id.eq_any(ids))).execute(connection))?;
    for template in &after.attachments {
        let row = TemplateRow::of(question, template);
        match old.iter().find(|old| old.id == template.id) {
            Some(old) if old == template => {}
            Some(_) => drop(diesel::update(table.find(template.id)).set(row).execute(connection)?),
            None => drop(diesel::insert_into(table).values(row).execute(connection)?),
        }
    }
    Ok(())
}

/// Deletes in portions, because a statement takes only so many values.
fn delete_many(ids: &[i64], mut delete: impl FnMut(&[i64]) -> QueryResult<usize>) -> Result<(), StoreError> {
    ids.chunks(500).try_for_each(|portion| delete(portion).map(drop).map_err(in_use))
}

/// Deletes a schema with everything in it.
pub fn delete(connection: &mut SqliteConnection, id: SchemaId) -> Result<(), StoreError> {
    match diesel::delete(schemas::table.find(id)).execute(connection).map_err(in_use)? {
        0 => Err(StoreError::Missing),
        _ => Ok(()),
    }
}

/// What surveys hang on cannot go.
fn in_use(error: diesel::result::Error) -> StoreError {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => {
            StoreError::Conflict("surveys were answered with it".to_owned())
        }
        other => other.into(),
    }
}

/// Marks a schema as no longer to be used; those who are in it finish it.
pub fn deprecate(connection: &mut SqliteConnection, id: SchemaId, now: Micros) -> Result<(), StoreError> {
    let old = (schemas::deprecated.eq(true), schemas::updated.eq(now));
    match diesel::update(schemas::table.find(id)).set(old).execute(connection)? {
        0 => Err(StoreError::Missing),
        _ => Ok(()),
    }
}

/// A request that makes something, by its sender's name for it.
#[derive(Clone, Debug)]
pub struct RequestName {
    /// Who asks.
    pub account: AccountId,
    /// The name.
    pub key: String,
    /// The path asked.
    pub place: String,
}

/// What such a request made before.
pub fn made_before(connection: &mut SqliteConnection, name: &RequestName) -> Result<Option<i64>, StoreError> {
    let known = schema_requests::table.find((name.account, &name.key, &name.place));
    Ok(known.select(schema_requests::made).first(connection).optional()?)
}

/// Notes what such a request made.
pub fn note_made(
    connection: &mut SqliteConnection,
    name: &RequestName,
    made: i64,
    now: Micros,
) -> Result<(), StoreError> {
    let old = schema_requests::table.filter(schema_requests::created.lt(now - REMEMBER_REQUESTS));
    diesel::delete(old).execute(connection)?;
    diesel::insert_into(schema_requests::table)
        .values((
            schema_requests::account_id.eq(name.account),
            schema_requests::idempotency_key.eq(&name.key),
            schema_requests::place.eq(&name.place),
            schema_requests::made.eq(made),
            schema_requests::created.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}
