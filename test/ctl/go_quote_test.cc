#include "ctl/go_quote.h"

#include <gtest/gtest.h>

namespace keelson::ctl {
namespace {

// A key with control bytes must not reach the terminal raw.
TEST(GoQuote, ControlBytes_AreEscaped) {
  EXPECT_EQ(go_quote(std::string("a\0\x01\n\t\x7f", 6)), R"("a\x00\x01\n\t\x7f")");
}

}  // namespace
}  // namespace keelson::ctl
