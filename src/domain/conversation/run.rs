//! A step under way: the state, what is known, and what has been decided so far. The other modules say what happens; this
//! one has the few moves of which all of it is made.

use std::borrow::Cow;

use super::super::content::{Content, SystemEntry};
use super::routing::{Decision, Rule, Target, route};
use super::state::{Conversation, Status};
use super::step::{By, Dice, Effect, Post, Refused, Step};
use super::world::{Assignee, Contact, ContactPatch, World};
use super::{Key, Micros};

/// A step under way.
pub(super) struct Run<'a> {
    pub(super) state: &'a mut Conversation,
    /// The organisation; changed only where this step itself took or freed a slot.
    pub(super) world: Cow<'a, World>,
    /// The contact, with what this step changed.
    pub(super) contact: Contact,
    /// When that happens which is being decided.
    pub(super) now: Micros,
    pub(super) dice: Dice<'a>,
    pub(super) out: Step,
}

impl<'a> Run<'a> {
    pub(super) fn new(state: &'a mut Conversation, world: &'a World, now: Micros, dice: Dice<'a>) -> Self {
        let contact = world.contact.clone();
        Self { state, world: Cow::Borrowed(world), contact, now, dice, out: Step::default() }
    }

    /// What was decided, with the time of the next tick.
    pub(super) fn finish(mut self) -> Step {
        self.out.wake_at = self.next_due();
        self.out
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.out.effects.push(effect);
    }

    pub(super) fn refuse(&mut self, why: Refused) {
        self.out.refused = Some(why);
    }

    /// The key of the next entry.
    pub(super) fn next_key(&mut self) -> Key {
        self.state.last_key += 1;
        self.state.last_key
    }

    /// Posts an entry under a key of its own.
    pub(super) fn post(&mut self, by: By, text: impl Into<String>, content: Option<Content>) -> Key {
        let key = self.next_key();
        self.post_as(key, by, text, content);
        key
    }

    /// Posts an entry under a key that was given before.
    pub(super) fn post_as(&mut self, key: Key, by: By, text: impl Into<String>, content: Option<Content>) {
        self.effect(Effect::Post(Post { key, by, text: text.into(), content, refers: None }));
    }

    /// Notes in the thread what became of the conversation.
    pub(super) fn entry(&mut self, entry: SystemEntry) {
        self.post(By::System, "", Some(Content::System(entry)));
    }

    /// Changes the contact.
    pub(super) fn update_contact(&mut self, patch: ContactPatch) {
        patch.apply(&mut self.contact);
        self.effect(Effect::UpdateContact(patch));
    }

    /// Decides who gets the conversation, and keeps the reasons.
    pub(super) fn route(&mut self, target: Target, rule: Rule) -> Option<Assignee> {
        let decision: Decision = route(&self.world, target, rule);
        let chosen = decision.chosen;
        self.out.routing.push(decision);
        chosen
    }

    /// Gives the conversation to a human.
    pub(super) fn give(&mut self, to: Assignee) {
        self.state.status = Status::Open;
        self.state.assignee = Some(to);
        self.state.group = self.world.operators.get(&to.id()).map(|one| one.group).or(self.state.group);
        self.taken(to);
    }

    /// Takes a slot.
    pub(super) fn taken(&mut self, by: Assignee) {
        let now = self.now;
        self.load(by, |busy, last_given| {
            *busy += 1;
            *last_given = Some(now);
        });
        self.effect(Effect::Given { to: by });
    }

    /// Frees the slot of the human who holds the conversation, if one does.
    pub(super) fn release_human(&mut self) {
        if let Some(from @ Assignee::Operator(_)) = self.state.assignee {
            self.state.assignee = None;
            self.freed(from);
            self.effect(Effect::Released { from });
        }
    }

    /// Counts a slot that is free again.
    pub(super) fn freed(&mut self, by: Assignee) {
        self.load(by, |busy, _| *busy = busy.saturating_sub(1));
    }

    fn load(&mut self, who: Assignee, change: impl FnOnce(&mut u32, &mut Option<Micros>)) {
        let world = self.world.to_mut();
        match who {
            Assignee::Operator(id) => {
                if let Some(one) = world.operators.get_mut(&id) {
                    change(&mut one.busy, &mut one.last_given);
                }
            }
            Assignee::Bot(id) => {
                if let Some(one) = world.bots.get_mut(&id) {
                    change(&mut one.busy, &mut one.last_given);
                }
            }
        }
    }
}
