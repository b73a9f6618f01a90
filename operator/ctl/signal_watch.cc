#include "ctl/signal_watch.h"

#include <csignal>
#include <ctime>

namespace keelson::ctl {
namespace {

constexpr long kPollNs = 50'000'000;

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

void die_of(int signal) {
  sigset_t signals = ending_signals();
  std::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  std::raise(signal);
}

}  // namespace

SignalWatch::SignalWatch() {
  sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { run(); });
}

SignalWatch::~SignalWatch() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  thread_.join();
}

void SignalWatch::handle(std::function<void()> handler) {
  std::lock_guard<std::mutex> lock(mutex_);
  handler_ = std::move(handler);
}

void SignalWatch::run() {
  sigset_t signals = ending_signals();
  while (true) {
    timespec time = {0, kPollNs};
    int signal = sigtimedwait(&signals, nullptr, &time);
    std::function<void()> handler;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopped_) return;
      handler = handler_;
    }
    if (signal < 0) continue;
    if (!handler) die_of(signal);
    if (handler) handler();
  }
}

}  // namespace keelson::ctl
