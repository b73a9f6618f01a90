// The pages: status, headers and bodies as etcd 3.7.1 answered them.
#include "http/handlers.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "http/gzip.h"
#include "probe.h"

namespace keelson::http {
namespace {

using test::FakeProbe;
using test::header;

class HandlersTest : public ::testing::Test {
 protected:
  HandlersTest() { test::leading(&probe_); }

  std::optional<Response> ask(Request request) {
    std::optional<Response> got;
    const bool ours = handlers_.serve_client(request, [&](Response&& r) { got = std::move(r); });
    EXPECT_TRUE(ours || !got.has_value());
    return got;
  }
  Response get(const std::string& target) {
    const size_t mark = target.find('?');
    const auto got = ask({"GET",
                          target.substr(0, mark),
                          mark == std::string::npos ? "" : target.substr(mark + 1),
                          {}});
    return got.value_or(Response{-1, {}, "no answer"});
  }
  void expect_text(const Response& response, int status, const std::string& body) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, body);
    EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
  }
  bool shows(const std::string& line) {
    return registry_.render().find(line + "\n") != std::string::npos;
  }

  FakeProbe probe_;
  Registry registry_;
  NullLog log_;
  Handlers handlers_{probe_, registry_, log_, {"etcd", "--name=\"x\""}};
};

TEST_F(HandlersTest, health_is_true_for_a_leader) {
  const Response response = get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"health":"true","reason":""})");
  EXPECT_EQ(header(response, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(probe_.linearizable_reads, 1);
  EXPECT_TRUE(shows("etcd_server_health_success 1"));
  EXPECT_TRUE(shows("etcd_server_health_failures 0"));
}

// kubelet's old liveness probe: no leader and a full store must not restart the member.
TEST_F(HandlersTest, serializable_health_needs_no_leader) {
  probe_.state.leader = MemberId();
  probe_.state.alarm_nospace = true;
  EXPECT_EQ(get("/health?exclude=NOSPACE&serializable=true").status, 200);
  EXPECT_EQ(probe_.linearizable_reads, 0);
  expect_text(get("/health?serializable=true"), 503,
              "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n");
  expect_text(get("/health?exclude=NOSPACE&serializable=false"), 503,
              "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n");
  expect_text(get("/health?exclude=nospace"), 503,
              "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n");
}

TEST_F(HandlersTest, health_names_alarms_and_read_errors) {
  probe_.state.alarm_corrupt = true;
  expect_text(get("/health?exclude=NOSPACE"), 503,
              "{\"health\":\"false\",\"reason\":\"ALARM CORRUPT\"}\n");
  probe_.linearizable = Status(Code::kUnavailable, "etcdserver: request timed out");
  expect_text(get("/health?exclude=CORRUPT&exclude=NOSPACE"), 503,
              "{\"health\":\"false\",\"reason\":\"RANGE ERROR:etcdserver: request timed out\"}\n");
  EXPECT_TRUE(shows("etcd_server_health_failures 2"));
}

TEST_F(HandlersTest, livez_and_readyz_say_ok) {
  expect_text(get("/livez"), 200, "ok\n");
  expect_text(get("/livez?verbose"), 200, "[+]serializable_read ok\nok\n");
  expect_text(get("/readyz"), 200, "ok\n");
  expect_text(get("/readyz?verbose=false"), 200,
              "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read "
              "ok\n[+]non_learner ok\nok\n");
  expect_text(get("/readyz?exclude=non_learner&exclude=nothing&verbose"), 200,
              "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\nok\n");
  expect_text(get("/readyz/linearizable_read?verbose"), 200, "[+]linearizable_read ok\nok\n");
  expect_text(get("/livez/serializable_read"), 200, "ok\n");
}

// NOSPACE must never fail the probes (a crash loop after the quota alarm); CORRUPT and learner
// must.
TEST_F(HandlersTest, readyz_fails_for_the_right_reasons) {
  probe_.state.alarm_nospace = true;
  expect_text(get("/readyz"), 200, "ok\n");
  probe_.state.alarm_corrupt = true;
  probe_.state.learner = true;
  probe_.linearizable = Status(Code::kUnavailable, "etcdserver: request timed out");
  expect_text(get("/readyz"), 503,
              "[-]data_corruption failed: alarm activated: CORRUPT\n[+]serializable_read ok\n"
              "[-]linearizable_read failed: etcdserver: request timed out\n"
              "[-]non_learner failed: not supported for learner\n\n");
  expect_text(get("/livez"), 200, "ok\n");
  EXPECT_TRUE(shows("etcd_server_healthcheck{name=\"non_learner\",type=\"readyz\"} 0"));
  EXPECT_TRUE(
      shows("etcd_server_healthchecks_total{name=\"data_corruption\",status=\"error\",type="
            "\"readyz\"} 1"));
  EXPECT_TRUE(
      shows("etcd_server_healthchecks_total{name=\"data_corruption\",status=\"success\",type="
            "\"readyz\"} 1"));
  EXPECT_TRUE(shows("etcd_server_healthcheck{name=\"serializable_read\",type=\"livez\"} 1"));
}

// The read is asynchronous in production; nothing may answer before it is done.
TEST_F(HandlersTest, checks_wait_for_their_reads) {
  probe_.hold = true;
  std::optional<Response> got;
  handlers_.serve_client({"GET", "/readyz", "", {}}, [&](Response&& r) { got = std::move(r); });
  EXPECT_FALSE(got.has_value());
  probe_.answer_all();
  EXPECT_FALSE(got.has_value());
  probe_.answer_all();
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->body, "ok\n");
}

