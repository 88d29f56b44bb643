//! The variables of a run: what modified them, in order, and how they are built again (contract, 3.7, 9.3, 9.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::MessageId;
use super::super::expression::{self, ExpressionError};
use super::{AnswerId, Dice, Pairs};

/// What modifications belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The question of an automated message.
    Question,
    /// An answer chosen in a message.
    Answer(AnswerId),
}

/// Modifications that were carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Applied {
    /// Whose they are.
    pub source: Source,
    /// Names and expressions, in order.
    pub modifications: Pairs,
    /// What chance gave them, so that carrying them out again gives the same.
    #[serde(default)]
    pub draws: Vec<f64>,
}

/// One line of a seat's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The message that caused it: the automated one, or the one with the answer.
    pub message: MessageId,
    /// What was done.
    pub applied: Applied,
}

/// Carries out modifications and notes them. `None` when there are none; those that fail change nothing and are
/// reported in `faults`.
pub fn apply(
    source: Source,
    modifications: &[(String, String)],
    pool: &mut Map<String, Value>,
    faults: &mut Vec<ExpressionError>,
    dice: Dice<'_>,
) -> Option<Applied> {
    if modifications.is_empty() {
        return None;
    }
    let mut draws = Vec::new();
    let mut noted = || {
        draws.push(dice());
        draws.last().copied().unwrap_or_default()
    };
    faults.extend(expression::apply(modifications, pool, &mut noted));
    Some(Applied { source, modifications: modifications.to_vec(), draws })
}

/// Builds the pool from nothing by carrying out the log in order, without the entries of messages taken back (contract,
/// 9.4). What failed the first time fails again and is not reported. `dice` is asked only where an entry needs more
/// draws than it noted, because the pool before it is another now.
pub fn replay(log: &[Entry], is_deleted: &dyn Fn(MessageId) -> bool, dice: Dice<'_>) -> Map<String, Value> {
    let mut pool = Map::new();
    for entry in log.iter().filter(|entry| !is_deleted(entry.message)) {
        let mut noted = entry.applied.draws.iter().copied();
        let mut again = || noted.next().unwrap_or_else(&mut *dice);
        let _ = expression::apply(&entry.applied.modifications, &mut pool, &mut again);
    }
    pool
}

/// Removes for good the entries of answers in messages that were taken back (contract, 9.4).
pub fn prune(log: &mut Vec<Entry>, is_deleted: &dyn Fn(MessageId) -> bool) {
    log.retain(|entry| entry.applied.source == Source::Question || !is_deleted(entry.message));
}
