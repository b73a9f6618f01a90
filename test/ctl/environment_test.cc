#include "ctl/environment.h"

#include <gtest/gtest.h>

#include "ctl/rewrite.h"
#include "ctl/tree.h"
#include "string_console.h"

namespace keelson::ctl {
namespace {

class EnvironmentTest : public ::testing::Test {
 protected:
  Invocation invoke(const std::vector<std::string>& words) {
    CommandLine line = rewrite(root_, words).line;
    Values values(line.path, line.settings);
    return {line.path, std::move(values), line.arguments, words, console_};
  }

  Command root_ = command_tree();
  StringConsole console_;
};

TEST_F(EnvironmentTest, Names_AreFlagsInCapitals) {
  EXPECT_EQ(variable_name("insecure-skip-tls-verify"), "ETCDCTL_INSECURE_SKIP_TLS_VERIFY");
}

TEST_F(EnvironmentTest, Variable_SetsAnOpenFlag) {
  Invocation get = invoke({"get", "k"});
  EXPECT_TRUE(apply_environment(get, {"ETCDCTL_WRITE_OUT=json", "PATH=x"}).ok());
  EXPECT_EQ(get.values.text("write-out"), "json");
  EXPECT_TRUE(get.values.is_given("write-out"));
  EXPECT_EQ(console_.errors, "");
}

// Two sources for one setting are a mistake that must not pass in silence.
TEST_F(EnvironmentTest, VariableAndFlag_AreFatal) {
  Invocation get = invoke({"get", "k", "-w", "json"});
  Status status = apply_environment(get, {"ETCDCTL_WRITE_OUT=json"});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.failure().code, 1);
  EXPECT_EQ(status.failure().text, "");
  EXPECT_NE(console_.errors.find("\"level\":\"fatal\""), std::string::npos);
  EXPECT_NE(console_.errors.find("ETCDCTL_WRITE_OUT"), std::string::npos);
}

TEST_F(EnvironmentTest, UnknownVariable_OnlyWarns) {
  Invocation get = invoke({"get", "k"});
  EXPECT_TRUE(apply_environment(get, {"ETCDCTL_API=3"}).ok());
  EXPECT_NE(console_.errors.find("unrecognized environment variable"), std::string::npos);
  EXPECT_NE(console_.errors.find("ETCDCTL_API=3"), std::string::npos);
}

TEST_F(EnvironmentTest, KnownVariable_DoesNotWarn) {
  Invocation watch = invoke({"watch"});
  EXPECT_TRUE(apply_environment(watch, {"ETCDCTL_WATCH_KEY=k"}, {"ETCDCTL_WATCH_KEY"}).ok());
  EXPECT_EQ(console_.errors, "");
}

// etcdctl says nothing, and scripts that check standard error would trip over a warning.
TEST_F(EnvironmentTest, BadValue_KeepsTheDefaultInSilence) {
  Invocation get = invoke({"get", "k"});
  EXPECT_TRUE(apply_environment(get, {"ETCDCTL_DIAL_TIMEOUT=soon"}).ok());
  EXPECT_EQ(get.values.duration("dial-timeout"), std::chrono::seconds(2));
  EXPECT_EQ(console_.errors, "");
}

// The command's own flags have no variables.
TEST_F(EnvironmentTest, LocalFlag_IsNotSet) {
  Invocation get = invoke({"get", "k"});
  EXPECT_TRUE(apply_environment(get, {"ETCDCTL_PREFIX=true"}).ok());
  EXPECT_FALSE(get.values.is_on("prefix"));
}

}  // namespace
}  // namespace keelson::ctl