TEST_F(HandlersTest, version_page_is_json) {
  const Response response = get("/version");
  EXPECT_EQ(response.body, R"({"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"})");
  EXPECT_EQ(header(response, "Content-Type"), "application/json");
  probe_.state.cluster_version = "";
  probe_.state.storage_version = "";
  EXPECT_EQ(get("/version").body,
            R"({"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"unknown"})");
}

TEST_F(HandlersTest, only_get_is_allowed) {
  for (const char* path : {"/version", "/health", "/livez", "/readyz/non_learner"}) {
    const auto response = ask({"POST", path, "", {}});
    ASSERT_TRUE(response.has_value()) << path;
    expect_text(*response, 405, "Method Not Allowed\n");
    EXPECT_EQ(header(*response, "Allow"), "GET");
  }
  EXPECT_EQ(ask({"POST", "/metrics", "", {}})->status, 200);
}

TEST_F(HandlersTest, other_paths_are_not_ours) {
  for (const char* path : {"/", "/nope", "/version/", "/readyz/", "/readyz/foo",
                           "/livez/non_learner", "/livezz", "/metrics/"})
    EXPECT_FALSE(ask({"GET", path, "", {}}).has_value()) << path;
}

// The metrics port shows less, and answers everything.
TEST_F(HandlersTest, metrics_port_has_fewer_pages) {
  const auto status = [&](const std::string& path) {
    int got = 0;
    handlers_.serve_metrics({"GET", path, "", {}}, [&](Response&& r) { got = r.status; });
    return got;
  };
  for (const char* path : {"/metrics", "/health", "/livez", "/readyz", "/readyz/non_learner"})
    EXPECT_EQ(status(path), 200) << path;
  for (const char* path : {"/version", "/debug/vars", "/", "/v3/kv/range"})
    EXPECT_EQ(status(path), 404) << path;
  handlers_.serve_metrics({"GET", "/version", "", {}},
                          [&](Response&& r) { expect_text(r, 404, "404 page not found\n"); });
}

TEST_F(HandlersTest, metrics_page_carries_the_registry) {
  registry_.counter("x_total", "x").add(3);
  const Response plain = get("/metrics");
  EXPECT_EQ(header(plain, "Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  EXPECT_NE(plain.body.find("\nx_total 3\n"), std::string::npos);
  EXPECT_NE(plain.body.find("\netcd_cluster_version{cluster_version=\"3.7\"} 1\n"),
            std::string::npos);
  EXPECT_NE(plain.body.find("\npromhttp_metric_handler_requests_in_flight 1\n"), std::string::npos);
  const auto packed = ask({"GET", "/metrics", "", {{"accept-encoding", "br, gzip;q=0.5"}}});
  EXPECT_EQ(header(*packed, "Content-Encoding"), "gzip");
  EXPECT_EQ(packed->body.substr(0, 2), "\x1f\x8b");
}

// Dashboards take the version from the label whose value is 1.
TEST_F(HandlersTest, cluster_version_label_moves_on) {
  get("/metrics");
  probe_.state.cluster_version = "3.8.0";
  const std::string body = get("/metrics").body;
  EXPECT_NE(body.find("etcd_cluster_version{cluster_version=\"3.7\"} 0\n"), std::string::npos);
  EXPECT_NE(body.find("etcd_cluster_version{cluster_version=\"3.8\"} 1\n"), std::string::npos);
}

TEST_F(HandlersTest, debug_vars_are_json) {
  probe_.state.term = Term(2);
  probe_.state.committed = Index(9);
  probe_.state.applied = Index(8);
  const Response response = get("/debug/vars");
  EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
  EXPECT_TRUE(response.body.starts_with(
      "{\n\"cmdline\": [\"etcd\",\"--name=\\\"x\\\"\"],\n\"file_descriptor_limit\": "));
  EXPECT_NE(response.body.find(
                "\"raft.status\": {\"id\":\"8e9e05c52164694d\",\"term\":2,\"commit\":9,\"lead\":"
                "\"8e9e05c52164694d\",\"raftState\":\"StateLeader\",\"applied\":8}\n}\n"),
            std::string::npos);
}

TEST(GzipTest, accept_encoding_is_understood) {
  for (const char* yes : {"gzip", "deflate, gzip", "*", "br;q=1.0, gzip;q=0.8", "gzip; q=0.001"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0.0", "xgzip", "deflate"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(GzipTest, data_unpacks_to_itself) {
  std::string data;
  for (int i = 0; i < 10000; ++i) data += "line " + std::to_string(i) + "\n";
  const std::string packed = gzip(data);
  EXPECT_LT(packed.size(), data.size() / 2);
  std::string back(data.size(), '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(back.data());
  stream.avail_out = static_cast<uInt>(back.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(back, data);
}

TEST(QueryTest, parts_are_decoded_and_broken_ones_left_out) {
  const Query query("a=1&b=%2Fx+y&a=2&bad=%zz&c&d;e=1&%41=z");
  EXPECT_EQ(query.all("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query.first("b"), "/x y");
  EXPECT_TRUE(query.has("c"));
  EXPECT_FALSE(query.has("bad"));
  EXPECT_FALSE(query.has("d"));
  EXPECT_EQ(query.first("A"), "z");
  EXPECT_EQ(query.first("nothing"), "");
}

}  // namespace
}  // namespace keelson::http
