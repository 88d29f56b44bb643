//! The store, from its own doors: what a commit stores, in which numbers, and at what cost.

mod surveys;

use std::sync::Arc;
use std::sync::mpsc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::accounts::NewAccount;
use super::writer::{Answer, CommitError, Request};
use super::{Store, StoreError, accounts, messages, search, threads};
use crate::config;
use crate::domain::event::{Change, Decision, Event, Outcome};
use crate::domain::message::NewMessage;
use crate::domain::opening::NewThread;
use crate::domain::script::{Applied, Source};
use crate::domain::unread::Spans;
use crate::domain::{AccountId, Permissions, Role, Seat, ThreadId};
use crate::metrics::Metrics;

struct Fixture {
    store: Store,
    _dir: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let dir = tempfile::tempdir().expect("a directory");
    let environment = [("TERTULIA_DATA_DIR".to_owned(), dir.path().to_string_lossy().into_owned())];
    let config = config::load(None, environment).expect("settings");
    Fixture { store: Store::open(&config, Metrics::new()).expect("opens"), _dir: dir }
}

impl Fixture {
    async fn people(&self, count: usize) -> Vec<AccountId> {
        let make = move |connection: &mut SqliteConnection| {
            (0..count)
                .map(|number| {
                    let new = NewAccount {
                        email: None,
                        first_name: format!("Person{number}"),
                        last_name: String::new(),
                        role: Role::Member,
                        avatar: None,
                        password_hash: None,
                        external_id: None,
                        language: None,
                    };
                    Ok(accounts::create(connection, &new, 1)?.id)
                })
                .collect()
        };
        self.store.write(make).await.expect("people")
    }

    async fn thread(&self, people: &[AccountId]) -> ThreadId {
        let seat = |id: &AccountId| Seat::new(0, *id, Permissions::CREATOR, 1);
        let creator = people.first().expect("somebody");
        let new = NewThread {
            kind: "chat".into(),
            title: String::new(),
            seat: seat(creator),
            beginning: Vec::new(),
            idempotency_key: None,
            widget_key: None,
            converses: false,
        };
        let others: Vec<Seat> = people.iter().skip(1).map(seat).collect();
        let make = move |connection: &mut SqliteConnection| threads::create(connection, &new, &others, 1);
        self.store.write(make).await.expect("a thread").0
    }

    fn submit(&self, thread: ThreadId, decisions: Vec<Decision>) -> Vec<Result<Outcome, CommitError>> {
        let (sender, receiver) = mpsc::channel::<Answer>();
        let count = decisions.len();
        for (ticket, decision) in (0..).zip(decisions) {
            let sender = sender.clone();
            let reply = Arc::new(move |answer| sender.send(answer).expect("somebody waits"));
            self.store.submit(Request { thread, ticket, decision, now: 5, notify: None, reply }).expect("queued");
        }
        let mut answers: Vec<(u64, Result<Outcome, CommitError>)> = Vec::new();
        while answers.len() < count {
            answers.extend(receiver.recv_timeout(std::time::Duration::from_secs(10)).expect("an answer"));
        }
        answers.sort_by_key(|(ticket, _)| *ticket);
        answers.into_iter().map(|(_, result)| result).collect()
    }

    fn say(&self, thread: ThreadId, sender: AccountId, text: &str, client_id: Option<&str>) -> Outcome {
        let decision = Decision { changes: vec![message(sender, text, client_id)], ..Decision::default() };
        self.submit(thread, vec![decision]).pop().expect("an answer").expect("stored")
    }
}

fn message(sender: AccountId, text: &str, client_id: Option<&str>) -> Change {
    let client_id = client_id.map(str::to_owned);
    Change::CreateMessage(Box::new(NewMessage { client_id, ..NewMessage::plain(sender, "message", text) }))
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Rows that the connection has changed since it was opened, as SQLite counts them.
fn total(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row = diesel::sql_query("SELECT total_changes() AS total").get_result::<Total>(connection);
    row.map(|row| row.total).map_err(StoreError::from)
}

/// Rows that the message's commit changed.
fn rows_changed(members: usize) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let house = fixture();
        let people = house.people(members).await;
        let thread = house.thread(&people).await;
        let sender = *people.first().expect("somebody");
        search::catch_up(&house.store).await.expect("indexed");
        let before = house.store.write(total).await.expect("counted");
        house.say(thread, sender, "hi", None);
        house.store.write(total).await.expect("counted") - before
    })
}

