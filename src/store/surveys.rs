//! Surveys: finding, making and taking them away (contract, 14). Items are in
//! [`survey_items`](super::survey_items). Whatever changes an item works out what is visible in the same transaction.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::columns::{By, Comparison, On};
use super::messages::compare;
use super::rows::{from_json, to_json};
use super::schema::{survey_attachments, survey_items, surveys};
use super::{StoreError, schemas};
use crate::domain::script::Schema;
use crate::domain::script::survey::{Items, SurveyState, state};
use crate::domain::survey::{Survey, SurveyForm, SurveyId};
use crate::domain::{AccountId, Micros, Refusal};

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = surveys)]
pub(super) struct SurveyRow {
    id: i64,
    schema_id: i64,
    account_id: i64,
    automated_sender_id: Option<i64>,
    visibility: String,
    completed: bool,
    created: i64,
    updated: i64,
}

impl SurveyRow {
    pub(super) fn into_survey(self) -> Result<Survey, StoreError> {
        Ok(Survey {
            id: self.id,
            schema: self.schema_id,
            account: self.account_id,
            automated_sender: self.automated_sender_id,
            state: SurveyState { visibility: from_json(&self.visibility)?, completed: self.completed },
            created: self.created,
            updated: self.updated,
        })
    }
}

/// A column that surveys may be filtered and ordered by (contract, 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The id.
    Id,
    /// The account.
    User,
    /// When it was made.
    Created,
    /// When it was last saved.
    Updated,
}

/// Which surveys to read.
#[derive(Clone, Debug, Default)]
pub struct SurveyQuery {
    /// Only those of this account.
    pub account: Option<AccountId>,
    /// Only those that fulfil all of these.
    pub on: Vec<On<Column>>,
    /// The order; ascending id where nothing is said.
    pub by: Vec<By<Column>>,
    /// How many to leave out.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

type Boxed<'a> = surveys::BoxedQuery<'a, Sqlite>;

fn filter(query: Boxed<'_>, on: On<Column>) -> Boxed<'_> {
    if on.by == Comparison::IsNull && on.holds(0) {
        // none of the columns is ever null
        return query;
    }
    match on.column {
        Column::Id => compare!(query, surveys::id, on.by, on.values),
        Column::User => compare!(query, surveys::account_id, on.by, on.values),
        Column::Created => compare!(query, surveys::created, on.by, on.values),
        Column::Updated => compare!(query, surveys::updated, on.by, on.values),
    }
}

fn order(query: Boxed<'_>, by: By<Column>) -> Boxed<'_> {
    macro_rules! by {
        ($column:expr) => {
            if by.descending { query.then_order_by($column.desc()) } else { query.then_order_by($column.asc()) }
        };
    }
    match by.column {
        Column::Id => by!(surveys::id),
        Column::User => by!(surveys::account_id),
        Column::Created => by!(surveys::created),
        Column::Updated => by!(surveys::updated),
    }
}

/// The surveys that a query means.
pub fn find(connection: &mut SqliteConnection, asked: SurveyQuery) -> Result<Vec<Survey>, StoreError> {
    let mut query = surveys::table.into_boxed();
    if let Some(account) = asked.account {
        query = query.filter(surveys::account_id.eq(account));
    }
    for on in asked.on {
        query = filter(query, on);
    }
    for by in asked.by {
        query = order(query, by);
    }
    let page = query.then_order_by(surveys::id.asc()).offset(asked.offset).limit(asked.limit);
    let rows: Vec<SurveyRow> = page.select(SurveyRow::as_select()).load(connection)?;
    rows.into_iter().map(SurveyRow::into_survey).collect()
}

/// One survey.
pub fn get(connection: &mut SqliteConnection, id: SurveyId) -> Result<Survey, StoreError> {
    let row: SurveyRow = surveys::table.find(id).select(SurveyRow::as_select()).first(connection)?;
    row.into_survey()
}

/// A survey about to be stored.
#[derive(Clone, Debug)]
pub struct NewSurvey {
    /// What was sent.
    pub form: SurveyForm,
    /// Whose it is to be.
    pub account: AccountId,
    /// The account's own name for the request, so that a repeat makes no second survey.
    pub idempotency_key: Option<String>,
}

/// Makes a survey. `schema` is the one named, with its questions; whether it may still be used is looked up here, and
/// `kinds` are the types that surveys may have.
pub fn create(
    connection: &mut SqliteConnection,
    new: NewSurvey,
    schema: Option<&Schema>,
    kinds: &[String],
    now: Micros,
) -> Result<Result<Survey, Refusal>, StoreError> {
    if let Some(key) = &new.idempotency_key {
        let first = surveys::table.filter(surveys::account_id.eq(new.account)).filter(surveys::idempotency_key.eq(key));
        let known: Option<SurveyRow> = first.select(SurveyRow::as_select()).first(connection).optional()?;
        if let Some(known) = known {
            return Ok(Ok(known.into_survey()?));
        }
    }
    let current = schema.map(|schema| schemas::summary(connection, schema.id)).transpose()?;
    let form = match new.form.judge(current.as_ref(), kinds) {
        Ok(form) => form,
        Err(errors) => return Ok(Err(Refusal::Invalid(errors))),
    };
    // judged: without a schema there was a complaint
    let Some(schema) = schema else { return Err(StoreError::Missing) };
    let shown = state(schema, &Items::new());
    let row: SurveyRow = diesel::insert_into(surveys::table)
        .values((
            surveys::schema_id.eq(schema.id),
            surveys::account_id.eq(new.account),
            surveys::automated_sender_id.eq(form.automated_sender),
            surveys::visibility.eq(to_json(&shown.visibility)?),
            surveys::completed.eq(shown.completed),
            surveys::created.eq(now),
            surveys::updated.eq(now),
            surveys::idempotency_key.eq(new.idempotency_key),
        ))
        .returning(SurveyRow::as_returning())
        .get_result(connection)?;
    Ok(Ok(row.into_survey()?))
}

/// Stores what the survey shows now; `updated` never goes back.
pub fn save(
    connection: &mut SqliteConnection,
    survey: &mut Survey,
    shown: SurveyState,
    now: Micros,
) -> Result<(), StoreError> {
    survey.state = shown;
    survey.updated = survey.updated.max(now);
    diesel::update(surveys::table.find(survey.id))
        .set((
            surveys::visibility.eq(to_json(&survey.state.visibility)?),
            surveys::completed.eq(survey.state.completed),
            surveys::updated.eq(survey.updated),
        ))
        .execute(connection)?;
    Ok(())
}

/// Takes a survey away with all that hangs on it; the files that are not needed any more.
pub fn delete(connection: &mut SqliteConnection, id: SurveyId) -> Result<Vec<String>, StoreError> {
    let items = survey_items::table.filter(survey_items::survey_id.eq(id)).select(survey_items::id);
    let hung = survey_attachments::table.filter(survey_attachments::item_id.eq_any(items));
    let names: Vec<(Option<String>, Option<String>)> =
        hung.select((survey_attachments::file, survey_attachments::thumbnail_file)).load(connection)?;
    if diesel::delete(surveys::table.find(id)).execute(connection)? == 0 {
        return Err(StoreError::Missing);
    }
    Ok(names.into_iter().flat_map(|(file, thumbnail)| file.into_iter().chain(thumbnail)).collect())
}
