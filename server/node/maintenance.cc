// Cluster and Maintenance answers that need no log, hashes, and slices of history for watchers.
#include <rpc.pb.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

namespace field = apply::field;

void fill(etcdserverpb::ResponseHeader* out, const apply::HeaderFacts& facts, Revision revision) {
  out->set_cluster_id(facts.cluster.value);
  out->set_member_id(facts.member.value);
  out->set_raft_term(facts.term.value);
  out->set_revision(revision.value);
}

// The text form of etcd's AlarmMember.
std::string alarm_text(const apply::Alarm& alarm) {
  std::string out;
  if (alarm.member.value != 0) out = "memberID:" + std::to_string(alarm.member.value) + " ";
  return out + "alarm:" + etcdserverpb::AlarmType_Name(alarm.type);
}

}  // namespace

void Core::on_member_list(const Request& request) {
  std::string body;
  apply::put_header(body, header(), Revision());
  for (const auto& [id, member] : membership().members())
    wire::put_message(body, 2, encode_member(member));
  answers_.ok(request, std::move(body));
}

void Core::on_status(const Request& request) {
  etcdserverpb::StatusResponse response;
  fill(response.mutable_header(), header(), store().current());
  const mvcc::Sizes sizes = store().sizes();
  response.set_version(settings_.version);
  response.set_dbsize(static_cast<int64_t>(sizes.file_bytes));
  response.set_dbsizeinuse(static_cast<int64_t>(sizes.in_use_bytes));
  response.set_dbsizequota(settings_.quota_bytes);
  response.set_leader(raft_.leader().value);
  response.set_raftindex(raft_.commit().value);
  response.set_raftterm(raft_.term().value);
  response.set_raftappliedindex(raft_.applied().value);
  response.set_islearner(raft_.is_learner());
  response.set_storageversion(membership().cluster_version());
  response.mutable_downgradeinfo()->set_enabled(membership().downgrade_enabled());
  response.mutable_downgradeinfo()->set_targetversion(membership().downgrade_target());
  if (raft_.leader().value == 0) response.add_errors("etcdserver: no leader");
  for (const apply::Alarm& alarm : alarms().all()) response.add_errors(alarm_text(alarm));
  answers_.ok(request, response.SerializeAsString());
}

void Core::on_alarm_list(const Request& request, const AlarmList& what) {
  std::string body;
  apply::put_header(body, header(), store().current());
  for (const apply::Alarm& alarm : alarms().all())
    if (what.type == apply::kAlarmNone || what.type == alarm.type)
      wire::put_message(body, 2, apply::encode_alarm(alarm));
  answers_.ok(request, std::move(body));
}

void Core::on_move_leader(const Request& request, const MoveLeader& what) {
  if (!leads())
    return answers_.fail(request, Status(Code::kFailedPrecondition, "etcdserver: not leader"));
  const apply::Member* target = membership().find(what.target);
  if (target == nullptr || target->learner)
    return answers_.fail(request,
                         Status(Code::kFailedPrecondition, "etcdserver: bad leader transferee"));
  if (what.target == raft_.id()) return answers_.ok(request, {});
  raft_.transfer_leader(what.target);
  answers_.ok(request, {});
}

void Core::on_downgrade(Request&& request, const Downgrade& what) {
  enum { kValidate = 0, kEnable = 1, kCancel = 2 };
  if (what.action != kValidate && what.action != kEnable && what.action != kCancel)
    return answers_.fail(request, Status(Code::kUnknown, "etcdserver: unknown method"));
  const auto current = parse_version(membership().cluster_version());
  const std::string shown = membership().cluster_version().substr(0, 3);
  std::string body;
  wire::put_bool(body, 1, what.action == kEnable);
  if (what.action != kCancel) {
    const auto target = parse_version(what.version);
    if (!target)
      return answers_.fail(request, Status(Code::kInvalidArgument,
                                           "etcdserver: wrong downgrade target version format"));
    if (!current)
      return answers_.fail(request,
                           Status(Code::kFailedPrecondition,
                                  "etcdserver: cluster version not found during downgrade"));
    if (target->major != current->major || target->minor + 1 != current->minor)
      return answers_.fail(
          request, Status(Code::kInvalidArgument, "etcdserver: invalid downgrade target version"));
    if (membership().downgrade_enabled())
      return answers_.fail(request, Status(Code::kFailedPrecondition,
                                           "etcdserver: cluster has a downgrade job in progress"));
    wire::put_bytes(body, 2, target->text());
  }
  if (what.action == kValidate || (what.action == kCancel && !membership().downgrade_enabled())) {
    etcdserverpb::DowngradeResponse response;
    fill(response.mutable_header(), header(), store().current());
    response.set_version(shown);
    return answers_.ok(request, response.SerializeAsString());
  }
  Waiting waiting;
  waiting.request = std::move(request);
  waiting.field = field::kDowngradeInfoSet;
  propose(std::move(waiting), field::kDowngradeInfoSet, body);
}

