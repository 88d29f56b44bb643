//! Reading what was answered to a schema, page by page, so that memory does not grow with the answers; and a mark that
//! says cheaply whether anything changed since.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel::sqlite::Sqlite;

use super::StoreError;
use super::rows::from_json;
use super::schema::{members, messages, questions, surveys};
use super::survey_items;
use super::surveys::SurveyRow;
use crate::domain::mode::{Mode, OnFinish};
use crate::domain::script::results::Response;
use crate::domain::script::results::runs::{Member, Said, runs};
use crate::domain::script::{Schema, SchemaId};
use crate::domain::survey::{Item, Survey, SurveyId};
use crate::domain::{AccountId, Micros, ThreadId};

/// Surveys or conversations of one page.
pub const PAGE: i64 = 200;

/// Which responses are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whether surveys are.
    pub surveys: bool,
    /// Whether runs of scripts are.
    pub runs: bool,
    /// Only those that began at this instant or later.
    pub from: Option<Micros>,
    /// Only those that began before this instant.
    pub to: Option<Micros>,
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    survey: SurveyId,
    surveys_done: bool,
    run: (ThreadId, AccountId),
    runs_done: bool,
}

type Questions = questions::BoxedQuery<'static, Sqlite, Nullable<BigInt>>;

/// The questions of a schema, to be compared with what messages are about.
fn asked(schema: SchemaId) -> Questions {
    questions::table.filter(questions::schema_id.eq(schema)).select(questions::id.nullable()).into_boxed()
}

/// Something that changes whenever results do: how many there are of what they are made of, and when it was last saved.
pub fn mark(connection: &mut SqliteConnection, schema: SchemaId) -> Result<String, StoreError> {
    let of_schema = surveys::table.filter(surveys::schema_id.eq(schema));
    let count: i64 = of_schema.count().get_result(connection)?;
    let last: Option<i64> = of_schema.select(max(surveys::updated)).first(connection)?;
    let said = || messages::table.filter(messages::related_question_id.eq_any(asked(schema)));
    let messages: i64 = said().count().get_result(connection)?;
    let spoken: Option<i64> = said().select(max(messages::updated)).first(connection)?;
    let inside = members::table.filter(members::schema_id.eq(schema));
    let seats: i64 = inside.count().get_result(connection)?;
    let moved: Option<i64> = inside.select(max(members::updated)).first(connection)?;
    let [last, spoken, moved] = [last, spoken, moved].map(Option::unwrap_or_default);
    Ok(format!("{schema}-{count}-{last}-{messages}-{spoken}-{seats}-{moved}"))
}

/// The next responses, and how far that is; `None` when there are no more. A page may be empty and not the last.
pub fn page(
    connection: &mut SqliteConnection,
    schema: &Schema,
    wanted: Wanted,
    mut cursor: Cursor,
) -> Result<Option<(Vec<Response>, Cursor)>, StoreError> {
    if wanted.surveys && !cursor.surveys_done {
        let surveys = next_surveys(connection, schema.id, wanted, cursor.survey)?;
        cursor.surveys_done = surveys.last().is_none();
        cursor.survey = surveys.last().map_or(cursor.survey, |survey| survey.id);
        Ok(Some((with_items(connection, schema, surveys)?, cursor)))
    } else if wanted.runs && !cursor.runs_done {
        let places = next_runs(connection, schema.id, cursor.run)?;
        cursor.runs_done = places.last().is_none();
        cursor.run = places.last().copied().unwrap_or(cursor.run);
        let mut found = with_messages(connection, schema, &places)?;
        // whether a run began in time is only known once it was found
        found.retain(|run| {
            wanted.from.is_none_or(|from| run.began >= from) && wanted.to.is_none_or(|to| run.began < to)
        });
        Ok(Some((found, cursor)))
    } else {
        Ok(None)
    }
}

fn next_surveys(
    connection: &mut SqliteConnection,
    schema: SchemaId,
    wanted: Wanted,
    after: SurveyId,
) -> Result<Vec<Survey>, StoreError> {
    let mut query = surveys::table.filter(surveys::schema_id.eq(schema)).filter(surveys::id.gt(after)).into_boxed();
    if let Some(from) = wanted.from {
        query = query.filter(surveys::created.ge(from));
    }
    if let Some(to) = wanted.to {
        query = query.filter(surveys::created.lt(to));
    }
    let page = query.order(surveys::id).limit(PAGE).select(SurveyRow::as_select());
    page.load::<SurveyRow>(connection)?.into_iter().map(SurveyRow::into_survey).collect()
}

