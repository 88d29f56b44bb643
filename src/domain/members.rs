//! Members' rights and settings (contract, 6): who may set what of whom.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::account::AccountView;
use super::event::{Change, Decision};
use super::form::{self, Form};
use super::opening::{Named, ScriptForm};
use super::refusal::{FieldErrors, Refusal};
use super::rights::{Notifications, Permissions};
use super::roster::{Member, Roster};
use super::running::{self, Beginning};
use super::scene::{Scene, Surroundings};
use super::script::{Dice, Schema};
use super::view::Look;
use super::{Account, AccountId, Mode, Seat, time};

const EXISTS: &str = "User already exists in this thread.";
const TOO_MUCH: &str = "Cannot set higher permissions that the request user possess.";
const ONE_SCRIPT: &str = "Only one scripted mode per thread is allowed.";

/// A member's settings as they were sent, single fields checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberForm {
    /// Rights.
    pub permissions: Option<Permissions>,
    /// What they are told.
    pub notifications: Option<Notifications>,
    /// The control fields.
    pub script: ScriptForm,
    /// What is wrong.
    pub errors: FieldErrors,
}

impl MemberForm {
    /// Reads the settings of a member.
    pub fn read(body: &Map<String, Value>, caller: AccountId, named: &Named) -> Self {
        let mut form = Form::new(body);
        let permissions = form.bits("permissions").map(Permissions::from_bits_retain);
        let notifications = form.bits("notifications").map(Notifications::from_bits_retain);
        let script = ScriptForm::read(&mut form, caller, named);
        Self { permissions, notifications, script, errors: form.errors }
    }

    /// What is carried out of the script settings: nothing for somebody without control over others, whose settings are
    /// checked all the same (contract, B-MEMBER-CONTROL).
    fn carried_out(self, controls: bool) -> ScriptForm {
        if controls { self.script } else { ScriptForm::default() }
    }
}

/// Adds `account` to the thread (contract, 6: POST). `account` is `None` when the id sent stands for nobody.
pub fn add(
    scene: &Scene<'_>,
    user: Result<Arc<Account>, FieldErrors>,
    form: MemberForm,
    dice: Dice<'_>,
) -> Result<Decision, Refusal> {
    let (caller, around) = (scene.seat, &scene.around);
    if !caller.may(Permissions::ADD_USER) {
        return Err(Refusal::Forbidden);
    }
    let mut form = form;
    let mut whole = FieldErrors::new();
    let account = match user {
        Ok(account) => Some(account),
        Err(errors) => {
            form.errors.merge_weaker(errors);
            None
        }
    };
    let id = account.as_ref().map(|account| account.id);
    if id.is_some_and(|id| around.roster.get(id).is_some()) {
        whole.add("user", EXISTS);
    }
    let permissions = form.permissions.unwrap_or(Permissions::MEMBER);
    check_ceiling(caller, permissions, &mut whole);
    check_single_script(&form, around.roster, id, &mut whole);
    form.script.check(None, around.now, &mut whole);
    form.errors.merge_weaker(whole);
    std::mem::take(&mut form.errors).into_result()?;
    let account = account.ok_or(Refusal::NotFound)?;
    let mut seat = Seat::new(caller.thread, account.id, permissions, around.now);
    seat.notifications = form.notifications.unwrap_or(Notifications::DEFAULT);
    let script = form.carried_out(caller.may(Permissions::CONTROL_OTHERS));
    script.apply(&mut seat);
    // revision 0 stands for no seat: whoever adds the same account at the same time clashes
    let expect = vec![(caller.account, caller.rev), (account.id, 0)];
    let changes = seated(seat, &account, &script, around, dice)?;
    Ok(Decision { expect, changes, ..Decision::default() })
}

/// A new seat, and the beginning of its script.
fn seated(
    seat: Seat,
    account: &Account,
    form: &ScriptForm,
    around: &Surroundings<'_>,
    dice: Dice<'_>,
) -> Result<Vec<Change>, Refusal> {
    let mut changes = vec![Change::PutSeat(Box::new(seat.clone()))];
    if let Some(schema) = form.schema.as_ref().filter(|_| form.begins(None)) {
        let beginning = Beginning { question: form.question, ..Beginning::default() };
        changes.extend(running::begin(seat, account, schema, beginning, around, dice)?);
    }
    Ok(changes)
}

/// Changes a member's settings (contract, 6: PATCH and PUT). A PUT is for one's own row only. Entering a script mode
/// begins the script (B-ASSIST): so an assisting member puts another one into it, at the question they choose.
pub fn change(
    scene: &Scene<'_>,
    target: AccountId,
    form: MemberForm,
    whole_put: bool,
    dice: Dice<'_>,
) -> Result<Decision, Refusal> {
    let (caller, around) = (scene.seat, &scene.around);
    let own = target == caller.account;
    let controls = caller.may(Permissions::CONTROL_OTHERS);
    if !own && (whole_put || !controls) {
        return Err(Refusal::Forbidden);
    }
    let member = around.roster.get(target).ok_or(Refusal::NotFound)?;
    let seat = &member.seat;
    let mut form = form;
    let mut whole = FieldErrors::new();
    if let Some(permissions) = form.permissions {
        check_ceiling(caller, permissions, &mut whole);
    }
    check_single_script(&form, around.roster, Some(target), &mut whole);
    form.script.check(seat.script.schema, around.now, &mut whole);
    form.errors.merge_weaker(whole);
    std::mem::take(&mut form.errors).into_result()?;
    let mut changed = Seat::clone(seat);
    changed.permissions = form.permissions.unwrap_or(changed.permissions);
    if controls {
        changed.notifications = form.notifications.unwrap_or(changed.notifications);
    }
    let script = form.carried_out(controls);
    script.apply(&mut changed);
    let expect = vec![(caller.account, caller.rev), (target, seat.rev)];
    let schema = script.schema.as_ref().or_else(|| around.schema_of(seat));
    if let Some(schema) = schema.filter(|_| script.begins(Some(seat))) {
        let beginning = Beginning { question: script.question, ..Beginning::default() };
        let changes = running::begin(changed, &member.account, schema, beginning, around, dice)?;
        return Ok(Decision { expect, changes, ..Decision::default() });
    }
    if changed == **seat {
        return Ok(Decision::default());
    }
    if seat.mode.is_scripted() && !changed.mode.is_scripted() {
        changed.repetition.wait(around.now);
    }
    Ok(Decision { expect, changes: vec![Change::PutSeat(Box::new(changed))], ..Decision::default() })
}

