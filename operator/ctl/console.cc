#include "ctl/console.h"

#include <unistd.h>

#include <cstdio>

namespace keelson::ctl {
namespace {

void write_whole(FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

void StdConsole::out(std::string_view text) { write_whole(stdout, text); }

void StdConsole::err(std::string_view text) { write_whole(stderr, text); }

bool err_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace keelson::ctl
