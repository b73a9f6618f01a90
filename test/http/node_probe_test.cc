// Probes through the node's queue, and the process's own metrics.
#include "http/node_probe.h"

#include <gtest/gtest.h>

#include "http/process_metrics.h"
#include "support/fake_clock.h"

namespace keelson::http {
namespace {

// Keeps requests until a test answers them.
class FakeNode final : public node::Node {
 public:
  void submit(std::vector<node::Request>&& requests) override {
    for (node::Request& request : requests) queue.push_back(std::move(request));
  }
  void add_watch_sink(node::WatchSink*) override {}
  void count_prev_kv_watchers(int) override {}
  node::Facts facts() const override { return {}; }
  std::string members_json() const override { return "[]"; }

  void answer(size_t i, Status status) {
    std::vector<node::Answer> answers(1);
    answers[0].call_id = queue[i].to.call_id;
    answers[0].status = std::move(status);
    queue[i].to.sink->deliver(std::move(answers));
  }
  std::vector<node::Request> queue;
};

TEST(NodeProbeTest, reads_are_the_cheapest_of_their_kind) {
  FakeNode node;
  keelson::test::FakeClock clock;
  NodeProbe probe(node, clock);
  probe.serializable_read([](const Status&) {});
  probe.linearizable_read([](const Status&) {});
  ASSERT_EQ(node.queue.size(), 2u);
  const auto& range = std::get<node::RangeQuery>(node.queue[0].what);
  EXPECT_TRUE(range.serializable && range.keys_only && range.limit == 1);
  EXPECT_TRUE(std::holds_alternative<node::ReadBarrier>(node.queue[1].what));
  EXPECT_EQ(node.queue[1].deadline - clock.now(), std::chrono::seconds(7));
}

TEST(NodeProbeTest, answers_find_their_question) {
  FakeNode node;
  keelson::test::FakeClock clock;
  NodeProbe probe(node, clock);
  std::string first;
  std::string second;
  probe.linearizable_read([&](const Status& s) { first = s.to_string(); });
  probe.linearizable_read([&](const Status& s) { second = s.to_string(); });
  node.answer(1, Status(Code::kUnavailable, "no"));
  EXPECT_EQ(first, "");
  EXPECT_EQ(second, "rpc error: code = Unavailable desc = no");
  node.answer(0, Status());
  EXPECT_EQ(first, "OK");
  node.answer(0, Status(Code::kInternal, "twice"));
  EXPECT_EQ(first, "OK");
}

// A node that is stuck for hours is probed every second: memory must not grow with it.
TEST(NodeProbeTest, stuck_node_fails_probes_at_once) {
  FakeNode node;
  keelson::test::FakeClock clock;
  NodeProbe probe(node, clock);
  int failed = 0;
  for (int i = 0; i < 1000; ++i)
    probe.linearizable_read([&](const Status& s) { failed += s.ok() ? 0 : 1; });
  EXPECT_EQ(node.queue.size(), 256u);
  EXPECT_EQ(failed, 1000 - 256);
}

TEST(ProcessMetricsTest, values_of_this_process_make_sense) {
  Registry registry;
  register_process_metrics(registry);
  const std::string text = registry.render();
  const auto value = [&](const std::string& name) {
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
  };
  EXPECT_GT(value("process_resident_memory_bytes"), 1e6);
  EXPECT_GE(value("process_virtual_memory_bytes"), value("process_resident_memory_bytes"));
  EXPECT_GE(value("process_open_fds"), 3);
  EXPECT_LT(value("process_open_fds"), value("process_max_fds"));
  EXPECT_EQ(value("os_fd_used"), value("process_open_fds"));
  EXPECT_GE(value("process_cpu_seconds_total"), 0);
  EXPECT_GT(value("process_start_time_seconds"), 1.6e9);
  EXPECT_GE(value("go_threads"), 1);
  EXPECT_GE(value("process_network_receive_bytes_total"), 0);
  EXPECT_NE(text.find("# TYPE process_network_transmit_bytes_total counter\n"), std::string::npos);
}

TEST(ProcessMetricsTest, constants_of_the_server_are_shown) {
  Registry registry;
  register_server_metrics(registry, 0x8e9e05c52164694d,
                          {{"AllBeta", "BETA", false}, {"FastLeaseKeepAlive", "BETA", true}});
  const std::string text = registry.render();
  EXPECT_NE(text.find("etcd_server_version{server_version=\"3.7.1\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("etcd_server_id{server_id=\"8e9e05c52164694d\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("etcd_server_feature_enabled{name=\"AllBeta\",stage=\"BETA\"} 0\n"),
            std::string::npos);
  EXPECT_NE(
      text.find("etcd_server_feature_enabled{name=\"FastLeaseKeepAlive\",stage=\"BETA\"} 1\n"),
      std::string::npos);
}

}  // namespace
}  // namespace keelson::http
