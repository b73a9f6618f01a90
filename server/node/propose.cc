// Writes on their way into the log.
#include <algorithm>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/node_metrics.h"

namespace keelson::node {
namespace {

namespace field = apply::field;

constexpr Duration kBudget = std::chrono::seconds(5);
constexpr size_t kExpiredLeasesAPass = 500;

// InternalRaftRequest with its fields in ascending order, as 3.7 writes them.
std::string envelope(uint32_t number, std::string_view body, uint64_t id) {
  std::string header;
  wire::put_uint(header, 1, id);
  std::string out;
  out.reserve(body.size() + header.size() + 16);
  if (number > field::kHeader) wire::put_message(out, field::kHeader, header);
  wire::put_message(out, number, body);
  if (number < field::kHeader) wire::put_message(out, field::kHeader, header);
  return out;
}

int64_t lease_id_of(std::string_view body) {
  int64_t id = 0;
  wire::Reader reader(body);
  for (wire::Field f; reader.next(f);)
    if (f.number == 2) id = f.as_int64();
  return id;
}

Status no_space() {
  return Status(Code::kResourceExhausted, "etcdserver: mvcc: database space exceeded");
}

}  // namespace

Status Core::admit(const Proposal& proposal) {
  if (unapplied() > limits::kUnappliedEntries || proposal_bytes_ > limits::kUnappliedBytes)
    return Status(Code::kUnknown, "etcdserver: too many requests");
  if (proposal.quota_cost > 0 && !quota_allows(proposal.quota_cost)) {
    raise_alarm(apply::kAlarmNoSpace);
    return no_space();
  }
  return Status();
}

void Core::on_proposal(Request&& request, Proposal&& proposal) {
  if (Status status = admit(proposal); !status.ok()) {
    answers_.fail(request, std::move(status));
    return;
  }
  if (proposal.field == field::kLeaseGrant && lease_id_of(proposal.body) == 0) {
    const uint64_t id = pending_.skip() & INT64_MAX;
    wire::put_uint(proposal.body, 2, id);
  }
  Waiting waiting;
  waiting.request = std::move(request);
  waiting.field = proposal.field;
  waiting.physical = proposal.physical;
  propose(std::move(waiting), proposal.field, proposal.body);
}

void Core::propose(Waiting waiting, uint32_t number, std::string_view body) {
  if (waiting.request.started == TimePoint{}) waiting.request.started = env_.clock.now();
  const uint64_t id = pending_.add(std::move(waiting));
  proposals_.push_back(std::make_shared<const std::string>(envelope(number, body, id)));
  proposal_ids_.push_back(id);
  proposal_bytes_ += proposals_.back()->size();
  if (proposal_bytes_ >= limits::kProposalBatchBytes && raft_.leader().value != 0)
    flush_proposals();
}

void Core::propose_own(uint32_t number, std::string_view body) {
  Waiting waiting;
  waiting.field = number;
  propose(std::move(waiting), number, body);
}

// Without a leader proposals wait for one, as in etcd, until their clients' time is over.
void Core::flush_proposals() {
  if (raft_.leader().value == 0) return;
  flush_conf_proposals();
  if (proposals_.empty()) return;
  proposal_bytes_ = 0;
  const std::vector<uint64_t> ids = std::exchange(proposal_ids_, {});
  const Status status = raft_.propose(std::exchange(proposals_, {}));
  if (status.ok()) return;
  // Nothing of it was appended. While leadership is being handed over the client hears it when its
  // time is over, as in etcd; a full queue is told at once.
  if (status.code() == Code::kUnavailable) return;
  for (const uint64_t id : ids) {
    if (auto waiting = pending_.take(id)) {
      metrics_->proposals_failed.add();
      answers_.fail(waiting->request, status);
    }
  }
}

void Core::flush_conf_proposals() {
  for (auto& [id, payload] : std::exchange(conf_proposals_, {}))
    if (pending_.waits(id)) (void)raft_.propose_conf_change(std::move(payload));
}

void Core::expire_pending() {
  const TimePoint limit = env_.clock.now() - kBudget - 2 * settings_.election;
  pending_.expire(limit, [this](Waiting&& waiting) {
    metrics_->proposals_failed.add();
    answers_.fail(waiting.request, timed_out(waiting.request.started));
  });
}

// Why nothing came back, in etcd's words.
Status Core::timed_out(TimePoint started) const {
  const TimePoint lost = leader_since_ - 2 * settings_.election;
  if (started > lost && started < leader_since_)
    return Status(Code::kUnavailable,
                  "etcdserver: request timed out, possibly due to previous leader failure");
  if (connected_voters(env_.clock.now()) < membership().members().size() / 2 + 1)
    return Status(Code::kUnavailable,
                  "etcdserver: request timed out, possibly due to connection lost");
  return Status(Code::kUnavailable, "etcdserver: request timed out");
}

void Core::raise_alarm(int32_t type) {
  const apply::Alarm alarm{raft_.id(), type};
  if (alarms().raised(alarm) || nospace_proposed_) return;
  nospace_proposed_ = true;
  env_.log.warn(
      "raising an alarm: the store has reached its quota; compact, defragment and disarm, or raise "
      "--quota-backend-bytes",
      {{"member-id", hex(alarm.member.value)}, {"quota", settings_.quota_bytes}});
  std::string body;
  wire::put_int(body, 1, 1);  // ACTIVATE
  wire::put_uint(body, 2, alarm.member.value);
  wire::put_int(body, 3, alarm.type);
  propose_own(field::kAlarm, body);
}

void Core::publish_self() {
  if (published_ || raft_.leader().value == 0 || !membership().find(raft_.id())) return;
  const TimePoint now = env_.clock.now();
  if (now < publish_again_) return;
  publish_again_ = now + kBudget + 2 * settings_.election;
  std::string attributes;
  wire::put_bytes(attributes, 1, settings_.name);
  for (const std::string& url : settings_.client_urls) wire::put_message(attributes, 2, url);
  std::string body;
  wire::put_uint(body, 1, raft_.id().value);
  wire::put_message(body, 2, attributes);
  propose_own(field::kClusterMemberAttrSet, body);
}

void Core::expire_leases() {
  if (!leads() || !lessor().primary()) return;
  for (const LeaseId id : lessor().expired(kExpiredLeasesAPass, 3 * settings_.election)) {
    std::string body;
    wire::put_int(body, 1, id.value);
    propose_own(field::kLeaseRevoke, body);
  }
}

void Core::auto_compact() {
  const auto target = auto_compactor_.tick(env_.clock.now(), store().current(), leads());
  if (!target || *target <= store().compacted()) return;
  env_.log.info("starting auto compaction", {{"revision", target->value}});
  auto_target_ = target;
  std::string body;
  wire::put_int(body, 1, target->value);
  propose_own(field::kCompaction, body);
}

}  // namespace keelson::node
