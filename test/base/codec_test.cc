// Checksums, varints, hex and status texts.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/rng.h"
#include "base/status.h"

namespace keelson {
namespace {

// A wrong polynomial or a forgotten final xor passes every round trip; only known values show it.
TEST(Crc32cTest, known_vectors_match) {
  EXPECT_EQ(crc32c(0, ""), 0u);
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
}

// The fast one takes eight bytes at a time: every length and every split must agree with one bit at
// a time.
TEST(Crc32cTest, random_input_equals_slow_twin) {
  SeededRng rng(1);
  for (int round = 0; round < 500; ++round) {
    std::string data(rng.below(100), '\0');
    for (char& c : data) c = static_cast<char>(rng.next());
    const size_t cut = rng.below(data.size() + 1);
    const auto text = std::string_view(data);
    const uint32_t whole = crc32c_slow(7, text);
    EXPECT_EQ(crc32c(7, text), whole);
    EXPECT_EQ(crc32c(crc32c(7, text.substr(0, cut)), text.substr(cut)), whole);
  }
}

// Sizes change at every seventh bit; a size that disagrees with the bytes would corrupt a message.
TEST(VarintTest, borders_round_trip_with_announced_size) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t v : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, ~uint64_t{0} >> bit}) {
      std::string out;
      put_varint(out, v);
      EXPECT_EQ(static_cast<int>(out.size()), varint_size(v)) << v;
      std::string_view in = out;
      uint64_t back = 1;
      ASSERT_TRUE(get_varint(in, back));
      EXPECT_EQ(back, v);
      EXPECT_TRUE(in.empty());
    }
  }
}

// A decoder that reads past a cut or loops on endless continuation bits is an attack surface.
TEST(VarintTest, cut_or_too_long_is_refused) {
  uint64_t v = 0;
  std::string_view cut("\x80\x80");
  EXPECT_FALSE(get_varint(cut, v));
  std::string_view empty;
  EXPECT_FALSE(get_varint(empty, v));
  const std::string long_one(11, '\x80');
  std::string_view too_long = long_one;
  EXPECT_FALSE(get_varint(too_long, v));
}

TEST(BytesTest, fixed_width_numbers_round_trip) {
  std::string out;
  put_u32le(out, 0x01020304u);
  put_u64le(out, 0x0102030405060708u);
  put_u64be(out, 0x0102030405060708u);
  EXPECT_EQ(hex_bytes(out), "0403020108070605040302010102030405060708");
  EXPECT_EQ(get_u32le(out.data()), 0x01020304u);
  EXPECT_EQ(get_u64le(out.data() + 4), 0x0102030405060708u);
  EXPECT_EQ(get_u64be(out.data() + 12), 0x0102030405060708u);
}

TEST(BytesTest, hex_has_no_padding) {
  EXPECT_EQ(hex(0), "0");
  EXPECT_EQ(hex(0x8e9e05c52164694d), "8e9e05c52164694d");
  EXPECT_EQ(hex(0x00ab), "ab");
}

// Clients match on this text.
TEST(StatusTest, text_is_what_clients_print) {
  const Status status(Code::kNotFound, "etcdserver: requested lease not found");
  EXPECT_EQ(status.to_string(),
            "rpc error: code = NotFound desc = etcdserver: requested lease not found");
  EXPECT_EQ(Status().to_string(), "OK");
  EXPECT_EQ(code_name(Code::kUnauthenticated), "Unauthenticated");
  EXPECT_EQ(code_name(Code::kResourceExhausted), "ResourceExhausted");
}

// A caller that repeats an "unknown" as if it were a refusal writes twice.
TEST(StatusTest, outcome_says_what_a_caller_may_do) {
  EXPECT_EQ(Status(Code::kUnavailable, "x").outcome(), Outcome::kUnknown);
  EXPECT_EQ(Status(Code::kDeadlineExceeded, "x").outcome(), Outcome::kUnknown);
  EXPECT_EQ(Status(Code::kResourceExhausted, "x").outcome(), Outcome::kRetry);
  EXPECT_EQ(Status(Code::kInvalidArgument, "x").outcome(), Outcome::kRefused);
}

TEST(ResultTest, holds_a_value_or_a_reason) {
  const Result<int> good(7);
  EXPECT_TRUE(good.ok());
  EXPECT_EQ(*good, 7);
  EXPECT_TRUE(good.status().ok());
  const Result<int> bad(Status(Code::kInternal, "no"));
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().text(), "no");
}

// One seed is one run: a simulator's finding must come back.
TEST(RngTest, equal_seeds_give_equal_numbers) {
  SeededRng a(42);
  SeededRng b(42);
  SeededRng c(43);
  for (int i = 0; i < 100; ++i) {
    const uint64_t n = a.next();
    EXPECT_EQ(n, b.next());
    EXPECT_NE(n, c.next());
  }
}

}  // namespace
}  // namespace keelson
