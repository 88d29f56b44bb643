//! Scripted seats through `decide`, folded by the smallest store there can be: whatever the schema and the answers, the
//! seat is the fold of its events, nobody gets stuck without a reason, and the log gives the variables.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;

use super::super::decide::{Command, decide, needs};
use super::super::event::{Change, Decision, Own};
use super::super::message::NewMessage;
use super::super::mode::OnFinish;
use super::super::posting::Post;
use super::super::refusal::FieldErrors;
use super::super::roster::Member;
use super::super::running::{self, Beginning};
use super::super::scene::{Given, Known, Scene, Schemas, ScriptRules, Surroundings};
use super::super::script::rollback::{Said, Wish};
use super::super::script::tests::properties::{fitting, schema};
use super::super::script::{Applied, Entry, QuestionKind, Schema, pool};
use super::super::{Mode, Permissions, Refusal, Roster, Seat};
use super::{NOW, account};

const RULES: ScriptRules = ScriptRules { escape: true, reset_on_repeat: false, remind_after: None };
const MEMBER: i64 = 1;
const ALL_RIGHTS: i32 = 8191;

/// One thread with one member, kept in memory.
struct Folded {
    schemas: Schemas,
    schema: Arc<Schema>,
    seat: Seat,
    said: Vec<(Said, NewMessage)>,
    log: Vec<Entry>,
    last_ask: Option<i64>,
}

impl Folded {
    fn begin(schema: Schema, mode: Mode, on_finish: OnFinish) -> Result<Folded, FieldErrors> {
        let schema = Arc::new(schema);
        let mut seat = Seat::new(1, MEMBER, Permissions::from_bits_retain(ALL_RIGHTS), 0);
        seat.mode = mode;
        seat.rev = 1;
        seat.script.schema = Some(schema.id);
        seat.script.on_finish = on_finish;
        let schemas = Schemas::from([(schema.id, schema.clone())]);
        let roster = Roster::default();
        let around = Surroundings { roster: &roster, schemas: &schemas, seq: 0, rules: RULES, now: NOW };
        let changes =
            running::begin(seat.clone(), &account(MEMBER), &schema, Beginning::default(), &around, &mut || 0.5)?;
        let mut folded = Folded { schemas, schema, seat, said: Vec::new(), log: Vec::new(), last_ask: None };
        folded.apply(Decision { changes, ..Decision::default() });
        Ok(folded)
    }

    fn roster(&self) -> Roster {
        Roster::new([Member { account: account(MEMBER), seat: Arc::new(self.seat.clone()) }])
    }

    fn decides(&self, command: Command) -> Result<Decision, Refusal> {
        let needs = needs(&self.seat, Some(&self.schema), &command);
        let mut known = Known::default();
        if needs.course {
            known.said = self.said.iter().map(|(said, _)| said.clone()).collect();
        }
        if needs.log_of.is_some() {
            known.log.clone_from(&self.log);
            known.taken_back = self.said.iter().filter(|(said, _)| said.deleted).map(|(said, _)| said.id).collect();
        }
        let answered = |question: &i64| {
            let standing = self.said.iter().rev().filter(|(said, _)| !said.deleted);
            let mut own = standing.filter(|(said, _)| said.sender == Some(MEMBER) && said.question == Some(*question));
            own.next().map(|(_, message)| Given {
                question: *question,
                text: message.text.clone(),
                markup: message.markup,
            })
        };
        known.given = needs.answers_to.iter().filter_map(answered).collect();
        let roster = self.roster();
        let around = Surroundings { roster: &roster, schemas: &self.schemas, seq: 0, rules: RULES, now: NOW };
        decide(&Scene { seat: &self.seat, around, known: &known }, command, &mut || 0.5)
    }

    fn answers(&mut self, text: &str, answers: &[i64]) -> Result<Decision, Refusal> {
        let question = (self.seat.mode == Mode::FeControlled).then_some(self.seat.script.question).flatten();
        let post =
            Post { kind: "message".into(), text: text.into(), answers: answers.to_vec(), question, ..Post::default() };
        let decision = self.decides(Command::Post(Box::new(post)))?;
        self.apply(decision.clone());
        Ok(decision)
    }

