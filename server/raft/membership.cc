#include "raft/membership.h"

#include <algorithm>

#include "base/check.h"

namespace keelson::raft {
namespace {

bool contains(const std::vector<MemberId>& ids, MemberId id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

void insert(std::vector<MemberId>& ids, MemberId id) {
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  if (at == ids.end() || *at != id) ids.insert(at, id);
}

bool is_ascending(const std::vector<MemberId>& ids) {
  return std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
}

}  // namespace

bool has_voter(const ConfState& conf, MemberId id) { return contains(conf.voters, id); }
bool has_learner(const ConfState& conf, MemberId id) { return contains(conf.learners, id); }

ConfState changed(const ConfState& conf, const ConfChange& change) {
  if (change.node == MemberId() || change.type == ConfChangeType::kUpdate) return conf;
  ConfState next = conf;
  std::erase(next.voters, change.node);
  std::erase(next.learners, change.node);
  if (change.type == ConfChangeType::kAddVoter) insert(next.voters, change.node);
  if (change.type == ConfChangeType::kAddLearner) insert(next.learners, change.node);
  return next.voters.empty() ? conf : next;
}

void check_conf(const ConfState& conf) {
  CHECK(is_ascending(conf.voters));
  CHECK(is_ascending(conf.learners));
  for (const MemberId id : conf.learners) CHECK(!has_voter(conf, id));
}

}  // namespace keelson::raft
