// The logger thread: order, levels, sampling, dropping.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "base/log_sampler.h"
#include "support/fake_clock.h"

namespace keelson {
namespace {

using test::FakeClock;

// Keeps lines; can be made to hang, as a full pipe does. Thread-safe.
class Lines {
 public:
  void add(std::string_view line) {
    std::unique_lock hold(mutex_);
    ++entered_;
    moved_.notify_all();
    moved_.wait(hold, [this] { return !stuck_; });
    lines_.emplace_back(line);
  }
  void set_stuck(bool stuck) {
    std::lock_guard hold(mutex_);
    stuck_ = stuck;
    moved_.notify_all();
  }
  void wait_until_entered() {
    std::unique_lock hold(mutex_);
    moved_.wait(hold, [this] { return entered_ > 0; });
  }
  std::vector<std::string> take() {
    std::lock_guard hold(mutex_);
    return std::move(lines_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::vector<std::string> lines_;
  int entered_ = 0;
  bool stuck_ = false;
};

class LinesOutput final : public LogOutput {
 public:
  explicit LinesOutput(Lines& lines) : lines_(lines) {}
  void write(LogLevel, std::string_view line) override { lines_.add(line); }

 private:
  Lines& lines_;
};

std::unique_ptr<Logger> logger(Lines& lines, const Clock& clock, LogOptions options = {}) {
  std::vector<std::unique_ptr<LogOutput>> outputs;
  outputs.push_back(std::make_unique<LinesOutput>(lines));
  return make_log(options, clock, std::move(outputs));
}

std::string field(const std::string& line, const std::string& key) {
  const size_t at = line.find("\"" + key + "\":");
  return at == std::string::npos
             ? ""
             : line.substr(at + key.size() + 3, line.find_first_of(",}", at) - at - key.size() - 3);
}

TEST(LoggerTest, lines_keep_their_order_and_time) {
  FakeClock clock(std::chrono::seconds(1704164645));
  Lines lines;
  auto log = logger(lines, clock);
  log->info("first");
  clock.advance(std::chrono::milliseconds(1));
  log->warn("second", {{"n", 2}});
  log->flush();
  const auto got = lines.take();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(field(got[0], "ts"), "\"2024-01-02T03:04:05.000000Z\"");
  EXPECT_EQ(field(got[1], "ts"), "\"2024-01-02T03:04:05.001000Z\"");
  EXPECT_EQ(field(got[1], "level"), "\"warn\"");
  EXPECT_EQ(field(got[1], "n"), "2");
}

TEST(LoggerTest, level_filters_and_can_change) {
  FakeClock clock;
  Lines lines;
  auto log = logger(lines, clock);
  log->debug("hidden");
  log->set_level(LogLevel::kDebug);
  log->debug("seen");
  log->set_level(LogLevel::kError);
  log->warn("hidden too");
  log->flush();
  const auto got = lines.take();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(field(got[0], "msg"), "\"seen\"");
}

// The last words before an exit must be out when fatal() returns.
TEST(LoggerTest, fatal_line_is_out_when_it_returns) {
  FakeClock clock;
  Lines lines;
  auto log = logger(lines, clock);
  log->fatal("the end", {{"error", "x"}});
  EXPECT_EQ(lines.take().size(), 1u);
}

TEST(LoggerTest, destruction_writes_what_is_queued) {
  FakeClock clock;
  Lines lines;
  {
    auto log = logger(lines, clock);
    for (int i = 0; i < 50; ++i) log->info("line " + std::to_string(i));
  }
  EXPECT_EQ(lines.take().size(), 50u);
}

// An output that hangs must cost lines, never a caller.
TEST(LoggerTest, stuck_output_drops_and_counts) {
  FakeClock clock;
  Lines lines;
  lines.set_stuck(true);
  auto log = logger(lines, clock);
  log->info("in the output");
  lines.wait_until_entered();
  for (int i = 0; i < 10000; ++i) log->info("line " + std::to_string(i));
  EXPECT_EQ(log->dropped(), 10000u - 8192u);
  lines.set_stuck(false);
  log->flush();
  const auto got = lines.take();
  ASSERT_EQ(got.size(), 1u + 8192u + 1u);
  EXPECT_EQ(field(got[1], "msg"), "\"dropped log lines\"");
  EXPECT_EQ(field(got[1], "lines"), "1808");
}

TEST(LoggerTest, console_option_changes_the_form) {
  FakeClock clock;
  Lines lines;
  LogOptions options;
  options.console = true;
  auto log = logger(lines, clock, options);
  log->info("hello");
  log->flush();
  EXPECT_NE(lines.take().at(0).find("\tinfo\t"), std::string::npos);
}

// Without it one bad client fills a disk.
TEST(LogSamplerTest, first_hundred_then_each_hundredth_in_a_second) {
  LogSampler sampler;
  int admitted = 0;
  for (int i = 0; i < 1000; ++i)
    admitted += sampler.admit(LogLevel::kInfo, "m", std::chrono::milliseconds(1000)) ? 1 : 0;
  EXPECT_EQ(admitted, 109);
  EXPECT_TRUE(sampler.admit(LogLevel::kInfo, "other", std::chrono::milliseconds(1000)));
  EXPECT_TRUE(sampler.admit(LogLevel::kWarn, "m", std::chrono::milliseconds(1000)));
  EXPECT_TRUE(sampler.admit(LogLevel::kInfo, "m", std::chrono::milliseconds(2000)));
}

// A clock that was set back must not silence a message until it has caught up.
TEST(LogSamplerTest, clock_set_back_starts_anew) {
  LogSampler sampler;
  const auto later = std::chrono::hours(1);
  for (int i = 0; i < 150; ++i) sampler.admit(LogLevel::kInfo, "m", later);
  EXPECT_FALSE(sampler.admit(LogLevel::kInfo, "m", later));
  EXPECT_TRUE(sampler.admit(LogLevel::kInfo, "m", std::chrono::seconds(1)));
}

}  // namespace
}  // namespace keelson