    fn apply(&mut self, decision: Decision) {
        self.last_ask = None;
        for change in decision.changes {
            match change {
                Change::CreateMessage(message) => drop(self.say(*message)),
                Change::Ask { message, seat, .. } => {
                    let id = self.say(*message);
                    self.last_ask = Some(id);
                    self.seat = *seat;
                    self.seat.script.related_message = Some(id);
                }
                Change::MoveSeat { seat, at_last_ask, .. } => {
                    self.seat = *seat;
                    if at_last_ask {
                        self.seat.script.related_message = self.last_ask;
                    }
                }
                Change::PutSeat(seat) => self.seat = *seat,
                Change::DeleteMessage { id } => {
                    self.said.iter_mut().filter(|(said, _)| said.id == id).for_each(|(said, _)| said.deleted = true);
                    pool::prune(&mut self.log, &|message| message == id);
                }
                Change::ForgetVariables(_) => self.log.clear(),
                Change::Confirm { .. } => {}
                other => panic!("a script does not do this: {other:?}"),
            }
        }
        self.seat.rev += 1;
    }

    fn say(&mut self, message: NewMessage) -> i64 {
        let id = i64::try_from(self.said.len()).expect("few") + 1;
        let said = Said {
            id,
            sender: message.sender,
            kind: message.kind.clone(),
            question: message.related_question,
            predecessor: message.predecessor,
            deleted: false,
        };
        let note = |applied: &Applied| Entry { message: id, applied: applied.clone() };
        self.log.extend(message.applied.iter().map(note));
        self.said.push((said, message));
        id
    }

    /// What is true of a scripted seat at every moment.
    fn holds(&self) {
        let is_gone = |id: i64| self.said.iter().any(|(said, _)| said.id == id && said.deleted);
        let replayed = pool::replay(&self.log, &is_gone, &mut || 0.5);
        assert_eq!(replayed, self.seat.script.variables, "the variables are those of the log");
        let question = self.seat.script.question.map(|id| self.schema.question(id).expect("of the schema"));
        match self.seat.mode {
            Mode::Scripted => {
                let question = question.expect("a scripted member has a question");
                assert!(!matches!(question.kind, QuestionKind::Fork | QuestionKind::Message), "that takes an answer");
                let related = self.seat.script.related_message.expect("that was asked");
                let (said, _) = self.said.iter().find(|(said, _)| said.id == related).expect("in this thread");
                assert_eq!((said.question, said.deleted), (Some(question.id), false));
            }
            Mode::FeControlled => assert!(self.seat.script.related_message.is_none()),
            _ => assert!(question.is_none() && self.seat.script.related_message.is_none(), "it is over"),
        }
    }
}

/// Where one may be without being able to go on, and why.
fn is_reason(refusal: &Refusal) -> bool {
    let Refusal::Invalid(errors) = refusal else { return false };
    let said = serde_json::to_value(errors).expect("JSON")["non_field_errors"][0].clone();
    [Value::from("NO_SUCH_QUESTION"), Value::from("ENDLESS_SCRIPT")].contains(&said)
}

proptest! {
    #[test]
    fn whatever_is_answered_the_seat_is_the_fold_of_its_events(
        schema in schema(),
        fe_controlled in any::<bool>(),
        on_finish in proptest::sample::select(OnFinish::ALL.to_vec()),
        walk in proptest::collection::vec((0..64usize, 0..6u8), 1..25),
    ) {
        let mode = if fe_controlled { Mode::FeControlled } else { Mode::Scripted };
        let Ok(mut folded) = Folded::begin(schema, mode, on_finish) else { return Ok(()) };
        folded.holds();
        for (dice, deed) in walk {
            if !folded.seat.mode.is_scripted() {
                break;
            }
            let Some(question) = folded.seat.script.question.and_then(|id| folded.schema.question(id)).cloned() else { break };
            if deed == 0 && folded.seat.mode == Mode::Scripted {
                let wish = Command::RollBack { wish: Wish::default(), errors: FieldErrors::new() };
                match folded.decides(wish) {
                    Ok(decision) => folded.apply(decision),
                    Err(Refusal::Invalid(_)) => {}
                    Err(other) => prop_assert!(false, "{other:?}"),
                }
                folded.holds();
                continue;
            }
            let before = folded.seat.clone();
            let (text, answers) = fitting(&question, dice);
            match folded.answers(&text, &answers) {
                Ok(decision) => {
                    prop_assert_eq!(&decision.expect, &vec![(MEMBER, before.rev)]);
                    let own = match decision.own {
                        Own::At(place) => decision.changes.get(place),
                        _ => None,
                    };
                    match own {
                        Some(Change::CreateMessage(message)) => {
                            prop_assert_eq!(message.sender, Some(MEMBER));
                            prop_assert_eq!(message.related_question, Some(question.id));
                        }
                        _ => prop_assert_eq!(question.kind, QuestionKind::Control, "only a confirmation leaves no message"),
                    }
                }
                Err(refusal) => {
                    prop_assert!(is_reason(&refusal), "{:?} to {:?} at {:?}", refusal, (text, answers), question);
                    prop_assert_eq!(&folded.seat, &before, "what is refused changes nothing");
                    break;
                }
            }
            folded.holds();
        }
    }
}
