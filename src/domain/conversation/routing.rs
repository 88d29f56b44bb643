//! Who takes a conversation (contract, 3 and 12.14), and why.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::world::{Assignee, World};
use super::{AccountId, GroupId, SkillId};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Decides who gets the conversation (contract, 3.3).
pub fn route(world: &World, target: Target, rule: Rule) -> Decision {
    let in_service_time = world.widget.in_service_time.unwrap_or(true);
    Decision { target, rule, in_service_time, chosen: None, step: Found::Nobody, by: None, considered: Vec::new() }
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
