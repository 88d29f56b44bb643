//! Demo data: answers to a survey, so that its charts show something. The same schema always gets the same answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tertulia::actors::House;
use tertulia::domain::script::{Question, QuestionKind, Schema};
use tertulia::domain::survey::{Item, ItemForm, Survey, SurveyForm};
use tertulia::domain::{AccountId, Micros, Role};
use tertulia::store::accounts::{self, NewAccount};
use tertulia::store::schema_list::{self, SchemaQuery};
use tertulia::store::survey_items::{self, NewItem};
use tertulia::store::surveys::{self, NewSurvey};
use tertulia::store::{Connection, StoreError, schemas};

/// How many answer.
const SURVEYS: u32 = 40;
/// Schemas that are looked at.
const MOST: i64 = 100;
/// Who answers; each more than once.
const GUESTS: [(&str, &str); 8] = [
    ("Inés", "Duarte"),
    ("Tom", "Baker"),
    ("Yuki", "Sato"),
    ("Lena", "Vogel"),
    ("Omar", "Haddad"),
    ("Priya", "Nair"),
    ("Luca", "Bianchi"),
    ("Zofia", "Nowak"),
];
const REMARKS: [&str; 8] = [
    "Great coffee, and the parcel came a day early.",
    "The grinder advice was spot on, thank you!",
    "Could you offer smaller bags? 250 g is too much for me.",
    "Friendly people on the chat, even late in the evening.",
    "The box was a little dented, the beans were fine.",
    "I would love a decaf that tastes as good as the Huila.",
    "Took two tries to find the order page.",
    "All good.",
];
const DAY: Micros = 86_400_000_000;

/// Chance that is the same every time.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sides = u64::try_from(sides.max(1)).unwrap_or(1);
        usize::try_from((self.0 >> 33) % sides).unwrap_or(0)
    }

    /// Mostly the lower numbers: people are content on the whole.
    fn lean(&mut self, sides: usize) -> usize {
        self.throw(sides).min(self.throw(sides))
    }
}

/// Fills every schema that may begin surveys with about forty believable answers of the last four
/// weeks.
pub async fn fill(house: &House) -> anyhow::Result<()> {
    let (kinds, now) = (house.config.surveys.types.clone(), house.clock.now());
    let make = move |connection: &mut Connection| {
        for schema in schema_list::find(connection, SchemaQuery { limit: MOST, ..SchemaQuery::default() })? {
            if kinds.contains(&schema.kind) && schema.is_usable() {
                let schema = schemas::load(connection, schema.id)?;
                fill_one(connection, &schema, &kinds, now)?;
            }
        }
        Ok(())
    };
    Ok(house.store.write(make).await?)
}

fn fill_one(connection: &mut Connection, schema: &Schema, kinds: &[String], now: Micros) -> Result<(), StoreError> {
    let mut dice = Dice(42);
    let guests = guests(connection, now - 29 * DAY)?;
    for (number, guest) in (0..SURVEYS).zip(guests.iter().cycle()) {
        let began = now - DAY * 28 * Micros::from(SURVEYS - number) / Micros::from(SURVEYS);
        answer(connection, schema, *guest, kinds, began, &mut dice)?;
    }
    Ok(())
}

fn guests(connection: &mut Connection, now: Micros) -> Result<Vec<AccountId>, StoreError> {
    let guest = |(number, (first_name, last_name)): (usize, &(&str, &str))| {
        let external = format!("demo:guest:{number}");
        if let Some(known) = accounts::by_external_id(connection, &external)? {
            return Ok(known.account.id);
        }
        let new = NewAccount {
            email: None,
            first_name: (*first_name).into(),
            last_name: (*last_name).into(),
            role: Role::Visitor,
            avatar: None,
            password_hash: None,
            external_id: Some(external),
            language: None,
        };
        Ok(accounts::create(connection, &new, now)?.id)
    };
    GUESTS.iter().enumerate().map(guest).collect()
}

/// One survey, answered question after question as they become visible; some give up on the way.
fn answer(
    connection: &mut Connection,
    schema: &Schema,
    account: AccountId,
    kinds: &[String],
    began: Micros,
    dice: &mut Dice,
) -> Result<(), StoreError> {
    let form = SurveyForm { schema: Some(schema.id), ..SurveyForm::default() };
    let new = NewSurvey { form, account, idempotency_key: None };
    // a schema that begins no surveys is simply not answered
    let Ok(mut survey) = surveys::create(connection, new, Some(schema), kinds, began)? else { return Ok(()) };
    let patience = if dice.throw(5) == 0 { 1 + dice.throw(4) } else { usize::MAX };
    let mut at = began;
    let mut items: BTreeMap<i64, Item> = BTreeMap::new();
    let mut passed: Vec<i64> = Vec::new();
    while items.len() < patience
        && let Some(question) = next(schema, &survey, &items, &passed)
    {
        at += 1_000_000 * (4 + Micros::try_from(dice.throw(30)).unwrap_or(0));
        let body = if question.required || dice.throw(4) > 0 { reply(question, dice) } else { None };
        let Some(body) = body else {
            passed.push(question.id);
            continue;
        };
        let form = ItemForm::read_new(&body, 1_000);
        let new = NewItem { survey: survey.id, sender: account, form, idempotency_key: None };
        match survey_items::create(connection, schema, new, at)? {
            Ok((item, now)) => {
                survey = now;
                items.insert(question.id, item);
            }
            Err(_) => passed.push(question.id),
        }
    }
    Ok(())
}

