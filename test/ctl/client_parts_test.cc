// The parts of the client that need no server.
#include <gtest/gtest.h>

#include "ctl/certificate_names.h"
#include "ctl/endpoint.h"
#include "ctl/go_error.h"
#include "ctl/key_range.h"
#include "ctl/load.h"
#include "ctl/metrics_fetch.h"
#include "ctl/peer_urls.h"
#include "ctl/rpc_status.h"
#include "ctl/srv_lookup.h"

namespace keelson::ctl {
namespace {

TEST(Endpoint, Forms_BecomeTargets) {
  EXPECT_EQ(parse_endpoint("a:1").target, "a:1");
  EXPECT_EQ(parse_endpoint("a:1").transport, Transport::kAsConfigured);
  EXPECT_EQ(parse_endpoint("http://a:1/x").target, "a:1");
  EXPECT_EQ(parse_endpoint("http://a:1").transport, Transport::kPlain);
  EXPECT_EQ(parse_endpoint("https://[::1]:2").target, "[::1]:2");
  EXPECT_EQ(parse_endpoint("https://a:1").transport, Transport::kTls);
}

TEST(Endpoint, Sockets_NameTheServerByTheirFile) {
  EXPECT_EQ(parse_endpoint("unix:///run/etcd.sock").target, "unix:/run/etcd.sock");
  EXPECT_EQ(parse_endpoint("unixs://local:0").target, "unix:local:0");
  EXPECT_EQ(parse_endpoint("unixs:///run/etcd.sock").server_name, "etcd.sock");
  EXPECT_EQ(parse_endpoint("unixs:x").transport, Transport::kTls);
}

TEST(CertificateNames, Hosts_MatchOnlyAlternativeNames) {
  std::vector<std::string> names = {"a.example", "*.b.example"};
  EXPECT_TRUE(certificate_names("A.example.", names, {}));
  EXPECT_TRUE(certificate_names("x.b.example", names, {}));
  EXPECT_FALSE(certificate_names("b.example", names, {}));
  EXPECT_FALSE(certificate_names("x.y.b.example", names, {}));
  EXPECT_FALSE(certificate_names("", names, {}));
}

// An address in a DNS name is no address, and one address has many spellings.
TEST(CertificateNames, Addresses_AreComparedAsAddresses) {
  EXPECT_TRUE(certificate_names("::1", {}, {"0:0:0:0:0:0:0:1"}));
  EXPECT_FALSE(certificate_names("10.0.0.1", {"10.0.0.1"}, {}));
  EXPECT_FALSE(certificate_names("10.0.0.1", {}, {"10.0.0.2"}));
}

TEST(HostOf, Ports_AreCutOff) {
  EXPECT_EQ(host_of("a:1"), "a");
  EXPECT_EQ(host_of("[::1]:2"), "::1");
  EXPECT_EQ(host_of("::1"), "::1");
  EXPECT_EQ(host_of("a"), "a");
}

TEST(PrefixEnd, Overflow_CarriesOrIsOpen) {
  EXPECT_EQ(prefix_end("ab"), "ac");
  EXPECT_EQ(prefix_end("a\xff"), "b");
  EXPECT_EQ(prefix_end("\xff\xff"), std::string(1, '\0'));
}

TEST(RpcStatus, EtcdTexts_StandAlone) {
  RpcStatus known = {11, "etcdserver: mvcc: required revision has been compacted"};
  EXPECT_EQ(known.text(), "etcdserver: mvcc: required revision has been compacted");
  RpcStatus other = {2, "election: no leader"};
  EXPECT_EQ(other.text(), "rpc error: code = Unknown desc = election: no leader");
}

// A deadline of our own is told as Go tells it, one of the server's is not.
TEST(RpcStatus, Deadlines_AreToldApart) {
  EXPECT_EQ((RpcStatus{4, "x", true}).text(), "context deadline exceeded");
  EXPECT_EQ((RpcStatus{4, "x"}).text(), "rpc error: code = DeadlineExceeded desc = x");
}

// Scripts look for Go's words, such as "connection refused", in the retry warning.
TEST(DialError, ConnectionsNotMade_HaveGoTexts) {
  std::string lead = "failed to connect to all addresses; last error: UNKNOWN: ";
  std::string go = "connection error: desc = \"transport: Error while dialing: ";
  EXPECT_EQ(go_dial_error(lead + "ipv4:127.0.0.1:1: Failed to connect to remote host: "
                                 "Connection refused"),
            go + "dial tcp 127.0.0.1:1: connect: connection refused\"");
  EXPECT_EQ(go_dial_error(lead + "ipv6:%5B::1%5D:1: Network is unreachable"),
            go + "dial tcp [::1]:1: connect: network is unreachable\"");
  EXPECT_EQ(go_dial_error(lead + "unix:/tmp/x: No such file or directory"),
            go + "dial unix /tmp/x: connect: no such file or directory\"");
}

TEST(DialError, OtherTexts_StayAsTheyAre) {
  EXPECT_EQ(go_dial_error("DNS resolution failed for x:1: gone"),
            "DNS resolution failed for x:1: gone");
  std::string handshake = "last error: UNKNOWN: ipv4:127.0.0.1:1: Ssl handshake failed: bad: cert";
  EXPECT_EQ(go_dial_error(handshake), handshake);
}

TEST(CallError, OwnFailures_HaveGoTexts) {
  EXPECT_EQ(go_call_error("Deadline Exceeded"), "context deadline exceeded");
  EXPECT_EQ(go_call_error("Received message larger than max (9 vs. 5)"),
            "grpc: received message larger than max (9 vs. 5)");
  EXPECT_EQ(go_call_error("etcdserver: no leader"), "etcdserver: no leader");
}

TEST(PeerUrls, BadForms_HaveGoTexts) {
  auto text = [](const char* url) {
    Status status = check_peer_urls({url});
    return status.ok() ? "" : status.failure().text;
  };
  EXPECT_EQ(text("http://a:1"), "");
  EXPECT_EQ(text(" unix:/x"), "");
  EXPECT_EQ(text("a"), "URL scheme must be http, https, unix, or unixs: a");
  EXPECT_EQ(text("http://a"), "URL address does not have the form \"host:port\": http://a");
  EXPECT_EQ(text("http://a:1/x"), "URL must not contain a path: http://a:1/x");
  EXPECT_EQ(text("http://a:p"), "parse \"http://a:p\": invalid port \":p\" after host");
}

// One question, two answers: an alias that is no SRV record, and a record for b.c port 2379.
std::string srv_answer() {
  std::string message("\x12\x34\x81\x80\0\1\0\2\0\0\0\0", 12);
  message += std::string("\1a\0\0\x21\0\1", 7);
  message += std::string("\1a\0\0\5\0\1\0\0\0\1\0\3\1z\0", 16);
  message += std::string("\1a\0\0\x21\0\1\0\0\0\1\0\x0b\0\1\0\2\x09\x4b\1b\1c\0", 24);
  return message;
}

TEST(SrvAnswer, Records_AreRead) {
  auto records = parse_srv_answer(srv_answer());
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].target, "b.c");
  EXPECT_EQ(records[0].port, 2379);
  EXPECT_EQ(records[0].priority, 1);
}

// An answer from the network may end anywhere; reading must end there, too.
TEST(SrvAnswer, CutAnswers_AreHarmless) {
  std::string whole = srv_answer();
  for (size_t size = 0; size < whole.size(); size++) {
    std::string cut = whole.substr(0, size);
    EXPECT_TRUE(parse_srv_answer(cut).empty()) << size;
  }
}

TEST(LoadStats, Figures_AreThoseOfTheLatencies) {
  LoadStats stats = summarize({0.1, 0.3}, 2);
  EXPECT_DOUBLE_EQ(stats.per_second, 1);
  EXPECT_DOUBLE_EQ(stats.slowest_s, 0.3);
  EXPECT_NEAR(stats.stddev_s, 0.1, 1e-12);
  EXPECT_EQ(summarize({}, 2).per_second, 0);
}

TEST(FindMetric, Line_IsFoundByItsWholeName) {
  std::string page = "# TYPE a gauge\nab 7\na_total 3\na 1.5e+07\n";
  EXPECT_EQ(*find_metric(page, "a"), 15000000);
  EXPECT_EQ(find_metric(page, "b").failure().text, "could not find: b");
}

}  // namespace
}  // namespace keelson::ctl
