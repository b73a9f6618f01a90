// The services themselves: what front/ drives through rpc/call.h, answered by the node.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "io/event_loop.h"
#include "node/request.h"
#include "rpc/call.h"
#include "rpc/environment.h"

namespace keelson::rpc {

class Loop;

class EtcdServices final : public Services {
 public:
  // What is referred to must live longer. The node must have stopped before this is destroyed.
  EtcdServices(node::Node& node, Settings settings, const Clock& clock, Log& log,
               Registry& registry, int loops);
  ~EtcdServices() override;

  // Ties client loop `index` to the event loop that runs it and subscribes to the node's events.
  // Once for each loop, before it runs and before the node serves.
  void attach(int index, io::EventLoop& events);

  MethodId find(std::string_view path) const override;
  Kind kind(MethodId method) const override;
  std::string unknown_text(std::string_view path) const override;
  std::unique_ptr<Handler> start(MethodId method, Call& call, int loop) override;
  void ended(MethodId method, Code code, TimePoint started, TimePoint now) override;
  void message_received(MethodId method, size_t bytes) override;
  void message_sent(MethodId method, size_t bytes) override;

 private:
  Environment environment_;
  std::vector<std::unique_ptr<Loop>> loops_;
};

}  // namespace keelson::rpc