/// The first visible question that is neither answered nor passed.
fn next<'a>(schema: &'a Schema, survey: &Survey, items: &BTreeMap<i64, Item>, passed: &[i64]) -> Option<&'a Question> {
    let is_open = |question: &&Question| {
        survey.state.visibility.contains(&question.qid)
            && !items.contains_key(&question.id)
            && !passed.contains(&question.id)
    };
    schema.questions.iter().find(is_open)
}

fn reply(question: &Question, dice: &mut Dice) -> Option<Map<String, Value>> {
    let mut body = json!({"related_question": question.id});
    match question.kind {
        QuestionKind::Message | QuestionKind::Fork => return None,
        QuestionKind::Choice => body["answers"] = json!([question.answers.get(dice.lean(question.answers.len()))?.id]),
        QuestionKind::Multichoice => {
            let first = question.answers.get(dice.throw(question.answers.len()))?;
            let others =
                question.answers.iter().filter(|answer| !answer.exclusive && !first.exclusive && dice.throw(3) == 0);
            let mut chosen: Vec<i64> = others.map(|answer| answer.id).chain([first.id]).collect();
            chosen.dedup();
            body["answers"] = json!(chosen);
        }
        QuestionKind::Range => {
            let (from, to) = (question.range_from.unwrap_or(0.0), question.range_to.unwrap_or(10.0));
            // whole steps down from the upper end, most of them near it
            let steps = ((to - from).floor().clamp(0.0, 100.0)) as usize;
            body["text"] = json!((to - u32::try_from(dice.lean(steps + 1)).map_or(0.0, f64::from)).to_string());
        }
        QuestionKind::Int | QuestionKind::Float => body["text"] = json!((1 + dice.lean(12)).to_string()),
        QuestionKind::Date => body["text"] = json!(format!("2026-{:02}-{:02}", 1 + dice.throw(11), 1 + dice.throw(28))),
        QuestionKind::Time => body["text"] = json!(format!("{:02}:{:02}", 7 + dice.throw(12), dice.throw(60))),
        QuestionKind::Datetime => {
            body["text"] = json!(format!("2026-11-{:02}T{:02}:00:00Z", 1 + dice.throw(28), 8 + dice.throw(10)))
        }
        QuestionKind::Text | QuestionKind::Control => body["text"] = json!(REMARKS.get(dice.throw(REMARKS.len()))?),
    }
    body.as_object().cloned()
}

#[cfg(test)]
mod tests {
    use tertulia::config;
    use tertulia::domain::script::Answer;
    use tertulia::metrics::Metrics;
    use tertulia::store::Store;
    use tertulia::store::surveys::SurveyQuery;

    use super::*;

    /// One question of each type, one after the other.
    fn of_every_type() -> Schema {
        let questions = (1..).zip(QuestionKind::ALL).map(|(qid, (kind, _))| {
            let answer = |position| Answer { position, text: format!("A{position}"), ..Answer::default() };
            let answers = if kind.is_choice() { (1..=4).map(answer).collect() } else { Vec::new() };
            let (range_from, range_to) = (Some(1.0), Some(5.0));
            let next_qid = Some(qid + 1);
            Question {
                next_qid,
                required: qid % 2 == 1,
                answers,
                range_from,
                range_to,
                ..Question::new(qid, qid, kind)
            }
        });
        let kind = "survey".to_owned();
        Schema {
            name: "all".into(),
            kind,
            version: 1,
            published: true,
            questions: questions.collect(),
            ..Schema::default()
        }
    }

    /// What was answered in a fresh house, less its numbers.
    async fn filled() -> Vec<(Micros, bool, Vec<String>)> {
        let dir = tempfile::tempdir().expect("a directory");
        let environment = [("TERTULIA_DATA_DIR".to_owned(), dir.path().to_string_lossy().into_owned())];
        let config = config::load(None, environment).expect("settings");
        let store = Store::open(&config, Metrics::new()).expect("opens");
        let make = |connection: &mut Connection| {
            let schema = schemas::create(connection, &of_every_type(), 1)?;
            fill_one(connection, &schema, &["survey".to_owned()], 100 * DAY)?;
            let all = surveys::find(connection, SurveyQuery { limit: 100, ..SurveyQuery::default() })?;
            let told = all.into_iter().map(|survey| {
                let texts = survey_items::list(connection, survey.id)?.into_iter().map(|item| item.text).collect();
                Ok((survey.created, survey.state.completed, texts))
            });
            told.collect()
        };
        store.write(make).await.expect("filled")
    }

    #[tokio::test]
    async fn the_same_schema_always_gets_the_same_answers() {
        let told = filled().await;
        assert_eq!(told.len(), 40);
        let complete = told.iter().filter(|(_, complete, _)| *complete).count();
        // a required fork or message would keep all of them open; none of them is required here
        assert!(told.iter().any(|(_, _, texts)| texts.len() > 8) && complete < told.len(), "{complete}");
        assert_eq!(filled().await, told);
    }
}
