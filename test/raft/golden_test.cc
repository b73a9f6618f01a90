// Runs the interaction scripts of test/golden/raft. KEELSON_UPDATE_GOLDEN=1 writes the traces anew;
// a diff in one is reviewed like code.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "raft/script.h"

namespace keelson::raft::test {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The script with the traces as they are now.
std::string run_script(const std::string& text) {
  std::istringstream in(text);
  Script script;
  std::string result;
  std::string trace;
  std::string line;
  bool in_trace = false;
  while (std::getline(in, line)) {
    if (in_trace) {
      in_trace = !line.empty();
      if (!in_trace) result += "\n";
      continue;
    }
    result += line + "\n";
    if (line == "----") {
      result += trace.empty() ? "ok\n" : trace;
      trace.clear();
      in_trace = true;
    } else if (!line.empty() && line[0] != '#') {
      trace += script.run(line);
    }
  }
  return result;
}

struct Golden : testing::TestWithParam<std::string> {};

TEST_P(Golden, trace_is_as_reviewed) {
  const std::filesystem::path path = std::string(KEELSON_TEST_DIR) + "/golden/raft/" + GetParam();
  const std::string expected = read_file(path);
  ASSERT_FALSE(expected.empty());
  const std::string actual = run_script(expected);
  if (std::getenv("KEELSON_UPDATE_GOLDEN") && actual != expected) std::ofstream(path) << actual;
  EXPECT_EQ(actual, expected);
}

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(KEELSON_TEST_DIR) + "/golden/raft")) {
    if (file.path().extension() == ".txt") names.push_back(file.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
  return file.param.substr(0, file.param.find('.'));
}

INSTANTIATE_TEST_SUITE_P(Scripts, Golden, testing::ValuesIn(scripts()), test_name);

}  // namespace
}  // namespace keelson::raft::test
