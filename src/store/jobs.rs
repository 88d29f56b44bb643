//! The outbox: what must leave the house, written in the transaction of its cause (design, part 4).
//!
//! A job is `waiting` until it is due, `claimed` while somebody carries it out, and `parked` when its tries ran out. Jobs
//! of one recipient are taken one at a time, in the order in which they were written; a parked one holds nobody up. A
//! claim is a lease: when it runs out, as after a crash, the job is taken again, so whatever a job does may happen twice.

use std::cell::Cell;

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::StoreError;
use super::rows::from_json;
use super::schema::jobs;
use crate::domain::{AccountId, MessageId, Micros, Seq, ThreadId};

/// A message that members who are away may have to be told of: `{thread, seq}`.
pub const MESSAGE: &str = "message";
/// A question that may have to be answered still: `{thread, account, message}`.
pub const REMIND: &str = "remind";

/// What somebody said in a thread in which bots or channels listen: `{thread, seq}`.
pub const HEAR: &str = "hear";

/// The longest error that is kept, in characters.
const MAX_ERROR: usize = 500;
/// The most messages of one thread that are told together.
const TOGETHER: i64 = 5_000;

pub(super) const WAITING: &str = "waiting";
const CLAIMED: &str = "claimed";
const PARKED: &str = "parked";

thread_local! {
    /// Whether the transaction under way wrote a job. Only the writer's thread writes, so this needs no lock.
    static WRITTEN: Cell<bool> = const { Cell::new(false) };
}

/// Whether a job was written since the last time this was asked, on this thread.
pub(super) fn take_written() -> bool {
    WRITTEN.take()
}

/// A job as it is carried out and shown.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// The key of its order.
    pub recipient: String,
    payload: String,
    /// `waiting`, `claimed` or `parked`.
    pub state: String,
    /// When it is due.
    pub due: Micros,
    /// How often it was begun.
    pub attempts: i32,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was written.
    pub created: Micros,
}

impl Job {
    /// What it is about; an error for what cannot be read, which no further try will change.
    pub fn payload<T: serde::de::DeserializeOwned>(&self) -> Result<T, StoreError> {
        from_json(&self.payload)
    }
}

/// A message that was made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct MessageMade {
    /// Where.
    pub thread: ThreadId,
    /// Its position.
    pub seq: Seq,
}

/// A question that was asked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct QuestionAsked {
    /// Where.
    pub thread: ThreadId,
    /// Whom.
    pub account: AccountId,
    /// The question's message.
    pub message: MessageId,
}

/// A job about to be written.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// What is to be done.
    pub kind: &'a str,
    /// Jobs of one recipient are carried out in the order in which they were written.
    pub recipient: String,
    /// What it is about.
    pub payload: Value,
    /// When it is due.
    pub due: Micros,
}

/// Writes a job into the transaction under way; its number. Whoever carries jobs out is woken after the commit.
pub fn add(connection: &mut SqliteConnection, new: &NewJob, now: Micros) -> Result<i64, StoreError> {
    WRITTEN.set(true);
    let row = diesel::insert_into(jobs::table).values((
        jobs::kind.eq(new.kind),
        jobs::recipient.eq(&new.recipient),
        jobs::payload.eq(new.payload.to_string()),
        jobs::state.eq(WAITING),
        jobs::due.eq(new.due),
        jobs::created.eq(now),
    ));
    Ok(row.returning(jobs::id).get_result(connection)?)
}

/// Notes that a message was made which somebody may have to be told of at `due`: one row, whatever the number of members.
pub(super) fn note_message(
    connection: &mut SqliteConnection,
    made: MessageMade,
    due: Micros,
    now: Micros,
) -> Result<(), StoreError> {
    let recipient = format!("thread:{}", made.thread);
    add(connection, &NewJob { kind: MESSAGE, recipient, payload: json!(made), due }, now)?;
    Ok(())
}

/// Notes that bots and channels are owed what was said, in the order of the thread.
pub(super) fn note_heard(connection: &mut SqliteConnection, made: MessageMade, now: Micros) -> Result<(), StoreError> {
    let recipient = conversation(made.thread);
    add(connection, &NewJob { kind: HEAR, recipient, payload: json!(made), due: now }, now)?;
    Ok(())
}

