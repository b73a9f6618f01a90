#include "ctl/go_number.h"

#include <gtest/gtest.h>

#include <random>

namespace keelson::ctl {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(ParseInt, Limits_AreTaken) {
  EXPECT_EQ(*parse_int("9223372036854775807", 10), INT64_MAX);
  EXPECT_EQ(*parse_int("-9223372036854775808", 10), INT64_MIN);
  EXPECT_EQ(*parse_int("694d77aa9e38260f", 16), 0x694d77aa9e38260f);
}

TEST(ParseInt, OutOfRange_HasGoText) {
  EXPECT_EQ(parse_int("9223372036854775808", 10).failure().text,
            "strconv.ParseInt: parsing \"9223372036854775808\": value out of range");
}

TEST(ParseInt, BadText_HasGoText) {
  for (const char* text : {"", "x", "+", "1.5", " 1", "0x1", "1_0"}) {
    EXPECT_EQ(parse_int(text, 10).failure().text,
              std::string("strconv.ParseInt: parsing \"") + text + "\": invalid syntax");
  }
}

// pflag reads integers with base 0: prefixes and underscores count.
TEST(ParseInt, BaseZero_TakesPrefixes) {
  EXPECT_EQ(*parse_int("0x1F", 0), 31);
  EXPECT_EQ(*parse_int("-0b101", 0), -5);
  EXPECT_EQ(*parse_int("0o17", 0), 15);
  EXPECT_EQ(*parse_int("017", 0), 15);
  EXPECT_EQ(*parse_int("1_000", 0), 1000);
  EXPECT_EQ(*parse_int("0x_1", 0), 1);
  EXPECT_EQ(*parse_int("0", 0), 0);
}

TEST(ParseInt, BaseZero_RefusesStrayUnderscoresAndDigits) {
  for (const char* text : {"1_", "_1", "1__0", "08", "0x", "0b2"}) {
    EXPECT_FALSE(parse_int(text, 0).ok()) << text;
  }
}

TEST(ParseUint, Sign_IsRefused) {
  EXPECT_EQ(*parse_uint("18446744073709551615", 10), UINT64_MAX);
  EXPECT_EQ(parse_uint("-1", 10).failure().text,
            "strconv.ParseUint: parsing \"-1\": invalid syntax");
}

TEST(ParseBool, GoForms_AreTaken) {
  EXPECT_TRUE(*parse_bool("T"));
  EXPECT_FALSE(*parse_bool("False"));
  EXPECT_FALSE(parse_bool("yes").ok());
}

TEST(FormatDuration, Units_FollowGo) {
  EXPECT_EQ(format_duration(nanoseconds(0)), "0s");
  EXPECT_EQ(format_duration(nanoseconds(999)), "999ns");
  EXPECT_EQ(format_duration(nanoseconds(1500)), "1.5\u00b5s");
  EXPECT_EQ(format_duration(nanoseconds(1234567)), "1.234567ms");
  EXPECT_EQ(format_duration(milliseconds(1020)), "1.02s");
  EXPECT_EQ(format_duration(minutes(1)), "1m0s");
  EXPECT_EQ(format_duration(hours(25) + seconds(1)), "25h0m1s");
  EXPECT_EQ(format_duration(-milliseconds(1500)), "-1.5s");
}

TEST(ParseDuration, Sums_AreTaken) {
  EXPECT_EQ(*parse_duration("1h2m3.5s"), hours(1) + minutes(2) + milliseconds(3500));
  EXPECT_EQ(*parse_duration("-1.5ms"), nanoseconds(-1500000));
  EXPECT_EQ(*parse_duration("0"), nanoseconds(0));
}

TEST(ParseDuration, BadTexts_HaveGoTexts) {
  EXPECT_EQ(parse_duration("5").failure().text, "time: missing unit in duration \"5\"");
  EXPECT_EQ(parse_duration("xs").failure().text, "time: invalid duration \"xs\"");
  EXPECT_EQ(parse_duration("5y").failure().text, "time: unknown unit \"y\" in duration \"5y\"");
  EXPECT_EQ(parse_duration("").failure().text, "time: invalid duration \"\"");
}

// What --debug shows must be what the flag would take.
TEST(ParseDuration, FormattedRandomDurations_ReadBack) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; round++) {
    nanoseconds value(static_cast<int64_t>(random() % 100000000000000));
    EXPECT_EQ(*parse_duration(format_duration(value)), value);
  }
}

TEST(HumanizeBytes, Sizes_UsePowersOfThousand) {
  EXPECT_EQ(humanize_bytes(0), "0 B");
  EXPECT_EQ(humanize_bytes(9), "9 B");
  EXPECT_EQ(humanize_bytes(10), "10 B");
  EXPECT_EQ(humanize_bytes(999), "999 B");
  EXPECT_EQ(humanize_bytes(1500), "1.5 kB");
  EXPECT_EQ(humanize_bytes(20480), "20 kB");
  EXPECT_EQ(humanize_bytes(2147483648), "2.1 GB");
}

TEST(Hex, Forms_ArePaddedAsAsked) {
  EXPECT_EQ(hex(255), "ff");
  EXPECT_EQ(hex16(255), "00000000000000ff");
  EXPECT_EQ(escape_hex("a\xff"), "\\x61\\xff");
}

}  // namespace
}  // namespace keelson::ctl
