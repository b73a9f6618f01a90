#include "ctl/keep_alive.h"

namespace keelson::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kFirstAnswerTime{3};
constexpr milliseconds kRetryPause{500};

}  // namespace

KeepAlive::KeepAlive(Client& client, int64_t lease,
                     std::function<bool(const pb::LeaseKeepAliveResponse&)> handler)
    : client_(client), lease_(lease), handler_(std::move(handler)), thread_([this] { run(); }) {}

KeepAlive::~KeepAlive() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    lost_ = nullptr;
    changed_.notify_all();
  }
  thread_.join();
}

void KeepAlive::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return ended_; });
}

void KeepAlive::on_lost(std::function<void()> lost) {
  std::unique_lock<std::mutex> lock(mutex_);
  lost_ = std::move(lost);
  if (ended_ && lost_) lost_();
}

bool KeepAlive::pause(Duration time) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopped_; });
}

void KeepAlive::run() {
  Deadline deadline = deadline_in(kFirstAnswerTime);
  while (true) {
    pb::LeaseKeepAliveResponse response;
    RpcStatus status = client_.keep_alive_once(lease_, &response, deadline);
    Duration rest = kRetryPause;
    if (status.ok()) {
      if (response.ttl() <= 0) break;
      deadline = deadline_in(seconds(response.ttl()));
      if (!handler_(response)) break;
      rest = milliseconds(response.ttl() * 1000 / 3);
    } else if (deadline && std::chrono::steady_clock::now() >= *deadline) {
      break;
    }
    if (!pause(rest)) break;
  }
  finish();
}

void KeepAlive::finish() {
  std::lock_guard<std::mutex> lock(mutex_);
  ended_ = true;
  changed_.notify_all();
  if (lost_) lost_();
}

}  // namespace keelson::ctl