/// The recipient of everything that must happen in order in the conversation of a thread.
pub fn conversation(thread: ThreadId) -> String {
    format!("conversation:{thread}")
}

/// The thread whose conversation is the recipient.
pub fn thread_of(recipient: &str) -> Option<ThreadId> {
    recipient.strip_prefix("conversation:")?.parse().ok()
}

/// Whether something is still to be done now for this recipient.
pub fn is_owed(connection: &mut SqliteConnection, recipient: &str, now: Micros) -> Result<bool, StoreError> {
    let due = jobs::state.eq(CLAIMED).or(jobs::state.eq(WAITING).and(jobs::due.le(now)));
    let owed = jobs::table.filter(jobs::recipient.eq(recipient)).filter(due);
    Ok(diesel::select(exists(owed)).get_result(connection)?)
}

/// The other messages of a claimed job's thread that are due too: their jobs, and the last position.
pub fn due_together(
    connection: &mut SqliteConnection,
    job: &Job,
    now: Micros,
) -> Result<(Vec<i64>, Option<Seq>), StoreError> {
    let found = jobs::table
        .filter(jobs::recipient.eq(&job.recipient))
        .filter(jobs::id.gt(job.id))
        .filter(jobs::kind.eq(MESSAGE))
        .filter(jobs::state.eq(WAITING))
        .filter(jobs::due.le(now))
        .order(jobs::id)
        .limit(TOGETHER)
        .select((jobs::id, jobs::payload))
        .load::<(i64, String)>(connection)?;
    let mut last = None;
    let mut ids = Vec::with_capacity(found.len());
    for (id, payload) in found {
        let made: MessageMade = from_json(&payload)?;
        last = last.max(Some(made.seq));
        ids.push(id);
    }
    Ok((ids, last))
}

fn reminder(asked: QuestionAsked) -> String {
    format!("remind:{}:{}:{}", asked.thread, asked.account, asked.message)
}

/// Reminds a member of a question at `due`, unless it is answered by then; asked again, the later instant holds.
pub fn remind(
    connection: &mut SqliteConnection,
    asked: QuestionAsked,
    due: Micros,
    now: Micros,
) -> Result<(), StoreError> {
    withdraw(connection, asked)?;
    add(connection, &NewJob { kind: REMIND, recipient: reminder(asked), payload: json!(asked), due }, now)?;
    Ok(())
}

/// The question was answered or taken back: nobody is reminded of it. Whoever forgets to call this does no harm, since a
/// reminder looks whether its question still stands.
pub fn withdraw(connection: &mut SqliteConnection, asked: QuestionAsked) -> Result<(), StoreError> {
    let waiting = jobs::table.filter(jobs::recipient.eq(reminder(asked))).filter(jobs::state.ne(CLAIMED));
    diesel::delete(waiting).execute(connection)?;
    Ok(())
}

/// The jobs that may be begun now, at most `limit`: due, and the first of their recipient.
pub fn ready(connection: &mut SqliteConnection, now: Micros, limit: i64) -> Result<Vec<i64>, StoreError> {
    let earlier = diesel::alias!(jobs as earlier);
    let is_due = jobs::state.eq(WAITING).and(jobs::due.le(now));
    let is_lost = jobs::state.eq(CLAIMED).and(jobs::claimed_until.le(now).assume_not_null());
    let before = earlier
        .filter(earlier.field(jobs::recipient).eq(jobs::recipient))
        .filter(earlier.field(jobs::id).lt(jobs::id))
        .filter(earlier.field(jobs::state).ne(PARKED));
    let found = jobs::table.filter(is_due.or(is_lost)).filter(not(exists(before))).order(jobs::due).limit(limit);
    Ok(found.select(jobs::id).load(connection)?)
}

