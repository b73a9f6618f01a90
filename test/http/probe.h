// A node as health checks see it, answering at once or when told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/handlers.h"

namespace keelson::http::test {

class FakeProbe final : public HealthProbe {
 public:
  void serializable_read(Done done) override {
    read(std::move(done), serializable, serializable_reads);
  }
  void linearizable_read(Done done) override {
    read(std::move(done), linearizable, linearizable_reads);
  }
  node::Facts facts() const override { return state; }

  void answer_all() {
    std::vector<std::pair<Done, Status>> now;
    now.swap(waiting_);
    for (auto& [done, status] : now) done(status);
  }

  node::Facts state;
  Status serializable, linearizable;
  int serializable_reads = 0, linearizable_reads = 0;
  bool hold = false;

 private:
  void read(Done done, const Status& status, int& count) {
    ++count;
    if (hold) {
      waiting_.emplace_back(std::move(done), status);
    } else {
      done(status);
    }
  }

  std::vector<std::pair<Done, Status>> waiting_;
};

inline FakeProbe* leading(FakeProbe* probe) {
  probe->state.member = MemberId(0x8e9e05c52164694d);
  probe->state.leader = probe->state.member;
  probe->state.cluster_version = "3.7.0";
  probe->state.storage_version = "3.7.0";
  return probe;
}

inline std::string header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

}  // namespace keelson::http::test
