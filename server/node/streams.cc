// RangeStream: a long list in messages of bounded size, at one revision, beside everything else.
#include <algorithm>

#include "base/wire.h"
#include "node/core.h"
#include "node/tasks.h"

namespace keelson::node {
namespace {

// An old revision is held for a stream this long; then it hears Compacted.
constexpr Duration kPinMax = std::chrono::seconds(30);
constexpr size_t kItemsASlice = 2048;
// Read ahead for one stream: enough keys that their rows are dense in the history (each batch of a
// list of everything scans all of it), few enough bytes. A stream that is alone may take more: a
// million keys then cost nine scans instead of fourteen.
constexpr size_t kAheadBytes = 32 * 1024 * 1024;
constexpr size_t kAheadBytesAlone = 48 * 1024 * 1024;
constexpr size_t kAheadKeysMax = 512 * 1024;
// Streams beyond these read ahead only what the next message needs.
constexpr size_t kAheadStreams = 4;

mvcc::Record without_value(const mvcc::Scan::Item& item) {
  auto kv = std::make_shared<std::string>();
  mvcc::encode_key_value({.key = item.key,
                          .create_revision = item.meta.create.value,
                          .mod_revision = item.meta.mod.value,
                          .version = item.meta.version,
                          .value = {},
                          .lease = 0},
                         *kv);
  const std::string_view view(*kv);
  return {std::move(kv), view};
}

}  // namespace

void Core::open_stream(Request&& request, RangeQuery&& query) {
  const Revision current = store().current();
  auto task = std::make_shared<StreamTask>();
  task->at = query.revision > 0 ? Revision(query.revision) : current;
  if (task->at > current) return answers_.fail(request, apply::future_error());
  if (task->at < store().compacted()) return answers_.fail(request, apply::compacted_error());
  task->header_revision = current;
  task->started = env_.clock.now();
  task->query = std::move(query);
  task->pin = store().pin();
  const mvcc::KeyRange range{task->query.key, task->query.end};
  task->scan = store().scan(range, task->at);
  streams_[{request.to.sink, request.to.call_id}] = task;
  if (task->at == current) {
    set_count(*task, store().count(range, current));
    return next_stream_chunk(std::move(request));
  }
  task->counting = store().counting(range, task->at);
  task->request = std::move(request);
  task->busy = true;
  collecting_.push_back(task);
}

void Core::set_count(StreamTask& task, int64_t count) {
  task.count = count;
  task.total = task.query.limit > 0 ? std::min(task.query.limit, count) : count;
  if (task.query.count_only) task.total = 0;
}

// True when it is known.
bool Core::step_count(StreamTask& task, TimePoint deadline) {
  if (!task.counting->step(env_.clock, deadline)) return false;
  set_count(task, task.counting->total());
  task.counting.reset();
  task.busy = false;
  return true;
}

void Core::next_stream_chunk(Request&& request) {
  const auto found = streams_.find({request.to.sink, request.to.call_id});
  if (found == streams_.end() || found->second->busy) return;
  const std::shared_ptr<StreamTask> task = found->second;
  task->request = std::move(request);
  if (env_.clock.now() - task->started > kPinMax) task->pin.reset();
  if (!task->pin && task->at < store().compacted())
    return fail_stream(*task, apply::compacted_error());
  task->busy = true;
  if (task->left() > 0 || task->sent == task->total) return send_chunk(task);
  collecting_.push_back(task);
}

// At least one piece of work a turn, however busy the rest of it was.
bool Core::step_streams(TimePoint deadline) {
  for (size_t n = collecting_.size(); n > 0; --n) {
    const std::shared_ptr<StreamTask> task = std::move(collecting_.front());
    collecting_.pop_front();
    const bool counting = task->counting != nullptr;
    const bool done = counting ? step_count(*task, deadline) : collect_ahead(*task, deadline);
    if (!done) {
      collecting_.push_back(task);
    } else if (counting) {
      next_stream_chunk(std::move(task->request));
    } else {
      read_ahead(task);
    }
    if (env_.clock.now() >= deadline) break;
  }
  return !collecting_.empty();
}

// True when the batch is complete.
bool Core::collect_ahead(StreamTask& task, TimePoint deadline) {
  const size_t left = static_cast<size_t>(task.total - task.sent);
  const size_t wanted = std::min(left, task.keys_ahead);
  if (task.seqs.empty()) {  // a new batch: what was read before is sent
    task.ahead.clear();
    task.next = 0;
  }
  do {
    const size_t missing = wanted - task.seqs.size();
    bool done = missing == 0;
    size_t taken = 0;
    if (!done)
      done = task.scan->step(std::min(missing, kItemsASlice), [&](const mvcc::Scan::Item& item) {
        task.seqs.push_back(item.meta.seq);
        if (task.query.keys_only) task.ahead.push_back(without_value(item));
        return ++taken < missing;
      });
    if (done || task.seqs.size() == wanted) return true;
  } while (env_.clock.now() < deadline);
  return false;
}

void Core::read_ahead(const std::shared_ptr<StreamTask>& task) {
  if (task->query.keys_only) {
    task->seqs.clear();
    return send_chunk(task);
  }
  // The job keeps nothing of the task: the last one to let go of its pin must be a turn.
  const bool posted = env_.pool.post([this, held = task, view = store().view()]() mutable {
    auto values = mvcc::Store::read_values(*view, held->seqs);
    post_done([this, task = std::move(held), values = std::move(values)]() mutable {
      task->seqs.clear();
      if (!values.ok()) return fail_stream(*task, values.status());
      task->ahead = std::move(*values);
      task->next = 0;
      size_t bytes = 1;
      for (const mvcc::Record& record : task->ahead) bytes += record.kv.size();
      const size_t budget = streams_.size() <= 1 ? kAheadBytesAlone : kAheadBytes;
      const size_t fitting = budget / (bytes / std::max<size_t>(1, task->ahead.size()) + 64);
      const size_t most = streams_.size() <= kAheadStreams ? kAheadKeysMax : task->keys_message;
      // Grows step by step, so that a short list or an early end does not pay for a long one.
      task->keys_ahead = std::clamp<size_t>(std::min(fitting, task->keys_ahead * 16), 1, most);
      send_chunk(task);
    });
  });
  if (!posted) fail_stream(*task, Status(Code::kUnknown, "etcdserver: too many requests"));
}

void Core::send_chunk(const std::shared_ptr<StreamTask>& task) {
  const size_t taken = std::min(task->left(), task->keys_message);
  task->sent += static_cast<int64_t>(taken);
  const bool last = task->sent == task->total || taken == 0;
  std::string range;
  if (last) apply::put_header(range, header(), task->header_revision);
  size_t bytes = 0;
  for (size_t i = 0; i < taken; ++i) bytes += task->ahead[task->next + i].kv.size() + 8;
  range.reserve(bytes + 64);
  for (size_t i = 0; i < taken; ++i) wire::put_message(range, 2, task->ahead[task->next + i].kv);
  task->next += taken;
  if (last) {
    const bool cut = task->query.limit > 0 && task->count > task->query.limit;
    wire::put_bool(range, 3, cut && !task->query.count_only);
    wire::put_int(range, 4, task->count);
  }
  std::string message;
  message.reserve(range.size() + 8);
  wire::put_message(message, 1, range);
  // Towards the message size that clients take anyway, back when the values are large.
  if (message.size() < settings_.request_bytes_max / 2) {
    task->keys_message *= 2;
  } else if (message.size() > settings_.request_bytes_max) {
    task->keys_message = std::max<size_t>(1, task->keys_message / 2);
  }
  task->busy = false;
  const Request request = std::move(task->request);
  if (last) streams_.erase({request.to.sink, request.to.call_id});
  last ? answers_.ok(request, std::move(message)) : answers_.partial(request, std::move(message));
}

void Core::fail_stream(StreamTask& task, const Status& status) {
  const Request request = std::move(task.request);
  streams_.erase({request.to.sink, request.to.call_id});
  answers_.fail(request, status);
}

}  // namespace keelson::node
