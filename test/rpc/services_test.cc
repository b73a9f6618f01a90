// Lease, Cluster, Maintenance, Auth and health: requests, refusals, own answers.
#include <gtest/gtest.h>

#include "apply/requests.h"
#include "rpc/fakes.h"

namespace keelson::test {
namespace {

const std::string kLease = "/etcdserverpb.Lease/";
const std::string kCluster = "/etcdserverpb.Cluster/";
const std::string kMaintenance = "/etcdserverpb.Maintenance/";
const std::string kAuth = "/etcdserverpb.Auth/";
const std::string kHealth = "/grpc.health.v1.Health/";

TEST(Lease, grant_and_revoke_are_proposed) {
  Bench bench;
  const std::string grant = Message().number(1, 10).number(2, 5);
  const auto proposal = bench.asked<node::Proposal>(kLease + "LeaseGrant", grant);
  EXPECT_EQ(proposal.field, apply::field::kLeaseGrant);
  EXPECT_EQ(proposal.body, grant);
  EXPECT_EQ(proposal.quota_cost, 64);
  const auto revoke = bench.asked<node::Proposal>(kLease + "LeaseRevoke", Message().number(1, 5));
  EXPECT_EQ(revoke.field, apply::field::kLeaseRevoke);
  EXPECT_EQ(revoke.quota_cost, 0);
}

TEST(Lease, questions_reach_the_node) {
  Bench bench;
  const auto ttl = bench.asked<node::LeaseTimeToLive>(kLease + "LeaseTimeToLive",
                                                      Message().number(1, -5).number(2, 1));
  EXPECT_EQ(ttl.id, LeaseId(-5));
  EXPECT_TRUE(ttl.keys);
  bench.asked<node::LeaseLeases>(kLease + "LeaseLeases", "");
}

TEST(Cluster, list_asks_the_node) {
  Bench bench;
  EXPECT_FALSE(bench.asked<node::MemberList>(kCluster + "MemberList", "").linearizable);
  EXPECT_TRUE(
      bench.asked<node::MemberList>(kCluster + "MemberList", Message().number(1, 1)).linearizable);
}

// What a change must look like is checked here, whether it may happen is the node's question.
TEST(Cluster, changes_reach_the_node_with_good_urls_only) {
  Bench bench;
  const Status bad_urls(Code::kInvalidArgument, "etcdserver: given member URLs are invalid");
  const auto asked = [&](const char* method) { return kCluster + method; };
  EXPECT_EQ(bench.asked<node::MemberRemove>(asked("MemberRemove"), Message().number(1, 5)).id,
            MemberId(5));
  EXPECT_EQ(bench.asked<node::MemberPromote>(asked("MemberPromote"), Message().number(1, 5)).id,
            MemberId(5));
  const auto update = bench.asked<node::MemberUpdate>(asked("MemberUpdate"),
                                                      Message().number(1, 5).text(2, "http://b:1"));
  EXPECT_EQ(update.id, MemberId(5));
  EXPECT_EQ(update.peer_urls, std::vector<std::string>{"http://b:1"});
  EXPECT_EQ(bench.refusal(asked("MemberAdd"), ""), bad_urls);
  for (const char* url :
       {"10.0.0.1:2380", "ftp://a:1", "http://host", "http://a:1/path", "http://a:x"})
    EXPECT_EQ(bench.refusal(asked("MemberAdd"), Message().text(1, url)), bad_urls) << url;
  for (const char* url : {"http://a:1", "https://[::1]:2380", " http://a:1 ", "unix://x"}) {
    const auto add =
        bench.asked<node::MemberAdd>(asked("MemberAdd"), Message().text(1, url).number(2, 1));
    EXPECT_TRUE(add.learner);
    EXPECT_EQ(add.peer_urls.at(0).find(' '), std::string::npos) << url;
  }
}

TEST(Maintenance, questions_reach_the_node) {
  Bench bench;
  bench.asked<node::MaintenanceStatus>(kMaintenance + "Status", "");
  bench.asked<node::Defragment>(kMaintenance + "Defragment", Message().number(9, 9));
  bench.asked<node::Hash>(kMaintenance + "Hash", "");
  EXPECT_EQ(bench.asked<node::HashKv>(kMaintenance + "HashKV", Message().number(1, 7)).revision, 7);
  EXPECT_EQ(
      bench.asked<node::MoveLeader>(kMaintenance + "MoveLeader", Message().number(1, 7)).target,
      MemberId(7));
}

TEST(Maintenance, alarm_get_is_a_look_and_the_rest_is_proposed) {
  Bench bench;
  const auto get = bench.asked<node::AlarmList>(kMaintenance + "Alarm", Message().number(3, 1));
  EXPECT_EQ(get.type, 1);
  const std::string activate = Message().number(1, 1).number(2, 5).number(3, 1);
  const auto proposal = bench.asked<node::Proposal>(kMaintenance + "Alarm", activate);
  EXPECT_EQ(proposal.field, apply::field::kAlarm);
  EXPECT_EQ(proposal.body, activate);
  EXPECT_EQ(bench.refusal(kMaintenance + "Alarm", Message().number(1, 3)).code(), Code::kUnknown);
}

TEST(Maintenance, downgrade_target_must_be_a_version) {
  Bench bench;
  const std::string path = kMaintenance + "Downgrade";
  const Status format(Code::kInvalidArgument, "etcdserver: wrong downgrade target version format");
  for (const char* bad : {"", "3", "a.b", "3.", "3.6.", "3.6.0.1", "v3.6", "3.6 ", "3.6.0-$"})
    EXPECT_EQ(bench.refusal(path, Message().text(2, bad)), format) << bad;
  for (const char* good : {"3.6", "3.6.0", "3.6.5-rc.1", "3.6.0+x"})
    EXPECT_EQ(bench.asked<node::Downgrade>(path, Message().text(2, good)).version, "3.6") << good;
  EXPECT_EQ(bench.asked<node::Downgrade>(path, Message().number(1, 2).text(2, "junk")).action, 2);
  EXPECT_EQ(bench.refusal(path, Message().number(1, 3)),
            Status(Code::kUnknown, "etcdserver: unknown method"));
}

TEST(Auth, status_is_answered_and_the_rest_says_why_not) {
  Bench bench;
  const FakeCall& status = bench.call(kAuth + "AuthStatus", "");
  ASSERT_EQ(status.sent.size(), 1u);
  Message header;
  header.number(1, 7).number(2, static_cast<int64_t>(0x8e9e05c52164694d)).number(3, 5).number(4, 3);
  EXPECT_EQ(status.sent[0], Message().message(1, header).number(3, 1).bytes());
  EXPECT_EQ(status.ended, Status());
  EXPECT_EQ(bench.refusal(kAuth + "Authenticate", Message().text(1, "root").text(2, "x")),
            Status(Code::kFailedPrecondition, "etcdserver: authentication is not enabled"));
  for (const char* method : {"AuthEnable", "AuthDisable", "UserAdd", "RoleGrantPermission"})
    EXPECT_EQ(bench.refusal(kAuth + method, "").code(), Code::kUnimplemented);
}

TEST(Lock, lock_and_election_say_why_not) {
  Bench bench;
  EXPECT_EQ(bench.refusal("/v3lockpb.Lock/Lock", "").code(), Code::kUnimplemented);
  EXPECT_EQ(bench.refusal("/v3electionpb.Election/Campaign", "").code(), Code::kUnimplemented);
  EXPECT_EQ(bench.refusal("/v3electionpb.Election/Observe", "").code(), Code::kUnimplemented);
}

TEST(Health, check_knows_the_empty_name_only) {
  Bench bench;
  const FakeCall& good = bench.call(kHealth + "Check", "");
  EXPECT_EQ(good.sent, std::vector<std::string>{Message().number(1, 1).bytes()});
  EXPECT_EQ(good.ended, Status());
  EXPECT_EQ(bench.refusal(kHealth + "Check", Message().text(1, "etcd")),
            Status(Code::kNotFound, "unknown service"));
  const Message serving = Message().number(1, 1);
  EXPECT_EQ(bench.call(kHealth + "List", "").sent,
            std::vector<std::string>{Message().message(1, Message().message(2, serving)).bytes()});
}

TEST(Health, watch_tells_once_and_stays_open) {
  Bench bench;
  const FakeCall& known = bench.call(kHealth + "Watch", "");
  EXPECT_EQ(known.sent, std::vector<std::string>{Message().number(1, 1).bytes()});
  EXPECT_FALSE(known.ended.has_value());
  const FakeCall& unknown = bench.call(kHealth + "Watch", Message().text(1, "x"));
  EXPECT_EQ(unknown.sent, std::vector<std::string>{Message().number(1, 3).bytes()});
  EXPECT_FALSE(unknown.ended.has_value());
}

}  // namespace
}  // namespace keelson::test