#[test]
fn a_message_costs_the_same_writes_whatever_the_number_of_members() {
    let (few, many) = (rows_changed(2), rows_changed(500));
    assert_eq!(few, many);
    assert!(few <= 3, "the message, the id counter, the thread's head; it was {few}");
}

/// An answer, and the next question with the seat standing at it, as a script decides them.
fn answer(sender: AccountId) -> Decision {
    let pairs = vec![("n".to_owned(), "n + 1".to_owned())];
    let applied = Applied { source: Source::Answer(1), modifications: pairs, draws: Vec::new() };
    let answer =
        NewMessage { run: Some(sender), applied: vec![applied], ..NewMessage::plain(sender, "message", "yes") };
    let question =
        NewMessage { run: Some(sender), sender: None, ..NewMessage::plain(sender, "automated_message", "?") };
    let seat = Box::new(Seat::new(0, sender, Permissions::CREATOR, 1));
    let ask = Change::Ask { message: Box::new(question), seat, remind: Some(9) };
    Decision { changes: vec![Change::CreateMessage(Box::new(answer)), ask], ..Decision::default() }
}

#[tokio::test]
async fn an_answer_costs_the_same_writes_however_long_the_conversation() {
    let house = fixture();
    let people = house.people(2).await;
    let thread = house.thread(&people).await;
    let mut costs = Vec::new();
    for _ in 0..300 {
        let before = house.store.write(total).await.expect("counted");
        house.submit(thread, vec![answer(people[0])]).pop().expect("an answer").expect("stored");
        costs.push(house.store.write(total).await.expect("counted") - before);
        search::catch_up(&house.store).await.expect("indexed");
    }
    let settled = costs.get(5..).expect("many");
    let most = settled.iter().max().expect("one");
    assert!(settled.iter().all(|cost| cost == most), "each as much as the others: {costs:?}");
    assert!(*most <= 12, "two messages, their counter, the log, the seat, the reminder, the head; it was {most}");
}

#[tokio::test]
async fn messages_are_numbered_in_the_order_of_the_queue() {
    let house = fixture();
    let people = house.people(1).await;
    let thread = house.thread(&people).await;
    let decisions = (0..600).map(|number| Decision {
        expect: Vec::new(),
        changes: vec![message(people[0], &number.to_string(), None)],
        ..Decision::default()
    });
    let results = house.submit(thread, decisions.collect());
    for (number, result) in (1..).zip(results) {
        let outcome = result.expect("stored");
        let stored = outcome.own.as_ref().expect("a message");
        assert_eq!((stored.seq, stored.rev), (number, number + 1));
        assert_eq!(stored.text, (number - 1).to_string());
    }
}

#[tokio::test]
async fn the_same_client_id_gives_the_first_message_back() {
    let house = fixture();
    let people = house.people(2).await;
    let thread = house.thread(&people).await;
    let first = house.say(thread, people[0], "once", Some("c1"));
    let again = house.say(thread, people[0], "twice", Some("c1"));
    let other = house.say(thread, people[1], "mine", Some("c1"));

    let (first, again) = (first.own.as_ref().expect("one").clone(), again);
    assert!(matches!(again.events.as_slice(), [Event::MessageRepeated { message }] if message.id == first.id));
    assert_eq!(again.own.as_ref().expect("one").text, "once");
    assert_eq!(
        other.own.as_ref().expect("one").seq,
        2,
        "another sender's name is another message, and no number is lost"
    );
}

