// Where a command writes. Tests put strings in the place of the two streams.
#pragma once

#include <string_view>

namespace keelson::ctl {

class Console {
 public:
  virtual ~Console() = default;
  // Each call is one write that is complete on return; calls may come from several threads.
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;
};

// Standard output and standard error of the process.
class StdConsole : public Console {
 public:
  void out(std::string_view text) override;
  void err(std::string_view text) override;
};

// Whether progress may be drawn: standard error is a terminal.
bool err_is_terminal();

}  // namespace keelson::ctl
