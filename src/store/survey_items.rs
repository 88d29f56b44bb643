//! Items of surveys and what hangs on them (contract, 12, 14.1). What is visible and complete is worked out in the
//! transaction that changes an item, so of two answers to one question one is refused.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde_json::Value;

use super::rows::{from_json, to_json};
use super::schema::{answers, questions, survey_attachments, survey_items};
use super::{StoreError, surveys};
use crate::domain::attachment::{Attachment, AttachmentEdit, Kind, NewAttachment};
use crate::domain::script::Schema;
use crate::domain::script::survey::{Items, state};
use crate::domain::survey::{Content, Elsewhere, Item, ItemForm, ItemId, Survey, SurveyId};
use crate::domain::{AccountId, AttachmentId, Micros, Refusal};

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = survey_items)]
struct ItemRow {
    id: i64,
    survey_id: i64,
    related_question_id: i64,
    sender_id: Option<i64>,
    text: String,
    answers: String,
    position: i64,
    created: i64,
    updated: i64,
}

impl ItemRow {
    fn into_item(self, attachments: Vec<Attachment>) -> Result<Item, StoreError> {
        Ok(Item {
            id: self.id,
            survey: self.survey_id,
            question: self.related_question_id,
            sender: self.sender_id,
            text: self.text,
            answers: from_json(&self.answers)?,
            position: self.position,
            created: self.created,
            updated: self.updated,
            attachments,
        })
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = survey_attachments, treat_none_as_null = true, treat_none_as_default_value = false)]
struct HungRow {
    #[diesel(skip_insertion)]
    id: i64,
    item_id: i64,
    kind: String,
    title: String,
    description: String,
    options: Option<String>,
    object_id: Option<i64>,
    content_type: Option<i64>,
    file: Option<String>,
    thumbnail_file: Option<String>,
    url: Option<String>,
    thumbnail: Option<String>,
}

impl HungRow {
    fn of(hung: &Attachment) -> Self {
        Self {
            id: hung.id,
            item_id: hung.message,
            kind: hung.kind.as_str().to_owned(),
            title: hung.title.clone(),
            description: hung.description.clone(),
            options: hung.options.as_ref().map(Value::to_string),
            object_id: hung.object_id,
            content_type: hung.content_type,
            file: hung.file.clone(),
            thumbnail_file: hung.thumbnail_file.clone(),
            url: hung.url.clone(),
            thumbnail: hung.thumbnail.as_ref().map(Value::to_string),
        }
    }

