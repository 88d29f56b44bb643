//! How sessions end, and what becomes of the conversation then (contract, 6.2, 6.3, 12.12 to 12.14).

use super::super::content::SystemEntry;
use super::GroupId;
use super::event::ForwardTo;
use super::routing::{Rule, Target, target_of};
use super::run::Run;
use super::settings::TimeoutAction;
use super::state::{Session, Status};
use super::step::Effect;
use super::world::Assignee;

const NOBODY: &str = "nobody_available";
const TIMEOUT: &str = "timeout";

impl Run<'_> {
    /// Ends the session: no more calls, no context, no open choices, no delayed events, a free slot.
    pub(super) fn close_session(&mut self) -> Option<Session> {
        let session = self.state.session.take()?;
        self.state.assignee = None;
        if let Some(open) = &session.open {
            self.effect(Effect::Cancel { delivery: open.delivery.clone() });
        }
        for key in &session.choices {
            self.effect(Effect::MarkChoice { key: *key, picked: None, closed: true });
        }
        self.freed(Assignee::Bot(session.bot));
        self.effect(Effect::SessionOver { cid: session.cid.clone(), bot: session.bot });
        Some(session)
    }

    /// Ends the conversation; what was to go out then goes out.
    pub(super) fn end(&mut self, reason: Option<&str>) {
        self.close_session();
        self.release_human();
        self.state.status = Status::Ended;
        self.entry(SystemEntry::Ended { reason: reason.map(str::to_owned) });
        for dispatch in std::mem::take(&mut self.state.dispatches) {
            self.effect(Effect::Dispatch(dispatch));
        }
    }

    /// Nobody has it any more; it waits in the inbox of a group.
    pub(super) fn leave_unassigned(&mut self, group: Option<GroupId>, reason: &str) {
        self.state.status = Status::Open;
        self.state.assignee = None;
        self.state.group = group.filter(|id| *id != 0).or(self.state.group);
        self.entry(SystemEntry::Unassigned { reason: Some(reason.to_owned()) });
    }

    /// Notes to whom it goes, and gives it to them.
    pub(super) fn hand_over(&mut self, to: Assignee, reason: Option<&str>) {
        let reason = reason.map(str::to_owned);
        self.entry(SystemEntry::Forwarded { to: to.id(), bot: to.is_bot(), reason });
        match to {
            Assignee::Operator(_) => self.give(to),
            Assignee::Bot(bot) => self.begin_session(bot, serde_json::Map::new()),
        }
    }

    /// The bot steps out (12.12): a human of the widget's target gets the conversation, or nobody.
    pub(super) fn abort(&mut self) {
        self.close_session();
        self.entry(SystemEntry::BotLeft);
        self.give_to_people();
    }

    /// The bot cannot be reached (7.4).
    pub(super) fn unreachable(&mut self) {
        self.close_session();
        self.entry(SystemEntry::BotUnreachable);
        self.give_to_people();
    }

    fn give_to_people(&mut self) {
        let target = target_of(&self.world);
        match self.route(target, Rule::Human) {
            Some(human) => self.hand_over(human, None),
            None => self.leave_unassigned(Some(self.world.widget.settings.group_id), NOBODY),
        }
    }

    /// The clock ran out (6.3).
    pub(super) fn timed_out(&mut self) {
        let Some(session) = self.close_session() else { return };
        let settings = self.world.bots.get(&session.bot).map(|bot| &bot.settings);
        let group = settings.map(|settings| settings.group_id);
        match settings.map(|settings| settings.timeout.action).unwrap_or_default() {
            TimeoutAction::End => self.end(Some(TIMEOUT)),
            TimeoutAction::Unassign => self.leave_unassigned(group, TIMEOUT),
            TimeoutAction::Forward => {
                let target = group.map(|id| Target::Group { id });
                match target.and_then(|target| self.route(target, Rule::Human)) {
                    Some(human) => self.hand_over(human, Some(TIMEOUT)),
                    None => self.leave_unassigned(group, TIMEOUT),
                }
            }
        }
    }

    /// The bot hands over (12.14).
    ///
    /// # Errors
    /// `nobody_available`, `unknown_group`, `unknown_skill`: nobody took it. The session is over all the same, unless the
    /// bot wanted to hear of it.
    pub(super) fn forward(&mut self, to: &ForwardTo, feedback: bool) -> Result<(), &'static str> {
        let Some(session) = &self.state.session else { return Err(NOBODY) };
        let own = self.world.bots.get(&session.bot).map(|bot| bot.settings.group_id);
        let (target, inbox) = match to {
            ForwardTo::Group(id) if !self.world.groups.contains_key(id) => (Err("unknown_group"), own),
            ForwardTo::Group(id) => (Ok(Target::Group { id: *id }), Some(*id)),
            ForwardTo::Skills(ids) if ids.iter().any(|id| !self.world.skills.contains_key(id)) => {
                (Err("unknown_skill"), own)
            }
            ForwardTo::Skills(ids) => (Ok(Target::Skills { ids: ids.iter().copied().collect() }), own),
            ForwardTo::Any => (own.map(|id| Target::Group { id }).ok_or(NOBODY), own),
        };
        let but = self.state.bots_since_routed.clone();
        let found = target.and_then(|target| self.route(target, Rule::Forward { but }).ok_or(NOBODY));
        match found {
            Ok(to) => {
                self.close_session();
                self.hand_over(to, None);
                return Ok(());
            }
            Err(_) if feedback => self.tell("forward_failed", serde_json::Map::new()),
            Err(_) => {
                self.close_session();
                self.leave_unassigned(inbox, NOBODY);
            }
        }
        found.map(|_| ())
    }
}
