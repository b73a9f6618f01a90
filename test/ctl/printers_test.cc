#include <gtest/gtest.h>

#include <google/protobuf/text_format.h>

#include "ctl/json_text.h"
#include "ctl/printers/message_json.h"
#include "ctl/printers/printer.h"
#include "ctl/printers/table.h"
#include "string_console.h"

namespace keelson::ctl {
namespace {

template <class Message>
Message parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

const char kRange[] =
    "header { cluster_id: 15118495548433857066 member_id: 1 revision: 7 raft_term: 2 }"
    "kvs { key: 'foo' create_revision: 2 mod_revision: 3 version: 2 value: 'b\\xff' lease: 255 }"
    "count: 1";

class PrinterTest : public ::testing::Test {
 protected:
  std::unique_ptr<Printer> printer(const std::string& format, bool hex = false) {
    return make_printer(format, {hex, false}, console_);
  }
  // The output since the last call.
  std::string written() { return std::exchange(console_.written, ""); }

  StringConsole console_;
};

TEST_F(PrinterTest, UnknownFormat_HasNoPrinter) { EXPECT_EQ(printer("yaml"), nullptr); }

TEST_F(PrinterTest, SimpleRange_ShowsKeyAndValueLines) {
  auto response = parse<pb::RangeResponse>(kRange);
  EXPECT_TRUE(printer("simple")->range(response).ok());
  EXPECT_EQ(written(), "foo\nb\xff\n");
  EXPECT_TRUE(printer("simple", true)->range(response).ok());
  EXPECT_EQ(written(), "\\x66\\x6f\\x6f\n\\x62\\xff\n");
}

TEST_F(PrinterTest, FieldsRange_QuotesAndPadsHex) {
  auto response = parse<pb::RangeResponse>(kRange);
  EXPECT_TRUE(printer("fields")->range(response).ok());
  EXPECT_EQ(written(),
            "\"ClusterID\" : 15118495548433857066\n\"MemberID\" : 1\n\"Revision\" : 7\n"
            "\"RaftTerm\" : 2\n\"Key\" : \"foo\"\n\"CreateRevision\" : 2\n\"ModRevision\" : 3\n"
            "\"Version\" : 2\n\"Value\" : \"b\\xff\"\n\"Lease\" : 255\n\"More\" : false\n"
            "\"Count\" : 1\n");
  EXPECT_TRUE(printer("fields", true)->range(response).ok());
  EXPECT_NE(written().find("\"Lease\" : 00000000000000ff\n"), std::string::npos);
}

TEST_F(PrinterTest, JsonRange_LeavesZerosOut) {
  EXPECT_TRUE(printer("json")->range(parse<pb::RangeResponse>(kRange)).ok());
  EXPECT_EQ(written(),
            "{\"header\":{\"cluster_id\":15118495548433857066,\"member_id\":1,\"revision\":7,"
            "\"raft_term\":2},\"kvs\":[{\"key\":\"Zm9v\",\"create_revision\":2,\"mod_revision\":3,"
            "\"version\":2,\"value\":\"Yv8=\",\"lease\":255}],\"count\":1}\n");
}

TEST_F(PrinterTest, ProtobufRange_IsTheMessage) {
  auto response = parse<pb::RangeResponse>(kRange);
  EXPECT_TRUE(printer("protobuf")->range(response).ok());
  EXPECT_EQ(written(), response.SerializeAsString());
}

TEST_F(PrinterTest, TableRange_IsUnsupported) {
  Status status = printer("table")->range(parse<pb::RangeResponse>(kRange));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().code, 4);
  EXPECT_EQ(status.failure().text, "table not supported as output format");
}

TEST_F(PrinterTest, SimpleTxn_ShowsEachResponse) {
  auto response = parse<pb::TxnResponse>(
      "succeeded: true responses { response_put { prev_kv { key: 'k' value: 'v' } } }"
      "responses { response_delete_range { deleted: 2 } } responses { response_range { } }");
  EXPECT_TRUE(printer("simple")->txn(response).ok());
  EXPECT_EQ(written(), "SUCCESS\n\nOK\nk\nv\n\n2\n\n");
}

TEST_F(PrinterTest, JsonTxn_WrapsResponses) {
  auto response = parse<pb::TxnResponse>(
      "responses { response_range { count: 1 } } responses { response_put { } }");
  EXPECT_TRUE(printer("json")->txn(response).ok());
  EXPECT_EQ(written(),
            "{\"responses\":[{\"Response\":{\"response_range\":{\"count\":1}}},"
            "{\"Response\":{\"response_put\":{}}}]}\n");
}

TEST_F(PrinterTest, SimpleWatch_ShowsDeletesWithAnEmptyLine) {
  auto response = parse<pb::WatchResponse>(
      "events { kv { key: 'k' value: 'v' } } events { type: DELETE kv { key: 'k' } prev_kv { key: "
      "'k' value: 'v' } }");
  EXPECT_TRUE(printer("simple")->watch(response).ok());
  EXPECT_EQ(written(), "PUT\nk\nv\nDELETE\nk\nv\nk\n\n");
}

TEST_F(PrinterTest, JsonWatch_HasAllFields) {
  auto response = parse<pb::WatchResponse>("canceled: true compact_revision: 3");
  EXPECT_TRUE(printer("json")->watch(response).ok());
  EXPECT_EQ(written(),
            "{\"Header\":{},\"Events\":null,\"CompactRevision\":3,\"Canceled\":true,\"Created\":"
            "false,\"CancelReason\":\"\"}\n");
}

TEST_F(PrinterTest, LeaseLife_TellsExpiryAndKeys) {
  auto gone = parse<pb::LeaseTimeToLiveResponse>("ID: 1 TTL: -1");
  EXPECT_TRUE(printer("simple")->lease_life(gone, true).ok());
  EXPECT_EQ(written(), "lease 0000000000000001 already expired\n");
  auto live = parse<pb::LeaseTimeToLiveResponse>("ID: 1 TTL: 5 grantedTTL: 9 keys: 'a' keys: 'b'");
  EXPECT_TRUE(printer("simple")->lease_life(live, true).ok());
  EXPECT_EQ(written(),
            "lease 0000000000000001 granted with TTL(9s), remaining(5s), attached keys([a b])\n");
  EXPECT_TRUE(printer("json")->lease_life(gone, false).ok());
  EXPECT_EQ(written(), "{\"id\":1,\"ttl\":-1,\"granted-ttl\":0,\"keys\":null}\n");
}

// The request was carried out by then: only the output fails.
TEST_F(PrinterTest, FieldsConfirm_DependsOnTheCommand) {
  auto response = parse<pb::MemberRemoveResponse>("header { cluster_id: 9 }");
  EXPECT_FALSE(printer("fields")->confirm(response, "x", FieldsForm::kNone).ok());
  EXPECT_TRUE(printer("fields")->confirm(response, "x", FieldsForm::kHeader).ok());
  EXPECT_EQ(written(), "\"ClusterID\" : 9\n\"MemberID\" : 0\n\"RaftTerm\" : 0\n");
  EXPECT_TRUE(printer("simple")->confirm(response, "done", FieldsForm::kNone).ok());
  EXPECT_EQ(written(), "done\n");
}

TEST_F(PrinterTest, JsonHexMembers_ShowIdsAsText) {
  auto response = parse<pb::MemberListResponse>(
      "header { cluster_id: 255 } members { ID: 10276657743932975437 name: 'n' peerURLs: 'p' }");
  EXPECT_TRUE(printer("json", true)->members(response).ok());
  EXPECT_EQ(written(),
            "{\"header\":{\"cluster_id\":\"ff\",\"member_id\":\"0\"},\"members\":[{\"ID\":"
            "\"8e9e05c52164694d\",\"name\":\"n\",\"peerURLs\":[\"p\"]}]}\n");
}

TEST_F(PrinterTest, UnhealthyEndpoint_GoesToStandardError) {
  EXPECT_TRUE(printer("simple")->health({{"a", true, "1ms", ""}, {"b", false, "", "x"}}).ok());
  EXPECT_EQ(written(), "a is healthy: successfully committed proposal: took = 1ms\n");
  EXPECT_EQ(console_.errors, "b is unhealthy: failed to commit proposal: x\n");
}

TEST_F(PrinterTest, EmptyStatusList_IsNullInJson) {
  EXPECT_TRUE(printer("json")->status({}).ok());
  EXPECT_EQ(written(), "null\n");
}

// A server without a size must not crash the percentage.
TEST_F(PrinterTest, StatusWithoutSize_HasNoPercentage) {
  EXPECT_TRUE(printer("simple")->status({{"a", pb::StatusResponse()}}).ok());
  EXPECT_EQ(written(), "a, 0, , , 0 B, 0 B, 0%, 0 B, true, false, 0, 0, 0, , , false\n");
}

TEST_F(PrinterTest, Role_ShowsRangesAndPrefixes) {
  auto response = parse<pb::AuthRoleGetResponse>(
      "perm { permType: READ key: 'k' } perm { permType: READWRITE key: 'p' range_end: 'q' }"
      "perm { permType: WRITE key: 'f' range_end: '\\0' }");
  EXPECT_TRUE(printer("simple")->role("r", response).ok());
  EXPECT_EQ(written(),
            "Role r\nKV Read:\n\tk\n\t[p, q) (prefix p)\nKV Write:\n\t[p, q) (prefix p)\n"
            "\t[f, <open ended>\n");
}

TEST(FormatTable, Cells_AreAligned) {
  EXPECT_EQ(format_table({{"ep", "hash_revision"}, {{"a:1", "7"}}}),
            "┌─────┬───────────────┐\n│ EP  │ HASH REVISION │\n├─────┼───────────────┤\n"
            "│ a:1 │             7 │\n└─────┴───────────────┘\n");
}

TEST(JsonString, GoEscapes_AreUsed) {
  EXPECT_EQ(json_string("<a>&\u2028\x01\n\b\"\\\xff\u00e9"),
            "\"\\u003ca\\u003e\\u0026\\u2028\\u0001\\n\\b\\\"\\\\\\ufffd\u00e9\"");
}

TEST(JsonBytes, Padding_IsStandard) {
  EXPECT_EQ(json_bytes(""), "\"\"");
  EXPECT_EQ(json_bytes("a"), "\"YQ==\"");
  EXPECT_EQ(json_bytes("ab"), "\"YWI=\"");
  EXPECT_EQ(json_bytes("abc"), "\"YWJj\"");
  EXPECT_EQ(json_bytes("\xff\xef\xbe"), "\"/+++\"");
}

TEST(MessageJson, EnumsAndNestedMessages_FollowGo) {
  auto alarm = parse<pb::AlarmResponse>("alarms { memberID: 1 alarm: NOSPACE } alarms { }");
  EXPECT_EQ(message_json(alarm), "{\"alarms\":[{\"memberID\":1,\"alarm\":1},{}]}");
  auto status = parse<pb::StatusResponse>("errors: 'a<b' downgradeInfo { }");
  EXPECT_EQ(message_json(status), "{\"errors\":[\"a\\u003cb\"],\"downgradeInfo\":{}}");
}

}  // namespace
}  // namespace keelson::ctl
