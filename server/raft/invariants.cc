// What must hold between two calls, whatever came in.
#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {

void Raft::Core::check_invariants() const {
  log.check_invariants();
  syncs.check_invariants();
  outbox.check_invariants(syncs.synced(), syncs.issued() + 1);
  check_conf(conf);
  CHECK(term >= log.last_term());
  CHECK(term >= given.term);
  CHECK(log.commit() >= given.commit);
  if (term == given.term && given.vote != MemberId()) CHECK(vote == given.vote);
  CHECK(election_ticks <= election_timeout);
  CHECK(election_timeout >= config.election_ticks);
  CHECK(election_timeout < 2 * config.election_ticks);
  if (install) CHECK(log.base().index == install->index);
  if (const auto* f = std::get_if<Follower>(&role)) CHECK(f->leader != config.id);
  if (const auto* c = std::get_if<Candidate>(&role)) {
    CHECK(vote == config.id);
    CHECK(c->own_vote_batch == 0 || c->own_vote_batch > syncs.synced());
  }
  if (const auto* l = std::get_if<Leader>(&role)) check_leader(*l);
}

void Raft::Core::check_leader(const Leader& l) const {
  CHECK(vote == config.id);
  CHECK(log.last_term() == term);
  CHECK(!install && !log.installing());
  CHECK(l.term_start <= log.last_index());
  CHECK(l.pending_conf >= l.term_start);
  CHECK(l.pending_conf <= log.last_index());
  CHECK(l.transferee != config.id);
  CHECK(l.early_reads.empty() || !committed_in_term(l));
  l.reads.check_invariants();
  size_t others = conf.voters.size() + conf.learners.size();
  if (has_member(conf, config.id)) --others;
  CHECK(l.peers.size() == others);
  MemberId before;
  for (const Progress& peer : l.peers) {
    CHECK(peer.id > before);
    CHECK(peer.id != config.id);
    CHECK(peer.learner == has_learner(conf, peer.id));
    peer.check_invariants(log.last_index());
    before = peer.id;
  }
}

}  // namespace keelson::raft
