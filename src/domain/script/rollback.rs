//! The way back in a script (contract, 11): which messages go, and where the seat stands then.
//!
//! Otherwise than the original: B-ROLLBACK-TYPE, any `show_as_type` is found; B-ROLLBACK-OTHERS, only the run's own
//! questions and the member's answers go; B-FE-ROLLBACK, the question is stored; and in loops the way leads back over
//! the message that was answered, not over the newest of that question.

use super::super::mode::Mode;
use super::super::refusal::FieldErrors;
use super::super::{AccountId, Message, MessageId};
use super::QuestionId;
use super::schema::{QuestionKind, Schema};

/// The key of complaints that belong to no field, misspelt as clients expect it.
pub const NON_FIELDS: &str = "non_fields_errors";

/// A message of the thread, as far as rollbacks look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its number.
    pub id: MessageId,
    /// Who sent it.
    pub sender: Option<AccountId>,
    /// Its type.
    pub kind: String,
    /// The question it asks or answers.
    pub question: Option<QuestionId>,
    /// Asking: the question that was current before.
    pub predecessor: Option<QuestionId>,
    /// Whether it was taken back.
    pub deleted: bool,
}

impl From<&Message> for Said {
    fn from(message: &Message) -> Self {
        Self {
            id: message.id,
            sender: message.sender,
            kind: message.kind.clone(),
            question: message.related_question,
            predecessor: message.predecessor,
            deleted: message.deleted,
        }
    }
}

/// What is asked for. That a message or a question of that number exists was checked before (`Invalid pk …`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Back to this automated message.
    pub message: Option<MessageId>,
    /// Back to this question.
    pub question: Option<QuestionId>,
}

/// The seat that goes back, and its run.
#[derive(Clone, Copy, Debug)]
pub struct Course<'a> {
    /// Its schema.
    pub schema: &'a Schema,
    /// Its mode.
    pub mode: Mode,
    /// The member.
    pub member: AccountId,
    /// Who sends the automated messages.
    pub automated_sender: Option<AccountId>,
    /// The message of the current question.
    pub related_message: Option<MessageId>,
    /// The run's messages in ascending order: those of the thread that have a question. When several members of a
    /// thread run the same schema, those of the others must be left out.
    pub said: &'a [Said],
}

/// What a rollback does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// Nothing: 204 (a control question, the front end being in control).
    Nothing,
    /// The way back; the pool is to be built again after it (contract, 9.4).
    Back {
        /// Where the seat stands then.
        question: QuestionId,
        /// Its automated message, in scripted mode.
        related_message: Option<MessageId>,
        /// What is taken back, in ascending order.
        delete: Vec<MessageId>,
    },
}

/// Finds the way back, or says why there is none.
pub fn plan(wish: Wish, course: &Course<'_>) -> Result<Rollback, FieldErrors> {
    if !course.mode.is_scripted() {
        return Err(FieldErrors::one(NON_FIELDS, "WRONG_STATE"));
    }
    let mut errors = FieldErrors::new();
    let question = course.check_question(wish.question);
    if let Err(Some(code)) = question {
        errors.add("question", code);
    }
    let named = wish.message.map(|id| course.asking(id));
    if named == Some(None) {
        errors.add("message", "NOT_A_QUESTION");
    }
    let scripted = course.mode == Mode::Scripted;
    let target = if scripted && wish.message.is_none() { course.step_back() } else { Ok(named.flatten()) };
    if let Err(code) = target {
        errors.add(NON_FIELDS, code);
    }
    if !scripted && wish.question.is_none() {
        errors.add("question", "REQUIRED");
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(match (scripted, target, question) {
        (true, Ok(Some(target)), _) => course.back_to(target),
        (false, _, Ok(Some(question))) => course.back_before(question),
        // what is left is a control question in the other mode; everything else has been complained of
        _ => Rollback::Nothing,
    })
}

impl<'a> Course<'a> {
    fn standing(&self) -> impl DoubleEndedIterator<Item = &'a Said> {
        self.said.iter().filter(|said| !said.deleted)
    }

    /// Whether the message asks its question, rather than answers it. The member's own message never does, unless the
    /// member is the automated sender.
    fn asks(&self, said: &Said) -> bool {
        let is_answer = said.sender == Some(self.member) && self.automated_sender != Some(self.member);
        let question = said.question.and_then(|id| self.schema.question(id));
        !is_answer && question.is_some_and(|question| question.show_as_type == said.kind)
    }

    fn asking(&self, id: MessageId) -> Option<&'a Said> {
        self.standing().find(|said| said.id == id && self.asks(said))
    }

    /// The question named, if it is one to go back to. `Err(None)` is a control question that makes nothing happen.
    fn check_question(&self, id: Option<QuestionId>) -> Result<Option<QuestionId>, Option<&'static str>> {
        let Some(id) = id else { return Ok(None) };
        let question = self.schema.question(id).ok_or(Some("QUESTION_FROM_WRONG_SCHEMA"))?;
        if question.kind == QuestionKind::Control {
            return Err((self.mode == Mode::Scripted).then_some("QUESTION_TYPE_CONTROL"));
        }
        let was_said = self.standing().any(|said| said.question == Some(id));
        if was_said { Ok(Some(id)) } else { Err(Some("NO_SUCH_MESSAGE")) }
    }

    /// The message whose answer led to the current question: the newest before it that asked the predecessor.
    fn step_back(&self) -> Result<Option<&'a Said>, &'static str> {
        let id = self.related_message.ok_or("WRONG_STATE")?;
        let Some(related) = self.standing().find(|said| said.id == id) else {
            // somebody took the question itself back: the one asked before it is where to go
            let mut asked = self.standing().rev().filter(|said| self.asks(said));
            return asked.next().map(Some).ok_or("AT_THE_BEGINNING");
        };
        let predecessor = related.predecessor.ok_or("AT_THE_BEGINNING")?;
        let mut before = self.standing().rev().filter(|said| said.id < related.id);
        let target = before.find(|said| said.question == Some(predecessor) && self.asks(said));
        target.map(Some).ok_or("AT_THE_BEGINNING")
    }

    /// What is the run's own from there on: its questions, and the member's answers (B-ROLLBACK-OTHERS).
    fn own_from(&self, first: MessageId) -> Vec<MessageId> {
        let own = |said: &&Said| said.question.is_some() && (self.asks(said) || said.sender == Some(self.member));
        self.standing().filter(|said| said.id >= first).filter(own).map(|said| said.id).collect()
    }

    fn back_to(&self, target: &Said) -> Rollback {
        let mut delete = self.own_from(target.id);
        delete.retain(|id| *id != target.id);
        match target.question {
            Some(question) => Rollback::Back { question, related_message: Some(target.id), delete },
            None => Rollback::Nothing,
        }
    }

    fn back_before(&self, question: QuestionId) -> Rollback {
        let mut occurrences = self.standing().filter(|said| said.question == Some(question));
        let delete = occurrences.next().map(|earliest| self.own_from(earliest.id)).unwrap_or_default();
        Rollback::Back { question, related_message: None, delete }
    }
}
