//! What a seat has before its eyes when it decides: the thread around it, and what was read for the command.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::script::rollback::Said;
use super::script::{AnswerId, Entry, QuestionId, Schema, SchemaId};
use super::text;
use super::{AccountId, Message, MessageId, Micros, Roster, Seat, Seq};

/// Schemas by number.
pub type Schemas = HashMap<SchemaId, Arc<Schema>>;

/// How this deployment runs scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptRules {
    /// Whether texts leave escaped, so that what is put into them must be.
    pub escape: bool,
    /// Whether the variables begin anew when a run is repeated.
    pub reset_on_repeat: bool,
    /// How long a question waits until its member is reminded of it; `None` for never.
    pub remind_after: Option<Micros>,
}

/// The thread around a seat.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// Everybody's seats.
    pub roster: &'a Roster,
    /// The schemas that these seats have.
    pub schemas: &'a Schemas,
    /// The thread's last position.
    pub seq: Seq,
    /// How scripts are run.
    pub rules: ScriptRules,
    /// Now.
    pub now: Micros,
}

/// What a seat decides on.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The seat that decides.
    pub seat: &'a Seat,
    /// The thread around it.
    pub around: Surroundings<'a>,
    /// What was read for this command.
    pub known: &'a Known,
}

impl Scene<'_> {
    /// The schema of the deciding seat.
    pub fn schema(&self) -> Option<&Arc<Schema>> {
        self.around.schema_of(self.seat)
    }
}

impl<'a> Surroundings<'a> {
    /// The schema of a seat.
    pub fn schema_of(&self, seat: &Seat) -> Option<&'a Arc<Schema>> {
        seat.script.schema.and_then(|id| self.schemas.get(&id))
    }
}

/// What must be read before a command can be decided; mostly nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// A message or confirmation that the member gave this name before.
    pub repeat: Option<String>,
    /// The messages of the deciding member's run.
    pub course: bool,
    /// The log of this member's variables.
    pub log_of: Option<AccountId>,
    /// What the deciding member answered to these questions.
    pub answers_to: Vec<QuestionId>,
    /// Whether these answers exist anywhere.
    pub answers: Vec<AnswerId>,
    /// Whether this question exists anywhere.
    pub question: Option<QuestionId>,
}

impl Needs {
    /// Whether nothing must be read.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The question.
    pub question: QuestionId,
    /// The text as it is stored.
    pub text: String,
    /// Whether it leaves unescaped.
    pub markup: bool,
}

/// What was read for a command; see [`Needs`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The message of that name.
    pub repeated: Option<Arc<Message>>,
    /// Whether the name stands for a confirmation.
    pub confirmed: bool,
    /// The run's messages, ascending.
    pub said: Vec<Said>,
    /// The log, in order, with the messages in it that were taken back.
    pub log: Vec<Entry>,
    /// Messages of the log that were taken back.
    pub taken_back: Vec<MessageId>,
    /// What was answered.
    pub given: Vec<Given>,
    /// Those of the asked answers that exist nowhere.
    pub no_answers: Vec<AnswerId>,
    /// Whether the asked question exists nowhere.
    pub no_question: bool,
}

impl Known {
    /// The given answers by `qid`, as they leave the house.
    pub fn answers(&self, schema: &Schema, escape: bool) -> BTreeMap<i64, String> {
        let shown = |given: &Given| {
            let question = schema.question(given.question)?;
            Some((question.qid, leaving(&given.text, given.markup, escape)))
        };
        self.given.iter().filter_map(shown).collect()
    }
}

/// A stored text as it leaves the house.
pub fn leaving(stored: &str, markup: bool, escape: bool) -> String {
    if escape && !markup { text::escape(stored).into_owned() } else { stored.to_owned() }
}
