#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace keelson {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}

void die(const char* what, const char* subject, int error_number) {
  std::fprintf(stderr,
               "fatal: %s %s: %s; the process ends here so that nothing unsynced is acknowledged\n",
               what, subject, std::strerror(error_number));
  std::fflush(stderr);
  std::_Exit(1);
}

}  // namespace keelson
