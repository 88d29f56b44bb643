//! Members' rights and settings (contract, 6): who may set what of whom.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::account::AccountView;
use super::event::{Change, Decision};
use super::form::{self, Form};
use super::opening::ScriptForm;
use super::refusal::{FieldErrors, Refusal};
use super::rights::{Notifications, Permissions};
use super::roster::{Member, Roster};
use super::view::Look;
use super::{Account, AccountId, Micros, Seat, time};

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
    pub fn read(body: &Map<String, Value>, caller: AccountId, is_bot: &dyn Fn(AccountId) -> Option<bool>) -> Self {
        let mut form = Form::new(body);
        let permissions = form.bits("permissions").map(Permissions::from_bits_retain);
        let notifications = form.bits("notifications").map(Notifications::from_bits_retain);
        let script = ScriptForm::read(&mut form, caller, is_bot);
        Self { permissions, notifications, script, errors: form.errors }
    }

    /// Leaves only what somebody without control over others may set: complaints about the rest go with it
    /// (contract, B-MEMBER-CONTROL).
    fn without_control(self) -> Self {
        let mut errors = FieldErrors::new();
        for field in ["permissions", "notifications", "user"] {
            if self.errors.has(field) {
                let tree = serde_json::to_value(&self.errors).unwrap_or_default();
                errors.set(field, tree.get(field).cloned().unwrap_or_default());
            }
        }
        Self { script: ScriptForm::default(), errors, ..self }
    }
}

/// Adds `account` to the thread (contract, 6: POST). `account` is `None` when the id sent stands for nobody.
pub fn add(
    caller: &Seat,
    roster: &Roster,
    user: Result<Arc<Account>, FieldErrors>,
    form: MemberForm,
    now: Micros,
) -> Result<Decision, Refusal> {
    if !caller.may(Permissions::ADD_USER) {
        return Err(Refusal::Forbidden);
    }
    let mut form = if caller.may(Permissions::CONTROL_OTHERS) { form } else { form.without_control() };
    let mut whole = FieldErrors::new();
    let account = match user {
        Ok(account) => Some(account.id),
        Err(errors) => {
            form.errors.merge_weaker(errors);
            None
        }
    };
    if account.is_some_and(|id| roster.get(id).is_some()) {
        whole.add("user", EXISTS);
    }
    let permissions = form.permissions.unwrap_or(Permissions::MEMBER);
    check_ceiling(caller, permissions, &mut whole);
    check_single_script(&form, roster, account, &mut whole);
    form.script.check(now, &mut whole);
    form.errors.merge_weaker(whole);
    form.errors.into_result()?;
    let account = account.ok_or(Refusal::NotFound)?;
    let mut seat = Seat::new(caller.thread, account, permissions, now);
    seat.notifications = form.notifications.unwrap_or(Notifications::DEFAULT);
    form.script.apply(&mut seat);
    // revision 0 stands for no seat: whoever adds the same account at the same time clashes
    let expect = vec![(caller.account, caller.rev), (account, 0)];
    Ok(Decision { expect, changes: vec![Change::PutSeat(Box::new(seat))] })
}

/// Changes a member's settings (contract, 6: PATCH and PUT). `whole` is a PUT, which is for one's own row only.
pub fn change(
    caller: &Seat,
    roster: &Roster,
    target: AccountId,
    form: MemberForm,
    whole_put: bool,
    now: Micros,
) -> Result<Decision, Refusal> {
    let own = target == caller.account;
    let controls = caller.may(Permissions::CONTROL_OTHERS);
    if !own && (whole_put || !controls) {
        return Err(Refusal::Forbidden);
    }
    let seat = roster.seat(target).ok_or(Refusal::NotFound)?;
    let mut form = if controls { form } else { form.without_control() };
    let mut whole = FieldErrors::new();
    if let Some(permissions) = form.permissions {
        check_ceiling(caller, permissions, &mut whole);
    }
    check_single_script(&form, roster, Some(target), &mut whole);
    let keeps_schema = seat.script.schema.is_some();
    if !(keeps_schema && form.script.schema.is_none()) {
        form.script.check(now, &mut whole);
    }
    form.errors.merge_weaker(whole);
    form.errors.into_result()?;
    let mut changed = Seat::clone(seat);
    changed.permissions = form.permissions.unwrap_or(changed.permissions);
    if controls {
        changed.notifications = form.notifications.unwrap_or(changed.notifications);
    }
    form.script.apply(&mut changed);
    if changed == **seat {
        return Ok(Decision::default());
    }
    let expect = vec![(caller.account, caller.rev), (target, seat.rev)];
    Ok(Decision { expect, changes: vec![Change::PutSeat(Box::new(changed))] })
}

/// Takes a member out, or leaves (contract, 6: DELETE).
pub fn remove(caller: &Seat, roster: &Roster, target: AccountId) -> Result<Decision, Refusal> {
    if target != caller.account && !caller.may(Permissions::REMOVE_USER) {
        return Err(Refusal::Forbidden);
    }
    if roster.get(target).is_none() {
        return Err(Refusal::NotFound);
    }
    Ok(Decision { expect: vec![(caller.account, caller.rev)], changes: vec![Change::RemoveSeat(target)] })
}

/// The host behind the API makes or changes a membership, whatever the rights inside the thread.
pub fn put_by_host(
    roster: &Roster,
    thread: super::ThreadId,
    account: &Account,
    form: MemberForm,
    now: Micros,
) -> Result<Decision, Refusal> {
    let mut form = form;
    let existing = roster.seat(account.id);
    let mut whole = FieldErrors::new();
    form.script.check(now, &mut whole);
    form.errors.merge_weaker(whole);
    form.errors.into_result()?;
    let mut seat = existing
        .map(|seat| Seat::clone(seat))
        .unwrap_or_else(|| Seat::new(thread, account.id, Permissions::MEMBER, now));
    seat.permissions = form.permissions.unwrap_or(seat.permissions);
    seat.notifications = form.notifications.unwrap_or(seat.notifications);
    form.script.apply(&mut seat);
    if existing.is_some_and(|before| **before == seat) {
        return Ok(Decision::default());
    }
    let expect = vec![(account.id, existing.map_or(0, |before| before.rev))];
    Ok(Decision { expect, changes: vec![Change::PutSeat(Box::new(seat))] })
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
