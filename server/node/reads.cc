// Reads: one confirmation round serves all that came in a turn; each is then a walk of the index
// and, when values are not in memory, a job for the pool.
#include <algorithm>

#include "base/limits.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/node_metrics.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

// Values this few are looked up in memory on the node thread and cached when they had to be
// fetched.
constexpr size_t kInlineValues = 256;

}  // namespace

void Core::on_read(Request&& request, bool linearizable) {
  if (request.started == TimePoint{}) request.started = env_.clock.now();
  if (!linearizable) {
    serve(std::move(request));
  } else {
    reads_.push_back(std::move(request));
  }
}

void Core::flush_reads() {
  if (reads_.empty()) return;
  const uint64_t round = next_round_;
  // Without a leader the reads stay here and are asked again on a later turn, until their time is
  // over.
  if (!raft_.read_index(round).ok()) {
    const TimePoint limit = env_.clock.now() - std::chrono::seconds(5) - 2 * settings_.election;
    std::erase_if(reads_, [&](Request& r) {
      if (r.started > limit) return false;
      metrics_->failed_reads.add();
      answers_.fail(r, Status(Code::kUnavailable, "etcdserver: request timed out"));
      return true;
    });
    return;
  }
  ++next_round_;
  read_rounds_[round] = {env_.clock.now(), std::exchange(reads_, {})};
}

void Core::serve_ready_reads() {
  while (!ready_reads_.empty() && ready_reads_.front().index <= raft_.applied()) {
    std::vector<Request> requests = std::move(ready_reads_.front().requests);
    ready_reads_.pop_front();
    for (Request& request : requests) serve(std::move(request));
  }
}

void Core::serve(Request&& request) {
  if (std::holds_alternative<LeaseKeepAlive>(request.what) ||
      std::holds_alternative<LeaseTimeToLive>(request.what))
    return answer_for_peer(std::move(request));
  auto what = std::exchange(request.what, std::monostate());
  if (auto* range = std::get_if<RangeQuery>(&what)) {
    if (!serve_single_key(request, *range)) start_range(std::move(request), std::move(*range));
  } else if (auto* txn = std::get_if<ReadTxn>(&what)) {
    request.what = std::move(*txn);
    serve_read_txn(std::move(request), false);
  } else if (auto* open = std::get_if<RangeStreamOpen>(&what)) {
    open_stream(std::move(request), std::move(open->query));
  } else if (std::holds_alternative<MemberList>(what)) {
    on_member_list(request);
  } else if (auto* down = std::get_if<Downgrade>(&what)) {
    const Downgrade wanted = *down;
    on_downgrade(std::move(request), wanted);
  } else {
    answers_.ok(request, {});
  }
}

// The most frequent read by far: one key, whole, at some revision, its value in memory.
bool Core::serve_single_key(const Request& request, const RangeQuery& query) {
  if (!query.end.empty() || query.keys_only || query.count_only || query.min_mod_revision != 0 ||
      query.max_mod_revision != 0 || query.min_create_revision != 0 ||
      query.max_create_revision != 0)
    return false;
  const Revision current = store().current();
  const Revision at = query.revision > 0 ? Revision(query.revision) : current;
  if (at > current || at < store().compacted()) return false;
  const auto meta = store().find(query.key, at);
  std::string body;
  if (meta) {
    const std::string_view kv = store().peek(meta->seq);
    if (kv.empty()) return false;
    body.reserve(kv.size() + 56);
    apply::put_header(body, header(), current);
    wire::put_message(body, 2, kv);
    wire::put_int(body, 4, 1);
  } else {
    apply::put_header(body, header(), current);
  }
  applier().metrics().ranges.add();
  metrics_->range_seconds.observe_seconds((env_.clock.now() - request.started).count());
  answers_.ok(request, std::move(body));
  return true;
}

void Core::start_range(Request&& request, RangeQuery&& query) {
  auto task = std::make_shared<RangeTask>(std::move(request), std::move(query));
  task->run.emplace(store(), task->view(), store().current());
  if (Status status = task->run->check(); !status.ok()) {
    metrics_->range_failed_seconds.observe_seconds(
        (env_.clock.now() - task->request.started).count());
    answers_.fail(task->request, std::move(status));
    return;
  }
  // The first piece at once: most ranges are small.
  const apply::Slice slice{env_.clock, TimePoint::min()};
  if (task->run->collect(&slice)) {
    finish_range(std::move(task));
  } else {
    task->pin = store().pin();
    range_tasks_.push_back(std::move(task));
  }
}

