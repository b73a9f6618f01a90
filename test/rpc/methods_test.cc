#include "rpc/methods.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "rpc/fakes.h"

namespace keelson::test {
namespace {

using rpc::find_method;
using rpc::kMethods;
using rpc::kUnknownMethod;

// The look-up by tail and length must neither miss a served path nor accept a neighbour of one.
TEST(Methods, every_path_is_found_and_its_neighbours_are_not) {
  for (size_t i = 0; i < kMethods.size(); i++) {
    const std::string path(kMethods[i].path);
    EXPECT_EQ(find_method(path), i) << path;
    for (size_t at = 0; at < path.size(); at++) {
      std::string other = path;
      other[at] = static_cast<char>(other[at] ^ 1);
      EXPECT_EQ(find_method(other), kUnknownMethod) << other;
    }
    EXPECT_EQ(find_method(path + "x"), kUnknownMethod);
    EXPECT_EQ(find_method(path.substr(1)), kUnknownMethod);
  }
  EXPECT_EQ(find_method(""), kUnknownMethod);
  EXPECT_EQ(find_method("/"), kUnknownMethod);
}

// 42 methods of etcd's own services, lock, election and health, as api.md section 2 lists them.
TEST(Methods, table_holds_all_services) {
  std::map<std::string_view, int> methods;
  for (const rpc::MethodRow& row : kMethods) methods[row.service()]++;
  const std::map<std::string_view, int> expected = {
      {"etcdserverpb.KV", 6},      {"etcdserverpb.Watch", 1},       {"etcdserverpb.Lease", 5},
      {"etcdserverpb.Cluster", 5}, {"etcdserverpb.Maintenance", 8}, {"etcdserverpb.Auth", 17},
      {"v3lockpb.Lock", 2},        {"v3electionpb.Election", 5},    {"grpc.health.v1.Health", 3}};
  EXPECT_EQ(methods, expected);
}

TEST(Methods, unknown_paths_get_grpc_texts) {
  EXPECT_EQ(rpc::unknown_method_text("/etcdserverpb.KV/Foo"),
            "unknown method Foo for service etcdserverpb.KV");
  EXPECT_EQ(rpc::unknown_method_text("/no.Such/Foo"), "unknown service no.Such");
  EXPECT_EQ(rpc::unknown_method_text("/nothing"), "malformed method name: \"/nothing\"");
}

// Dashboards subtract handled from started: both must exist for every method from the beginning.
TEST(Metrics, every_method_and_code_is_there_before_the_first_call) {
  Bench bench;
  const std::string text = bench.registry.render();
  EXPECT_NE(
      text.find("grpc_server_started_total{grpc_method=\"Observe\",grpc_service=\"v3electionpb"
                ".Election\",grpc_type=\"server_stream\"} 0\n"),
      std::string::npos);
  EXPECT_NE(
      text.find("grpc_server_handled_total{grpc_code=\"Unauthenticated\",grpc_method=\"Watch\","
                "grpc_service=\"etcdserverpb.Watch\",grpc_type=\"bidi_stream\"} 0\n"),
      std::string::npos);
  EXPECT_EQ(text.find("grpc_server_handling_seconds"), std::string::npos);
}

TEST(Metrics, calls_and_bytes_are_counted) {
  Bench bench({.metrics_extensive = true});
  const rpc::MethodId put = bench.services.find("/etcdserverpb.KV/Put");
  bench.call("/etcdserverpb.KV/Put", Message().text(1, "k"), {{"client-api-version", "3.7"}});
  bench.services.message_received(put, 30);
  bench.services.message_sent(put, 20);
  bench.services.ended(put, Code::kOk, TimePoint(), TimePoint(std::chrono::milliseconds(7)));
  const std::string text = bench.registry.render();
  const std::string labels =
      "{grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 1\n";
  for (const char* name : {"grpc_server_started_total", "grpc_server_msg_received_total",
                           "grpc_server_msg_sent_total", "grpc_server_handling_seconds_count"})
    EXPECT_NE(text.find(name + labels), std::string::npos) << name;
  EXPECT_NE(text.find("etcd_network_client_grpc_received_bytes_total 30\n"), std::string::npos);
  EXPECT_NE(
      text.find("etcd_server_client_requests_total{client_api_version=\"3.7\",type=\"unary\"} 1"),
      std::string::npos);
}

// The version comes from the client: it must not be able to fill the memory with series.
TEST(Metrics, client_versions_are_bounded) {
  Bench bench;
  for (int i = 0; i < 200; i++)
    bench.call("/etcdserverpb.KV/Put", Message().text(1, "k"),
               {{"client-api-version", "v" + std::to_string(i)}});
  const std::string text = bench.registry.render();
  EXPECT_NE(text.find("client_api_version=\"other\",type=\"unary\"} 168"), std::string::npos);
}

}  // namespace
}  // namespace keelson::test
