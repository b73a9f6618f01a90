// Durations in Go's words.
#include "base/duration.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace keelson {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Row {
  Duration value;
  const char* text;
};

TEST(DurationTest, text_is_gos) {
  const Row rows[] = {{Duration(0), "0s"},
                      {Duration(1), "1ns"},
                      {Duration(-1), "-1ns"},
                      {Duration(1100), "1.1\xc2\xb5s"},
                      {Duration(2200000), "2.2ms"},
                      {milliseconds(3300), "3.3s"},
                      {milliseconds(245001), "4m5.001s"},
                      {Duration(18367001000000), "5h6m7.001s"},
                      {minutes(2), "2m0s"},
                      {hours(2), "2h0m0s"},
                      {Duration(100000000), "100ms"},
                      {Duration(999999999), "999.999999ms"},
                      {Duration(INT64_MAX), "2562047h47m16.854775807s"},
                      {Duration(INT64_MIN), "-2562047h47m16.854775808s"}};
  for (const Row& row : rows) EXPECT_EQ(duration_text(row.value), row.text);
}

TEST(DurationTest, good_texts_parse) {
  const Row rows[] = {{Duration(0), "0"},
                      {seconds(5), "5s"},
                      {seconds(5), "+5s"},
                      {-seconds(5), "-5s"},
                      {milliseconds(1500), "1.5s"},
                      {milliseconds(500), ".5s"},
                      {seconds(1), "1.s"},
                      {hours(1) + minutes(2) + seconds(3), "1h2m3s"},
                      {hours(1) + hours(1), "1h1h"},
                      {Duration(12000), "12us"},
                      {Duration(12000), "12\xc2\xb5s"},
                      {Duration(12000), "12\xce\xbcs"},
                      {Duration(1), "1.9ns"},
                      {Duration(INT64_MAX), "9223372036854775807ns"},
                      {Duration(INT64_MIN), "-9223372036854775808ns"}};
  for (const Row& row : rows) EXPECT_EQ(parse_duration(row.text), row.value) << row.text;
}

// Each of these is a user's slip; taking it for something else would set a wrong timer.
TEST(DurationTest, bad_texts_are_refused) {
  for (const char* text : {"", "-", "+", "5", "3.4", ".", ".s", "s", "5 s", "5S", "1x", "1h5",
                           "--5s", "9223372036854775808ns", "3000000h", "1d"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(DurationTest, any_duration_reads_back) {
  SeededRng rng(3);
  for (int i = 0; i < 2000; ++i) {
    const Duration d(static_cast<int64_t>(rng.next() >> rng.below(64)) *
                     (rng.below(2) == 0 ? 1 : -1));
    EXPECT_EQ(parse_duration(duration_text(d)), d) << duration_text(d);
  }
}

}  // namespace
}  // namespace keelson
