// What /metrics shows.
#include "base/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace keelson {
namespace {

// Dashboards and etcd's own e2e tests compare these lines as text.
TEST(MetricsTest, counters_and_gauges_render_as_expected) {
  Registry registry;
  registry.counter("b_total", "Counts b.").add(3);
  registry.gauge("a", "Line one\nand \\ two.").set(-7);
  registry.counter("grpc_total", "Calls.", {{"grpc_type", "unary"}, {"grpc_code", "OK"}})
      .add(2147483648);
  EXPECT_EQ(registry.render(),
            "# HELP a Line one\\nand \\\\ two.\n"
            "# TYPE a gauge\n"
            "a -7\n"
            "# HELP b_total Counts b.\n"
            "# TYPE b_total counter\n"
            "b_total 3\n"
            "# HELP grpc_total Calls.\n"
            "# TYPE grpc_total counter\n"
            "grpc_total{grpc_code=\"OK\",grpc_type=\"unary\"} 2147483648\n");
}

// Buckets are cumulative, end with +Inf, and a value on a bound belongs below it.
TEST(MetricsTest, histogram_renders_cumulative_buckets) {
  Registry registry;
  Histogram& h = registry.histogram("h", "Seconds.", 0.001, 2, 3, {{"op", "Put"}});
  for (const double v : {0.0005, 0.001, 0.0011, 5.0}) h.observe(v);
  EXPECT_EQ(registry.render(),
            "# HELP h Seconds.\n"
            "# TYPE h histogram\n"
            "h_bucket{op=\"Put\",le=\"0.001\"} 2\n"
            "h_bucket{op=\"Put\",le=\"0.002\"} 3\n"
            "h_bucket{op=\"Put\",le=\"0.004\"} 3\n"
            "h_bucket{op=\"Put\",le=\"+Inf\"} 4\n"
            "h_sum{op=\"Put\"} 5.0026\n"
            "h_count{op=\"Put\"} 4\n");
}

// The text of a bound is its identity: it has to be Go's, e-notation included.
TEST(MetricsTest, bounds_have_gos_text) {
  Registry registry;
  registry.histogram("h", "", 1, 2, 24);
  const std::string text = registry.render();
  EXPECT_NE(text.find("le=\"524288\""), std::string::npos);
  EXPECT_NE(text.find("le=\"1.048576e+06\""), std::string::npos);
  EXPECT_NE(text.find("le=\"8.388608e+06\""), std::string::npos);
  Registry small;
  small.histogram("h", "", {0.00005, 0.0001, 0.25});
  EXPECT_NE(small.render().find("le=\"5e-05\""), std::string::npos);
  EXPECT_NE(small.render().find("le=\"0.0001\""), std::string::npos);
}

TEST(MetricsTest, scraped_values_keep_integers_plain) {
  Registry registry;
  double value = 0;
  registry.on_scrape("v", "", false, [&] { return value; });
  const auto shown = [&](double v) {
    value = v;
    const std::string text = registry.render();
    return text.substr(text.rfind("v ") + 2);
  };
  EXPECT_EQ(shown(20000000), "20000000\n");
  EXPECT_EQ(shown(0.15), "0.15\n");
  EXPECT_EQ(shown(18446744073709551615.0), "1.8446744073709552e+19\n");
  EXPECT_EQ(shown(std::numeric_limits<double>::infinity()), "+Inf\n");
  EXPECT_EQ(shown(-std::numeric_limits<double>::infinity()), "-Inf\n");
  EXPECT_EQ(shown(std::nan("")), "NaN\n");
}

// The node makes series while a page is written: it must not wait for the page.
TEST(MetricsTest, page_in_the_making_does_not_hold_the_registry) {
  Registry registry;
  registry.on_scrape("a", "", false, [&] {
    registry.counter("b", "", {{"late", "yes"}}).add();
    return 1.0;
  });
  EXPECT_EQ(registry.render().find("late"), std::string::npos);
  EXPECT_NE(registry.render().find("b{late=\"yes\"} "), std::string::npos);
}

TEST(MetricsTest, label_values_are_escaped) {
  Registry registry;
  registry.counter("c", "", {{"reason", "a\"b\\c\nd"}}).add();
  EXPECT_NE(registry.render().find("c{reason=\"a\\\"b\\\\c\\nd\"} 1\n"), std::string::npos);
}

// Two owners that ask for the same series must count into one number, whatever the order of labels.
TEST(MetricsTest, same_name_and_labels_give_the_same_object) {
  Registry registry;
  Counter& a = registry.counter("c", "", {{"x", "1"}, {"y", "2"}});
  Counter& b = registry.counter("c", "", {{"y", "2"}, {"x", "1"}});
  EXPECT_EQ(&a, &b);
  EXPECT_NE(&a, &registry.counter("c", "", {{"x", "2"}, {"y", "2"}}));
  EXPECT_EQ(&registry.gauge("g", ""), &registry.gauge("g", ""));
  EXPECT_EQ(&registry.histogram("h", "", 1, 2, 3), &registry.histogram("h", "", 1, 2, 3));
}

}  // namespace
}  // namespace keelson
