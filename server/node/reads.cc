// Reads: one confirmation round serves all that came in a turn; each is then a walk of the index and,
// when values are not in memory, a job for the pool.
#include <algorithm>

#include "base/limits.h"
#include "base/wire.h"
#include "node/core.h"
#include "node/node_metrics.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

// Values this few are looked up in memory on the node thread and cached when they had to be fetched.
constexpr size_t kInlineValues = 256;
constexpr size_t kItemsASlice = 2048;
// An old revision is held for a stream this long; then it hears Compacted.
constexpr Duration kPinMax = std::chrono::seconds(30);
constexpr size_t kStreamKeysMax = 1 << 16;

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
  // Without a leader the reads stay here and are asked again on a later turn, until their time is over.
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
  read_rounds_[round] = std::exchange(reads_, {});
}

void Core::serve_ready_reads() {
  while (!ready_reads_.empty() && ready_reads_.front().index <= raft_.applied()) {
    std::vector<Request> requests = std::move(ready_reads_.front().requests);
    ready_reads_.pop_front();
    for (Request& request : requests) serve(std::move(request));
  }
}

void Core::serve(Request&& request) {
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
      query.max_mod_revision != 0 || query.min_create_revision != 0 || query.max_create_revision != 0)
    return false;
  const Revision current = store_.current();
  const Revision at = query.revision > 0 ? Revision(query.revision) : current;
  if (at > current || at < store_.compacted()) return false;
  const auto meta = store_.find(query.key, at);
  std::string body;
  if (meta) {
    const std::string_view kv = store_.peek(meta->seq);
    if (kv.empty()) return false;
    body.reserve(kv.size() + 56);
    apply::put_header(body, header(), current);
    wire::put_message(body, 2, kv);
    wire::put_int(body, 4, 1);
  } else {
    apply::put_header(body, header(), current);
  }
  applier_.metrics().ranges.add();
  metrics_->range_seconds.observe_seconds((env_.clock.now() - request.started).count());
  answers_.ok(request, std::move(body));
  return true;
}

void Core::start_range(Request&& request, RangeQuery&& query) {
  auto task = std::make_shared<RangeTask>(std::move(request), std::move(query));
  task->run.emplace(store_, task->view(), store_.current());
  if (Status status = task->run->check(); !status.ok()) {
    metrics_->range_failed_seconds.observe_seconds((env_.clock.now() - task->request.started).count());
    answers_.fail(task->request, std::move(status));
    return;
  }
  if (task->run->collect(kItemsASlice)) {
    finish_range(std::move(task));
  } else {
    task->pin = store_.pin();
    range_tasks_.push_back(std::move(task));
  }
}