#[tokio::test]
async fn a_decision_on_an_old_seat_clashes_and_leaves_nothing() {
    let house = fixture();
    let people = house.people(1).await;
    let thread = house.thread(&people).await;
    let stale = Decision {
        expect: vec![(people[0], 99)],
        changes: vec![message(people[0], "stale", None)],
        ..Decision::default()
    };
    let fresh = Decision {
        expect: vec![(people[0], 1)],
        changes: vec![message(people[0], "fresh", None)],
        ..Decision::default()
    };
    let mut results = house.submit(thread, vec![stale, fresh]);

    assert_eq!(results.pop().expect("one").expect("stored").seq, 1);
    assert_eq!(results.pop().expect("one").expect_err("refused"), CommitError::Clash);
}

#[tokio::test]
async fn a_decision_is_stored_whole_or_not_at_all() {
    let house = fixture();
    let people = house.people(1).await;
    let thread = house.thread(&people).await;
    let changes = vec![message(people[0], "half", None), Change::DeleteMessage { id: 999 }];
    let results = house.submit(thread, vec![Decision { expect: Vec::new(), changes, ..Decision::default() }]);
    assert_eq!(results.into_iter().next().expect("one").expect_err("refused"), CommitError::Missing);

    let next = house.say(thread, people[0], "whole", None);
    assert_eq!((next.seq, next.rev), (1, 2), "no number was used up");
}

#[tokio::test]
async fn reading_moves_no_revision_and_survives() {
    let house = fixture();
    let people = house.people(2).await;
    let thread = house.thread(&people).await;
    for text in ["a", "b", "c"] {
        house.say(thread, people[0], text, None);
    }
    let reader = people[1];
    let change = Change::MarkRead { account: reader, seqs: Spans::from_iter([2]), upto: 0 };
    let outcome =
        house.submit(thread, vec![Decision { expect: Vec::new(), changes: vec![change], ..Decision::default() }]);
    assert_eq!(outcome.into_iter().next().expect("one").expect("stored").rev, 4);

    let read = house.store.read(move |connection| threads::reads(connection, thread, reader, &[])).await;
    let (_, unread) = read.expect("read");
    assert_eq!(unread.iter().collect::<Vec<_>>(), [(1, 1), (3, 3)]);
}

#[tokio::test]
async fn a_deleted_message_is_read_found_and_counted_nowhere() {
    let house = fixture();
    let people = house.people(2).await;
    let thread = house.thread(&people).await;
    let id = house.say(thread, people[0], "secret words", None).own.expect("one").id;
    search::catch_up(&house.store).await.expect("indexed");
    house.submit(
        thread,
        vec![Decision { expect: Vec::new(), changes: vec![Change::DeleteMessage { id }], ..Decision::default() }],
    );

    let reader = people[1];
    let look = move |connection: &mut SqliteConnection| {
        assert!(matches!(messages::load(connection, thread, id), Err(StoreError::Missing)));
        assert!(search::hits(connection, "secret", &[thread])?.is_empty());
        assert!(threads::reads(connection, thread, reader, &[])?.1.is_empty());
        assert_eq!(messages::missed(connection, thread, (2, 3), 10)?.len(), 1, "resuming hears of the deletion");
        Ok(())
    };
    house.store.read(look).await.expect("read");
}

#[tokio::test]
async fn the_last_member_takes_the_thread_along() {
    let house = fixture();
    let people = house.people(2).await;
    let thread = house.thread(&people).await;
    house.say(thread, people[0], "bye", None);
    for person in people {
        house.submit(
            thread,
            vec![Decision { expect: Vec::new(), changes: vec![Change::RemoveSeat(person)], ..Decision::default() }],
        );
    }
    let gone = house.store.read(move |connection| threads::head(connection, thread)).await;
    assert!(matches!(gone, Err(StoreError::Missing)));
}

/// A change of the tables can be taken back, and made again.
#[test]
fn migrations_go_down_and_up_again() {
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
    let mut connection = SqliteConnection::establish(":memory:").expect("opens");
    let made = super::migrate(&mut connection).expect("migrates");
    let undone = connection.revert_all_migrations(MIGRATIONS).expect("reverts").len();
    assert_eq!((undone, super::migrate(&mut connection).expect("migrates")), (made, made));
}

