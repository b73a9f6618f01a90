// Asks another member for its time every 4 s, as etcd does: the round trip is a metric, nothing is
// decided by it. The loop's.
#pragma once

#include <memory>
#include <string>

#include "base/check.h"
#include "peer/exchange.h"

namespace keelson::peer {

class Prober final : public ExchangeUser {
 public:
  Prober(Context& context, MemberId remote, UrlPicker& urls);
  ~Prober() override { CHECK(!exchange_ && timer_ == 0); }  // stopped; any thread
  void start();
  void stop();

  void on_end() override;
  void on_failure(const std::string& error) override;

 private:
  void probe();

  Context& context_;
  UrlPicker& urls_;
  Histogram& round_trip_;
  std::shared_ptr<Exchange> exchange_;
  TimePoint asked_{};
  io::TimerId timer_ = 0;
};

}  // namespace keelson::peer