bool Core::step_range(std::shared_ptr<RangeTask> task, TimePoint deadline) {
  do {
    if (task->run->collect(kItemsASlice)) {
      finish_range(std::move(task));
      return true;
    }
  } while (env_.clock.now() < deadline);
  return false;
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
  task->pin.reset();  // the rows are named now; a view keeps reading them until they are really gone
  applier_.metrics().ranges.add();
  metrics_->range_seconds.observe_seconds((env_.clock.now() - task->request.started).count());
  std::string body;
  apply::put_header(body, header(), task->run->current());
  const std::vector<Seq>& wanted = task->run->wanted();
  if (wanted.size() <= kInlineValues) {
    const size_t head = body.size();
    if (task->run->encode([this](Seq seq) { return store_.peek(seq); }, body)) {
      answers_.ok(task->request, std::move(body));
      return;
    }
    body.resize(head);
  }
  const auto view = store_.view();
  std::shared_ptr<mvcc::Pin> pin = store_.pin();
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
    post_done([this, task, pin = std::move(pin), status, body = std::move(body), fetched]() mutable {
      for (auto& [seq, kv] : fetched) store_.cache(seq, kv);
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
  const ReadTxn& what = std::get<ReadTxn>(request.what);
  apply::TxnView txn;
  CHECK(apply::decode(what.body, txn, limits::kTxnDepthMax));
  std::vector<Seq> missing;
  const auto result = applier_.read_txn(txn, header(), missing);
  if (!missing.empty() && !second_try) {
    auto waiting = std::make_shared<Request>(std::move(request));
    const bool posted = env_.pool.post([this, waiting, missing, view = store_.view()] {
      auto values = mvcc::Store::read_values(*view, missing);
      CHECK(values.ok());
      post_done([this, waiting, missing, values = std::move(*values)] {
        for (size_t i = 0; i < missing.size(); ++i)
          if (values[i]) store_.cache(missing[i], std::make_shared<const std::string>(values[i].kv));
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

void Core::open_stream(Request&& request, RangeQuery&& query) {
  const Revision current = store_.current();
  auto task = std::make_shared<StreamTask>();
  task->at = query.revision > 0 ? Revision(query.revision) : current;
  task->header_revision = current;
  task->started = env_.clock.now();
  task->query = std::move(query);
  if (task->at > current) return answers_.fail(request, apply::future_error());
  if (task->at < store_.compacted()) return answers_.fail(request, apply::compacted_error());
  task->pin = store_.pin();
  task->count = store_.count({task->query.key, task->query.end}, task->at);
  streams_[{request.to.sink, request.to.call_id}] = task;
  next_stream_chunk(std::move(request));
}

void Core::next_stream_chunk(Request&& request) {
  const auto found = streams_.find({request.to.sink, request.to.call_id});
  if (found == streams_.end() || found->second->busy) return;
  const std::shared_ptr<StreamTask> task = found->second;
  if (env_.clock.now() - task->started > kPinMax) task->pin.reset();
  if (!task->pin && task->at < store_.compacted()) {
    streams_.erase(found);
    return answers_.fail(request, apply::compacted_error());
  }
  task->busy = true;
  finish_stream_chunk(task, std::move(request));
}

void Core::finish_stream_chunk(const std::shared_ptr<StreamTask>& task, Request&& request) {
  const RangeQuery& query = task->query;
  const int64_t left = query.limit > 0 ? query.limit - task->sent : INT64_MAX;
  auto chunk = std::make_shared<RangeTask>(std::move(request), query);
  auto keys = std::make_shared<std::vector<Seq>>();
  auto body = std::make_shared<std::string>();
  std::string next_key;
  size_t taken = 0;
  bool done = query.count_only || left <= 0 || task->count == 0;
  if (!done) {
    const size_t max = static_cast<size_t>(std::min<int64_t>(left, static_cast<int64_t>(task->keys_next)));
    const auto scan = store_.scan({query.key, query.end}, task->at);
    done = scan->step(SIZE_MAX, [&](const mvcc::Scan::Item& item) {
      if (taken == max) {
        next_key = item.key;
        return false;
      }
      ++taken;
      if (!query.keys_only) {
        keys->push_back(item.meta.seq);
        return true;
      }
      std::string kv;
      mvcc::encode_key_value({.key = item.key,
                              .create_revision = item.meta.create.value,
                              .mod_revision = item.meta.mod.value,
                              .version = item.meta.version,
                              .value = {},
                              .lease = 0},
                             kv);
      wire::put_message(*body, 2, kv);
      return true;
    });
  }
  task->sent += static_cast<int64_t>(taken);
  const bool more_left = !done;
  const bool last = done || (query.limit > 0 && task->sent >= query.limit);
  task->query.key = next_key;
  if (query.end.empty()) task->query.end = {};
  const apply::HeaderFacts facts = header();
  const auto job = [this, task, chunk, keys, body, last, more_left, facts, view = store_.view()] {
    auto values = mvcc::Store::read_values(*view, *keys);
    Status status = values.status();
    std::string range;
    if (last) apply::put_header(range, facts, task->header_revision);
    range += *body;
    if (values.ok())
      for (const mvcc::Record& value : *values) wire::put_message(range, 2, value.kv);
    if (last) {
      wire::put_bool(range, 3, more_left);
      wire::put_int(range, 4, task->count);
    }
    std::string message;
    wire::put_message(message, 1, range);
    post_done([this, task, chunk, status, last, message = std::move(message)]() mutable {
      task->busy = false;
      // Grow towards the message size that clients take anyway, shrink when values are large.
      if (message.size() < settings_.request_bytes_max / 2) {
        task->keys_next = std::min(task->keys_next * 2, kStreamKeysMax);
      } else if (message.size() > settings_.request_bytes_max) {
        task->keys_next = std::max<size_t>(1, task->keys_next / 2);
      }
      const bool finished = last || !status.ok();
      if (finished) streams_.erase({chunk->request.to.sink, chunk->request.to.call_id});
      if (!status.ok()) return answers_.fail(chunk->request, status);
      last ? answers_.ok(chunk->request, std::move(message))
           : answers_.partial(chunk->request, std::move(message));
    });
  };
  if (!env_.pool.post(job)) {
    streams_.erase({chunk->request.to.sink, chunk->request.to.call_id});
    answers_.fail(chunk->request, Status(Code::kUnknown, "etcdserver: too many requests"));
  }
}

}  // namespace keelson::node