bool Core::step_range(std::shared_ptr<RangeTask> task, TimePoint deadline) {
  const apply::Slice slice{env_.clock, deadline};
  if (!task->run->collect(&slice)) return false;
  finish_range(std::move(task));
  return true;
}

bool Core::step_range_tasks(TimePoint deadline) {
  for (size_t n = range_tasks_.size(); n > 0; --n) {
    auto task = std::move(range_tasks_.front());
    range_tasks_.pop_front();
    if (!step_range(task, deadline)) range_tasks_.push_back(std::move(task));
    if (env_.clock.now() >= deadline) break;
  }
  return !range_tasks_.empty();
}

void Core::finish_range(std::shared_ptr<RangeTask> task) {
  task->pin
      .reset();  // the rows are named now; a view keeps reading them until they are really gone
  applier().metrics().ranges.add();
  metrics_->range_seconds.observe_seconds((env_.clock.now() - task->request.started).count());
  std::string body;
  apply::put_header(body, header(), task->run->current());
  const std::vector<Seq>& wanted = task->run->wanted();
  if (wanted.size() <= kInlineValues) {
    const size_t head = body.size();
    if (task->run->encode([this](Seq seq) { return store().peek(seq); }, body)) {
      answers_.ok(task->request, std::move(body));
      return;
    }
    body.resize(head);
  }
  const auto view = store().view();
  std::shared_ptr<mvcc::Pin> pin = store().pin();
  auto job = [this, task, view, pin, body = std::move(body)]() mutable {
    std::vector<std::pair<Seq, std::shared_ptr<const std::string>>> fetched;
    const bool keep = task->run->wanted().size() <= kInlineValues;
    const Status status = task->run->encode_fetched(
        [&](std::span<const Seq> seqs) {
          auto values = mvcc::Store::read_values(*view, seqs);
          if (keep && values.ok())
            for (size_t i = 0; i < seqs.size(); ++i)
              fetched.emplace_back(seqs[i], std::make_shared<const std::string>((*values)[i].kv));
          return values;
        },
        body);
    post_done(
        [this, task, pin = std::move(pin), status, body = std::move(body), fetched]() mutable {
          for (auto& [seq, kv] : fetched) store().cache(seq, kv);
          if (status.ok()) {
            answers_.ok(task->request, std::move(body));
          } else {
            answers_.fail(task->request, status);
          }
          pin.reset();
        });
  };
  auto shared_job = std::make_shared<decltype(job)>(std::move(job));
  if (!env_.pool.post([shared_job] { (*shared_job)(); }))
    answers_.fail(task->request, Status(Code::kUnknown, "etcdserver: too many requests"));
}

void Core::serve_read_txn(Request&& request, bool second_try) {
  if (applier().busy()) return held_.push_back(std::move(request));
  const ReadTxn& what = std::get<ReadTxn>(request.what);
  apply::TxnView txn;
  CHECK(apply::decode(what.body, txn, limits::kTxnDepthMax));
  std::vector<Seq> missing;
  const auto result = applier().read_txn(txn, header(), missing);
  if (!missing.empty() && !second_try) {
    auto waiting = std::make_shared<Request>(std::move(request));
    const bool posted = env_.pool.post([this, waiting, missing, view = store().view()] {
      auto values = mvcc::Store::read_values(*view, missing);
      CHECK(values.ok());
      post_done([this, waiting, missing, values = std::move(*values)] {
        for (size_t i = 0; i < missing.size(); ++i)
          if (values[i])
            store().cache(missing[i], std::make_shared<const std::string>(values[i].kv));
        serve_read_txn(std::move(*waiting), true);
      });
    });
    if (!posted) answers_.fail(*waiting, Status(Code::kUnknown, "etcdserver: too many requests"));
    return;
  }
  if (result.ok()) {
    answers_.ok(request, *result);
  } else {
    answers_.fail(request, result.status());
  }
}

}  // namespace keelson::node
