//! Surveys and runs in the store: what an answer costs, and that runs are counted as they were said.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::connection::{Connection as _, InstrumentationEvent};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use serde_json::{Value, json};

use super::{Fixture, fixture};
use crate::domain::script::results::Response;
use crate::domain::script::{Question, QuestionKind, Schema};
use crate::domain::survey::{ItemForm, SurveyForm, SurveyId};
use crate::domain::{AccountId, ThreadId};
use crate::store::results::{Cursor, Wanted, mark, page};
use crate::store::schemas;
use crate::store::survey_items::{self, NewItem};
use crate::store::surveys::{self, NewSurvey};

/// Texts asked for one after the other.
fn long(count: i64) -> Schema {
    let question =
        |qid: i64| Question { required: true, next_qid: Some(qid + 1), ..Question::new(qid, qid, QuestionKind::Text) };
    let questions = (1..=count).map(question).collect();
    Schema { name: "long".into(), kind: "survey".into(), version: 1, published: true, questions, ..Schema::default() }
}

async fn stored(fixture: &Fixture, schema: Schema) -> Schema {
    fixture.store.write(move |connection| schemas::create(connection, &schema, 1)).await.expect("stored")
}

fn object(body: Value) -> serde_json::Map<String, Value> {
    body.as_object().cloned().expect("an object")
}

async fn begun(fixture: &Fixture, schema: &Schema, account: AccountId) -> SurveyId {
    let (schema, form) = (schema.clone(), SurveyForm { schema: Some(schema.id), ..SurveyForm::default() });
    let make = move |connection: &mut SqliteConnection| {
        let new = NewSurvey { form, account, idempotency_key: None };
        surveys::create(connection, new, Some(&schema), &["survey".to_owned()], 1)
    };
    fixture.store.write(make).await.expect("a survey").expect("allowed").id
}

/// Answers these questions and says how many statements that took.
async fn answers(
    fixture: &Fixture,
    schema: &Schema,
    survey: SurveyId,
    sender: AccountId,
    places: std::ops::Range<usize>,
) -> usize {
    let schema = schema.clone();
    let answer = move |connection: &mut SqliteConnection| {
        let statements = Arc::new(AtomicUsize::new(0));
        let counter = statements.clone();
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
        for question in &schema.questions[places] {
            let form = ItemForm::read_new(&object(json!({"related_question": question.id, "text": "yes"})), 100);
            let new = NewItem { survey, sender, form, idempotency_key: None };
            survey_items::create(connection, &schema, new, 2)?.expect("a fitting answer");
        }
        Ok(statements.load(Ordering::Relaxed))
    };
    fixture.store.write(answer).await.expect("answered")
}

#[tokio::test]
async fn the_last_of_a_thousand_answers_takes_as_many_statements_as_the_first() {
    let fixture = fixture();
    let people = fixture.people(1).await;
    let schema = stored(&fixture, long(1_000)).await;
    let survey = begun(&fixture, &schema, people[0]).await;

    let first = answers(&fixture, &schema, survey, people[0], 0..1).await;
    answers(&fixture, &schema, survey, people[0], 1..999).await;
    let last = answers(&fixture, &schema, survey, people[0], 999..1_000).await;

    assert!(first > 0 && first == last, "{first} for the first, {last} for the last");
    let shown = fixture.store.read(move |connection| surveys::get(connection, survey)).await.expect("there").state;
    assert_eq!((shown.visibility.len(), shown.completed), (1_000, true));
}

/// A message of a run, as the engine of scripts stores it.
#[derive(Clone, Copy)]
struct Line {
    sender: Option<AccountId>,
    question: i64,
    predecessor: Option<i64>,
    text: &'static str,
}

async fn says(fixture: &Fixture, thread: ThreadId, of: AccountId, lines: Vec<Line>) {
    let insert = move |connection: &mut SqliteConnection| {
        for line in lines {
            diesel::sql_query(
                "INSERT INTO messages (thread_id, seq, rev, sender_id, type, text, related_question_id, predecessor_id, \
                 created, updated, run_account_id) SELECT ?, coalesce(max(seq), 0) + 1, 1, ?, 'answer', ?, ?, ?, \
                 coalesce(max(seq), 0) * 1000000, 5, ? FROM messages WHERE thread_id = ?",
            )
            .bind::<BigInt, _>(thread)
            .bind::<Nullable<BigInt>, _>(line.sender)
            .bind::<Text, _>(line.text)
            .bind::<BigInt, _>(line.question)
            .bind::<Nullable<BigInt>, _>(line.predecessor)
            .bind::<BigInt, _>(of)
            .bind::<BigInt, _>(thread)
            .execute(connection)?;
        }
        Ok(())
    };
    fixture.store.write(insert).await.expect("said");
}

