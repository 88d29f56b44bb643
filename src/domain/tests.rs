//! The rules of `decide` as tables, and as properties of random walks.

mod scripted;

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::account::Role;
use super::decide::{Command, Target, ThreadForm, decide};
use super::event::{Change, Decision};
use super::members::MemberForm;
use super::opening::Named;
use super::posting::{Edit, Post, PostRules};
use super::refusal::FieldErrors;
use super::roster::Member;
use super::scene::{Known, Scene, Schemas, ScriptRules, Surroundings};
use super::{Account, AccountId, Mode, Notifications, Permissions, Refusal, Roster, Seat};

const NOW: i64 = 1_893_499_200_000_000;

fn account(id: AccountId) -> Arc<Account> {
    let (first_name, last_name) = (format!("A{id}"), String::new());
    Arc::new(Account { id, email: None, first_name, last_name, role: Role::Member, avatar: None, language: None })
}

fn seat(id: AccountId, permissions: i32, mode: Mode) -> Seat {
    let permissions = Permissions::from_bits_retain(permissions);
    Seat { mode, rev: id, ..Seat::new(1, id, permissions, 0) }
}

fn roster(seats: &[Seat]) -> Roster {
    Roster::new(seats.iter().map(|seat| Member { account: account(seat.account), seat: Arc::new(seat.clone()) }))
}

fn post(body: Value) -> Command {
    let rules = PostRules { default_type: Some("message".into()), max_text: 100, max_attachments: 3 };
    let body = body.as_object().expect("an object").clone();
    Command::Post(Box::new(Post::read(&body, &rules).0))
}

fn edit(text: &str) -> Box<Edit> {
    Box::new(Edit { text: Some(text.into()), ..Edit::default() })
}

fn change_thread(body: Value) -> Command {
    Command::ChangeThread(Box::new(ThreadForm::read(body.as_object().expect("an object"))))
}

fn member_form(body: Value) -> Box<MemberForm> {
    let named = Named { bots: (1..9).map(|id| (id, false)).collect(), ..Named::default() };
    Box::new(MemberForm::read(body.as_object().expect("an object"), 1, &named))
}

fn add(id: AccountId, body: Value) -> Command {
    Command::AddMember { user: Ok(account(id)), form: member_form(body) }
}

fn change(target: AccountId, body: Value, put: bool) -> Command {
    Command::ChangeMember { target, form: member_form(body), put }
}

fn message_of(sender: AccountId) -> Target {
    Target { found: Some((7, Some(sender))), run: None }
}

fn decided(caller: &Seat, roster: &Roster, command: Command) -> Result<Decision, Refusal> {
    let rules = ScriptRules { escape: true, reset_on_repeat: false, remind_after: None };
    let (schemas, known) = (Schemas::new(), Known::default());
    let around = Surroundings { roster, schemas: &schemas, seq: 0, rules, now: NOW };
    decide(&Scene { seat: caller, around, known: &known }, command, &mut || 0.5)
}

/// What a decision changes, in short words; or the refusal.
fn outcome(seats: &[Seat], command: Command) -> String {
    let caller = seats.first().expect("a caller");
    match decided(caller, &roster(seats), command) {
        Ok(decision) => decision.changes.iter().map(word).collect::<Vec<_>>().join(" "),
        Err(Refusal::Invalid(errors)) => serde_json::to_string(&errors).expect("errors are JSON"),
        Err(refusal) => refusal.code().to_owned(),
    }
}

fn word(change: &Change) -> String {
    match change {
        Change::CreateMessage(message) => format!("message({})", message.text),
        Change::EditMessage { id, .. } => format!("edit({id})"),
        Change::DeleteMessage { id } => format!("delete({id})"),
        Change::Retitle(title) => format!("title({title})"),
        Change::PutSeat(seat) => {
            format!("seat({},{},{})", seat.account, seat.mode.as_str(), seat.permissions.bits())
        }
        Change::RemoveSeat(account) => format!("remove({account})"),
        Change::AddAttachment { .. } => "attach".into(),
        Change::EditAttachment { .. } => "edit-attachment".into(),
        Change::RemoveAttachment { .. } => "detach".into(),
        Change::MarkRead { .. } => "read".into(),
        Change::Ask { message, .. } => format!("ask({})", message.text),
        Change::MoveSeat { seat, .. } => format!("move({},{})", seat.account, seat.mode.as_str()),
        Change::Confirm { .. } => "confirm".into(),
        Change::Hold(_) => "hold".to_owned(),
        Change::Owe(owed) => format!("owe({})", owed.kind),
        Change::Remind { message, .. } => format!("remind({message})"),
        Change::ForgetVariables(account) => format!("forget({account})"),
    }
}

