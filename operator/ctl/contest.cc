#include "ctl/contest.h"

#include "ctl/key_range.h"

namespace keelson::ctl {
namespace {

// Enough to keep the stream busy; a batch of events may be as large as a message.
constexpr size_t kUpdatesMax = 64;
constexpr const char* kCanceled = "context canceled";

// The newest key of the prefix that is not younger than the revision.
pb::RangeRequest newest_until(const std::string& prefix, int64_t revision) {
  pb::RangeRequest request;
  request.set_key(prefix);
  make_prefix_range(&request);
  request.set_limit(1);
  request.set_sort_order(pb::RangeRequest::DESCEND);
  request.set_sort_target(pb::RangeRequest::CREATE);
  request.set_max_create_revision(revision);
  return request;
}

void add_created_check(pb::TxnRequest* txn, const std::string& key, int64_t revision) {
  pb::Compare* compare = txn->add_compare();
  compare->set_key(key);
  compare->set_target(pb::Compare::CREATE);
  compare->set_result(pb::Compare::EQUAL);
  compare->set_create_revision(revision);
}

bool has_delete(const pb::WatchResponse& response) {
  for (const mvccpb::Event& event : response.events()) {
    if (event.type() == mvccpb::Event::DELETE) return true;
  }
  return false;
}

}  // namespace

void Interrupt::raise() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (raised_) return;
  raised_ = true;
  changed_.notify_all();
  if (action_) action_();
}

bool Interrupt::is_raised() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return raised_;
}

void Interrupt::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return raised_; });
}

void Interrupt::on_raise(std::function<void()> action) {
  std::lock_guard<std::mutex> lock(mutex_);
  action_ = std::move(action);
  if (raised_ && action_) action_();
}

EventQueue::EventQueue(Client& client, const pb::WatchCreateRequest& request, Interrupt& interrupt)
    : interrupt_(interrupt), watcher_(client, false) {
  watcher_.add(request, [this](const WatchUpdate& update) { push(update); });
  interrupt_.on_raise([this] { close(); });
}

EventQueue::~EventQueue() {
  interrupt_.on_raise(nullptr);
  close();
}

void EventQueue::close() {
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void EventQueue::push(const WatchUpdate& update) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || updates_.size() < kUpdatesMax; });
  updates_.push_back(update);
  changed_.notify_all();
}

std::optional<WatchUpdate> EventQueue::next() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !updates_.empty(); });
  if (closed_) return std::nullopt;
  WatchUpdate update = std::move(updates_.front());
  updates_.pop_front();
  changed_.notify_all();
  return update;
}

Contestant::Contestant(Client& client, std::string prefix, int64_t lease, Interrupt& interrupt)
    : client_(client),
      interrupt_(interrupt),
      prefix_(std::move(prefix)),
      lease_(lease),
      key_(prefix_ + hex(static_cast<uint64_t>(lease))),
      keeper_(std::make_unique<KeepAlive>(
          client, lease, [](const pb::LeaseKeepAliveResponse&) { return true; })) {}

Result<std::unique_ptr<Contestant>> Contestant::join(Client& client, const std::string& name,
                                                     int64_t ttl_s, Interrupt& interrupt) {
  pb::LeaseGrantRequest request;
  request.set_ttl(ttl_s);
  pb::LeaseGrantResponse response;
  RpcStatus status = client.call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  return std::unique_ptr<Contestant>(new Contestant(client, name + "/", response.id(), interrupt));
}

Status Contestant::enter(const std::string& value) {
  pb::TxnRequest txn;
  add_created_check(&txn, key_, 0);
  pb::PutRequest* put = txn.add_success()->mutable_request_put();
  put->set_key(key_);
  put->set_value(value);
  put->set_lease(lease_);
  txn.add_failure()->mutable_request_range()->set_key(key_);
  pb::TxnResponse response;
  RpcStatus status = client_.call(txn, &response, Deadline());
  if (!status.ok()) return failure(status);
  entered_revision_ = response.header().revision();
  if (!response.succeeded() && response.responses(0).response_range().kvs_size() > 0) {
    entered_revision_ = response.responses(0).response_range().kvs(0).create_revision();
  }
  won_revision_ = response.header().revision();
  return {};
}

Status Contestant::wait_gone(const std::string& key, int64_t revision) {
  pb::WatchCreateRequest request;
  request.set_key(key);
  request.set_start_revision(revision);
  EventQueue queue(client_, request, interrupt_);
  while (std::optional<WatchUpdate> update = queue.next()) {
    if (has_delete(update->response)) return {};
    if (update->response.canceled()) return Failure{kExitError, update->end};
  }
  return Failure{kExitError, kCanceled};
}

Status Contestant::wait_for_older() {
  for (bool waited = false;; waited = true) {
    pb::RangeResponse response;
    RpcStatus status =
        client_.call(newest_until(prefix_, entered_revision_ - 1), &response, Deadline());
    if (!status.ok()) return failure(status);
    if (waited) won_revision_ = response.header().revision();
    if (response.kvs_size() == 0) return {};
    Status gone = wait_gone(response.kvs(0).key(), response.header().revision());
    if (!gone.ok()) return gone;
  }
}

Status Contestant::win(const std::string& value) {
  Status entered = enter(value);
  if (!entered.ok()) return entered;
  Status won = wait_for_older();
  if (!won.ok() && interrupt_.is_raised()) {
    Status left = leave();
    if (!left.ok()) return left;
  }
  return won;
}

Status Contestant::leave() {
  pb::TxnRequest txn;
  add_created_check(&txn, key_, entered_revision_);
  txn.add_success()->mutable_request_delete_range()->set_key(key_);
  pb::TxnResponse response;
  RpcStatus status = client_.call(txn, &response, Deadline());
  if (!status.ok()) return failure(status);
  return {};
}

}  // namespace keelson::ctl