async fn moves_to(fixture: &Fixture, thread: ThreadId, member: AccountId, schema: i64, question: Option<i64>) {
    let update = move |connection: &mut SqliteConnection| {
        diesel::sql_query("UPDATE members SET schema_id = ?, question_id = ?, state = iif(?, 'open', 'scripted'), updated = updated + 1 WHERE thread_id = ? AND account_id = ?")
            .bind::<BigInt, _>(schema)
            .bind::<Nullable<BigInt>, _>(question)
            .bind::<Bool, _>(question.is_none())
            .bind::<BigInt, _>(thread)
            .bind::<BigInt, _>(member)
            .execute(connection)?;
        Ok(())
    };
    fixture.store.write(update).await.expect("moved");
}

async fn found(fixture: &Fixture, schema: &Schema, surveys: bool, runs: bool) -> Vec<Response> {
    let schema = schema.clone();
    let all = move |connection: &mut SqliteConnection| {
        let (wanted, mut cursor) = (Wanted { surveys, runs, from: None, to: None }, Cursor::default());
        let mut all = Vec::new();
        while let Some((responses, further)) = page(connection, &schema, wanted, cursor)? {
            all.extend(responses);
            cursor = further;
        }
        Ok(all)
    };
    fixture.store.read(all).await.expect("read")
}

#[tokio::test]
async fn runs_of_scripts_are_counted_beside_surveys() {
    let fixture = fixture();
    let people = fixture.people(3).await;
    let schema = stored(&fixture, long(2)).await;
    let other = stored(&fixture, Schema { name: "other".into(), ..long(2) }).await;
    let (one, two) = (schema.questions[0].id, schema.questions[1].id);
    let line = |sender, question, predecessor, text| Line { sender, question, predecessor, text };
    let (ana, ben) = (people[0], people[1]);
    let thread = fixture.thread(&[ana, ben]).await;
    let marked = async || {
        let id = schema.id;
        fixture.store.read(move |connection| mark(connection, id)).await.expect("a mark")
    };
    let mut marks = vec![marked().await];

    says(
        &fixture,
        thread,
        ana,
        vec![line(None, one, None, "?"), line(Some(ana), one, None, "yes"), line(None, two, Some(one), "?")],
    )
    .await;
    marks.push(marked().await);
    moves_to(&fixture, thread, ana, schema.id, Some(two)).await;
    marks.push(marked().await);
    says(
        &fixture,
        thread,
        ben,
        vec![
            line(Some(people[2]), one, None, "?"),
            line(Some(ben), one, None, "no"),
            line(None, two, Some(one), "?"),
            line(Some(ben), two, None, "never"),
        ],
    )
    .await;
    moves_to(&fixture, thread, ben, schema.id, None).await;
    says(&fixture, thread, ben, vec![line(None, other.questions[0].id, None, "?")]).await;
    marks.push(marked().await);
    begun(&fixture, &schema, people[2]).await;
    marks.push(marked().await);

    let runs = found(&fixture, &schema, false, true).await;
    let told: Vec<(AccountId, usize, usize, bool)> =
        runs.iter().map(|run| (run.account, run.seen.len(), run.given.len(), run.finished)).collect();
    assert_eq!(told, [(ana, 2, 1, false), (ben, 2, 2, true)]);
    assert_eq!(runs[1].given[&two].text, "never");
    assert_eq!(found(&fixture, &schema, true, false).await.len(), 1);
    assert_eq!(found(&fixture, &schema, true, true).await.len(), 3);
    assert_eq!(found(&fixture, &other, true, true).await.len(), 1);
    let count = marks.len();
    marks.dedup();
    assert_eq!(marks.len(), count, "each change has a mark of its own");
}
