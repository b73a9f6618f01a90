#include "ctl/child_process.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

Failure start_error(const std::string& program, int error) {
  if (error == ENOENT && program.find('/') == std::string::npos) {
    return {kExitError, "exec: " + go_quote(program) + ": executable file not found in $PATH"};
  }
  std::string why = error == ENOENT   ? "no such file or directory"
                    : error == EACCES ? "permission denied"
                                      : std::strerror(error);
  return {kExitError, "fork/exec " + program + ": " + why};
}

std::string signal_text(int number) {
  const char* name = strsignal(number);
  std::string text = name == nullptr ? std::to_string(number) : name;
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return "signal: " + text;
}

// The child takes all signals, whatever this process blocks.
class SpawnRules {
 public:
  SpawnRules() {
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnRules() { posix_spawnattr_destroy(&attributes_); }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

}  // namespace

Status run_child(const std::vector<std::string>& words, const std::vector<std::string>& extra) {
  std::vector<std::string> arguments = words;
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; entry++) variables.emplace_back(*entry);
  variables.insert(variables.end(), extra.begin(), extra.end());
  pid_t child = 0;
  SpawnRules rules;
  int error = posix_spawnp(&child, arguments[0].c_str(), nullptr, rules.get(),
                           pointers(arguments).data(), pointers(variables).data());
  if (error != 0) return start_error(words[0], error);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return Failure{kExitError, std::string("wait: ") + std::strerror(errno)};
  }
  if (WIFSIGNALED(status)) return Failure{-1, signal_text(WTERMSIG(status))};
  if (WEXITSTATUS(status) == 0) return {};
  return Failure{WEXITSTATUS(status), "exit status " + std::to_string(WEXITSTATUS(status))};
}

}  // namespace keelson::ctl
