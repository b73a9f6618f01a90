#include "peer/join.h"

#include <gtest/gtest.h>

#include <map>

namespace keelson::peer {
namespace {

const Starter kStarter{
    "m2", {{"m1", {"http://a:1"}}, {"m2", {"http://b:1"}}, {"m3", {"http://c:1"}}}, "tok"};
constexpr const char* kMembers =
    R"([{"id":1,"peerURLs":["http://a:1"],"name":"m1","clientURLs":["http://a:2"]},)"
    R"({"id":2,"peerURLs":["http://b:1"],"isLearner":true},)"
    R"({"id":3,"peerURLs":["http://c:1"],"name":"m3"}])";

Fetch answers(std::map<std::string, Fetched> by_url) {
  return [by_url = std::move(by_url)](const std::string& url, const std::string& path, Duration) {
    const auto found = by_url.find(url + path);
    return found == by_url.end() ? Fetched{} : found->second;
  };
}

TEST(Join, takes_ids_from_the_first_member_that_answers) {
  const auto found =
      find_running_cluster(kStarter, answers({{"http://c:1/members", {200, kMembers, "ab"}}}));
  ASSERT_TRUE(found.ok()) << found.status().text();
  EXPECT_EQ(found->cluster, ClusterId(0xab));
  EXPECT_EQ(found->self, MemberId(2));
  ASSERT_EQ(found->others.size(), 2u);
  EXPECT_EQ(found->others[0], (node::PeerAddress{MemberId(1), {"http://a:1"}}));
}

TEST(Join, refuses_another_number_of_members) {
  Starter two = kStarter;
  two.members.pop_back();
  const auto found =
      find_running_cluster(two, answers({{"http://a:1/members", {200, kMembers, "ab"}}}));
  EXPECT_NE(found.status().text().find("member count is unequal"), std::string::npos);
}

TEST(Join, refuses_other_urls) {
  Starter moved = kStarter;
  moved.members[2].peer_urls = {"http://d:1"};
  const auto found =
      find_running_cluster(moved, answers({{"http://a:1/members", {200, kMembers, "ab"}}}));
  EXPECT_NE(found.status().text().find("unmatched member"), std::string::npos);
}

TEST(Join, says_who_was_asked_when_nobody_answers) {
  const auto found = find_running_cluster(kStarter, answers({}));
  EXPECT_NE(found.status().text().find("http://a:1,http://c:1"), std::string::npos);
}

TEST(Join, new_member_known_as_started_is_refused) {
  const MemberId self = apply::member_id_of({"http://b:1"}, "tok");
  const std::string started =
      R"([{"id":)" + std::to_string(self.value) +
      R"(,"peerURLs":["http://b:1"],"name":"m2","clientURLs":["http://x:1"]}])";
  const std::string fresh =
      R"([{"id":)" + std::to_string(self.value) + R"(,"peerURLs":["http://b:1"]}])";
  const auto asked = [&](const std::string& body) {
    return check_not_started(kStarter, answers({{"http://a:1/members", {200, body, "ab"}}}));
  };
  EXPECT_NE(asked(started).text().find("has already been bootstrapped"), std::string::npos);
  EXPECT_TRUE(asked(fresh).ok());
  EXPECT_TRUE(check_not_started(kStarter, answers({})).ok());
}

TEST(Join, versions_outside_the_range_are_refused) {
  const node::RunningCluster cluster{ClusterId(1), MemberId(2), {{MemberId(1), {"http://a:1"}}}};
  const auto asked = [&](const std::string& version) {
    const std::string body =
        R"({"etcdserver":")" + version + R"(","etcdcluster":")" + version + R"("})";
    return check_versions(cluster, answers({{"http://a:1/version", {200, body, ""}}}));
  };
  EXPECT_TRUE(asked("3.7.0").ok());
  EXPECT_TRUE(asked("3.5.0").ok());
  EXPECT_FALSE(asked("3.8.0").ok());
  EXPECT_FALSE(asked("not_decided").ok());
  EXPECT_FALSE(check_versions(cluster, answers({})).ok());
}

}  // namespace
}  // namespace keelson::peer