    fn into_attachment(self) -> Result<Attachment, StoreError> {
        let kind = Kind::parse(&self.kind)
            .ok_or_else(|| StoreError::Broken(format!("an attachment has the unknown type {}", self.kind)))?;
        Ok(Attachment {
            id: self.id,
            message: self.item_id,
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

/// All items of a survey with what hangs on them, ascending.
pub fn list(connection: &mut SqliteConnection, survey: SurveyId) -> Result<Vec<Item>, StoreError> {
    let of_survey = survey_items::table.filter(survey_items::survey_id.eq(survey));
    let rows: Vec<ItemRow> = of_survey.order(survey_items::id).select(ItemRow::as_select()).load(connection)?;
    let hung = survey_attachments::table.filter(survey_attachments::item_id.eq_any(of_survey.select(survey_items::id)));
    let mut by_item: BTreeMap<ItemId, Vec<Attachment>> = BTreeMap::new();
    for row in hung.order(survey_attachments::id).select(HungRow::as_select()).load(connection)? {
        by_item.entry(row.item_id).or_default().push(row.into_attachment()?);
    }
    let items = rows.into_iter().map(|row| {
        let attachments = by_item.remove(&row.id).unwrap_or_default();
        row.into_item(attachments)
    });
    items.collect()
}

/// The items of these surveys, without what hangs on them.
pub(super) fn of_many(connection: &mut SqliteConnection, surveys: &[SurveyId]) -> Result<Vec<Item>, StoreError> {
    let of_surveys = survey_items::table.filter(survey_items::survey_id.eq_any(surveys));
    let rows: Vec<ItemRow> = of_surveys.select(ItemRow::as_select()).load(connection)?;
    rows.into_iter().map(|row| row.into_item(Vec::new())).collect()
}

/// One item of a survey; one of another survey is missing (B-ATT-IDOR).
pub fn get(connection: &mut SqliteConnection, survey: SurveyId, id: ItemId) -> Result<Item, StoreError> {
    let found = survey_items::table.find(id).filter(survey_items::survey_id.eq(survey));
    let row: ItemRow = found.select(ItemRow::as_select()).first(connection)?;
    let hung = survey_attachments::table.filter(survey_attachments::item_id.eq(id)).order(survey_attachments::id);
    let attachments = hung.select(HungRow::as_select()).load(connection)?;
    row.into_item(attachments.into_iter().map(HungRow::into_attachment).collect::<Result<_, _>>()?)
}

/// The chosen answers by question: all that visibility depends on.
fn chosen(connection: &mut SqliteConnection, survey: SurveyId) -> Result<Items, StoreError> {
    let of_survey = survey_items::table.filter(survey_items::survey_id.eq(survey));
    let rows: Vec<(i64, String)> =
        of_survey.select((survey_items::related_question_id, survey_items::answers)).load(connection)?;
    rows.into_iter().map(|(question, answers)| Ok((question, from_json(&answers)?))).collect()
}

/// What of the form's questions and answers exists in other schemas.
fn elsewhere(connection: &mut SqliteConnection, form: &ItemForm, schema: &Schema) -> Result<Elsewhere, StoreError> {
    let (question, named) = form.strangers(schema);
    let mut found = Elsewhere::default();
    if let Some(id) = question {
        found.question = questions::table.find(id).select(questions::id).first(connection).optional()?;
    }
    if !named.is_empty() {
        let known = answers::table.filter(answers::id.eq_any(named)).select(answers::id);
        found.answers = known.load(connection)?.into_iter().collect::<BTreeSet<i64>>();
    }
    Ok(found)
}

/// An answer about to be stored.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// The survey.
    pub survey: SurveyId,
    /// Who answers.
    pub sender: AccountId,
    /// What was sent.
    pub form: ItemForm,
    /// The sender's own name for the request: a repeat gives the first item.
    pub idempotency_key: Option<String>,
}

/// An item, and its survey as it is now.
pub type Saved = (Item, Survey);

/// Answers a question, and works out what the survey shows now. A survey that is gone is missing.
pub fn create(
    connection: &mut SqliteConnection,
    schema: &Schema,
    new: NewItem,
    now: Micros,
) -> Result<Result<Saved, Refusal>, StoreError> {
    let survey = surveys::get(connection, new.survey)?;
    if let Some(key) = &new.idempotency_key {
        let named = survey_items::table.filter(survey_items::idempotency_key.eq(key));
        let of_survey = named.filter(survey_items::survey_id.eq(new.survey)).select(survey_items::id);
        if let Some(id) = of_survey.first(connection).optional()? {
            return Ok(Ok((get(connection, new.survey, id)?, survey)));
        }
    }
    let mut items = chosen(connection, new.survey)?;
    let known = elsewhere(connection, &new.form, schema)?;
    let content = match new.form.create(schema, &items, &known) {
        Ok(content) => content,
        Err(errors) => return Ok(Err(Refusal::Invalid(errors))),
    };
    let row: ItemRow = diesel::insert_into(survey_items::table)
        .values((
            survey_items::survey_id.eq(new.survey),
            survey_items::related_question_id.eq(content.question),
            survey_items::sender_id.eq(Some(new.sender)),
            survey_items::text.eq(&content.text),
            survey_items::answers.eq(to_json(&content.answers)?),
            survey_items::position.eq(content.position),
            survey_items::created.eq(now),
            survey_items::updated.eq(now),
            survey_items::idempotency_key.eq(new.idempotency_key),
        ))
        .returning(ItemRow::as_returning())
        .get_result(connection)?;
    items.insert(content.question, content.answers);
    let survey = showing(connection, schema, survey, &items, now)?;
    Ok(Ok((row.into_item(Vec::new())?, survey)))
}

fn showing(
    connection: &mut SqliteConnection,
    schema: &Schema,
    mut survey: Survey,
    items: &Items,
    now: Micros,
) -> Result<Survey, StoreError> {
    surveys::save(connection, &mut survey, state(schema, items), now)?;
    Ok(survey)
}

/// Changes text and answers of an item, and works out what the survey shows now.
pub fn change(
    connection: &mut SqliteConnection,
    schema: &Schema,
    (survey, id): (SurveyId, ItemId),
    form: ItemForm,
    now: Micros,
) -> Result<Result<Saved, Refusal>, StoreError> {
    let before = get(connection, survey, id)?;
    let known = elsewhere(connection, &form, schema)?;
    let Content { text, answers, .. } = match form.change(schema, &before, &known) {
        Ok(content) => content,
        Err(errors) => return Ok(Err(Refusal::Invalid(errors))),
    };
    let item = Item { text, answers, updated: before.updated.max(now), ..before };
    diesel::update(survey_items::table.find(id))
        .set((
            survey_items::text.eq(&item.text),
            survey_items::answers.eq(to_json(&item.answers)?),
            survey_items::updated.eq(item.updated),
        ))
        .execute(connection)?;
    let items = chosen(connection, survey)?;
    let survey = surveys::get(connection, survey)?;
    Ok(Ok((item, showing(connection, schema, survey, &items, now)?)))
}

/// Takes an item away, so that its question may be answered again; the files that are not needed any more.
pub fn delete(
    connection: &mut SqliteConnection,
    schema: &Schema,
    (survey, id): (SurveyId, ItemId),
    now: Micros,
) -> Result<Vec<String>, StoreError> {
    let item = get(connection, survey, id)?;
    diesel::delete(survey_items::table.find(id)).execute(connection)?;
    let items = chosen(connection, survey)?;
    let survey = surveys::get(connection, survey)?;
    showing(connection, schema, survey, &items, now)?;
    Ok(item.attachments.iter().flat_map(Attachment::files).collect())
}

/// Hangs something on an item, at most `most` on one. A repeat of the same key gives the first one, and the files that
/// are not needed.
pub fn attach(
    connection: &mut SqliteConnection,
    (survey, id): (SurveyId, ItemId),
    new: &NewAttachment,
    most: usize,
) -> Result<Result<(AttachmentId, Vec<String>), Refusal>, StoreError> {
    let item = get(connection, survey, id)?;
    if let Some(key) = &new.idempotency_key {
        let named = survey_attachments::table.filter(survey_attachments::item_id.eq(id));
        let first = named.filter(survey_attachments::idempotency_key.eq(key)).select(survey_attachments::id);
        if let Some(first) = first.first(connection).optional()? {
            return Ok(Ok((first, new.files().collect())));
        }
    }
    if item.attachments.len() >= most {
        let complaint = format!("Ensure this item has no more than {most} attachments.");
        return Ok(Err(Refusal::field(crate::domain::refusal::NON_FIELD, complaint)));
    }
    let hung = new.hung_on(id);
    let made = diesel::insert_into(survey_attachments::table)
        .values((HungRow::of(&hung), survey_attachments::idempotency_key.eq(&new.idempotency_key)))
        .returning(survey_attachments::id)
        .get_result(connection)?;
    Ok(Ok((made, Vec::new())))
}

fn hanging(item: Item, id: AttachmentId) -> Result<Attachment, StoreError> {
    item.attachments.into_iter().find(|hung| hung.id == id).ok_or(StoreError::Missing)
}

/// Changes what hangs on an item; the files that are not needed any more.
pub fn change_attachment(
    connection: &mut SqliteConnection,
    (survey, item): (SurveyId, ItemId),
    id: AttachmentId,
    edit: AttachmentEdit,
) -> Result<Vec<String>, StoreError> {
    let mut hung = hanging(get(connection, survey, item)?, id)?;
    let unused = hung.apply(edit);
    diesel::update(survey_attachments::table.find(id)).set(HungRow::of(&hung)).execute(connection)?;
    Ok(unused)
}

/// Takes something off an item; the files that are not needed any more.
pub fn detach(
    connection: &mut SqliteConnection,
    (survey, item): (SurveyId, ItemId),
    id: AttachmentId,
) -> Result<Vec<String>, StoreError> {
    let hung = hanging(get(connection, survey, item)?, id)?;
    diesel::delete(survey_attachments::table.find(id)).execute(connection)?;
    Ok(hung.files().collect())
}
