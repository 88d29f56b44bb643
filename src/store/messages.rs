//! Reading messages: one, a page by the contract's filters, a page by position, what was missed.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;

use super::StoreError;
use super::rows::{AttachmentRow, MessageRow};
use super::schema::{attachments, messages};
use crate::domain::attachment::Attachment;
use crate::domain::{AccountId, AttachmentId, Message, MessageId, Rev, Seq, ThreadId};

/// A comparison of a filter (contract, 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal to one of the values.
    In,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Null or not, as the first value says (1 or 0).
    IsNull,
}

/// A column of whole numbers that messages may be filtered and ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The id.
    Id,
    /// When it was last saved.
    Updated,
    /// The question it asks or answers.
    RelatedQuestion,
    /// The thread.
    Thread,
}

/// A condition on messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// On a column of whole numbers.
    Number(Column, Comparison, Vec<i64>),
    /// The type is one of these.
    TypeIn(Vec<String>),
    /// The type matches this LIKE pattern (escaped with a backslash).
    TypeLike(String),
    /// The type compares so.
    TypeCompare(Comparison, String),
}

/// What the pages are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By a column of numbers; `true` for descending.
    Number(Column, bool),
    /// By type; `true` for descending.
    Type(bool),
}

/// Which messages to read.
#[derive(Clone, Debug, Default)]
pub struct MessageQuery {
    /// Only of these threads.
    pub threads: Vec<ThreadId>,
    /// Only these, which are known to be in the threads.
    pub ids: Option<Vec<MessageId>>,
    /// Only those that fulfil all of these.
    pub conditions: Vec<Condition>,
    /// Types that the viewer may not see.
    pub hidden: Vec<String>,
    /// The order; ascending id where nothing is said.
    pub order: Vec<Order>,
    /// Only below this position.
    pub before: Option<Seq>,
    /// Only above this position.
    pub after: Option<Seq>,
    /// Whether the newest are meant; the answer is ascending all the same.
    pub newest: bool,
    /// How many to leave out.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

impl MessageQuery {
    /// The newest messages of one thread, at most `limit`.
    pub fn newest(thread: ThreadId, hidden: Vec<String>, limit: i64) -> Self {
        Self { threads: vec![thread], hidden, newest: true, limit, ..Self::default() }
    }
}

type Boxed<'a> = messages::BoxedQuery<'a, Sqlite>;

macro_rules! compare {
    ($query:expr, $column:expr, $comparison:expr, $values:expr) => {{
        let values = $values;
        let first = values.first().cloned().unwrap_or_default();
        match $comparison {
            Comparison::In => $query.filter($column.eq_any(values)),
            Comparison::Gt => $query.filter($column.gt(first)),
            Comparison::Gte => $query.filter($column.ge(first)),
            Comparison::Lt => $query.filter($column.lt(first)),
            Comparison::Lte => $query.filter($column.le(first)),
            // columns that are never null: see `filter` for the one that may be
            Comparison::IsNull => $query.filter($column.is_null()),
        }
    }};
}

pub(super) use compare;

fn filter(query: Boxed<'_>, condition: Condition) -> Boxed<'_> {
    match condition {
        Condition::Number(Column::RelatedQuestion, Comparison::IsNull, values) if values.contains(&1) => {
            query.filter(messages::related_question_id.is_null())
        }
        Condition::Number(Column::RelatedQuestion, Comparison::IsNull, _) => {
            query.filter(messages::related_question_id.is_not_null())
        }
        Condition::Number(_, Comparison::IsNull, values) if !values.contains(&1) => query,
        Condition::Number(Column::RelatedQuestion, by, values) => {
            // the comparisons of a column that may be null are null, which filters like false
            compare!(query, messages::related_question_id.assume_not_null(), by, values)
        }
        Condition::Number(Column::Id, by, values) => compare!(query, messages::id, by, values),
        Condition::Number(Column::Updated, by, values) => compare!(query, messages::updated, by, values),
        Condition::Number(Column::Thread, by, values) => compare!(query, messages::thread_id, by, values),
        Condition::TypeIn(types) => query.filter(messages::kind.eq_any(types)),
        Condition::TypeLike(pattern) => query.filter(messages::kind.like(pattern).escape('\\')),
        Condition::TypeCompare(by, value) => compare!(query, messages::kind, by, vec![value]),
    }
}

fn order(query: Boxed<'_>, by: Order) -> Boxed<'_> {
    macro_rules! by {
        ($column:expr, $descending:expr) => {
            if $descending { query.then_order_by($column.desc()) } else { query.then_order_by($column.asc()) }
        };
    }
    match by {
        Order::Number(Column::Id, descending) => by!(messages::id, descending),
        Order::Number(Column::Updated, descending) => by!(messages::updated, descending),
        Order::Number(Column::Thread, descending) => by!(messages::thread_id, descending),
        Order::Number(Column::RelatedQuestion, descending) => by!(messages::related_question_id, descending),
        Order::Type(descending) => by!(messages::kind, descending),
    }
}

/// The messages that a query means, deleted ones left out.
pub fn find(connection: &mut SqliteConnection, asked: MessageQuery) -> Result<Vec<Message>, StoreError> {
    let mut query = messages::table.filter(messages::deleted.eq(false)).into_boxed();
    let in_one_thread = asked.threads.len() == 1;
    query = match (asked.threads.as_slice(), asked.ids) {
        // found in these threads already: naming them again could be more than a statement takes
        (_, Some(ids)) => query.filter(messages::id.eq_any(ids)),
        ([one], None) => query.filter(messages::thread_id.eq(*one)),
        (_, None) => query.filter(messages::thread_id.eq_any(asked.threads)),
    };
    if !asked.hidden.is_empty() {
        query = query.filter(messages::kind.ne_all(asked.hidden));
    }
    for condition in asked.conditions {
        query = filter(query, condition);
    }
    if let Some(before) = asked.before {
        query = query.filter(messages::seq.lt(before));
    }
    if let Some(after) = asked.after {
        query = query.filter(messages::seq.gt(after));
    }
    let backwards = asked.newest || asked.before.is_some();
    for by in &asked.order {
        query = order(query, *by);
    }
    // within a thread positions rise with the ids, and there is an index on them
    query = match (backwards, in_one_thread) {
        (true, _) => query.then_order_by(messages::seq.desc()),
        (false, true) => query.then_order_by(messages::seq.asc()),
        (false, false) => query.then_order_by(messages::id.asc()),
    };
    let rows = query.offset(asked.offset).limit(asked.limit).select(MessageRow::as_select()).load(connection)?;
    let mut found = with_attachments(connection, rows)?;
    if backwards {
        found.reverse();
    }
    Ok(found)
}

/// One message of a thread that is not deleted.
pub fn load(connection: &mut SqliteConnection, thread: ThreadId, id: MessageId) -> Result<Message, StoreError> {
    let row = messages::table
        .find(id)
        .filter(messages::thread_id.eq(thread))
        .filter(messages::deleted.eq(false))
        .select(MessageRow::as_select())
        .first(connection)?;
    one(connection, row)
}

/// The message that `sender` called `client_id`, deleted or not.
pub(super) fn load_by_client_id(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    sender: AccountId,
    client_id: &str,
) -> Result<Message, StoreError> {
    let row = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::sender_id.eq(sender))
        .filter(messages::client_id.eq(client_id))
        .select(MessageRow::as_select())
        .first(connection)?;
    one(connection, row)
}

/// The newest message of a thread that the viewer may see.
pub fn last(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    hidden: &[String],
) -> Result<Option<Message>, StoreError> {
    let mut query = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::deleted.eq(false))
        .order(messages::seq.desc())
        .into_boxed();
    if !hidden.is_empty() {
        query = query.filter(messages::kind.ne_all(hidden));
    }
    let row = query.select(MessageRow::as_select()).first(connection).optional()?;
    row.map(|row| one(connection, row)).transpose()
}

/// What others than `person` said after this position, in order, as far as they may see it; at most `limit`.
pub fn said_to(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    person: AccountId,
    after: Seq,
    hidden: &[String],
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let mut query = messages::table
        .filter(messages::thread_id.eq(thread))
        .filter(messages::seq.gt(after))
        .filter(messages::deleted.eq(false))
        .filter(messages::sender_id.is_null().or(messages::sender_id.ne(person)))
        .order(messages::seq.asc())
        .limit(limit)
        .into_boxed();
    if !hidden.is_empty() {
        query = query.filter(messages::kind.ne_all(hidden));
    }
    let rows = query.select(MessageRow::as_select()).load(connection)?;
    with_attachments(connection, rows)
}

/// The message at a position, deleted or not.
pub fn at(connection: &mut SqliteConnection, thread: ThreadId, seq: Seq) -> Result<Message, StoreError> {
    let row = messages::table.filter(messages::thread_id.eq(thread)).filter(messages::seq.eq(seq));
    let row = row.select(MessageRow::as_select()).first(connection)?;
    one(connection, row)
}

/// What changed after `since` and up to `upto`, in the order of the revisions, deleted messages too; one more than
/// `limit` at most.
pub fn missed(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    (since, upto): (Rev, Rev),
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let of_thread = || messages::table.filter(messages::thread_id.eq(thread)).filter(messages::rev.le(upto));
    let changed = of_thread()
        .filter(messages::changed)
        .filter(messages::rev.gt(since))
        .order(messages::rev)
        .limit(most)
        .select(MessageRow::as_select())
        .load(connection)?;
    // revisions of new messages rise with their positions, so the newest positions are read down to `since`
    let newest = of_thread()
        .filter(diesel::dsl::not(messages::changed))
        .order(messages::seq.desc())
        .limit(most)
        .select(MessageRow::as_select())
        .load(connection)?;
    let mut rows: Vec<MessageRow> = changed;
    rows.extend(newest.into_iter().take_while(|row| row.rev > since));
    rows.sort_unstable_by_key(|row| row.rev);
    rows.truncate(limit.saturating_add(1));
    with_attachments(connection, rows)
}

/// The thread, position and sender of a message, for a client that names only its id.
pub fn place(
    connection: &mut SqliteConnection,
    id: MessageId,
) -> Result<Option<(ThreadId, Seq, Option<AccountId>)>, StoreError> {
    let found = messages::table.find(id).filter(messages::deleted.eq(false));
    Ok(found.select((messages::thread_id, messages::seq, messages::sender_id)).first(connection).optional()?)
}

/// An attachment of a message, if it hangs there.
pub fn attachment(
    connection: &mut SqliteConnection,
    thread: ThreadId,
    message: MessageId,
    id: AttachmentId,
) -> Result<Attachment, StoreError> {
    let message = load(connection, thread, message)?;
    message.attachments.into_iter().find(|attachment| attachment.id == id).ok_or(StoreError::Missing)
}

/// The attachment that was hung on a message by a request of that name.
pub fn by_idempotency_key(
    connection: &mut SqliteConnection,
    message: MessageId,
    key: &str,
) -> Result<Option<AttachmentId>, StoreError> {
    let hanging = attachments::table.filter(attachments::message_id.eq(message));
    let named = hanging.filter(attachments::idempotency_key.eq(key)).select(attachments::id);
    Ok(named.first(connection).optional()?)
}

fn one(connection: &mut SqliteConnection, row: MessageRow) -> Result<Message, StoreError> {
    with_attachments(connection, vec![row])?.pop().ok_or(StoreError::Missing)
}

/// The messages of these rows, their attachments fetched in one query.
fn with_attachments(connection: &mut SqliteConnection, rows: Vec<MessageRow>) -> Result<Vec<Message>, StoreError> {
    let carriers: Vec<i64> = rows.iter().filter(|row| row.has_attachments).map(|row| row.id).collect();
    let mut hanging: HashMap<MessageId, Vec<Attachment>> = HashMap::new();
    if !carriers.is_empty() {
        let found = attachments::table
            .filter(attachments::message_id.eq_any(carriers))
            .order(attachments::id)
            .select(AttachmentRow::as_select())
            .load(connection)?;
        for row in found {
            hanging.entry(row.message_id).or_default().push(row.into_attachment()?);
        }
    }
    rows.into_iter()
        .map(|row| {
            let attached = hanging.remove(&row.id).unwrap_or_default();
            row.into_message(attached)
        })
        .collect()
}