/// Takes a member out, or leaves (contract, 6: DELETE).
pub fn remove(scene: &Scene<'_>, target: AccountId) -> Result<Decision, Refusal> {
    let caller = scene.seat;
    if target != caller.account && !caller.may(Permissions::REMOVE_USER) {
        return Err(Refusal::Forbidden);
    }
    if scene.around.roster.get(target).is_none() {
        return Err(Refusal::NotFound);
    }
    let changes = vec![Change::RemoveSeat(target)];
    Ok(Decision { expect: vec![(caller.account, caller.rev)], changes, ..Decision::default() })
}

/// The host behind the API makes or changes a membership, whatever the rights inside the thread. A new member's script
/// begins; a change is stored as it is sent, and begins nothing.
pub fn put_by_host(
    around: &Surroundings<'_>,
    thread: super::ThreadId,
    account: &Account,
    form: MemberForm,
    dice: Dice<'_>,
) -> Result<Decision, Refusal> {
    let mut form = form;
    let existing = around.roster.seat(account.id);
    let mut whole = FieldErrors::new();
    form.script.check(existing.and_then(|seat| seat.script.schema), around.now, &mut whole);
    form.errors.merge_weaker(whole);
    form.errors.into_result()?;
    let mut seat = existing
        .map(|seat| Seat::clone(seat))
        .unwrap_or_else(|| Seat::new(thread, account.id, Permissions::MEMBER, around.now));
    seat.permissions = form.permissions.unwrap_or(seat.permissions);
    seat.notifications = form.notifications.unwrap_or(seat.notifications);
    form.script.apply(&mut seat);
    let expect = vec![(account.id, existing.map_or(0, |before| before.rev))];
    let Some(before) = existing else {
        let changes = seated(seat, account, &form.script, around, dice)?;
        return Ok(Decision { expect, changes, ..Decision::default() });
    };
    seat.script.question = form.script.question.or(seat.script.question);
    if **before == seat {
        return Ok(Decision::default());
    }
    Ok(Decision { expect, changes: vec![Change::PutSeat(Box::new(seat))], ..Decision::default() })
}

/// The host has a member begin a script, from its beginning, whatever they did before.
pub fn begin_script(
    around: &Surroundings<'_>,
    account: &Account,
    schema: &Arc<Schema>,
    dice: Dice<'_>,
) -> Result<Decision, Refusal> {
    let before = around.roster.seat(account.id).ok_or(Refusal::NotFound)?;
    let mut seat = Seat::clone(before);
    seat.mode = Mode::Scripted;
    seat.script.schema = Some(schema.id);
    seat.script.question = None;
    let changes = running::begin(seat, account, schema, Beginning::default(), around, dice)?;
    Ok(Decision { expect: vec![(account.id, before.rev)], changes, ..Decision::default() })
}

fn check_ceiling(caller: &Seat, permissions: Permissions, errors: &mut FieldErrors) {
    if !caller.may(permissions) {
        errors.add("permissions", TOO_MUCH);
    }
}

fn check_single_script(form: &MemberForm, roster: &Roster, own: Option<AccountId>, errors: &mut FieldErrors) {
    let starts = form.script.state.is_some_and(super::Mode::is_scripted);
    let taken = roster.seats().any(|seat| Some(seat.account) != own && seat.mode.is_scripted());
    if starts && taken {
        errors.add("state", ONE_SCRIPT);
    }
}

/// Reads the `user` field of a POST: the id, or the complaint about it.
pub fn read_user(body: &Map<String, Value>) -> Result<AccountId, FieldErrors> {
    let mut form = Form::new(body);
    if !form.has("user") {
        form.complain("user", form::REQUIRED);
    }
    match form.id("user") {
        Some(id) => Ok(id),
        None if form.errors.is_empty() => Err(FieldErrors::one("user", form::NULL)),
        None => Err(form.errors),
    }
}

/// The member object (contract, 6); the control fields only for those who may see them.
pub fn member_object(member: &Member, with_control: bool, look: &Look) -> Value {
    let seat = &member.seat;
    let mut object = json!({
        "user": seat.account,
        "permissions": seat.permissions.bits(),
        "users_data": AccountView::of(&member.account, &look.placeholder),
    });
    if with_control && let Some(fields) = object.as_object_mut() {
        let control = json!({
            "automated_sender": seat.script.automated_sender,
            "frequency_unit": seat.repetition.unit.map(super::mode::FrequencyUnit::as_str),
            "frequency_value": seat.repetition.value,
            "repeat_until": seat.repetition.until.map(time::format),
            "initial_question": seat.script.initial_question,
            "on_finish": seat.script.on_finish.as_str(),
            "schema": seat.script.schema,
            "state": seat.mode.as_str(),
        });
        if let Value::Object(control) = control {
            fields.extend(control);
        }
    }
    object
}
