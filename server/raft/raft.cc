#include "raft/raft.h"

#include <utility>

#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {

Raft::Raft(Config config, Start start, Rng& rng)
    : core_(std::make_unique<Core>(config, std::move(start), rng)) {}
Raft::~Raft() = default;
Raft::Raft(Raft&&) noexcept = default;
Raft& Raft::operator=(Raft&&) noexcept = default;

void Raft::tick() { core_->tick(); }
void Raft::step(Message message) { core_->step(std::move(message)); }
void Raft::campaign() {
  core_->campaign(core_->config.pre_vote ? Campaign::kPreVote : Campaign::kElection);
}

Status Raft::propose(std::vector<Payload> data) {
  std::vector<Entry> entries(data.size());
  for (size_t i = 0; i < data.size(); ++i) entries[i].data = std::move(data[i]);
  return core_->propose(std::move(entries));
}

Status Raft::propose_conf_change(Payload data) {
  std::vector<Entry> entries(1);
  entries[0].type = EntryType::kConfChange;
  entries[0].data = std::move(data);
  return core_->propose(std::move(entries));
}

Status Raft::read_index(uint64_t id) { return core_->read_index(id); }

void Raft::transfer_leader(MemberId to) {
  Message m = core_->message(MessageType::kTransferLeader, core_->leader());
  m.from = to;
  core_->on_transfer_message(std::move(m));
}

Output Raft::take_output() { return core_->take_output(); }
bool Raft::has_output() const { return core_->has_output(); }
void Raft::synced(uint64_t batch) { core_->synced(batch); }
void Raft::applied(Index index) { core_->log.apply_to(index); }
ConfState Raft::apply_conf_change(const ConfChange& change) {
  return core_->apply_conf_change(change);
}
void Raft::compact(Index index) { core_->log.compact(index); }
void Raft::report_unreachable(MemberId peer) { core_->report_unreachable(peer); }
void Raft::report_snapshot(MemberId peer, bool ok) { core_->report_snapshot(peer, ok); }

RoleKind Raft::role() const { return static_cast<RoleKind>(core_->role.index()); }
Term Raft::term() const { return core_->term; }
MemberId Raft::leader() const { return core_->leader(); }
MemberId Raft::id() const { return core_->config.id; }
MemberId Raft::transferee() const {
  const auto* l = std::get_if<Leader>(&core_->role);
  return l ? l->transferee : MemberId();
}
Index Raft::commit() const { return core_->log.commit(); }
Index Raft::applied() const { return core_->log.applied(); }
Index Raft::last_index() const { return core_->log.last_index(); }
Index Raft::first_index() const { return core_->log.first_index(); }
Index Raft::stable_index() const { return core_->log.stable(); }
bool Raft::is_learner() const { return has_learner(core_->conf, core_->config.id); }
bool Raft::in_lone_group() const {
  return core_->conf.voters.size() == 1 && has_voter(core_->conf, core_->config.id);
}
const ConfState& Raft::conf() const { return core_->conf; }
HardState Raft::hard_state() const { return core_->hard_state(); }
uint64_t Raft::unsynced_bytes() const { return core_->unsynced_bytes(); }

std::vector<Raft::PeerProgress> Raft::progress() const {
  std::vector<PeerProgress> all;
  const auto* l = std::get_if<Leader>(&core_->role);
  if (!l) return all;
  for (const Progress& peer : l->peers) {
    all.push_back({peer.id, peer.match, peer.next, peer.recent_active, peer.learner,
                   peer.state == ProgressState::kSnapshot});
  }
  return all;
}

void Raft::check_invariants() const { core_->check_invariants(); }

}  // namespace keelson::raft
