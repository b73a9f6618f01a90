// Rows as etcd 3.7.1 stores them (texts and bytes from etcd-data.md section 3), and hostile ones.
#include "etcdfile/rows.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "etcdfile/image_world.h"

namespace keelson::etcdfile {
namespace {

TEST(EtcdRows, revision_keys_are_etcds) {
  EXPECT_EQ(hex_bytes(revision_key(Revision(2), 0, false)), "00000000000000025f0000000000000000");
  EXPECT_EQ(hex_bytes(revision_key(Revision(5), 1, true)), "00000000000000055f000000000000000174");
  RevisionRecord record;
  ASSERT_TRUE(parse_revision_key(revision_key(Revision(5), 7, true), record));
  EXPECT_EQ(record.main, Revision(5));
  EXPECT_EQ(record.sub, 7);
  EXPECT_TRUE(record.tombstone);
}

TEST(EtcdRows, revision_keys_of_other_shapes_are_refused) {
  const std::string good = revision_key(Revision(2), 0, false);
  RevisionRecord record;
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "x", good + "tt", std::string(17, '\0'),
        "\x80" + good.substr(1), good.substr(0, 9) + "\x80" + good.substr(10)})
    EXPECT_FALSE(parse_revision_key(bad, record)) << hex_bytes(bad);
}

TEST(EtcdRows, kv_of_the_wrong_kind_is_named) {
  const std::string kv = key_value("a", 7, "v");
  EXPECT_EQ(kv_problem({Revision(7), 0, false, kv}), nullptr);
  EXPECT_EQ(kv_problem({Revision(7), 0, false, ""}), nullptr);  // the marker of a restore
  EXPECT_EQ(kv_problem({Revision(7), 0, true,
                        "\n\x01"
                        "a"}),
            nullptr);
  EXPECT_STREQ(kv_problem({Revision(8), 0, false, kv}), "a KeyValue of another revision");
  EXPECT_STREQ(kv_problem({Revision(7), 0, true, ""}), "a tombstone without a key");
  EXPECT_STREQ(kv_problem({Revision(7), 0, false, "\x18\x07"}), "a KeyValue without a key");
  for (const size_t cut : {1, 2, 4, 6, 8, 10, 11})  // inside a field
    EXPECT_STREQ(kv_problem({Revision(7), 0, false, std::string_view(kv).substr(0, cut)}),
                 "not a KeyValue")
        << cut;
}

TEST(EtcdRows, leases_and_alarms_round_trip) {
  const LeaseRecord lease{LeaseId(0x1234), 60, 7};
  EXPECT_EQ(hex_bytes(lease_key(lease.id)), "0000000000001234");
  EXPECT_EQ(hex_bytes(lease_value(lease)), "08b424103c1807");
  LeaseRecord back;
  ASSERT_TRUE(parse_lease(lease_key(lease.id), lease_value(lease), back));
  EXPECT_EQ(back, lease);
  EXPECT_FALSE(parse_lease(lease_key(LeaseId(1)), lease_value(lease), back));
  EXPECT_FALSE(parse_lease("", "", back));
  AlarmRecord alarm;
  ASSERT_TRUE(parse_alarm(alarm_key({MemberId(~0ull), 2}), alarm));
  EXPECT_EQ(alarm, (AlarmRecord{MemberId(~0ull), 2}));
  EXPECT_FALSE(parse_alarm("\x0a", alarm));
}

TEST(EtcdRows, members_are_gos_json) {
  MemberRecord member{MemberId(443629905751424238), "n<1>&", {"http://h:2380"}, {}, true};
  EXPECT_EQ(member_json(member),
            "{\"id\":443629905751424238,\"peerURLs\":[\"http://h:2380\"],\"isLearner\":true,"
            "\"name\":\"n\\u003c1\\u003e\\u0026\"}");
  MemberRecord back;
  ASSERT_TRUE(parse_member(member_json(member), back));
  EXPECT_EQ(back, member);
  member = {MemberId(~0ull), "\xe2\x80\xa8\xe2\x80\xa6\"", {}, {"http://c", "http://d"}, false};
  EXPECT_EQ(member_json(member),
            "{\"id\":18446744073709551615,\"peerURLs\":null,\"name\":\"\\u2028\xe2\x80\xa6\\\"\","
            "\"clientURLs\":[\"http://c\",\"http://d\"]}");
  ASSERT_TRUE(parse_member(member_json(member), back));
  EXPECT_EQ(back, member);
}

TEST(EtcdRows, conf_state_and_downgrade_are_gos_json) {
  const ConfStateRecord state{.voters = {MemberId(443629905751424238)},
                              .learners = {MemberId(3)},
                              .voters_outgoing = {},
                              .learners_next = {},
                              .auto_leave = false};
  EXPECT_EQ(conf_state_json(state),
            "{\"voters\":[443629905751424238],\"learners\":[3],\"auto_leave\":false}");
  ConfStateRecord back;
  ASSERT_TRUE(parse_conf_state(conf_state_json(state), back));
  EXPECT_EQ(back, state);
  const DowngradeRecord downgrade{"3.6.0", true};
  EXPECT_EQ(downgrade_json(downgrade), "{\"target-version\":\"3.6.0\",\"enabled\":true}");
  DowngradeRecord read;
  ASSERT_TRUE(parse_downgrade(downgrade_json(downgrade), read));
  EXPECT_EQ(read, downgrade);
}

TEST(EtcdRows, hostile_json_is_refused) {
  MemberRecord member;
  for (const std::string& bad :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        std::string("{\"id\":1.5}"), std::string("{\"id\":-1}"), std::string("{\"id\":\"1\"}"),
        std::string("{\"id\":1,\"peerURLs\":\"x\"}"), std::string("{\"id\":1,\"peerURLs\":[1]}"),
        std::string("{\"id\":1,\"isLearner\":1}"), std::string("{\"id\":1,\"name\":\"\xff\"}"),
        std::string(100'000, '[')})
    EXPECT_FALSE(parse_member(bad, member)) << bad.substr(0, 40);
  ConfStateRecord state;
  EXPECT_FALSE(parse_conf_state("{\"voters\":[1.5]}", state));
  EXPECT_FALSE(parse_conf_state("{\"voters\":[-1]}", state));
}

TEST(EtcdRows, compact_revision_has_no_sub) {
  Revision revision;
  ASSERT_TRUE(parse_compact(compact_value(Revision(12)), revision));
  EXPECT_EQ(revision, Revision(12));
  EXPECT_FALSE(parse_compact(revision_key(Revision(12), 1, false), revision));
  EXPECT_FALSE(parse_compact(revision_key(Revision(12), 0, true), revision));
}

}  // namespace
}  // namespace keelson::etcdfile
