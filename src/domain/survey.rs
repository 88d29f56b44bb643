//! Surveys as they are kept and shown (contract, 14): the values, the bodies that come in, the objects that leave.
//! What is visible and which answers fit is worked out in [`script::survey`](super::script::survey).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::account::AccountView;
use super::attachment::Attachment;
use super::form::{self, Form, TextRule};
use super::refusal::FieldErrors;
use super::script::schema::{Question, Schema};
use super::script::survey::{Items, SurveyState, check_changed, check_new};
use super::script::{AnswerId, QuestionId, SchemaId, wire};
use super::view::Look;
use super::{AccountId, Micros, text, time};

/// The number of a survey.
pub type SurveyId = i64;
/// The number of an item of a survey.
pub type ItemId = i64;

/// The most answers outside of the schema that are looked up; whether more of them exist makes no difference.
const MAX_STRANGERS: usize = 100;

/// Somebody's answers to a schema, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Its number.
    pub id: SurveyId,
    /// What it asks.
    pub schema: SchemaId,
    /// Whose it is.
    pub account: AccountId,
    /// Who asks, if anybody.
    pub automated_sender: Option<AccountId>,
    /// What is visible, and whether all is answered.
    pub state: SurveyState,
    /// When it was made.
    pub created: Micros,
    /// When it or one of its items was last saved.
    pub updated: Micros,
}

/// The answer to one question of a survey.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its number.
    pub id: ItemId,
    /// The survey.
    pub survey: SurveyId,
    /// The question.
    pub question: QuestionId,
    /// Who answered.
    pub sender: Option<AccountId>,
    /// The text as it was sent, trimmed.
    pub text: String,
    /// The chosen answers, by position.
    pub answers: Vec<AnswerId>,
    /// The question's position.
    pub position: i64,
    /// When it was made.
    pub created: Micros,
    /// When it was last saved.
    pub updated: Micros,
    /// What hangs on it; the `message` of each is this item.
    pub attachments: Vec<Attachment>,
}

/// A survey about to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SurveyForm {
    /// The schema named.
    pub schema: Option<SchemaId>,
    /// Who is to ask.
    pub automated_sender: Option<AccountId>,
    /// What is wrong with it.
    pub errors: FieldErrors,
}

impl SurveyForm {
    /// Reads the body; `is_bot` says of an account whether it may send for others (contract, B-IMPERSONATE).
    pub fn read(
        body: &Map<String, Value>,
        caller: AccountId,
        is_bot: &dyn Fn(AccountId) -> Option<bool>,
    ) -> SurveyForm {
        let mut form = Form::new(body);
        let schema = required_id(&mut form, "schema");
        let automated_sender = form.id("automated_sender");
        if let Some(sender) = automated_sender {
            match is_bot(sender) {
                None => form.no_such("automated_sender", sender),
                Some(bot) if !bot && sender != caller => form.complain("automated_sender", "NOT_ALLOWED"),
                Some(_) => {}
            }
        }
        SurveyForm { schema, automated_sender, errors: form.errors }
    }

    /// Judges the schema named: `found` is what is stored under its number now, `kinds` are the types that surveys
    /// may have (contract, 14; B-UNPUBLISHED).
    pub fn judge(mut self, found: Option<&Schema>, kinds: &[String]) -> Result<SurveyForm, FieldErrors> {
        match (self.schema, found) {
            (Some(id), None) => self.errors.add("schema", form::no_such(id)),
            (Some(_), Some(schema)) if !kinds.contains(&schema.kind) || !schema.is_usable() => {
                self.errors.add("schema", "NOT_ALLOWED");
            }
            _ => {}
        }
        if self.errors.is_empty() { Ok(self) } else { Err(self.errors) }
    }
}

fn required_id(form: &mut Form, field: &str) -> Option<i64> {
    match form.raw(field) {
        None => form.complain(field, form::REQUIRED),
        Some(Value::Null) => form.complain(field, form::NULL),
        Some(_) => return form.id(field),
    }
    None
}

/// An item as it was sent, its single fields checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemForm {
    question: Option<QuestionId>,
    text: Option<String>,
    answers: Option<Vec<AnswerId>>,
    errors: FieldErrors,
}

/// What of the questions and answers that a form names exists outside of its schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Elsewhere {
    /// The question named, if it is another schema's.
    pub question: Option<QuestionId>,
    /// Answers of other schemas.
    pub answers: BTreeSet<AnswerId>,
}

/// What an item is to hold; it was found right.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// The question.
    pub question: QuestionId,
    /// Its position.
    pub position: i64,
    /// The text.
    pub text: String,
    /// The chosen answers, each once, by position.
    pub answers: Vec<AnswerId>,
}

impl ItemForm {
    /// Reads the body of a new item; texts have at most `max_text` characters.
    pub fn read_new(body: &Map<String, Value>, max_text: usize) -> ItemForm {
        let mut form = Form::new(body);
        let question = required_id(&mut form, "related_question");
        let _ = form.boolean("verify");
        Self::read(form, question, max_text)
    }

    /// Reads the body of a change: only `text` and `answers` are taken.
    pub fn read_change(body: &Map<String, Value>, max_text: usize) -> ItemForm {
        Self::read(Form::new(body), None, max_text)
    }

