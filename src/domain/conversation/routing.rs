//! Who takes a conversation (contract, 3 and 12.14), and why.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::settings::Behavior;
use super::world::{Assignee, Bot, Operator, World};
use super::{AccountId, GroupId, Micros, SkillId};

/// Which operators are asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Target {
    /// Those of a group.
    Group {
        /// Which.
        id: GroupId,
    },
    /// Those with all of these skills, in any group.
    Skills {
        /// Which.
        ids: BTreeSet<SkillId>,
    },
}

/// By which rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// The decision at a conversation's start (3.3).
    Start,
    /// A bot hands over (12.14): humans, and `human` bots that had no session since the last decision by [`Rule::Start`].
    Forward {
        /// The bots that had one.
        but: BTreeSet<AccountId>,
    },
    /// A bot steps out (12.12) or its time-out forwards (6.3): humans only, whatever the service time.
    Human,
}

/// A decision, with everything that led to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Which operators were asked.
    pub target: Target,
    /// By which rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// Whether it was inside of the widget's service time.
    pub in_service_time: bool,
    /// Who gets it; `None`: nobody can.
    pub chosen: Option<Assignee>,
    /// In which step of 3.3, or of the rule, somebody was found: `firewall`, `floor`, `backup`, `forward`, `human`, `nobody`.
    pub step: Found,
    /// What set the chosen one apart from the others of that step.
    pub by: Option<Reason>,
    /// Everybody who was considered, in the order of their numbers.
    pub considered: Vec<Considered>,
}

/// Where somebody was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Step 1 of 3.3.
    Firewall,
    /// Step 2 of 3.3.
    Floor,
    /// Step 3 of 3.3.
    Backup,
    /// Among those to whom a bot may hand over.
    Forward,
    /// Among the humans.
    Human,
    /// Nowhere.
    Nobody,
}

/// What set somebody apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There was nobody else.
    OnlyOne,
    /// Held a conversation of this contact last.
    LastOperator,
    /// The most free slots.
    FreeSlots,
    /// The longest time since the last conversation given.
    WaitedLongest,
    /// The lowest number.
    LowestId,
}

/// Somebody who was considered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Considered {
    /// Who.
    pub who: Assignee,
    /// The free slots.
    pub free: u32,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of somebody who was considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Got the conversation.
    Chosen,
    /// Could have had it; another one was before.
    Passed,
    /// Available, but of a later step than the one that found somebody.
    NotAsked,
    /// Not signed in.
    Offline,
    /// Away.
    Away,
    /// No free slot.
    Full,
    /// A human outside of the service time.
    OutsideServiceTime,
    /// A `service_time` bot inside of it.
    InsideServiceTime,
    /// A bot that is switched off.
    Inactive,
    /// A bot without an address to call.
    NoWebhook,
    /// A bot that the rule leaves out: not a `human` bot, or any where only humans are asked.
    NotEligible,
    /// A bot that had a session in this conversation already.
    HadIt,
}

/// Decides who gets the conversation (contract, 3.3). Taking the slot is the caller's, in the same transaction.
pub fn route(world: &World, target: Target, rule: Rule) -> Decision {
    let in_service_time = world.widget.in_service_time.unwrap_or(true);
    let mut decision =
        Decision { target, rule, in_service_time, chosen: None, step: Found::Nobody, by: None, considered: Vec::new() };
    let candidates = candidates(world, &decision);
    let asked = candidates.iter().filter_map(|one| one.asked_in.as_ref().ok()).min().copied();
    if let Some(step) = asked {
        let set: Vec<&Candidate> = candidates.iter().filter(|one| one.asked_in == Ok(step)).collect();
        let (chosen, by) = choose(&set, world.last_operator.filter(|_| step.remembers()));
        decision.chosen = chosen;
        decision.by = by;
        decision.step = step;
    }
    let verdict = |one: &Candidate| match one.asked_in {
        Err(verdict) => verdict,
        Ok(_) if Some(one.who) == decision.chosen => Verdict::Chosen,
        Ok(step) if Some(step) == asked => Verdict::Passed,
        Ok(_) => Verdict::NotAsked,
    };
    decision.considered =
        candidates.iter().map(|one| Considered { who: one.who, free: one.free, verdict: verdict(one) }).collect();
    decision
}

/// Somebody of the target.
struct Candidate {
    who: Assignee,
    free: u32,
    last_given: Option<Micros>,
    /// In which step this one is asked, or why in none.
    asked_in: Result<Found, Verdict>,
}

impl Found {
    /// Whether who had this contact last comes first: not among firewall and backup bots (contract, 3.3).
    fn remembers(self) -> bool {
        matches!(self, Found::Floor | Found::Forward | Found::Human)
    }
}

