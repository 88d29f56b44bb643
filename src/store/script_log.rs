//! What runs of scripts leave behind besides their messages: the log of their variables, confirmations of control
//! questions; and reading a run back for those who go back in it.

use std::sync::Arc;

use diesel::prelude::*;

use super::messages::load_by_client_id;
use super::rows::{from_json, to_json};
use super::schema::{answers, confirmations, members, messages, questions, variable_log};
use super::writer::CommitError;
use super::{StoreError, if_there};
use crate::domain::message::NewMessage;
use crate::domain::scene::{Given, Known, Needs};
use crate::domain::script::rollback::Said;
use crate::domain::script::{Applied, Entry, QuestionId, Source};
use crate::domain::{AccountId, MessageId, Seat, ThreadId};

/// Messages of one run that a rollback looks at, at most: the newest ones.
const MOST_SAID: i64 = 20_000;

/// Notes what a message did to the variables of its run.
pub(super) fn note(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    message: MessageId,
    new: &NewMessage,
) -> Result<(), CommitError> {
    let Some(account) = new.run else { return Ok(()) };
    for applied in &new.applied {
        let answer = match applied.source {
            Source::Question => None,
            Source::Answer(id) => Some(id),
        };
        diesel::insert_into(variable_log::table)
            .values((
                variable_log::thread_id.eq(thread),
                variable_log::account_id.eq(account),
                variable_log::message_id.eq(message),
                variable_log::answer_id.eq(answer),
                variable_log::modifications.eq(to_json(&applied.modifications)?),
                variable_log::draws.eq(to_json(&applied.draws)?),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// The log of a member's variables begins anew.
pub(super) fn forget(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
) -> Result<(), CommitError> {
    let of_member = variable_log::table.filter(variable_log::thread_id.eq(thread));
    diesel::delete(of_member.filter(variable_log::account_id.eq(account))).execute(connection)?;
    Ok(())
}

/// The entries of answers in a message that is taken back go for good (contract, 9.4).
pub(super) fn forget_answers(connection: &mut SqliteConnection, message: MessageId) -> Result<(), CommitError> {
    let of_message = variable_log::table.filter(variable_log::message_id.eq(message));
    diesel::delete(of_message.filter(variable_log::answer_id.is_not_null())).execute(connection)?;
    Ok(())
}

/// A control question was confirmed under this name.
pub(super) fn confirm(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
    client_id: Option<&str>,
) -> Result<(), CommitError> {
    let Some(client_id) = client_id else { return Ok(()) };
    diesel::insert_into(confirmations::table)
        .values((
            confirmations::thread_id.eq(thread),
            confirmations::account_id.eq(account),
            confirmations::client_id.eq(client_id),
        ))
        .execute(connection)?;
    Ok(())
}

/// Reads what a command needs before it can be decided.
pub fn known(connection: &mut SqliteConnection, seat: &Seat, needs: &Needs) -> Result<Known, StoreError> {
    connection.transaction(|connection| {
        let mut known = Known::default();
        if let Some(name) = &needs.repeat {
            known.repeated = if_there(load_by_client_id(connection, seat.thread, seat.account, name))?.map(Arc::new);
            known.confirmed = is_confirmed(connection, seat, name)?;
        }
        if needs.course {
            known.said = said(connection, seat)?;
        }
        if let Some(owner) = needs.log_of {
            (known.log, known.taken_back) = log(connection, seat.thread, owner)?;
        }
        for question in &needs.answers_to {
            known.given.extend(given(connection, seat, *question)?);
        }
        if !needs.answers.is_empty() {
            let named = answers::table.filter(answers::id.eq_any(&needs.answers)).select(answers::id);
            let there: Vec<i64> = named.load(connection)?;
            known.no_answers = needs.answers.iter().filter(|id| !there.contains(id)).copied().collect();
        }
        if let Some(question) = needs.question {
            known.no_question = !question_exists(connection, question)?;
        }
        Ok(known)
    })
}

fn is_confirmed(connection: &mut SqliteConnection, seat: &Seat, name: &str) -> Result<bool, StoreError> {
    let found = confirmations::table.find((seat.thread, seat.account, name)).select(confirmations::client_id);
    Ok(found.first::<String>(connection).optional()?.is_some())
}

/// Whether there is such a question in any schema.
pub fn question_exists(connection: &mut SqliteConnection, id: QuestionId) -> Result<bool, StoreError> {
    Ok(questions::table.find(id).select(questions::id).first::<i64>(connection).optional()?.is_some())
}

type SaidRow = (i64, Option<i64>, String, Option<i64>, Option<i64>, bool);

/// The messages of a member's run, ascending.
fn said(connection: &mut SqliteConnection, seat: &Seat) -> Result<Vec<Said>, StoreError> {
    let rows: Vec<SaidRow> = messages::table
        .filter(messages::thread_id.eq(seat.thread))
        .filter(messages::run_account_id.eq(seat.account))
        .filter(messages::seq.gt(seat.script.began))
        .order(messages::seq.desc())
        .limit(MOST_SAID)
        .select((
            messages::id,
            messages::sender_id,
            messages::kind,
            messages::related_question_id,
            messages::predecessor_id,
            messages::deleted,
        ))
        .load(connection)?;
    let said = rows.into_iter().rev();
    let said = said.map(|(id, sender, kind, question, predecessor, deleted)| Said {
        id,
        sender,
        kind,
        question,
        predecessor,
        deleted,
    });
    Ok(said.collect())
}

/// The log of a member's variables in order, and which of its messages were taken back.
fn log(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    account: AccountId,
) -> Result<(Vec<Entry>, Vec<MessageId>), StoreError> {
    let rows: Vec<(i64, Option<i64>, String, String, bool)> = variable_log::table
        .inner_join(messages::table.on(messages::id.eq(variable_log::message_id)))
        .filter(variable_log::thread_id.eq(thread))
        .filter(variable_log::account_id.eq(account))
        .order(variable_log::id)
        .select((
            variable_log::message_id,
            variable_log::answer_id,
            variable_log::modifications,
            variable_log::draws,
            messages::deleted,
        ))
        .load(connection)?;
    let (mut entries, mut taken_back) = (Vec::with_capacity(rows.len()), Vec::new());
    for (message, answer, modifications, draws, deleted) in rows {
        let source = answer.map_or(Source::Question, Source::Answer);
        let applied = Applied { source, modifications: from_json(&modifications)?, draws: from_json(&draws)? };
        entries.push(Entry { message, applied });
        if deleted {
            taken_back.push(message);
        }
    }
    Ok((entries, taken_back))
}

/// What the member answered last to a question in this run.
fn given(connection: &mut SqliteConnection, seat: &Seat, question: QuestionId) -> Result<Option<Given>, StoreError> {
    let found: Option<(String, bool)> = messages::table
        .filter(messages::thread_id.eq(seat.thread))
        .filter(messages::run_account_id.eq(seat.account))
        .filter(messages::related_question_id.eq(question))
        .filter(messages::seq.gt(seat.script.began))
        .filter(messages::sender_id.eq(seat.account))
        .filter(messages::deleted.eq(false))
        .order(messages::seq.desc())
        .select((messages::text, messages::markup))
        .first(connection)
        .optional()?;
    Ok(found.map(|(text, markup)| Given { question, text, markup }))
}

/// Members whose next restart is due, oldest first.
pub fn due_restarts(
    connection: &mut SqliteConnection,
    now: i64,
    most: i64,
) -> Result<Vec<(ThreadId, AccountId)>, StoreError> {
    let due = members::table.filter(members::next_restart.le(now)).order(members::next_restart).limit(most);
    Ok(due.select((members::thread_id, members::account_id)).load(connection)?)
}