/// Claims those of these jobs that may still be begun, until `until`.
pub fn claim(
    connection: &mut SqliteConnection,
    ids: &[i64],
    now: Micros,
    until: Micros,
) -> Result<Vec<Job>, StoreError> {
    let free = jobs::state.eq(WAITING).or(jobs::claimed_until.le(now).assume_not_null());
    let claimed = diesel::update(jobs::table.filter(jobs::id.eq_any(ids)).filter(jobs::state.ne(PARKED)).filter(free))
        .set((jobs::state.eq(CLAIMED), jobs::claimed_until.eq(until), jobs::attempts.eq(jobs::attempts + 1)))
        .returning(Job::as_returning());
    Ok(claimed.get_results(connection)?)
}

/// When the next job becomes due or is lost, after `now`. What is due already waits for another of its recipient.
pub fn next_due(connection: &mut SqliteConnection, now: Micros) -> Result<Option<Micros>, StoreError> {
    let waiting = jobs::table.filter(jobs::state.eq(WAITING)).filter(jobs::due.gt(now));
    let leased = jobs::table.filter(jobs::state.eq(CLAIMED)).filter(jobs::claimed_until.gt(now));
    let waiting: Option<Micros> = waiting.select(diesel::dsl::min(jobs::due)).first(connection)?;
    let leased: Option<Micros> = leased.select(diesel::dsl::min(jobs::claimed_until)).first(connection)?;
    Ok(waiting.into_iter().chain(leased).min())
}

/// These jobs are done, and gone.
pub fn done(connection: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
    diesel::delete(jobs::table.filter(jobs::id.eq_any(ids))).execute(connection)?;
    Ok(())
}

/// What becomes of a job that failed, unless somebody else has begun it anew meanwhile: waiting until `again`, or parked.
pub fn failed(
    connection: &mut SqliteConnection,
    job: &Job,
    error: &str,
    again: Option<Micros>,
) -> Result<(), StoreError> {
    WRITTEN.set(true);
    let error: String = error.chars().take(MAX_ERROR).collect();
    let own = jobs::table.find(job.id).filter(jobs::state.eq(CLAIMED)).filter(jobs::attempts.eq(job.attempts));
    let state = if again.is_some() { WAITING } else { PARKED };
    diesel::update(own)
        .set((
            jobs::state.eq(state),
            jobs::due.eq(again.unwrap_or(job.due)),
            jobs::claimed_until.eq(None::<Micros>),
            jobs::last_error.eq(error),
        ))
        .execute(connection)?;
    Ok(())
}

/// A page of jobs, the oldest first; of one state, if it is named.
pub fn list(
    connection: &mut SqliteConnection,
    state: Option<&str>,
    (offset, limit): (i64, i64),
) -> Result<Vec<Job>, StoreError> {
    let mut query = jobs::table.order(jobs::id).offset(offset).limit(limit).select(Job::as_select()).into_boxed();
    if let Some(state) = state {
        query = query.filter(jobs::state.eq(state.to_owned()));
    }
    Ok(query.load(connection)?)
}

/// The operator wants a job tried now, with all its tries before it; one that is under way is left alone. The job as it is
/// then.
pub fn retry(connection: &mut SqliteConnection, id: i64, now: Micros) -> Result<Job, StoreError> {
    WRITTEN.set(true);
    diesel::update(jobs::table.find(id).filter(jobs::state.ne(CLAIMED)))
        .set((jobs::state.eq(WAITING), jobs::due.eq(now), jobs::attempts.eq(0)))
        .execute(connection)?;
    Ok(jobs::table.find(id).select(Job::as_select()).first(connection)?)
}

