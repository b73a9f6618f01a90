// Linearizable reads (thesis 6.4), on the leader and forwarded to it.
#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "raft/core.h"
#include "raft/membership.h"

namespace keelson::raft {
namespace {

// Reads forwarded and unanswered; their askers repeat them, so the oldest are given up first.
constexpr size_t kForwardedReadsMax = 4096;

Entry context_entry(std::string context) {
  Entry entry;
  entry.data = std::make_shared<const std::string>(std::move(context));
  return entry;
}

}  // namespace

Status Raft::Core::read_index(uint64_t read_id) {
  if (auto* l = std::get_if<Leader>(&role)) {
    on_read_request(*l, {MemberId(), read_id, {}, {}});
    return {};
  }
  auto* f = std::get_if<Follower>(&role);
  if (!f || f->leader == MemberId()) return {Code::kUnavailable, "etcdserver: no leader"};
  forward_read(*f, read_id);
  return {};
}

void Raft::Core::on_read_request(Leader& l, ReadRequest request) {
  // Before its first commit a leader does not know how far its predecessors had committed.
  if (!committed_in_term(l)) {
    l.early_reads.push_back(std::move(request));
    return;
  }
  request.index = log.commit();
  l.reads.add(std::move(request));
}

void Raft::Core::admit_early_reads(Leader& l) {
  for (ReadRequest& request : l.early_reads) {
    request.index = log.commit();
    l.reads.add(std::move(request));
  }
  l.early_reads.clear();
}

void Raft::Core::forward_read(Follower& f, uint64_t read_id) {
  if (f.forwarded_reads.size() >= kForwardedReadsMax) {
    dropped_reads.push_back(f.forwarded_reads.front());
    f.forwarded_reads.erase(f.forwarded_reads.begin());
  }
  f.forwarded_reads.push_back(read_id);
  std::string context;
  put_u64be(context, read_id);
  Message m = message(MessageType::kReadIndex, f.leader);
  m.term = Term();
  m.entries.push_back(context_entry(std::move(context)));
  send(std::move(m));
}

void Raft::Core::on_read_message(Message m) {
  if (m.entries.size() != 1) return;
  if (auto* l = std::get_if<Leader>(&role)) {
    return on_read_request(*l, {m.from, 0, std::string(m.entries[0].bytes()), {}});
  }
  forward(std::move(m));  // `from` stays: the leader answers the asker itself
}

void Raft::Core::on_read_answer(Follower& f, const Message& m) {
  if (m.entries.size() != 1 || m.entries[0].bytes().size() != sizeof(uint64_t)) return;
  const uint64_t read_id = get_u64be(m.entries[0].bytes().data());
  const auto asked = std::find(f.forwarded_reads.begin(), f.forwarded_reads.end(), read_id);
  if (asked == f.forwarded_reads.end()) return;  // answered or given up before
  f.forwarded_reads.erase(asked);
  reads.push_back({read_id, m.index});
}

void Raft::Core::start_read_round(Leader& l) {
  const std::string context = l.reads.heartbeat_context();
  for (Progress& peer : l.peers) {
    if (!peer.learner) send_heartbeat(peer, context);
  }
  release_reads(l);  // a lone voter has its quorum already
}

void Raft::Core::release_reads(Leader& l) {
  const uint64_t count = reached_by_majority(
      [&](MemberId voter) { return voter == config.id ? l.reads.sent() : l.reads.echoed(voter); });
  for (const ReadRequest& request : l.reads.release(count)) answer_read(request);
}

void Raft::Core::answer_read(const ReadRequest& request) {
  if (request.from == MemberId()) {
    reads.push_back({request.id, request.index});
    return;
  }
  Message m = message(MessageType::kReadIndexResp, request.from);
  m.index = request.index;
  m.entries.push_back(context_entry(request.context));
  send(std::move(m));
}

// The role ends: what was asked of this leader, or of the one it followed, will not be answered.
void Raft::Core::drop_reads() {
  if (auto* f = std::get_if<Follower>(&role)) {
    dropped_reads.insert(dropped_reads.end(), f->forwarded_reads.begin(), f->forwarded_reads.end());
    f->forwarded_reads.clear();
  } else if (auto* l = std::get_if<Leader>(&role)) {
    for (const auto& rest : {l->reads.drain(), std::exchange(l->early_reads, {})}) {
      for (const ReadRequest& request : rest) {
        if (request.from == MemberId()) dropped_reads.push_back(request.id);
      }
    }
  }
}

}  // namespace keelson::raft
