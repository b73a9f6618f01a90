// A console that keeps what is written.
#pragma once

#include <string>

#include "ctl/console.h"

namespace keelson::ctl {

class StringConsole : public Console {
 public:
  void out(std::string_view text) override { written += text; }
  void err(std::string_view text) override { errors += text; }

  std::string written;
  std::string errors;
};

}  // namespace keelson::ctl