void Core::on_hash(Request&& request) {
  const auto waiting = std::make_shared<Request>(std::move(request));
  const apply::HeaderFacts facts = header();
  const Revision current = store().current();
  const bool posted = env_.pool.post([this, waiting, facts, current, view = store().view()] {
    const auto hash = mvcc::Store::hash_everything(*view);
    post_done([this, waiting, facts, current, hash] {
      if (!hash.ok()) return answers_.fail(*waiting, hash.status());
      std::string body;
      apply::put_header(body, facts, current);
      wire::put_uint(body, 2, *hash);
      answers_.ok(*waiting, std::move(body));
    });
  });
  if (!posted) answers_.fail(*waiting, Status(Code::kUnknown, "etcdserver: too many requests"));
}

namespace {

std::string hash_body(const apply::HeaderFacts& facts, Revision current,
                      const mvcc::HashResult& result) {
  std::string body;
  apply::put_header(body, facts, current);
  wire::put_uint(body, 2, result.hash);
  wire::put_int(body, 3, result.compacted.value);
  wire::put_int(body, 4, result.revision.value);
  return body;
}

}  // namespace

void Core::on_hash_kv(Request&& request, const HashKv& what) {
  const Revision wanted(what.revision);
  if (what.revision != 0)
    if (const auto known = store().compaction_hash(wanted))
      return answers_.ok(request, hash_body(header(), store().current(), *known));
  if (what.revision < 0) {  // no record is that old: etcd hashes the bucket's name alone
    const mvcc::HashResult nothing{crc32c(0, "key"), store().compacted(), wanted};
    return answers_.ok(request, hash_body(header(), store().current(), nothing));
  }
  for (const auto& known_soon : compaction_hashes_)
    if (known_soon->at == wanted) return known_soon->requests.push_back(std::move(request));
  auto job = store().make_hash_job(wanted);
  if (!job.ok()) return answers_.fail(request, job.status());
  auto task = std::make_shared<HashTask>();
  task->at = wanted;
  task->requests.push_back(std::move(request));
  task->job = std::move(*job);
  hashes_.push_back(std::move(task));
}

bool Core::step_hashes(TimePoint deadline) {
  while (!hashes_.empty()) {
    if (!hashes_.front()->job->prepare(env_.clock, deadline)) return true;
    const std::shared_ptr<HashTask> task = std::move(hashes_.front());
    hashes_.pop_front();
    const bool posted = env_.pool.post([this, task] {
      const auto result = task->job->run();
      post_done([this, task, result] { finish_hash(task, result); });
    });
    if (!posted) finish_hash(task, Status(Code::kUnknown, "etcdserver: too many requests"));
  }
  return false;
}

void Core::finish_hash(const std::shared_ptr<HashTask>& task,
                       const Result<mvcc::HashResult>& result) {
  task->job.reset();  // lets go of its pin
  if (task->compaction) {
    CHECK(std::erase(compaction_hashes_, task) == 1);
    compaction_stalled_ = false;
    if (result.ok()) store().remember_compaction_hash(*result);
  }
  for (const Request& request : task->requests) {
    if (result.ok())
      answers_.ok(request, hash_body(header(), store().current(), *result));
    else
      answers_.fail(request, result.status());
  }
}

void Core::on_watch_history(Request&& request, WatchHistory&& what) {
  const Revision current = store().current();
  const Revision compacted = store().compacted();
  auto answer = std::make_shared<watch::HistoryAnswer>();
  answer->current = current;
  answer->compacted = Revision(0);
  if (what.query.from < compacted) {
    answer->compacted = compacted;
    return answers_.object(request, answer);
  }
  what.query.to = std::min(what.query.to, current);
  const auto waiting = std::make_shared<Request>(std::move(request));
  const auto query = std::make_shared<mvcc::HistoryQuery>(std::move(what.query));
  const std::shared_ptr<mvcc::Pin> pin = store().pin();
  const bool posted = env_.pool.post([this, waiting, query, answer, pin,
                                      view = store().view()]() mutable {
    auto chunk = mvcc::Store::read_history(*view, *query);
    post_done([this, waiting, answer, pin = std::move(pin), chunk = std::move(chunk)]() mutable {
      pin.reset();
      if (!chunk.ok()) return answers_.fail(*waiting, chunk.status());
      answer->chunk = std::move(*chunk);
      answers_.object(*waiting, answer);
    });
  });
  if (!posted)
    answers_.fail(*waiting, Status(Code::kResourceExhausted, "history readers are busy"));
}

}  // namespace keelson::node
