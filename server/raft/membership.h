// The configuration and its one-step changes (thesis 4.1: one member at a time keeps the majorities
// of neighbouring configurations overlapping). Pure functions; the same on every member.
#pragma once

#include "raft/types.h"

namespace keelson::raft {

bool has_voter(const ConfState& conf, MemberId id);
bool has_learner(const ConfState& conf, MemberId id);
inline bool has_member(const ConfState& conf, MemberId id) {
  return has_voter(conf, id) || has_learner(conf, id);
}

// The configuration after `change`. Nobody, an update and a change that would leave no voter change
// nothing; adding a learner as voter promotes it, adding a voter as learner demotes it.
ConfState changed(const ConfState& conf, const ConfChange& change);

// Sorted without repetition, voters and learners apart.
void check_conf(const ConfState& conf);

}  // namespace keelson::raft