    fn read(mut form: Form, question: Option<QuestionId>, max_text: usize) -> ItemForm {
        let text = form.text("text", TextRule { max: max_text, blank: true });
        let answers = form.ids("answers");
        ItemForm { question, text, answers, errors: form.errors }
    }

    /// The question and the answers named that are not the schema's: whether they exist at all is to be looked up.
    pub fn strangers(&self, schema: &Schema) -> (Option<QuestionId>, Vec<AnswerId>) {
        let question = self.question.filter(|id| schema.question(*id).is_none());
        let own: BTreeSet<AnswerId> =
            schema.questions.iter().flat_map(|question| question.answers.iter().map(|answer| answer.id)).collect();
        let named: BTreeSet<AnswerId> = self.answers.iter().flatten().copied().collect();
        (question, named.difference(&own).copied().take(MAX_STRANGERS).collect())
    }

    /// What a new item holds, given the survey's other items (contract, 14.1).
    pub fn create(mut self, schema: &Schema, items: &Items, elsewhere: &Elsewhere) -> Result<Content, FieldErrors> {
        self.complain_of_ghosts(schema, elsewhere);
        let (text, answers) = (self.text.unwrap_or_default(), self.answers.unwrap_or_default());
        if let Some(id) = self.question {
            self.errors.merge_weaker(check_new(schema, items, id, &text, &answers));
        }
        let question = self.question.and_then(|id| schema.question(id));
        finish(question, self.errors, text, &answers)
    }

    /// What an item holds after a change (contract, 14.1; B-ITEM-PATCH).
    pub fn change(mut self, schema: &Schema, before: &Item, elsewhere: &Elsewhere) -> Result<Content, FieldErrors> {
        self.complain_of_ghosts(schema, elsewhere);
        let text = self.text.unwrap_or_else(|| before.text.clone());
        let answers = self.answers.unwrap_or_else(|| before.answers.clone());
        let question = schema.question(before.question);
        if let Some(question) = question {
            self.errors.merge_weaker(check_changed(question, &text, &answers));
        }
        finish(question, self.errors, text, &answers)
    }

    /// Complains of what is named and does not exist anywhere.
    fn complain_of_ghosts(&mut self, schema: &Schema, elsewhere: &Elsewhere) {
        let (question, answers) = self.strangers(schema);
        if let Some(id) = question.filter(|id| elsewhere.question != Some(*id)) {
            self.errors.add("related_question", form::no_such(id));
        }
        if let Some(id) = answers.iter().find(|id| !elsewhere.answers.contains(id)) {
            self.errors.add("answers", form::no_such(*id));
        }
    }
}

fn finish(
    question: Option<&Question>,
    errors: FieldErrors,
    text: String,
    answers: &[AnswerId],
) -> Result<Content, FieldErrors> {
    match question {
        Some(question) if errors.is_empty() => {
            let chosen = question.answers.iter().map(|answer| answer.id).filter(|id| answers.contains(id));
            Ok(Content { question: question.id, position: question.position, text, answers: chosen.collect() })
        }
        _ => Err(errors),
    }
}

/// The survey object (contract, 14; B-SURVEY-STATESTR: the state is an object everywhere).
pub fn survey_object(survey: &Survey, user: Option<&AccountView>, sender: Option<&AccountView>) -> Value {
    let mut object = survey_data(survey);
    if let Value::Object(fields) = &mut object {
        fields.insert("automated_sender_data".into(), json!(sender));
        fields.insert("user_data".into(), json!(user));
    }
    object
}

/// The survey as it stands in its items.
pub fn survey_data(survey: &Survey) -> Value {
    json!({
        "schema": survey.schema,
        "user": survey.account,
        "updated": time::format(survey.updated),
        "automated_sender": survey.automated_sender,
        "id": survey.id,
        "created": time::format(survey.created),
        "state": survey.state,
    })
}

/// The item object, less what belongs to lists or details only (contract, 14.1). The parts that are costly are only made
/// if `wants` says so.
pub fn item_object(item: &Item, schema: &Schema, look: &Look, wants: &dyn Fn(&str) -> bool) -> Value {
    let question = schema.question(item.question);
    let mut object = json!({
        "related_question": item.question,
        "updated": time::format(item.updated),
        "answers": item.answers,
        "meta": null,
        "created": time::format(item.created),
        "has_attachments": !item.attachments.is_empty(),
        "type": "answer",
        "survey": item.survey,
        "id": item.id,
        "sender": item.sender,
        "text": if look.escape { text::escape(&item.text) } else { item.text.as_str().into() },
        "position": item.position,
        "attachments_data": item.attachments.iter().map(|hung| hung.to_json_of_item(look)).collect::<Vec<_>>(),
    });
    if let (Value::Object(fields), Some(question)) = (&mut object, question) {
        let chosen = question.answers.iter().filter(|answer| item.answers.contains(&answer.id));
        fields.insert("answers_data".into(), chosen.map(|answer| wire::answer(question.id, answer)).collect());
        if wants("related_question_data") {
            fields.insert("related_question_data".into(), wire::question(schema.id, question, look));
        }
    }
    object
}