fn with_items(
    connection: &mut SqliteConnection,
    schema: &Schema,
    surveys: Vec<Survey>,
) -> Result<Vec<Response>, StoreError> {
    let ids: Vec<SurveyId> = surveys.iter().map(|survey| survey.id).collect();
    let mut items: HashMap<SurveyId, Vec<Item>> = HashMap::new();
    for item in survey_items::of_many(connection, &ids)? {
        items.entry(item.survey).or_default().push(item);
    }
    let mut response = |survey: &Survey| {
        let items = items.remove(&survey.id).unwrap_or_default();
        Response::of_survey(schema, survey, items)
    };
    Ok(surveys.iter().map(&mut response).collect())
}

/// The next members who were asked something of the schema, by thread.
fn next_runs(
    connection: &mut SqliteConnection,
    schema: SchemaId,
    (thread, account): (ThreadId, AccountId),
) -> Result<Vec<(ThreadId, AccountId)>, StoreError> {
    let run = messages::run_account_id.assume_not_null();
    let later = messages::thread_id.gt(thread).or(messages::thread_id.eq(thread).and(run.gt(account)));
    let found = messages::table
        .filter(messages::run_account_id.is_not_null())
        .filter(messages::related_question_id.eq_any(asked(schema)))
        .filter(messages::deleted.eq(false))
        .filter(messages::thread_id.ge(thread))
        .filter(later)
        .select((messages::thread_id, run))
        .distinct()
        .order((messages::thread_id, run))
        .limit(PAGE);
    Ok(found.load(connection)?)
}

type SaidRow = (ThreadId, AccountId, Option<i64>, Option<AccountId>, Option<i64>, String, String, bool, Micros);

fn with_messages(
    connection: &mut SqliteConnection,
    schema: &Schema,
    places: &[(ThreadId, AccountId)],
) -> Result<Vec<Response>, StoreError> {
    let threads: Vec<ThreadId> = places.iter().map(|(thread, _)| *thread).collect();
    let rows: Vec<SaidRow> = messages::table
        .filter(messages::thread_id.eq_any(&threads))
        .filter(messages::run_account_id.is_not_null())
        .filter(messages::related_question_id.eq_any(asked(schema.id)))
        .filter(messages::deleted.eq(false))
        .order((messages::thread_id, messages::seq))
        .select((
            messages::thread_id,
            messages::run_account_id.assume_not_null(),
            messages::related_question_id,
            messages::sender_id,
            messages::predecessor_id,
            messages::answers,
            messages::text,
            messages::markup,
            messages::created,
        ))
        .load(connection)?;
    let mut said: BTreeMap<(ThreadId, AccountId), Vec<Said>> =
        places.iter().map(|place| (*place, Vec::new())).collect();
    for (thread, account, question, sender, predecessor, answers, text, markup, at) in rows {
        let (Some(question), Some(of_run)) = (question, said.get_mut(&(thread, account))) else { continue };
        let is_answer = sender == Some(account);
        of_run.push(Said { question, is_answer, predecessor, answers: from_json(&answers)?, text, markup, at });
    }
    let stands = stands(connection, schema.id, &threads)?;
    let found = said.into_iter().flat_map(|(place, said)| runs(schema, place, &said, stands.get(&place).copied()));
    Ok(found.collect())
}

/// How the members of these threads stand who are in the schema's script or have been.
fn stands(
    connection: &mut SqliteConnection,
    schema: SchemaId,
    threads: &[ThreadId],
) -> Result<HashMap<(ThreadId, AccountId), Member>, StoreError> {
    let rows: Vec<(ThreadId, AccountId, Option<i64>, String, String)> = members::table
        .filter(members::thread_id.eq_any(threads))
        .filter(members::schema_id.eq(schema))
        .select((members::thread_id, members::account_id, members::question_id, members::state, members::on_finish))
        .load(connection)?;
    let stand = |(thread, account, question, state, on_finish): (ThreadId, AccountId, Option<i64>, String, String)| {
        let scripted = Mode::parse(&state).is_some_and(Mode::is_scripted);
        let member =
            Member { is_through: question.is_none() && !scripted, repeats: on_finish == OnFinish::Repeat.as_str() };
        ((thread, account), member)
    };
    Ok(rows.into_iter().map(stand).collect())
}