#[test]
fn posting_goes_by_the_callers_mode() {
    use Mode::{Assisted, Closed, Open};
    let hi = || json!({"text": "hi"});
    let rows: Vec<(i32, Mode, Value, &str)> = vec![
        (19, Open, hi(), "message(hi)"),
        (19, Assisted, hi(), "message(hi)"),
        (17, Open, hi(), "forbidden"),
        (19, Closed, hi(), r#"{"non_field_errors":["THREAD_IS_CLOSED"]}"#),
        (19 + 4096, Closed, hi(), "seat(1,open,4115) seat(3,open,19) message(hi)"),
        (19 + 4096, Open, hi(), "message(hi)"),
        (19, Open, json!({"text": "hi", "answers": [1]}), r#"{"answers":["WRONG_STATE"]}"#),
        (19, Open, json!({"text": "hi", "question": 1}), r#"{"question":["QUESTION_FROM_WRONG_SCHEMA"]}"#),
        (19, Open, json!({"text": "hi", "break_state": true}), r#"{"break_state":["NO_PERMISSIONS"]}"#),
        (19, Open, json!({"text": "hi", "break_state": false}), "message(hi)"),
        (19 + 1024, Open, json!({"text": "hi", "break_state": true}), "seat(4,open,19) message(hi)"),
        (19, Closed, json!({"type": "", "text": "x"}), "both"),
    ];
    for (permissions, mode, body, expected) in rows {
        let seats = [seat(1, permissions, mode), seat(2, 19, Open), seat(3, 19, Closed), seat(4, 19, Mode::Scripted)];
        let got = outcome(&seats, post(body.clone()));
        if expected == "both" {
            assert!(got.contains("THREAD_IS_CLOSED") && got.contains("\"type\""), "{got}");
        } else {
            assert_eq!(got, expected, "{permissions} {mode:?} {body}");
        }
    }
}

#[test]
fn a_scripted_member_who_breaks_the_state_speaks_as_an_open_one() {
    let seats = [seat(1, 19 + 1024, Mode::Scripted)];
    assert_eq!(outcome(&seats, post(json!({"text": "out", "break_state": true}))), "seat(1,open,1043) message(out)");
    assert_eq!(outcome(&seats, post(json!({"text": "in"}))), r#"{"question":["REQUIRED"]}"#);
}

#[test]
fn editing_and_deleting_need_their_bits() {
    let rows: Vec<(i32, Command, &str)> = vec![
        (19, Command::EditMessage { target: message_of(1), edit: edit("x") }, "forbidden"),
        (23, Command::EditMessage { target: message_of(1), edit: edit("x") }, "edit(7)"),
        (23, Command::EditMessage { target: message_of(2), edit: edit("x") }, "forbidden"),
        (23 + 512, Command::EditMessage { target: message_of(2), edit: edit("x") }, "edit(7)"),
        (23, Command::EditMessage { target: Target { found: None, run: None }, edit: edit("x") }, "not_found"),
        (19, Command::EditMessage { target: Target { found: None, run: None }, edit: edit("x") }, "forbidden"),
        (19, Command::DeleteMessage { target: message_of(1) }, "forbidden"),
        (27, Command::DeleteMessage { target: message_of(2) }, "delete(7)"),
        (27, Command::DeleteMessage { target: Target { found: None, run: None } }, "not_found"),
        (23, Command::RemoveAttachment { target: message_of(1), id: 1 }, "detach"),
        (23 + 512, Command::RemoveAttachment { target: message_of(2), id: 1 }, "forbidden"),
        (19, Command::RemoveAttachment { target: message_of(1), id: 1 }, "forbidden"),
    ];
    for (permissions, command, expected) in rows {
        let shown = format!("{command:?}");
        assert_eq!(outcome(&[seat(1, permissions, Mode::Open), seat(2, 19, Mode::Open)], command), expected, "{shown}");
    }
}

#[test]
fn a_thread_is_changed_by_those_who_may() {
    let rows: Vec<(i32, Value, &str)> = vec![
        (19, json!({"title": "x"}), "forbidden"),
        (51, json!({"title": "x"}), "title(x)"),
        (51, json!({}), ""),
        (51, json!({"title": ""}), r#"{"title":["This field may not be blank."]}"#),
        (51, json!({"state": "closed"}), "seat(1,closed,51) seat(2,closed,19)"),
        (51, json!({"state": "open"}), ""),
        (51, json!({"state": "bogus"}), r#"{"state":["\"bogus\" is not a valid choice."]}"#),
        (51, json!({"state": "scripted"}), r#"{"schema":["REQUIRED"]}"#),
        (51, json!({"notifications": 2}), "seat(1,open,51)"),
        (51, json!({"notifications": null}), r#"{"notifications":["This field may not be null."]}"#),
        (51, json!({"permissions": 8191, "schema": 1}), ""),
    ];
    for (permissions, body, expected) in rows {
        let seats = [seat(1, permissions, Mode::Open), seat(2, 19, Mode::Open)];
        assert_eq!(outcome(&seats, change_thread(body.clone())), expected, "{permissions} {body}");
    }
}

#[test]
fn members_are_added_up_to_the_callers_own_rights() {
    let too_much = r#"{"permissions":["Cannot set higher permissions that the request user possess."]}"#;
    let rows: Vec<(i32, Command, &str)> = vec![
        (19, add(9, json!({})), "forbidden"),
        (147, add(9, json!({})), "seat(9,open,19)"),
        (147, add(2, json!({})), r#"{"user":["User already exists in this thread."]}"#),
        (147, add(9, json!({"permissions": 512})), too_much),
        (128, add(9, json!({})), too_much),
        (147, add(9, json!({"permissions": "x"})), r#"{"permissions":["A valid integer is required."]}"#),
        // control fields of somebody without control change nothing, but must make sense (B-MEMBER-CONTROL)
        (147, add(9, json!({"state": "closed"})), "seat(9,open,19)"),
        (147, add(9, json!({"on_finish": "never"})), r#"{"on_finish":["\"never\" is not a valid choice."]}"#),
        (147 + 512, add(9, json!({"state": "closed"})), "seat(9,closed,19)"),
        (147 + 512, add(9, json!({"state": "scripted"})), "both"),
    ];
    for (permissions, command, expected) in rows {
        let seats = [seat(1, permissions, Mode::Open), seat(2, 19, Mode::Scripted)];
        let got = outcome(&seats, command);
        if expected == "both" {
            assert!(got.contains("Only one scripted mode") && got.contains("\"schema\":[\"REQUIRED\"]"), "{got}");
        } else {
            assert_eq!(got, expected, "{permissions}");
        }
    }
}

#[test]
fn a_member_changes_themselves_downwards_and_others_by_control() {
    let rows: Vec<(i32, Command, &str)> = vec![
        (19, change(1, json!({"permissions": 3}), false), "seat(1,open,3)"),
        (3, change(1, json!({"permissions": 19}), false), "higher"),
        (19, change(1, json!({"state": "closed"}), false), ""),
        (19, change(2, json!({"permissions": 1}), false), "forbidden"),
        (19 + 512, change(2, json!({"permissions": 1}), false), "seat(2,open,1)"),
        (19 + 512, change(2, json!({"permissions": 1}), true), "forbidden"),
        (19, change(1, json!({"permissions": 17}), true), "seat(1,open,17)"),
        (19 + 512, change(2, json!({"state": "closed"}), false), "seat(2,closed,19)"),
        (19 + 512, change(8, json!({}), false), "not_found"),
        (19 + 512, change(2, json!({"repeat_until": "2020-01-01T00:00:00Z"}), false), "REPEAT_UNTIL_MUST_BE_IN_FUTURE"),
    ];
    for (permissions, command, expected) in rows {
        let shown = format!("{permissions} {command:?}");
        let got = outcome(&[seat(1, permissions, Mode::Open), seat(2, 19, Mode::Open)], command);
        let matches = if expected.is_empty() { got.is_empty() } else { got.contains(expected) };
        assert!(matches, "{shown}: {got}");
    }
}

#[test]
fn leaving_and_removing() {
    let rows: Vec<(i32, Command, &str)> = vec![
        (19, Command::LeaveThread, "forbidden"),
        (83, Command::LeaveThread, "remove(1)"),
        (19, Command::RemoveMember { target: 1 }, "remove(1)"),
        (19, Command::RemoveMember { target: 2 }, "forbidden"),
        (19 + 256, Command::RemoveMember { target: 2 }, "remove(2)"),
        (19 + 256, Command::RemoveMember { target: 8 }, "not_found"),
    ];
    for (permissions, command, expected) in rows {
        let shown = format!("{permissions} {command:?}");
        assert_eq!(outcome(&[seat(1, permissions, Mode::Open), seat(2, 19, Mode::Open)], command), expected, "{shown}");
    }
}

fn any_command() -> impl Strategy<Value = Command> {
    let target = (1..6i64).prop_map(message_of);
    let state = proptest::sample::select(vec!["open", "closed", "assisted", "scripted"]);
    prop_oneof![
        any::<bool>().prop_map(|breaks| post(json!({"text": "x", "break_state": breaks}))),
        target.clone().prop_map(|target| Command::DeleteMessage { target }),
        target.prop_map(|target| Command::EditMessage { target, edit: edit("y") }),
        state.clone().prop_map(|state| change_thread(json!({"state": state}))),
        (1..6i64, 0..8192i32, state).prop_map(|(target, bits, state)| change(
            target,
            json!({"permissions": bits, "state": state}),
            false
        )),
        (1..8i64, 0..8192i32).prop_map(|(id, bits)| add(id, json!({"permissions": bits}))),
        (1..6i64).prop_map(|target| Command::RemoveMember { target }),
        Just(Command::LeaveThread),
    ]
}

/// Applies a decision as the store would.
fn apply(roster: &mut Roster, changes: &[Change], rev: &mut i64) {
    for change in changes {
        *rev += 1;
        match change {
            Change::PutSeat(seat) => {
                let seat = Seat { rev: *rev, ..Seat::clone(seat) };
                roster.put(Member { account: account(seat.account), seat: Arc::new(seat) });
            }
            Change::RemoveSeat(account) => {
                roster.remove(*account);
            }
            _ => {}
        }
    }
}

proptest! {
    /// Whatever is asked in whatever order: a closed member never speaks without the right to reopen, rights never
    /// exceed what somebody had to give, nobody without the bit removes others, and the same question gets the same answer.
    #[test]
    fn a_random_walk_breaks_no_rule(
        rights in proptest::collection::vec(0..8192i32, 5),
        walk in proptest::collection::vec((1..6i64, any_command()), 1..60),
    ) {
        let seats: Vec<Seat> = rights.iter().zip(1..).map(|(bits, id)| seat(id, *bits, Mode::Open)).collect();
        let mut roster = roster(&seats);
        let mut rev = 100;
        for (caller, command) in walk {
            let Some(seat) = roster.seat(caller).cloned() else { continue };
            let first = decided(&seat, &roster, command.clone());
            prop_assert_eq!(&first, &decided(&seat, &roster, command));
            let Ok(decision) = first else { continue };
            for change in &decision.changes {
                match change {
                    Change::CreateMessage(message) => {
                        prop_assert!(seat.may(Permissions::CREATE_MESSAGES));
                        prop_assert_eq!(message.sender, Some(caller));
                        prop_assert!(seat.mode != Mode::Closed || seat.may(Permissions::REOPEN));
                        prop_assert!(!seat.mode.is_scripted() || seat.may(Permissions::BREAK_STATE));
                    }
                    Change::PutSeat(after) => {
                        let before = roster.seat(after.account).map_or(Permissions::empty(), |seat| seat.permissions);
                        prop_assert!(after.permissions == before || seat.may(after.permissions), "rights are not made up");
                        prop_assert!(!after.mode.needs_schema(), "no script without a schema");
                    }
                    Change::RemoveSeat(account) => {
                        prop_assert!(*account == caller || seat.may(Permissions::REMOVE_USER));
                    }
                    _ => {}
                }
            }
            // every seat that is changed is named in what the decision is based on, or is new
            for change in &decision.changes {
                if let Change::PutSeat(after) = change && let Some(before) = roster.seat(after.account) {
                    prop_assert!(decision.expect.contains(&(before.account, before.rev)));
                }
            }
            apply(&mut roster, &decision.changes, &mut rev);
        }
    }
}

#[test]
fn notifications_of_a_new_member_are_the_default() {
    let caller = seat(1, 147, Mode::Open);
    let added = decided(&caller, &roster(std::slice::from_ref(&caller)), add(9, json!({}))).expect("fine");
    let Some(Change::PutSeat(added)) = added.changes.first() else { panic!("a seat") };
    assert_eq!(added.notifications, Notifications::DEFAULT);
}

#[test]
fn somebody_who_does_not_exist_cannot_be_added() {
    let errors = FieldErrors::one("user", "Invalid pk \"9\" - object does not exist.");
    let command = Command::AddMember { user: Err(errors), form: member_form(json!({})) };
    assert_eq!(
        outcome(&[seat(1, 147, Mode::Open)], command),
        r#"{"user":["Invalid pk \"9\" - object does not exist."]}"#
    );
}