/// `table!` is written by hand; this keeps it true to the migrations.
#[tokio::test]
async fn the_tables_are_as_the_migrations_make_them() {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        table_name: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = BigInt)]
        required: i64,
    }
    let house = fixture();
    let sql = "SELECT m.name AS table_name, p.name AS name, p.type AS kind, p.\"notnull\" AS required \
               FROM sqlite_master m JOIN pragma_table_info(m.name) p \
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_\\_%' ESCAPE '\\' \
               AND m.name NOT LIKE 'messages_fts%' ORDER BY m.name, p.cid";
    let query = move |connection: &mut SqliteConnection| Ok(diesel::sql_query(sql).load::<Column>(connection)?);
    let made = house.store.read(query).await.expect("read");
    let made: Vec<String> = made
        .into_iter()
        .map(|column| {
            let kind = match column.kind.as_str() {
                "INTEGER" if column.name == "id" => "BigInt",
                "BIGINT" => "BigInt",
                "INTEGER" => "Integer",
                "BOOLEAN" => "Bool",
                "TEXT" => "Text",
                "DOUBLE" => "Double",
                other => panic!("an unexpected type {other}"),
            };
            let kind = if column.required == 1 { kind.to_owned() } else { format!("Nullable<{kind}>") };
            format!("{}.{} {kind}", column.table_name, column.name)
        })
        .collect();

    let tables = concat!(
        include_str!("schema.rs"),
        include_str!("schema/doors.rs"),
        include_str!("schema/botkit.rs"),
        include_str!("schema/bots.rs")
    );
    assert_eq!(declared(tables), made);
}

/// The columns that `schema.rs` declares, sorted by table.
fn declared(source: &str) -> Vec<String> {
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    let mut sql_name = None;
    for line in source.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")).map(|(name, _)| name) {
            tables.push((name.to_owned(), Vec::new()));
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            sql_name = name.split('"').next().map(str::to_owned);
        } else if let Some((name, kind)) = line.split_once(" -> ") {
            let name = sql_name.take().unwrap_or_else(|| name.to_owned());
            let (table, columns) = tables.last_mut().expect("a column is in a table");
            columns.push(format!("{table}.{name} {}", kind.trim_end_matches(',')));
        }
    }
    tables.sort_by(|(left, _), (right, _)| left.cmp(right));
    tables.into_iter().flat_map(|(_, columns)| columns).collect()
}

#[tokio::test]
async fn a_schema_is_read_as_it_was_made_with_numbers_of_its_own() {
    use crate::domain::script::{Answer, Group, Question, QuestionKind, Schema};
    let house = fixture();
    let mut question = Question::new(900, 1, QuestionKind::Choice);
    question.group = Some(70);
    question.translations.insert("es".into(), "¿Bien?".into());
    question.answers.push(Answer { id: 5, position: 2, text: "No".into(), next_qid: Some(-1), ..Answer::default() });
    question.answers.push(Answer { id: 6, position: 1, text: "Yes".into(), next_qid: Some(-1), ..Answer::default() });
    let groups = vec![Group { id: 70, name: "first".into(), position: 1 }];
    let new =
        Schema { name: "mood".into(), version: 1, groups, questions: vec![question.clone()], ..Schema::default() };
    let again = new.clone();
    let made = house.store.write(move |connection| super::schemas::create(connection, &new, 1)).await.expect("made");
    let read = house.store.schema(made.id).await.expect("read");
    assert_eq!(*read, made);
    let [stored] = read.questions.as_slice() else { panic!("one question: {read:?}") };
    assert_eq!(stored.group, read.groups.first().map(|group| group.id));
    assert_eq!(stored.translations, question.translations);
    let labels: Vec<&str> = stored.answers.iter().map(|answer| answer.text.as_str()).collect();
    assert_eq!(labels, ["Yes", "No"], "in the order of their positions");
    let twice = house.store.write(move |connection| super::schemas::create(connection, &again, 1)).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "name and version are there already");
}
