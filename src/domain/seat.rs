//! A seat: everything a thread knows of one member (contract, 3.2: *UserThread*).

use serde_json::{Map, Value};

use super::mode::{FrequencyUnit, Mode, OnFinish};
use super::rights::{Notifications, Permissions};
use super::{AccountId, MessageId, Micros, Rev, Seq, ThreadId};

/// Where a member stands in a script.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The schema, needed for the scripted and assisted modes.
    pub schema: Option<i64>,
    /// The current question.
    pub question: Option<i64>,
    /// Where `repeat` starts again.
    pub initial_question: Option<i64>,
    /// The automated message of the current question.
    pub related_message: Option<MessageId>,
    /// What happens at the end.
    pub on_finish: OnFinish,
    /// Who sends automated messages; nobody if `None`.
    pub automated_sender: Option<AccountId>,
    /// The variables of the run.
    pub variables: Map<String, Value>,
    /// The mode of the last run, in which a repetition starts again.
    pub run_mode: Option<Mode>,
    /// The thread's last position when the run began: what is above belongs to it.
    pub began: Seq,
    /// The language that the member is spoken to in here, if another than everywhere.
    pub language: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            schema: None,
            question: None,
            initial_question: None,
            related_message: None,
            on_finish: OnFinish::Open,
            automated_sender: None,
            variables: Map::new(),
            run_mode: None,
            began: 0,
            language: None,
        }
    }
}

/// When a finished run starts again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repetition {
    /// The unit of the frequency.
    pub unit: Option<FrequencyUnit>,
    /// How many units.
    pub value: Option<i64>,
    /// No restart after this instant.
    pub until: Option<Micros>,
    /// The next restart.
    pub next: Option<Micros>,
    /// The restart from which the others are counted, so that the last day of a month stays the last.
    pub anchor: Option<Micros>,
}

/// One member's seat in one thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// The thread.
    pub thread: ThreadId,
    /// The member.
    pub account: AccountId,
    /// When they joined.
    pub created: Micros,
    /// What they may do.
    pub permissions: Permissions,
    /// What they are told.
    pub notifications: Notifications,
    /// How they take part.
    pub mode: Mode,
    /// Their script, if any.
    pub script: Script,
    /// Its repetition, if any.
    pub repetition: Repetition,
    /// The thread's revision that last touched this seat; 0 before it is stored.
    pub rev: Rev,
}

impl Seat {
    /// An open seat with the given rights, not stored yet.
    pub fn new(thread: ThreadId, account: AccountId, permissions: Permissions, now: Micros) -> Self {
        Self {
            thread,
            account,
            created: now,
            permissions,
            notifications: Notifications::DEFAULT,
            mode: Mode::Open,
            script: Script::default(),
            repetition: Repetition::default(),
            rev: 0,
        }
    }

    /// What stands for the seat of somebody who only watches (contract, 15.3): never stored, reads nothing over REST,
    /// and says nothing.
    pub fn watching(thread: ThreadId, account: AccountId) -> Self {
        let mut seat = Self::new(thread, account, Permissions::WATCHER, 0);
        seat.notifications = Notifications::empty();
        seat.mode = Mode::Closed;
        seat
    }

    /// Whether the member has all of these rights.
    pub fn may(&self, rights: Permissions) -> bool {
        self.permissions.contains(rights)
    }

    /// Whether live frames go to the member.
    pub fn hears_live(&self) -> bool {
        self.notifications.contains(Notifications::LIVE)
    }

    /// Whether unread messages are counted for the member.
    pub fn tracks_unread(&self) -> bool {
        self.notifications.contains(Notifications::UNREAD)
    }
}
