// Elections: thesis 3.4 and 3.6, pre-vote 9.6, transfer 3.10.
#include <algorithm>
#include <utility>

#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {

void Raft::Core::enter_role(Term new_term) {
  CHECK(new_term >= term);
  drop_reads();
  if (new_term != term) {
    term = new_term;
    vote = MemberId();
  }
  election_ticks = 0;
  const auto spread = static_cast<uint64_t>(config.election_ticks);
  election_timeout = config.election_ticks + static_cast<int>(rng.below(spread));
}

void Raft::Core::become_follower(Term new_term, MemberId new_leader) {
  enter_role(new_term);
  role = Follower{new_leader, {}, {}};
}

void Raft::Core::become_leader() {
  CHECK(vote == config.id);
  enter_role(term);
  Leader l;
  l.term_start = log.last_index().next();
  // No configuration change before an entry of this term is committed (Ongaro 2015: otherwise
  // changes of two terms may take effect with majorities that do not overlap).
  l.pending_conf = l.term_start;
  for (const auto* members : {&conf.voters, &conf.learners}) {
    for (const MemberId member : *members) {
      if (member != config.id) l.peers.push_back(new_peer(member, l.term_start));
    }
  }
  std::sort(l.peers.begin(), l.peers.end(),
            [](const Progress& a, const Progress& b) { return a.id < b.id; });
  log.push({term, l.term_start, EntryType::kNormal, nullptr});
  role = std::move(l);
}

bool Raft::Core::may_campaign() const {
  if (!has_voter(conf, config.id) || install || log.installing() || disk_is_stuck()) return false;
  // A committed change that is not applied here may have removed this member or changed the
  // majority.
  return !log.has_conf_change(log.applied().next(), log.commit());
}

void Raft::Core::campaign(Campaign kind) {
  if (std::holds_alternative<Leader>(role)) return;
  if (!may_campaign()) return;
  if (kind == Campaign::kPreVote) {
    enter_role(term);
    auto& pre = role.emplace<PreCandidate>();
    pre.tally.record(config.id, true);
    ask_for_votes(kind);
    return judge_pre_votes(pre);
  }
  enter_role(term.next());
  vote = config.id;
  role = Candidate{{}, syncs.issued() + 1};
  ask_for_votes(kind);
}

void Raft::Core::ask_for_votes(Campaign kind) {
  const bool pre = kind == Campaign::kPreVote;
  for (const MemberId voter : conf.voters) {
    if (voter == config.id) continue;
    Message m = message(pre ? MessageType::kPreVote : MessageType::kVote, voter);
    if (pre) m.term = term.next();
    m.index = log.last_index();
    m.log_term = log.last_term();
    if (kind == Campaign::kTransfer) m.context = kTransferContext;
    // A member that asked and then forgot its term in a crash could ask again in the same term with
    // a shorter log and count the answers to the first request: so a real request waits for the
    // sync.
    pre ? send(std::move(m)) : send_durable(std::move(m));
  }
}

void Raft::Core::on_vote_request(const Message& m) {
  if (disk_is_stuck()) return;  // the promise could not be kept soon; others may do better
  const bool pre = m.type == MessageType::kPreVote;
  const bool undecided = vote == MemberId() && leader() == MemberId();
  const bool free = vote == m.from || undecided || (pre && m.term > term);
  const bool granted = free && log.is_behind({m.index, m.log_term});
  Message answer = message(pre ? MessageType::kPreVoteResp : MessageType::kVoteResp, m.from);
  answer.reject = !granted;
  if (granted) answer.term = m.term;
  if (granted && !pre) {
    election_ticks = 0;
    vote = m.from;
  }
  send_durable(std::move(answer));
}

void Raft::Core::on_vote_answer(const Message& m) {
  if (auto* pre = std::get_if<PreCandidate>(&role)) {
    if (m.type != MessageType::kPreVoteResp) return;
    if (!m.reject && m.term != term.next()) return;  // granted to an earlier attempt
    pre->tally.record(m.from, !m.reject);
    return judge_pre_votes(*pre);
  }
  if (auto* candidate = std::get_if<Candidate>(&role)) {
    if (m.type != MessageType::kVoteResp) return;
    candidate->tally.record(m.from, !m.reject);
    judge_votes(*candidate);
  }
}

void Raft::Core::count_own_vote() {
  auto* candidate = std::get_if<Candidate>(&role);
  if (!candidate || candidate->own_vote_batch == 0) return;
  if (candidate->own_vote_batch > syncs.synced()) return;
  candidate->own_vote_batch = 0;
  candidate->tally.record(config.id, true);
  judge_votes(*candidate);
}

void Raft::Core::judge_pre_votes(const PreCandidate& candidate) {
  const VoteResult result = candidate.tally.result(conf.voters);
  if (result == VoteResult::kWon) return campaign(Campaign::kElection);
  if (result == VoteResult::kLost) become_follower(term, MemberId());
}

void Raft::Core::judge_votes(const Candidate& candidate) {
  const VoteResult result = candidate.tally.result(conf.voters);
  if (result == VoteResult::kWon) return become_leader();
  if (result == VoteResult::kLost) become_follower(term, MemberId());
}

}  // namespace keelson::raft
