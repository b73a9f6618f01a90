// The node behind the peer port's pages: questions become requests, encoded
// answers are read back.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "node/request.h"
#include "peer/local.h"

namespace keelson::peer {

// Outlives the node's last turn and the port.
class NodeLocal final : public Local, public node::AnswerSink {
 public:
  NodeLocal(node::Node& node, const Clock& clock) : node_(node), clock_(clock) {}

  std::string members_json() const override { return node_.members_json(); }
  std::string cluster_version() const override;
  std::string storage_version() const override;
  void promote_member(MemberId member, const std::string& token, Done<std::string> done) override;
  void hash_kv(int64_t revision, Done<HashKvAnswer> done) override;
  void lease_keep_alive(LeaseId id, Done<int64_t> done) override;
  void lease_time_to_live(LeaseId id, bool keys, Done<LeaseAnswer> done) override;
  void downgrade_enabled(Done<bool> done) override;

  // From the node.
  void deliver(std::vector<node::Answer>&& answers) override;

 private:
  using Finish = std::function<void(const node::Answer&)>;
  template <typename What>
  void ask(What what, Finish finish);

  node::Node& node_;
  const Clock& clock_;
  Mutex mutex_;
  uint64_t last_call_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<uint64_t, Finish> open_ GUARDED_BY(mutex_);
};

}  // namespace keelson::peer
