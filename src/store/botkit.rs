//! Botkit's door: which visitor a session's label stands for (botkit contract, 8). Sessions come in as digests.

use diesel::prelude::*;

use super::StoreError;
use super::schema::botkit_labels;
use crate::domain::Micros;

/// Labels that one session may have; the one that was not used for longest goes when there are more.
const MAX_LABELS: i64 = 50;

/// The visitor's conversation that this session means by that label.
pub fn conversation(
    connection: &mut SqliteConnection,
    session: &str,
    label: &str,
) -> Result<Option<String>, StoreError> {
    let found = botkit_labels::table.find((session, label)).select(botkit_labels::conversation);
    Ok(found.first(connection).optional()?)
}

/// From now on this session means that visitor by the label.
pub fn note(
    connection: &mut SqliteConnection,
    session: &str,
    label: &str,
    conversation: &str,
    now: Micros,
) -> Result<(), StoreError> {
    let row = (
        botkit_labels::session.eq(session),
        botkit_labels::label.eq(label),
        botkit_labels::conversation.eq(conversation),
        botkit_labels::used.eq(now),
    );
    diesel::replace_into(botkit_labels::table).values(row).execute(connection)?;
    let others = botkit_labels::table.filter(botkit_labels::session.eq(session));
    let old: Vec<String> = others
        .order(botkit_labels::used.desc())
        .offset(MAX_LABELS)
        .limit(MAX_LABELS)
        .select(botkit_labels::label)
        .load(connection)?;
    if !old.is_empty() {
        let gone = botkit_labels::table.filter(botkit_labels::session.eq(session));
        diesel::delete(gone.filter(botkit_labels::label.eq_any(old))).execute(connection)?;
    }
    Ok(())
}