fn candidates(world: &World, decision: &Decision) -> Vec<Candidate> {
    let of_target = |group: GroupId, skills: &BTreeSet<SkillId>| match &decision.target {
        Target::Group { id } => group == *id,
        Target::Skills { ids } => ids.is_subset(skills),
    };
    let humans = world.operators.iter().filter(|(_, one)| of_target(one.group, &one.skills));
    let humans = humans.map(|(id, one)| Candidate {
        who: Assignee::Operator(*id),
        free: one.slots.saturating_sub(one.busy),
        last_given: one.last_given,
        asked_in: human(one, decision),
    });
    let bots = world.bots.iter().filter(|(_, one)| of_target(one.settings.group_id, &one.settings.skill_ids));
    let bots = bots.map(|(id, one)| Candidate {
        who: Assignee::Bot(*id),
        free: one.settings.slots.saturating_sub(one.busy),
        last_given: one.last_given,
        asked_in: bot(*id, one, decision),
    });
    let mut all: Vec<Candidate> = humans.chain(bots).collect();
    all.sort_by_key(|one| one.who.id());
    all
}

/// In which step a human is asked (contract, 3.2 and 3.3).
fn human(one: &Operator, decision: &Decision) -> Result<Found, Verdict> {
    match decision.rule {
        _ if !one.online => Err(Verdict::Offline),
        _ if one.away => Err(Verdict::Away),
        _ if one.busy >= one.slots => Err(Verdict::Full),
        Rule::Start if !decision.in_service_time => Err(Verdict::OutsideServiceTime),
        Rule::Start => Ok(Found::Floor),
        Rule::Forward { .. } => Ok(Found::Forward),
        Rule::Human => Ok(Found::Human),
    }
}

/// In which step a bot is asked (contract, 3.1 to 3.3, 12.12 and 12.14).
fn bot(id: AccountId, one: &Bot, decision: &Decision) -> Result<Found, Verdict> {
    let step = match (&decision.rule, one.settings.behavior) {
        (Rule::Human, _) => Err(Verdict::NotEligible),
        (Rule::Forward { but }, Behavior::Human) if but.contains(&id) => Err(Verdict::HadIt),
        (Rule::Forward { .. }, Behavior::Human) => Ok(Found::Forward),
        (Rule::Forward { .. }, _) => Err(Verdict::NotEligible),
        (Rule::Start, Behavior::Firewall) => Ok(Found::Firewall),
        (Rule::Start, Behavior::Human) => Ok(Found::Floor),
        (Rule::Start, Behavior::Backup) => Ok(Found::Backup),
        (Rule::Start, Behavior::ServiceTime) if decision.in_service_time => Err(Verdict::InsideServiceTime),
        (Rule::Start, Behavior::ServiceTime) => Ok(Found::Floor),
    }?;
    one.unavailable().map_or(Ok(step), Err)
}

impl Bot {
    /// Why this bot could not be given a conversation now, its behavior aside (contract, 3.2).
    pub fn unavailable(&self) -> Option<Verdict> {
        if !self.settings.active {
            Some(Verdict::Inactive)
        } else if !self.settings.can_be_called() {
            Some(Verdict::NoWebhook)
        } else if self.busy >= self.settings.slots {
            Some(Verdict::Full)
        } else {
            None
        }
    }
}

/// The one of a set that gets it, and what set them apart. Never given a conversation counts as the longest wait: `None`
/// comes before every instant.
fn choose(set: &[&Candidate], last: Option<Assignee>) -> (Option<Assignee>, Option<Reason>) {
    let order = |one: &&&Candidate| (Reverse(one.free), one.last_given, one.who.id());
    let Some(best) = set.iter().min_by_key(order) else { return (None, None) };
    if set.len() == 1 {
        return (Some(best.who), Some(Reason::OnlyOne));
    }
    if let Some(last) = last.filter(|last| set.iter().any(|one| one.who == *last)) {
        return (Some(last), Some(Reason::LastOperator));
    }
    let mut others = set.iter().filter(|one| one.who != best.who);
    let reason = if others.clone().all(|one| one.free < best.free) {
        Reason::FreeSlots
    } else if others.all(|one| one.free < best.free || one.last_given != best.last_given) {
        Reason::WaitedLongest
    } else {
        Reason::LowestId
    };
    (Some(best.who), Some(reason))
}

/// The operators that a conversation of this widget is for.
pub fn target_of(world: &World) -> Target {
    let widget = &world.widget.settings;
    if widget.skill_ids.is_empty() {
        Target::Group { id: widget.group_id }
    } else {
        Target::Skills { ids: widget.skill_ids.clone() }
    }
}
