#include "peer/prober.h"

#include "peer/peer_limits.h"

namespace keelson::peer {

Prober::Prober(Context& context, MemberId remote, UrlPicker& urls)
    : context_(context), urls_(urls), round_trip_(context.metrics.round_trip(remote)) {}

void Prober::start() {
  timer_ = context_.loop.call_at(context_.loop.now() + limits::kProbe, [this] { probe(); });
}

void Prober::stop() {
  context_.loop.cancel(std::exchange(timer_, 0));
  if (exchange_) exchange_->close();
  exchange_.reset();
}

void Prober::probe() {
  start();
  const bool reuse = exchange_ && exchange_->reusable();
  if (exchange_ && !reuse) {
    exchange_->close();
    exchange_.reset();
  }
  const PeerUrl* url = urls_.pick();
  if (url == nullptr) return;
  if (!reuse) exchange_ = std::make_shared<Exchange>(context_, *url, *this);
  asked_ = context_.clock.now();
  exchange_->request("GET", "/raft/probing", {}, {});
  exchange_->answer_within(limits::kProbe);
  if (!reuse) exchange_->begin();
}

void Prober::on_end() { round_trip_.observe_seconds((context_.clock.now() - asked_).count()); }

void Prober::on_failure(const std::string& error) {
  context_.log.debug("a probe failed", {{"error", error}});
}

}  // namespace keelson::peer
