#include "peer/post_lane.h"

#include "peer/peer_limits.h"

namespace keelson::peer {

PostLane::PostLane(Context& context, UrlPicker& urls, Duration timeout,
                   std::function<void(Outcome)> done)
    : context_(context), urls_(urls), timeout_(timeout), done_(std::move(done)) {}

bool PostLane::put(std::string message) {
  MutexLock hold(mutex_);
  if (queue_.size() >= limits::kPipelineMessages || queued_bytes_ >= limits::kPipelineBytes)
    return false;
  queued_bytes_ += message.size();
  queue_.push_back(std::move(message));
  if (running_) return true;
  running_ = true;
  context_.mailbox->post([self = shared_from_this()] { self->next(); });
  return true;
}

void PostLane::stop() {
  stopped_ = true;
  if (exchange_) exchange_->close();
  exchange_.reset();
  MutexLock hold(mutex_);
  queue_.clear();
  queued_bytes_ = 0;
}

void PostLane::next() {
  {
    MutexLock hold(mutex_);
    if (queue_.empty() || stopped_) {
      running_ = false;
      return;
    }
    current_ = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= current_.size();
  }
  reused_ = exchange_ && exchange_->reusable();
  post_current();
}

void PostLane::post_current() {
  status_ = 0;
  if (!reused_) {
    if (exchange_) exchange_->close();
    exchange_.reset();
    const PeerUrl* url = urls_.pick();
    if (url == nullptr) return finish(false);
    exchange_ = std::make_shared<Exchange>(context_, *url, *this);
  }
  Headers headers = raft_headers(context_.identity);
  headers.emplace_back("Content-Type", "application/protobuf");
  exchange_->request("POST", "/raft", headers, current_);
  exchange_->answer_within(timeout_);
  if (!reused_) exchange_->begin();
}

void PostLane::on_end() { finish(status_ == 204); }

void PostLane::on_failure(const std::string& error) {
  // An idle connection goes away between two POSTs: nothing is told until a new one was in use. One
  // that had no message under way is simply forgotten.
  if (current_.empty()) return exchange_.reset();
  if (std::exchange(reused_, false) && status_ == 0) return post_current();
  context_.log.debug("failed to post a message", {{"error", error}});
  finish(false);
}

void PostLane::finish(bool delivered) {
  const size_t bytes = std::exchange(current_, {}).size();
  if (!delivered && exchange_) {
    urls_.failed(exchange_->url().text);
    exchange_->close();
    exchange_.reset();
  }
  done_({delivered, bytes});
  // Not from here: a failure may come from inside another callback of the connection.
  context_.loop.post([self = shared_from_this()] { self->next(); });
}

}  // namespace keelson::peer