/// The operator gives a job up.
pub fn remove(connection: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    if diesel::delete(jobs::table.find(id)).execute(connection)? == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

    use super::*;

    const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

    fn database() -> SqliteConnection {
        let mut connection = SqliteConnection::establish(":memory:").expect("opens");
        connection.run_pending_migrations(MIGRATIONS).expect("migrates");
        connection
    }

    fn write(connection: &mut SqliteConnection, recipient: &str, due: Micros) -> i64 {
        let new = NewJob { kind: "test", recipient: recipient.to_owned(), payload: json!({}), due };
        add(connection, &new, 0).expect("written")
    }

    fn take(connection: &mut SqliteConnection, now: Micros) -> Vec<Job> {
        let ids = ready(connection, now, 10).expect("read");
        let mut claimed = claim(connection, &ids, now, now + 100).expect("claimed");
        claimed.sort_by_key(|job| job.id);
        claimed
    }

    fn ids(jobs: &[Job]) -> Vec<i64> {
        jobs.iter().map(|job| job.id).collect()
    }

    #[test]
    fn jobs_of_one_recipient_are_taken_in_their_order() {
        let mut database = database();
        let (first, second) = (write(&mut database, "a", 10), write(&mut database, "a", 5));
        let other = write(&mut database, "b", 10);
        assert!(take(&mut database, 9).is_empty(), "the second waits for the first, though it is due");
        let taken = take(&mut database, 10);
        assert_eq!(ids(&taken), [first, other]);
        assert!(take(&mut database, 11).is_empty());
        failed(&mut database, &taken[0], "no luck", Some(50)).expect("noted");
        assert!(take(&mut database, 20).is_empty(), "a job that waits to be tried again holds the next up");
        let again = take(&mut database, 50);
        assert_eq!((ids(&again), again[0].attempts, again[0].last_error.as_deref()), (vec![first], 2, Some("no luck")));
        failed(&mut database, &again[0], "no luck", None).expect("parked");
        assert_eq!(ids(&take(&mut database, 51)), [second], "a parked job does not");
    }

    #[test]
    fn a_lease_that_ran_out_is_taken_again() {
        let mut database = database();
        let id = write(&mut database, "a", 0);
        let lost = take(&mut database, 0);
        assert_eq!(next_due(&mut database, 0).expect("read"), Some(100));
        assert!(take(&mut database, 99).is_empty());
        let again = take(&mut database, 100);
        assert_eq!((ids(&again), again[0].attempts), (vec![id], 2));
        failed(&mut database, &lost[0], "too late", None).expect("ignored");
        let listed = list(&mut database, Some(CLAIMED), (0, 10)).expect("read");
        assert_eq!(ids(&listed), [id], "who lost the lease has no say");
        done(&mut database, &[id]).expect("gone");
        assert_eq!(next_due(&mut database, 0).expect("read"), None);
    }

    #[test]
    fn an_operator_retries_or_gives_up() {
        let mut database = database();
        let id = write(&mut database, "a", 0);
        let taken = take(&mut database, 0);
        assert_eq!(retry(&mut database, id, 7).expect("read").state, CLAIMED, "what is under way is left alone");
        failed(&mut database, &taken[0], "no luck", None).expect("parked");
        let retried = retry(&mut database, id, 7).expect("retried");
        assert_eq!((retried.state.as_str(), retried.due, retried.attempts), (WAITING, 7, 0));
        remove(&mut database, id).expect("removed");
        assert!(matches!(remove(&mut database, id), Err(StoreError::Missing)));
        assert!(matches!(retry(&mut database, id, 9), Err(StoreError::Missing)));
    }

    #[test]
    fn a_reminder_is_one_and_can_be_withdrawn() {
        let mut database = database();
        let asked = QuestionAsked { thread: 1, account: 2, message: 3 };
        remind(&mut database, asked, 50, 0).expect("written");
        remind(&mut database, asked, 90, 0).expect("written");
        assert!(take_written());
        assert_eq!(next_due(&mut database, 0).expect("read"), Some(90));
        withdraw(&mut database, asked).expect("withdrawn");
        assert_eq!(next_due(&mut database, 0).expect("read"), None);
    }

    #[test]
    fn messages_of_a_thread_that_are_due_are_told_together() {
        let mut database = database();
        for (seq, due) in [(4, 10), (5, 11), (6, 30)] {
            note_message(&mut database, MessageMade { thread: 1, seq }, due, 0).expect("written");
        }
        let job = take(&mut database, 20).remove(0);
        let (others, last) = due_together(&mut database, &job, 20).expect("read");
        assert_eq!((others, last), (vec![job.id + 1], Some(5)));
    }
}
